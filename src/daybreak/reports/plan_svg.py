"""The timeline of a plan as an SVG: the same that `plan` draws in the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from ..check.html_text import plain
from ..operations.plan import Plan
from .plan_clock import clock_at, ticks
from .plan_words import share
from .wording import span

WIDTH: Final = 960
ROW: Final = 30
_LEFT, _RIGHT, _TOP, _BOTTOM = 170, 90, 34, 12
_BAR: Final = 16
_ON_PATH: Final = 0.5
_NAME_MOST: Final = 22

STYLE: Final = """
figure { margin: 1rem 0; overflow-x: auto; }
figcaption { color: var(--soft); font-size: .9rem; }
svg text { fill: var(--soft); font-size: 13px; }
svg .name { fill: var(--text); }
svg .grid { stroke: var(--line); }
svg .likely { fill: var(--mark); }
svg .late { fill: var(--mark); opacity: .35; }
svg .on-path .likely, svg .on-path .late { fill: var(--warn); }
svg .limit { stroke: var(--bad); stroke-width: 2; }
svg .limit-name { fill: var(--bad); }
svg .no-return { stroke: var(--warn); stroke-width: 1.8; stroke-dasharray: 6 4; }
"""


def svg_of(plan: Plan) -> str:
    """Return the timeline as one SVG element."""
    return "\n".join(_parts(plan))


def _parts(plan: Plan) -> Iterator[str]:
    timing = plan.timing
    height = _TOP + ROW * len(timing.steps) + _BOTTOM
    most = max(*(step.end_s.p90 for step in timing.steps), timing.window_s or 0.0)
    wide = WIDTH - _LEFT - _RIGHT

    def x(seconds: float) -> float:
        return _LEFT + wide * min(max(seconds / most, 0.0), 1.0)

    yield f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="timeline of the night">'
    for seconds, label in ticks(plan, most):
        at = f"{x(seconds):.1f}"
        yield f'<line class="grid" x1="{at}" x2="{at}" y1="{_TOP - 6}" y2="{height - _BOTTOM}"/>'
        yield f'<text x="{at}" y="{_TOP - 14}" text-anchor="middle">{escape(label)}</text>'
    for row, step in enumerate(timing.steps):
        y = _TOP + ROW * row
        kind = ' class="on-path"' if step.criticality >= _ON_PATH else ""
        told = (
            f"{step.name}: {clock_at(plan, step.begin_s.p50)} to {clock_at(plan, step.end_s.p50)},"
            f" P90 {clock_at(plan, step.end_s.p90)}; takes {span(step.seconds.p50)}"
        )
        begin, end, late = x(step.begin_s.p50), x(step.end_s.p50), x(step.end_s.p90)
        bar = f'y="{y + 4}" height="{_BAR}" rx="2"'
        yield f"<g{kind}><title>{plain(told)}</title>"
        yield (
            f'<text class="name" x="{_LEFT - 12}" y="{y + 17}" text-anchor="end">'
            f"{plain(step.name, _NAME_MOST)}</text>"
        )
        yield f'<rect class="late" x="{end:.1f}" width="{max(late - end, 0):.1f}" {bar}/>'
        yield f'<rect class="likely" x="{begin:.1f}" width="{max(end - begin, 1.5):.1f}" {bar}/>'
        told = escape(share(step.criticality))
        yield f'<text x="{WIDTH - _RIGHT + 12}" y="{y + 17}">{told}</text>'
        yield "</g>"
    if timing.no_return_s is not None and 0 < timing.no_return_s < most:
        at = f"{x(timing.no_return_s):.1f}"
        yield (
            f'<line class="no-return" x1="{at}" x2="{at}" y1="{_TOP - 6}" y2="{height - _BOTTOM}">'
            "<title>point of no return</title></line>"
        )
    if timing.window_s is not None and timing.window_s > 0:
        at = f"{x(timing.window_s):.1f}"
        yield f'<line class="limit" x1="{at}" x2="{at}" y1="{_TOP - 6}" y2="{height - _BOTTOM}">'
        yield "<title>end of the window</title></line>"
    yield "</svg>"
