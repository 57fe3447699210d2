"""A plan in the terminal: the verdict, how nights end, the timeline, and what to do."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final, TextIO

from ..operations.plan import Plan
from .look import can_write
from .plan_clock import TICKS_MOST, clock, clock_at, ticks
from .plan_words import chance, ends, facts, is_fine, known_from, share, title, verdict
from .tables import cut, plain_table, titled
from .wording import span, visible

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

BAR_WIDTH_MOST: Final = 100
BAR_WIDTH_LEAST: Final = 20
TICK_WIDTH: Final = 9
"""Columns from one time of day above the bars to the next, at least."""

_ON_PATH: Final = 0.5
_NAME_MOST: Final = 24
_TABLE_BESIDE: Final = 92
"""Columns of the table of steps besides their names, with all that it can show."""

_TABLE_BESIDE_NARROW: Final = 68
_BESIDE: Final = 20
"""Columns of a line that are no bar: the share, and blanks."""

_COLOURS: Final = {True: "green", None: "yellow", False: "red"}


def plan_parts(plan: Plan, stream: TextIO, width: int) -> list[RenderableType]:
    """Return it as parts to print one below the other.

    Args:
        plan: The plan.
        stream: Where it is printed: what it cannot write is drawn otherwise.
        width: Of the terminal, in letters.
    """
    from rich.text import Text  # noqa: PLC0415 - heavy

    parts: list[RenderableType] = [
        Text(title(plan), style="bold"),
        Text(verdict(plan), style=_COLOURS[is_fine(plan)]),
    ]
    if plan.supposed:
        parts.append(Text(f"supposed: {plan.supposed}", style="bright_black"))
    parts += [
        Text(),
        _ends(plan),
        Text(),
        *_timeline(plan, stream, width),
        Text(),
        _steps(plan, width),
    ]
    lines = list(facts(plan))
    if _is_narrow(plan, width):
        lines.append(("known from", known_from(plan)))
    lines += [(one.what, one.text) for one in plan.advice]
    lines += [("note", note) for note in plan.notes]
    parts += [Text(), _facts(lines)]
    return parts


def _facts(lines: list[tuple[str, str]]) -> Table:
    from rich.table import Table  # noqa: PLC0415 - heavy
    from rich.text import Text  # noqa: PLC0415 - heavy

    table = Table.grid(padding=(0, 2))
    for name, text in lines:
        table.add_row(Text(name, style="bold"), Text(visible(text)))
    return table


def _ends(plan: Plan) -> RenderableType:
    table = plain_table()
    table.add_column("if")
    for head in ("P50", "P90", "P95"):
        table.add_column(head, justify="right")
    if plan.window_end_at is not None:
        table.add_column(f"done by {clock(plan, plan.window_end_at)}", justify="right")
    for what, night in ends(plan):
        cells = [clock_at(plan, s) for s in (night.end_s.p50, night.end_s.p90, night.end_s.p95)]
        if plan.window_end_at is not None:
            cells.append(chance(night.in_time))
        table.add_row(visible(what), *cells)
    restart = span(plan.timing.restart_s)
    return titled("", table, f"a failed run goes on after {restart} (--what-if restart=10m)")


def _is_narrow(plan: Plan, width: int) -> bool:
    return width < _name_width(plan) + _TABLE_BESIDE


def _name_width(plan: Plan) -> int:
    from rich.cells import cell_len  # noqa: PLC0415 - heavy

    return max(cell_len(cut(step.name, _NAME_MOST)) for step in plan.timing.steps)


def _steps(plan: Plan, width: int) -> RenderableType:
    """Return the table of steps; a narrow one leaves out what is told elsewhere."""
    is_narrow, has_window = _is_narrow(plan, width), plan.window_end_at is not None
    most = min(max(width - _TABLE_BESIDE_NARROW, 8), _NAME_MOST) if is_narrow else _NAME_MOST
    heads = ["takes", "P90", *([] if is_narrow else ["critical"]), "lost work"]
    heads += ["if it fails" if is_narrow else "if it fails: P90", *(["done"] if has_window else [])]
    table = plain_table()
    table.add_column("step", no_wrap=True)
    for name in heads:
        table.add_column(name, justify="right", no_wrap=True)
    if not is_narrow:
        table.add_column("known from")
    for step in plan.timing.steps:
        table.add_row(
            cut(step.name, most),
            span(step.seconds.p50),
            span(step.seconds.p90),
            *([] if is_narrow else [share(step.criticality)]),
            span(step.lost_s),
            clock_at(plan, step.failing.end_s.p90),
            *([chance(step.failing.in_time)] if has_window else []),
            *([] if is_narrow else [plan.sources[step.name]]),
        )
    return table


# ---------------------------------------------------------------- the picture


def _timeline(plan: Plan, stream: TextIO, width: int) -> list[Text]:
    """Draw a bar a step: from its likely begin to its likely end, then on to its P90."""
    from rich.cells import cell_len  # noqa: PLC0415 - heavy
    from rich.text import Text  # noqa: PLC0415 - heavy

    beside = _name_width(plan) + 2
    bar = min(max(width - beside - _BESIDE, BAR_WIDTH_LEAST), BAR_WIDTH_MOST)
    most = max(*(step.end_s.p90 for step in plan.timing.steps), plan.timing.window_s or 0.0)
    per_s = (bar - 1) / most
    solid, light, edge = "█▒│" if can_write(stream, "█▒│") else "#-|"
    lines = [Text(" " * beside + _scale(plan, bar, most), style="bright_black")]
    window = plan.timing.window_s
    for step in plan.timing.steps:
        begin, end = (round(s * per_s) for s in (step.begin_s.p50, step.end_s.p50))
        late = max(ceil(step.end_s.p90 * per_s), end)
        end = max(end, begin + 1)
        cells = [" "] * (bar + 1)
        if window is not None and window > 0:
            cells[round(window * per_s)] = edge
        cells[begin:end] = [solid] * (end - begin)
        cells[end : late + 1] = [light] * (late + 1 - end)
        is_on_path = step.criticality >= _ON_PATH
        name = cut(step.name, _NAME_MOST)
        line = Text(name + " " * (beside - cell_len(name)), no_wrap=True)
        line.append("".join(cells[: bar + 1]), style="yellow" if is_on_path else "cyan")
        line.append(f" {share(step.criticality)} critical", style="bright_black")
        lines.append(line)
    return lines


def _scale(plan: Plan, bar: int, most: float) -> str:
    """Write times of day above the bars, each where it begins."""
    marks = [" "] * (bar + 8)
    for seconds, label in ticks(plan, most, min(max(bar // TICK_WIDTH, 2), TICKS_MOST)):
        at = round(seconds * (bar - 1) / most)
        marks[at : at + len(label)] = label
    return "".join(marks)[: bar + 6].rstrip()
