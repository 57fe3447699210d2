"""Curves in the terminal: measured points, what is forecast, and the band around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import TYPE_CHECKING, Final, TextIO

from .look import can_write

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

WIDTH: Final = 64
HEIGHT: Final = 14
_STEPS: Final = 2 * WIDTH
BOUND_STEP: Final = 4
"""The bound is drawn at every fourth size only: it is a linear program."""
_POINT: Final = ("●", "o")
_ASKED: Final = ("◆", "*")
_FINE: Final = "⠿∙─┄" + _POINT[0] + _ASKED[0]
"""A stream that cannot write all of these gets plainer letters."""

_MIDDLE: Final = "cyan"
_BAND: Final = "blue"
_SAFE: Final = "yellow"
_LIMIT: Final = "red"


@dataclass(frozen=True, slots=True)
class Curves:
    """What is drawn over numbers of records, on two logarithmic scales."""

    points: Sequence[tuple[float, float]]
    """What was measured."""

    middle: Callable[[float], float]
    low: Callable[[float], float]
    high: Callable[[float], float]
    safe: Callable[[float], float]
    asked: float
    """The number of records that is asked for; curves end a little beyond it."""

    limit: float | None
    """An amount that must not be passed, drawn as a line."""

    @property
    def sizes(self) -> list[float]:
        """The numbers of records at which curves are drawn, from the least to a little beyond."""
        first = log(min(self.asked, *(size for size, _ in self.points)) / 1.3)
        last = log(max(self.asked, *(size for size, _ in self.points)) * 1.3)
        return [exp(first + (last - first) * at / _STEPS) for at in range(_STEPS + 1)]

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest amount that is drawn."""
        sizes = self.sizes
        amounts = [amount for _, amount in self.points if amount > 0]
        amounts += [self.low(sizes[0]), self.safe(sizes[-1]), self.high(sizes[-1])]
        amounts += [] if self.limit is None else [self.limit]
        return min(amounts) / 1.2, max(amounts) * 1.2


def picture(curves: Curves, write: Callable[[float], str], stream: TextIO) -> RenderableType:
    """Return the curves as a picture of letters, with what they mean below.

    Args:
        curves: What is drawn.
        write: Writes an amount for people.
        stream: Where it will be written; one without braille gets plainer letters.
    """
    from rich.text import Text  # noqa: PLC0415 - heavy

    is_fine = can_write(stream, _FINE)
    rows = _rows(curves, is_fine=is_fine)
    low, high = curves.ends
    labels = {0: write(high), HEIGHT // 2: write(exp((log(low) + log(high)) / 2))}
    labels[HEIGHT - 1] = write(low)
    wide = max(len(label) for label in labels.values())
    text = Text()
    for number, row in enumerate(rows):
        text.append(f"{labels.get(number, ''):>{wide}} ", style="bright_black")
        text.append(Text.from_ansi(row))
        text.append("\n")
    first, last = curves.sizes[0], curves.sizes[-1]
    left, right = f"{first:,.0f}", f"{last:,.0f} records"
    text.append(" " * (wide + 1) + left + right.rjust(WIDTH - len(left)), style="bright_black")
    text.append("\n")
    text.append(_legend(curves, is_fine=is_fine))
    return text


def _legend(curves: Curves, *, is_fine: bool) -> Text:
    """Say what the letters and lines are, each in its colour."""
    from rich.text import Text  # noqa: PLC0415 - heavy

    marks = ("──", "∙∙", "∙ ∙", "┄┄") if is_fine else ("--", "..", ". .", "==")
    names = (
        (f"{_POINT[not is_fine]} measured", ""),
        (f"{_ASKED[not is_fine]} asked", ""),
        (f"{marks[0]} likely", _MIDDLE),
        (f"{marks[1]} 9 of 10", _BAND),
        (f"{marks[2]} safe bound", _SAFE),
        *([(f"{marks[3]} window", _LIMIT)] if curves.limit is not None else []),
    )
    return Text("  ").join(Text(name, style=style) for name, style in names)


def _rows(curves: Curves, *, is_fine: bool) -> list[str]:
    """Draw the rows, with their colours if they go to a terminal."""
    import plotille  # noqa: PLC0415 - not for other commands

    sizes = curves.sizes
    low, high = curves.ends
    canvas = plotille.Canvas(
        width=WIDTH,
        height=HEIGHT,
        xmin=log(sizes[0]),
        xmax=log(sizes[-1]),
        ymin=log(low),
        ymax=log(high),
    )
    for number, size in enumerate(sizes):
        if number % BOUND_STEP == 0:
            canvas.point(log(size), log(min(curves.safe(size), high)), color=_SAFE)
        if curves.limit is not None and number % 2 == 0:
            canvas.point(log(size), log(curves.limit), color=_LIMIT)
        if number % 3 == 0:
            canvas.point(log(size), log(max(curves.low(size), low)), color=_BAND)
            canvas.point(log(size), log(min(curves.high(size), high)), color=_BAND)
        canvas.point(log(size), log(max(curves.middle(size), low)), color=_MIDDLE)
    point, asked = _POINT[not is_fine], _ASKED[not is_fine]
    for size, amount in curves.points:
        canvas.text(log(size), log(max(amount, low)), point)
    canvas.text(log(curves.asked), log(curves.middle(curves.asked)), asked)
    rows = str(canvas.plot()).splitlines()
    return rows if is_fine else ["".join(_plain(letter) for letter in row) for row in rows]


def _plain(letter: str) -> str:
    if letter == "⠀":
        return " "
    return "." if "⠀" < letter <= "⣿" else letter
