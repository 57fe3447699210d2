"""What tuning found, as people and programs read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from ..forecast.scaling import Setting
from ..operations.tune import Tuning
from .forecast import span_fine
from .payload import plain
from .secrets import Mask
from .tables import plain_table, titled
from .wording import records, span

if TYPE_CHECKING:
    from rich.console import RenderableType

SERIAL_SHOWN_MIN: Final = 0.03


def tuning_payload(found: Tuning, mask: Mask) -> dict[str, Any]:
    """Return all of it as JSON data."""
    return {
        "event": "tuning",
        "job": found.job,
        "step": found.step,
        "records": found.records,
        "now": plain(found.now, mask),
        "recommended": plain(found.recommended, mask),
        "fastest": plain(found.fastest, mask),
        "is_in_time": found.is_in_time,
        "probability": found.probability,
        "window": found.window,
        "scaling": plain(found.scaling, mask),
        "measured": plain(found.measured, mask),
        "settings": [
            {
                **plain(setting, mask),
                "seconds": found.seconds(setting),
                "probability": _probability(found, setting),
            }
            for setting in found.settings
        ],
        "reasons": list(reasons(found)),
        "caveats": plain(found.caveats, mask),
    }


def _probability(found: Tuning, setting: Setting) -> float | None:
    if found.window_s is None:
        return None
    return found.scaling.probability(setting, found.records, found.window_s)


def tuning_parts(found: Tuning) -> list[RenderableType]:
    """Return it as parts to print one below the other."""
    from rich.text import Text  # noqa: PLC0415 - heavy

    parts: list[RenderableType] = [_table(found), ""]
    parts += [Text(line) for line in reasons(found)]
    parts += [Text(f"note: {caveat}", style="bright_black") for caveat in found.caveats]
    style = "yellow" if found.is_in_time is False else "green"
    return [*parts, Text(verdict(found), style=style)]


def _table(found: Tuning) -> RenderableType:
    from rich.text import Text  # noqa: PLC0415 - heavy

    measured = {one.setting: one.sample for one in found.measured}
    chunks = sorted({setting.chunk for setting in found.settings})
    table = plain_table()
    table.add_column("parallel", justify="right")
    for chunk in chunks:
        table.add_column(f"chunk {chunk:,}", justify="right")
    for parallel in sorted({setting.parallel for setting in found.settings}):
        cells: list[Text] = []
        for chunk in chunks:
            setting = Setting(parallel, chunk)
            mark = " ●" if setting in measured else "  "
            style = "bold green" if setting == found.recommended else ""
            cells.append(Text(span_fine(found.seconds(setting)) + mark, style=style))
        table.add_row(str(parallel), *cells)
    title = f"{records(found.records)} of {found.step}, by what was measured (●)"
    return titled(title, table)


def reasons(found: Tuning) -> Iterator[str]:
    """Say what the law behind the table is."""
    scaling, most = found.scaling, found.scaling.parallel_most
    largest = max(setting.parallel for setting in found.settings)
    if scaling.serial >= SERIAL_SHOWN_MIN:
        yield (
            f"{scaling.serial:.0%} of the work is serial: only one worker does it at a time,"
            f" so {largest} workers are {_speedup(found, largest):.1f} times as fast as one"
        )
    if most is not None and most < largest:
        yield f"beyond {most} workers they disturb each other more than they help"
    if scaling.chunk_s > 0:
        yield f"each chunk costs {span_fine(scaling.chunk_s)} besides its records"


def _speedup(found: Tuning, parallel: int) -> float:
    return parallel / found.scaling.slowdown(parallel)


def verdict(found: Tuning) -> str:
    """Say what to do, in one line."""
    one, now = found.recommended, found.now
    took = (
        f"parallel={one.parallel}, chunk={one.chunk}: {records(found.records)} in about"
        f" {span_fine(found.seconds(one))} (now, with parallel={now.parallel} and"
        f" chunk={now.chunk:,}, in {span_fine(found.seconds(now))})"
    )
    if found.window_s is None:
        return f"{took}; nothing that was tried is faster"
    window = f"its window ({found.window}, {span(found.window_s)})"
    if found.is_in_time:
        sure = found.scaling.probability(one, found.records, found.window_s)
        return f"{took}; it ends in {window}: {_percent(sure)} sure"
    return f"{took}; the fastest, and yet it may not end in {window}"


def _percent(share: float) -> str:
    return "over 99 %" if share > 0.99 else f"{share:.0%}"  # noqa: PLR2004 - no more is known
