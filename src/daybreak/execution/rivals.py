"""Values of one chunk with equal keys: the last that the sink takes stands (PROTOCOL.md 7).

Those before it are superseded, and nobody asks the database about them. If the last one is
refused, the one before it is tried, and so on. So what becomes of a chunk does not depend on how
its bad records are found, nor in which order its suspects come in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..abc import ChunkWriter, RecordRefused, RivalSink, Sink
from .draft import Unit
from .raw_units import values_of


class Rivals:
    """Which values of which units stand, as far as is known.

    Args:
        units: In source order.
        groups: The places of values with equal keys in the flat list of all values, in order.
    """

    def __init__(self, units: Sequence[Unit], groups: Sequence[Sequence[int]]) -> None:
        self._groups = groups
        self._at: dict[int, tuple[Sequence[int], int]] = {
            place: (group, number) for group in groups for number, place in enumerate(group)
        }
        self._owners = [unit.origin for unit in units for _ in unit.values]
        self._starts: dict[int, int] = {}
        start = 0
        for unit in units:
            self._starts[unit.origin] = start
            start += len(unit.values)
        self._refused: set[int] = set()
        self._written: Counter[int] = Counter()

    def standing(self, unit: Unit) -> Unit:
        """Return a unit with those of its values that nothing newer stands in the place of.

        Newer is what comes later, and was not refused.
        """
        start = self._starts[unit.origin]
        kept = [
            value
            for number, value in enumerate(unit.values)
            if not self._is_beaten(start + number, unit.origin)
        ]
        return unit if len(kept) == len(unit.values) else Unit(unit.origin, kept)

    def _is_beaten(self, place: int, origin: int) -> bool:
        if place not in self._at:
            return False
        group, number = self._at[place]
        later = (self._owners[other] for other in reversed(group[number + 1 :]))
        return any(owner == origin or owner not in self._refused for owner in later)

    def refused(self, unit: Unit) -> None:
        """Note that a unit was not taken: those before it have their chance."""
        self._refused.add(unit.origin)

    def taken(self, units: Sequence[Unit]) -> None:
        """Note that units were taken as they are here."""
        for unit in units:
            self._refused.discard(unit.origin)
            self._written[unit.origin] += len(unit.values)

    def overwritten(self, units: Sequence[Unit]) -> int:
        """Return how many values of units were written, and then written over by newer ones."""
        standing = sum(len(self.standing(unit).values) for unit in units)
        return self._written.total() - standing

    def is_written(self, unit: Unit) -> bool:
        """Whether it was taken."""
        return unit.origin in self._written


def rivals_of(writer: ChunkWriter, sink: Sink, units: Sequence[Unit]) -> Rivals | None:
    """Ask a sink which of the values exclude each other; None if there are none.

    A value that the sink cannot compare has no rival: it will be refused when it is written.
    """
    if not isinstance(sink, RivalSink):
        return None
    values = values_of(units)
    places = list(range(len(values)))
    while places:
        some = values if len(places) == len(values) else [values[place] for place in places]
        try:
            groups = _asked(writer, sink, some)
        except RecordRefused as refused:
            del places[refused.position]
        else:
            meant = [[places[number] for number in group] for group in groups]
            return Rivals(units, meant) if meant else None
    return None


def _asked(writer: ChunkWriter, sink: RivalSink, values: Sequence[Any]) -> Sequence[Sequence[int]]:
    with writer.savepoint(), writer.guarded():
        return sink.rivals(writer.transaction, values)
