"""The look of it: which glyph and colour a status has, and the console that everything goes to."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, Final, TextIO

from ..model.status import RunStatus, StepStatus

if TYPE_CHECKING:
    from rich.console import Console

WIDTH_WITHOUT_TERMINAL: Final = 160

COLOURS: Final = {
    "waiting": "bright_black",
    "running": "cyan",
    "stopping": "yellow",
    "paused": "yellow",
    "stopped": "yellow",
    "failed": "bold red",
    "cancelled": "bright_black",
    "done": "green",
    "owner gone": "magenta",
}
_GLYPHS: Final = {
    "waiting": ("·", "."),
    "running": ("▸", ">"),
    "stopping": ("▸", ">"),
    "paused": ("‖", "="),
    "stopped": ("■", "#"),
    "failed": ("✗", "x"),
    "cancelled": ("□", "-"),
    "done": ("✓", "+"),
    "owner gone": ("?", "?"),
}


def can_write(stream: IO[str], text: str) -> bool:
    """Say whether a stream's encoding has all letters of a text."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def law_text(text: str, stream: IO[str]) -> str:
    """Return a text that names laws of growth, in letters that the stream can write."""
    if can_write(stream, text):
        return text
    return text.replace("√", "root of ").replace("²", "^2").replace("³", "^3")


def glyph(status: RunStatus | StepStatus | str, stream: IO[str]) -> str:
    """Return the one letter that stands for a status, in a form that the stream can write."""
    fine, plain = _GLYPHS[str(status)]
    return fine if can_write(stream, fine) else plain


def colour(status: RunStatus | StepStatus | str) -> str:
    """Return the rich style of a status."""
    return COLOURS[str(status)]


def say_on_stderr(text: str) -> None:
    """Write a line to standard error, if it can be written: it may be on the same full disk."""
    with suppress(OSError):
        sys.stderr.write(text + "\n")


def say_lost(error: Exception) -> None:
    """Say that standard output cannot be written any more; not if nobody reads it any more."""
    if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
        say_on_stderr(f"standard output cannot be written, the run goes on without it: {error}")


def is_live_terminal(stream: IO[str]) -> bool:
    """Say whether a stream is a terminal on which lines can be drawn again."""
    return stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb")


def wants_colour(stream: IO[str]) -> bool:
    """Say whether to use colours: on a terminal, unless `NO_COLOR` is set."""
    return is_live_terminal(stream) and not os.environ.get("NO_COLOR")


def console_on(stream: TextIO | None = None, **options: Any) -> Console:
    """Return a rich console: coloured on a terminal, plain and wide elsewhere."""
    from rich.console import Console  # noqa: PLC0415 - heavy

    stream = sys.stdout if stream is None else stream
    if not stream.isatty() and "COLUMNS" not in os.environ:
        options.setdefault("width", WIDTH_WITHOUT_TERMINAL)
    if not wants_colour(stream):
        options.setdefault("no_color", True)
        options.setdefault("color_system", None)
    return Console(file=stream, highlight=False, markup=False, emoji=False, **options)
