"""Colours and letters as the surroundings allow them."""

from __future__ import annotations

import io

import pytest

from daybreak.model.status import RunStatus, StepStatus
from daybreak.operations.inspect import OWNER_GONE
from daybreak.reports.look import colour, console_on, glyph, is_live_terminal, wants_colour


class Terminal(io.StringIO):
    """Text that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("status", [*RunStatus, *StepStatus, OWNER_GONE])
def test_every_status_has_a_letter_and_a_colour(status: str) -> None:
    assert 1 == len(glyph(status, Terminal()))
    assert colour(status)


@pytest.mark.parametrize(
    ("environment", "is_coloured"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, *, is_coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stream = Terminal()
    console_on(stream).print("text", style="red")

    assert is_coloured == wants_colour(stream)
    assert is_coloured == ("\x1b[31m" in stream.getvalue())


def test_a_file_is_no_terminal_and_gets_plain_wide_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    stream = io.StringIO()
    console_on(stream).print("word " * 25, style="red")

    assert not is_live_terminal(stream)
    assert "word " * 25 == stream.getvalue().rstrip("\n")
