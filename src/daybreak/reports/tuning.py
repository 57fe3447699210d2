"""What tuning found, as people and programs read it. The sentences are `tuning_words`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..forecast.scaling_laws import Setting
from ..model.knobs import AUTO
from ..operations.tune import Measured, Tuning
from .forecast import span_fine
from .payload import plain
from .secrets import Mask
from .tables import plain_table, titled
from .tuning_words import cautions, reasons, verdict, waited_for, waiting_words
from .wording import records

if TYPE_CHECKING:
    from rich.console import RenderableType


def tuning_payload(found: Tuning, mask: Mask) -> dict[str, Any]:
    """Return all of it as JSON data."""
    return {
        "event": "tuning",
        "job": found.job,
        "step": found.step,
        "records": found.records,
        "now": {**plain(found.now, mask), **dict.fromkeys(found.adapting, AUTO)},
        "recommended": plain(found.recommended, mask),
        "fastest": plain(found.fastest, mask),
        "is_in_time": found.is_in_time,
        "probability": found.probability,
        "window": found.window,
        "scaling": {
            "serial": found.scaling.serial(_largest(found)),
            "chunk_s": found.scaling.chunk_s,
            "miss": found.scaling.miss,
        },
        "waited_for": waited_for(found),
        "measured": [_measured_payload(one, mask) for one in found.measured],
        "settings": [
            {
                **plain(setting, mask),
                "seconds": found.seconds(setting),
                "probability": _probability(found, setting),
            }
            for setting in found.settings
        ],
        "reasons": list(reasons(found)),
        "cautions": plain(list(cautions(found)), mask),
        "caveats": plain(found.caveats, mask),
    }


def _measured_payload(one: Measured, mask: Mask) -> dict[str, Any]:
    measured: dict[str, Any] = plain(one, mask)
    return {**measured, "transaction_s_max": one.transaction_s_max, "locked": one.locked}


def _largest(found: Tuning) -> Setting:
    return max(one for one in found.settings if one.chunk == found.recommended.chunk)


def _probability(found: Tuning, setting: Setting) -> float | None:
    if found.window_s is None:
        return None
    return found.scaling.probability(setting, found.records, found.window_s)


def tuning_parts(found: Tuning) -> list[RenderableType]:
    """Return it as parts to print one below the other."""
    from rich.text import Text  # noqa: PLC0415 - heavy

    parts: list[RenderableType] = [_table(found), "", _measurements(found), ""]
    parts += [Text(line) for line in reasons(found)]
    parts += [Text(f"caution: {line}", style="yellow") for line in cautions(found)]
    parts += [Text(f"note: {caveat}", style="bright_black") for caveat in found.caveats]
    style = "yellow" if found.is_in_time is False else "green"
    return [*parts, Text(verdict(found), style=style)]


def _table(found: Tuning) -> RenderableType:
    from rich.text import Text  # noqa: PLC0415 - heavy

    measured = {one.setting for one in found.measured}
    chunks = sorted({setting.chunk for setting in found.settings})
    table = plain_table()
    table.add_column("parallel", justify="right")
    for chunk in chunks:
        table.add_column(f"chunk {chunk:,}", justify="right")
    for parallel in sorted({setting.parallel for setting in found.settings}):
        cells: list[Text] = []
        for chunk in chunks:
            setting = Setting(parallel, chunk)
            if setting not in found.settings:
                cells.append(Text(""))
                continue
            mark = " ●" if setting in measured else "  "
            style = "bold green" if setting == found.recommended else ""
            cells.append(Text(span_fine(found.seconds(setting)) + mark, style=style))
        table.add_row(str(parallel), *cells)
    title = f"{records(found.records)} of {found.step}, by what was measured (●)"
    return titled(title, table)


def _measurements(found: Tuning) -> RenderableType:
    table = plain_table()
    for name in ("parallel", "chunk", "records", "took", "longest transaction", "locked"):
        table.add_column(name, justify="right")
    table.add_column("its workers wait for")
    for one in found.measured:
        table.add_row(
            str(one.setting.parallel),
            f"{one.setting.chunk:,}",
            f"{one.sample.records:,}",
            span_fine(one.sample.seconds),
            span_fine(one.transaction_s_max),
            f"{one.locked:.0%}",
            waiting_words(one),
        )
    return titled("what was measured", table)
