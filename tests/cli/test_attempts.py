"""How many attempts a command makes is known before the command is read."""

from __future__ import annotations

import pytest

from daybreak.cli.attempts import ATTEMPTS, attempts_in


@pytest.mark.parametrize(
    ("words", "attempts"),
    [
        (["run", "job.py"], ATTEMPTS),
        (["run", "job.py", "--attempts", "5"], 5),
        (["run", "--attempts=2", "job.py"], 2),
        (["run", "job.py", "--attempts", "1"], 1),
        (["run", "job.py", "--attempts", "none"], 1),  # the command says what is wrong with it
        (["run", "job.py", "--attempts"], 1),
        (["run", "job.py", "--help"], 1),
        (["quarantine", "1", "--replay"], ATTEMPTS),
        (["quarantine", "1"], 1),
        (["status"], 1),
        ([], 1),
    ],
)
def test_how_many_attempts_a_command_makes(words: list[str], attempts: int) -> None:
    assert attempts == attempts_in(words)
