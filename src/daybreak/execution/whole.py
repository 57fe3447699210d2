"""Units written all at once, and what a sink took of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ..abc import ChunkWriter, RawSink, RivalSink, Sink, Transaction
from ..errors import DataRefused
from ..model.chunk import Written
from .draft import OneEach, Unit
from .raw_units import RawUnits, values_of
from .record_watch import write_told

Refusals: TypeAlias = list[tuple[Unit, Exception]]


@dataclass(slots=True)
class Admitted:
    """What the sink took of a chunk."""

    written: int = 0
    """Rows, by the database's own count."""

    passed: int = 0
    """Input records all of whose outputs were taken."""

    superseded: list[Unit] = field(default_factory=list)
    """Input records in the place of all of whose outputs something newer stands."""

    refused: Refusals = field(default_factory=list)

    @property
    def commonest_rule(self) -> DataRefused | None:
        """One refusal by the rule that refused most of them; None if no rule did."""
        causes = {rule_of(cause): cause for _, cause in self.refused}
        counts = Counter(rule_of(cause) for _, cause in self.refused)
        found = (causes[rule] for rule, _ in counts.most_common())
        return next((one for one in found if isinstance(one, DataRefused) and one.rule), None)


def write_whole(
    writer: ChunkWriter, sink: Sink, units: Sequence[Unit], *, are_compared: bool = False
) -> Admitted:
    """Write all units at once.

    Args:
        writer: Whose transaction it is.
        sink: Where they go.
        units: In source order.
        are_compared: Whether it is known that none of their values is another one's rival.

    Raises:
        RecordRefused, DataRefused: If one is at fault; the transaction must be rolled back.
    """
    if isinstance(units, RawUnits):
        return _write_raw(writer, sink, units, are_compared=are_compared)
    values = values_of(units)
    if not values:
        return Admitted(passed=len(units))
    if isinstance(units, OneEach):
        origins = units.origins
    else:
        origins = [unit.origin for unit in units for _ in unit.values]
    with writer.guarded():
        written = _write(sink, writer.transaction, values, origins, are_compared=are_compared)
    superseded = _superseded(written.superseded, units)
    return Admitted(written.rows, len(units) - len(superseded), superseded)


def _write(
    sink: Sink,
    tx: Transaction,
    values: Sequence[Any],
    origins: Sequence[int],
    *,
    are_compared: bool,
) -> Written:
    if are_compared and isinstance(sink, RivalSink):
        return sink.write_compared(tx, values)
    return write_told(sink, tx, values, origins)


def _write_raw(writer: ChunkWriter, sink: Sink, units: RawUnits, *, are_compared: bool) -> Admitted:
    """Write units as bytes, or as their values if the sink does not take those bytes."""
    if not units:
        return Admitted()
    with writer.guarded():
        tx = writer.transaction
        written = sink.write_raw(tx, units.records) if isinstance(sink, RawSink) else None
        if written is None:
            values = units.records.values()
            written = _write(sink, tx, values, units.origins, are_compared=are_compared)
    superseded = [units[place] for place in written.superseded]
    return Admitted(written.rows, len(units) - len(superseded), superseded)


def rule_of(cause: Exception) -> tuple[str, str]:
    """Return which rule was broken, as far as is known."""
    if not isinstance(cause, DataRefused):
        return "", ""
    return cause.rule, cause.constraint or cause.column


def _superseded(places: Sequence[int], units: Sequence[Unit]) -> list[Unit]:
    """Return the units none of whose values is still wanted."""
    if not places:
        return []
    lost = Counter(owner_of(places, units))
    return [unit for number, unit in enumerate(units) if lost[number] == len(unit.values) > 0]


def owner_of(places: Sequence[int], units: Sequence[Unit]) -> list[int]:
    """Return which unit holds the value at each of some places of the flat list."""
    owners = [number for number, unit in enumerate(units) for _ in unit.values]
    return [owners[place] for place in places]
