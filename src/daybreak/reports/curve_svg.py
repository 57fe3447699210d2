"""Curves as an SVG: the same that `curve` draws in the terminal, on two logarithmic scales."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import ceil, floor, log, log10
from typing import Final

from .curve import BOUND_STEP, Curves

WIDTH: Final = 900
HEIGHT: Final = 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 90, 20, 16, 46
LINES_S: Final = (1e-3, 1e-2, 0.1, 1, 10, 60, 600, 3600, 36_000, 86_400, 864_000, 8_640_000)
"""Amounts in seconds at which people look for a line."""

LINES_BYTES: Final = tuple(
    digit * 10**power for power in range(6, 14) for digit in (1, 2, 3, 4, 5, 6, 8)
)
"""The same in bytes: memory often grows by less than a power of ten."""

_LINES_MAX: Final = 12

STYLE: Final = """
figure { margin: 1rem 0; overflow-x: auto; }
figcaption { color: var(--soft); font-size: .9rem; }
svg text { fill: var(--soft); font-size: 13px; }
svg .grid { stroke: var(--line); }
svg .band { fill: var(--mark); opacity: .16; }
svg .middle { stroke: var(--mark); stroke-width: 2.5; fill: none; }
svg .safe { stroke: var(--warn); stroke-width: 1.8; stroke-dasharray: 7 5; fill: none; }
svg .limit { stroke: var(--bad); stroke-width: 1.8; }
svg .limit-name { fill: var(--bad); }
svg .point { fill: var(--text); }
svg .asked { fill: var(--page); stroke: var(--mark); stroke-width: 2.5; }
"""


def svg_of(
    curves: Curves,
    write: Callable[[float], str],
    limit_name: str = "",
    *,
    lines: Sequence[float] = LINES_S,
    name: str = "seconds",
) -> str:
    """Return the curves as one SVG element.

    Args:
        curves: What is drawn.
        write: Writes an amount for people, harmless as HTML.
        limit_name: What the limit is called, harmless as HTML.
        lines: Amounts at which there is a line.
        name: What the amounts are.
    """
    head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name} over records">'
    return "\n".join([head, *_parts(curves, write, limit_name, lines), "</svg>"])


def _parts(
    curves: Curves, write: Callable[[float], str], limit_name: str, lines: Sequence[float]
) -> Iterator[str]:
    sizes = curves.sizes
    low, high = curves.ends
    x = _scale(sizes[0], sizes[-1], _LEFT, WIDTH - _RIGHT)
    y = _scale(low, high, HEIGHT - _BOTTOM, _TOP)

    def path(amount: Callable[[float], float], over: Sequence[float]) -> str:
        return " ".join(f"{x(n):.1f},{y(min(max(amount(n), low), high)):.1f}" for n in over)

    for size in _powers_of_ten(sizes[0], sizes[-1]):
        at = f"{x(size):.1f}"
        yield f'<line class="grid" x1="{at}" x2="{at}" y1="{_TOP}" y2="{HEIGHT - _BOTTOM}"/>'
        yield f'<text x="{at}" y="{HEIGHT - 24}" text-anchor="middle">{size:,.0f}</text>'
    yield f'<text x="{WIDTH - _RIGHT}" y="{HEIGHT - 6}" text-anchor="end">records</text>'
    shown = [each for each in lines if low <= each <= high]
    for amount in shown[:: max(ceil(len(shown) / _LINES_MAX), 1)]:
        at = f"{y(amount):.1f}"
        yield f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{at}" y2="{at}"/>'
        yield f'<text x="{_LEFT - 8}" y="{at}" dy="4" text-anchor="end">{write(amount)}</text>'
    band = f"{path(curves.high, sizes)} {path(curves.low, sizes[::-1])}"
    yield f'<polygon class="band" points="{band}"/>'
    yield f'<polyline class="safe" points="{path(curves.safe, sizes[::BOUND_STEP])}"/>'
    yield f'<polyline class="middle" points="{path(curves.middle, sizes)}"/>'
    if curves.limit is not None:
        at = f"{y(curves.limit):.1f}"
        yield f'<line class="limit" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{at}" y2="{at}"/>'
        yield f'<text class="limit-name" x="{_LEFT + 6}" y="{at}" dy="-5">{limit_name}</text>'
    for size, amount in curves.points:
        place = f'cx="{x(size):.1f}" cy="{y(max(amount, low)):.1f}"'
        title = f"<title>{size:,.0f} records: {write(amount)}</title>"
        yield f'<circle class="point" {place} r="4">{title}</circle>'
    place = f'cx="{x(curves.asked):.1f}" cy="{y(curves.middle(curves.asked)):.1f}"'
    yield f'<circle class="asked" {place} r="6"/>'


def _scale(first: float, last: float, begin: float, end: float) -> Callable[[float], float]:
    """Return where an amount lies between two places, on a logarithmic scale."""
    wide = log(last / first)
    return lambda amount: begin + (end - begin) * log(amount / first) / wide


def _powers_of_ten(first: float, last: float) -> list[float]:
    return [10.0**power for power in range(ceil(log10(first)), floor(log10(last)) + 1)]
