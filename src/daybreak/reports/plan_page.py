"""A plan as one HTML page: no script, nothing fetched, foreign text made harmless."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from ..check.html_text import foreign, plain
from ..check.report_style import STYLE
from ..operations.plan import Plan
from .plan_clock import clock, clock_at
from .plan_svg import STYLE as TIMELINE_STYLE
from .plan_svg import svg_of
from .plan_words import chance, ends, facts, is_fine, share, title, verdict
from .secrets import Mask
from .wording import span

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_KINDS: Final = {True: "good", None: "warn", False: "bad"}


def page_of(plan: Plan, mask: Mask) -> str:
    """Return a plan as the text of an HTML file."""
    return mask.hide("\n".join(_page(plan)) + "\n")


def _page(plan: Plan) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield f"<title>{plain(f'Plan of {plan.job}', 100)}</title>"
    yield f"<style>{STYLE}{TIMELINE_STYLE}</style></head><body><main>"
    yield f"<h1>{foreign(f'Plan of {plan.job}')}</h1>"
    yield f'<div class="verdict {_KINDS[is_fine(plan)]}"><strong>{escape(verdict(plan))}</strong>'
    yield f"<span>{foreign(title(plan))}</span></div>"
    if plan.supposed:
        yield f"<p>Supposed: {foreign(plan.supposed)}</p>"
    yield f"<h2>The night</h2><figure>{svg_of(plan)}"
    yield (
        "<figcaption>Bars: from the likely begin to the likely end; lighter: until the end of 9 of"
        " 10 nights. Red: the end of the window; dashed: the point of no return. To the right: in"
        " how many nights the step decides the end.</figcaption></figure>"
    )
    yield from _ends(plan)
    yield "<h2>What decides it</h2><table><tbody>"
    lines = [*facts(plan), *((one.what, one.text) for one in plan.advice)]
    for name, text in [*lines, *(("note", note) for note in plan.notes)]:
        yield f"<tr><th>{escape(name)}</th><td>{foreign(text)}</td></tr>"
    yield "</tbody></table>"
    yield from _steps(plan)
    yield "</main><footer>Written by Daybreak.</footer></body></html>"


def _ends(plan: Plan) -> Iterator[str]:
    by = "" if plan.window_end_at is None else f"done by {clock(plan, plan.window_end_at)}"
    yield from _head(["if"], ["P50", "P90", "P95", by] if by else ["P50", "P90", "P95"])
    for what, night in ends(plan):
        cells = [clock_at(plan, s) for s in (night.end_s.p50, night.end_s.p90, night.end_s.p95)]
        yield from _row([what], [*cells, chance(night.in_time)] if by else cells)
    yield "</tbody></table>"
    restart = span(plan.timing.restart_s)
    yield f"<p>A failed run goes on after {escape(restart)}.</p>"


def _steps(plan: Plan) -> Iterator[str]:
    yield "<h2>Steps</h2>"
    has_window = plan.window_end_at is not None
    heads = ["takes", "P90", "critical", "lost work", "if it fails: P90"]
    heads += ["done"] if has_window else []
    yield from _head(["step"], heads, ["known from"])
    for step in plan.timing.steps:
        cells = [
            span(step.seconds.p50),
            span(step.seconds.p90),
            share(step.criticality),
            span(step.lost_s),
            clock_at(plan, step.failing.end_s.p90),
            *([chance(step.failing.in_time)] if has_window else []),
        ]
        yield from _row([step.name], cells, [plan.sources[step.name]])
    yield "</tbody></table>"


def _head(words: Sequence[str], numbers: Sequence[str], more: Sequence[str] = ()) -> Iterator[str]:
    yield "<table><thead><tr>"
    yield from (f"<th>{escape(word)}</th>" for word in words)
    yield from (f'<th class="n">{escape(word)}</th>' for word in numbers)
    yield from (f"<th>{escape(word)}</th>" for word in more)
    yield "</tr></thead><tbody>"


def _row(words: Sequence[str], numbers: Sequence[str], more: Sequence[str] = ()) -> Iterator[str]:
    yield "<tr>"
    yield from (f"<td>{foreign(word)}</td>" for word in words)
    yield from (f'<td class="n">{escape(word)}</td>' for word in numbers)
    yield from (f"<td>{foreign(word)}</td>" for word in more)
    yield "</tr>"
