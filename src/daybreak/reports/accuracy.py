"""How good forecasts were, as people and programs read it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from ..operations.accuracy import Judged, Record
from .forecast import NOT_KNOWN, interval_text, says_something, span_fine
from .payload import plain
from .secrets import Mask
from .tables import cut, plain_table, titled
from .wording import from_to

if TYPE_CHECKING:
    from rich.console import RenderableType

_NARROW_COLUMNS: Final = 110
_NAME_MOST: Final = 11


def accuracy_payload(record: Record) -> dict[str, Any]:
    """Return all of it as JSON data."""
    mask = Mask()
    return {
        "event": "accuracy",
        "judged": [
            {**plain(dataclasses.asdict(one), mask), "error": one.error} for one in record.judged
        ],
        "unforecast": record.unforecast,
        "error_median": record.error_median,
        "inside_interval": record.inside,
        "below_safe_bound": record.safe,
    }


def accuracy_parts(record: Record, width: int) -> list[RenderableType]:
    """Return it as parts to print one below the other.

    Args:
        record: How good they were.
        width: Of the terminal, in letters.
    """
    from rich.text import Text  # noqa: PLC0415 - heavy

    parts: list[RenderableType] = []
    if record.judged:
        parts += [_narrow(record) if width < _NARROW_COLUMNS else _table(record), ""]
    return [*parts, *(Text(line) for line in summary(record))]


def _table(record: Record) -> RenderableType:
    from rich.text import Text  # noqa: PLC0415 - heavy

    table = plain_table()
    for name in ("run", "night", "step"):
        table.add_column(name)
    for name in ("records", "took", "likely", "error", "9 of 10 times", "safe bound"):
        table.add_column(name, justify="right")
    table.add_column("grade", justify="center")
    for one in record.judged:
        table.add_row(
            str(one.run),
            str(one.night or ""),
            one.step,
            f"{one.records:,}",
            span_fine(one.seconds),
            span_fine(one.likely),
            Text(f"{one.error:+.0%}", style=_colour(one)),
            interval_text(one.low, one.high, span_fine),
            span_fine(one.safe_bound),
            one.grade,
        )
    return titled("runs, and what was forecast before them", table)


def _narrow(record: Record) -> RenderableType:
    """Return the same without nights, the likely time, and the safe bound: a colour tells that."""
    from rich.text import Text  # noqa: PLC0415 - heavy

    table = plain_table()
    table.add_column("run")
    table.add_column("step", no_wrap=True)
    for name in ("records", "took", "error", "9 of 10 times"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("grade", justify="center")
    for one in record.judged:
        table.add_row(
            str(one.run),
            cut(one.step, _NAME_MOST),
            f"{one.records:,}",
            span_fine(one.seconds),
            Text(f"{one.error:+.0%}", style=_colour(one)),
            from_to(one.low, one.high) if says_something(one.low, one.high) else NOT_KNOWN,
            one.grade,
        )
    return titled("runs, and what was forecast before them", table)


def _colour(one: Judged) -> str:
    if one.is_inside:
        return "green"
    return "yellow" if one.is_safe else "red"


def summary(record: Record) -> list[str]:
    """Say in a few sentences how good they were."""
    count = len(record.judged)
    lines = []
    if count:
        lines.append(
            f"of {count:,}: median error {record.error_median:.0%}; inside the interval"
            f" {record.inside:,} (9 of 10 are meant to be); below the safe bound {record.safe:,}"
        )
    else:
        lines.append("no run has a forecast from before it")
    if record.unforecast:
        lines.append(
            f"{record.unforecast:,} finished {'step is' if record.unforecast == 1 else 'steps are'}"
            " left out: nothing was forecast for it before, on these databases and with as many"
            " workers (a rehearsal in place has one)"
        )
    return lines
