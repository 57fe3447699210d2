"""What the comparison of transcripts forgives, and what it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import Block
from tests.docs.transcripts import exchanges_in, says_the_same, typed


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ("done in 0.4 s", "done in 12 s"),
        ("12,138/s", "9/s"),
        ("line 3: 4711 Killed", "Killed"),
        ("2026-11-22 03:15:35", "2027-01-01 00:00:00"),
        ("a ─── b", "a ───── b"),
        ("a\n…\nd", "a\nb\nc\nd"),
    ],
    ids=["a span", "a rate", "a kill", "an instant", "a width", "lines left out"],
)
def test_what_differs_from_machine_to_machine_is_forgiven(expected: str, said: str) -> None:
    assert says_the_same(expected, said)


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ("51 records", "52 records"),
        ("done", "failed"),
        ("a\nb", "a"),
        ("a", "a\nb"),
        ("a\n…\nd", "a\nb\nc"),
        ("", "a warning"),
    ],
    ids=["a number", "a word", "a line less", "a line more", "another end", "an unexpected word"],
)
def test_what_a_reader_would_notice_is_not_forgiven(expected: str, said: str) -> None:
    assert not says_the_same(expected, said)


def test_commands_share_a_shell_and_its_last_status(tmp_path: Path) -> None:
    block = Block(tmp_path, 1, "console", None, "$ false\n$ echo $?\n1\n$ cd /\n$ pwd\n/\n")
    exchanges = exchanges_in(block)

    assert ["", "1\n", "", "/\n"] == [exchange.said for exchange in exchanges]
    assert ["", "1\n", "", "/\n"] == typed([one.command for one in exchanges], tmp_path)
