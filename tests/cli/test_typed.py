"""Commands as people type them again: quoted, without secrets, and working from here."""

from __future__ import annotations

import shlex

import pytest

from daybreak.cli.typed import command_line, looking, without_secrets


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["--api-key", "abc", "x"], ["--api-key", "***", "x"]),
        (["--api-key=abc"], ["--api-key=***"]),
        (["--api_key", "abc"], ["--api_key", "***"]),
        (["--url", "sftp://me:pw@host/f"], ["--url", "sftp://me:***@host/f"]),
        (["--database=a=postgresql://u:p@h/d"], ["--database=a=postgresql://u:***@h/d"]),
        (["--day", "2026-01-01"], ["--day", "2026-01-01"]),
    ],
)
def test_a_command_is_shown_without_secrets(words: list[str], shown: list[str]) -> None:
    assert shown == without_secrets(words, ["--api_key"])


def test_a_shell_reads_the_same_words_again() -> None:
    words = ["daybreak", "run", "my jobs/x.py", "--text", "it's $HOME", "--empty", ""]

    assert words == shlex.split(command_line(words))


def test_looking_at_a_run_says_where_its_ledger_is() -> None:
    assert "daybreak status 1" == looking("status", "1", file=None, ledger=None)
    assert "daybreak status 1 --file a/b.py" == looking("status", "1", file="a/b.py", ledger=None)
    assert "daybreak status 1 --ledger sqlite:///l.db" == looking(
        "status", "1", file="a/b.py", ledger="sqlite:///l.db"
    )
