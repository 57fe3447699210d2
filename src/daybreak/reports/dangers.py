"""Dangers that rehearsals met, as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..operations.dangers import Danger, SeenDanger
from .tables import hanging, plain_table, titled
from .wording import records, size, span, visible

if TYPE_CHECKING:
    from rich.console import RenderableType


def danger_parts(dangers: Sequence[SeenDanger], samples: int) -> list[RenderableType]:
    """Return a table of them, and what they mean.

    Args:
        dangers: At least one.
        samples: How many samples there were.
    """
    from rich.text import Text  # noqa: PLC0415 - heavy

    said = [hanging(f"{kind}:", meaning) for kind, meaning in meanings(dangers).items()]
    table = plain_table()
    table.add_column("danger")
    table.add_column("where", overflow="fold")
    for name in ("from records", "samples", "at its worst", "at records"):
        table.add_column(name, justify="right")
    for one in dangers:
        table.add_row(
            Text(one.kind, style="yellow"),
            visible(one.what),
            f"{one.records_first:,}",
            f"{one.samples:,} of {samples:,}",
            amount_text(one),
            f"{one.records_worst:,}",
        )
    return [titled("dangers that rehearsals met", table), *said]


def meanings(dangers: Iterable[SeenDanger]) -> dict[str, str]:
    """Return of each kind what it means."""
    return {one.kind: meaning_text(one) for one in dangers}


def meaning_text(one: SeenDanger) -> str:
    """Say what a danger means, with what else is known of it."""
    return f"{one.meaning} ({one.note})" if one.note else one.meaning


def danger_line(one: SeenDanger) -> str:
    """Say in one line what was met, and from which size on."""
    return f"beware: {one.kind} from {records(one.records_first)} on ({visible(one.what)})"


def met_line(one: Danger) -> str:
    """Say in one line what a single rehearsal met, and what that means."""
    amount = _amount(one.kind.unit, one.amount)
    note = f" ({one.note})" if one.note else ""
    return f"{one.kind}: {visible(one.what)}: {amount}{note}; {one.kind.meaning}"


def amount_text(one: SeenDanger) -> str:
    """Write how much it was at its worst."""
    return _amount(one.unit, one.amount)


def _amount(unit: str, amount: float) -> str:
    match unit:
        case "seconds":
            return span(amount)
        case "bytes":
            return size(round(amount))
        case _:
            return f"{amount:,.0f} times"
