"""Finding the bad records of a chunk, by the cheapest proof first (PROTOCOL.md 6).

A record is set aside only if it fails alone, after all good records of its chunk have been
applied: suspects are tried again in source order until a round admits none, so that a child that
comes before its parent is no bad record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..abc import ChunkWriter, RecordRefused, Sink
from ..errors import DataRefused
from ..faultpoints import hit
from .draft import Unit
from .record_watch import write_told


@dataclass(slots=True)
class Admitted:
    """What the sink took of a chunk."""

    written: int = 0
    """Rows, by the database's own count."""

    passed: int = 0
    """Input records all of whose outputs were taken."""

    refused: list[tuple[Unit, Exception]] = field(default_factory=list)


def write_whole(writer: ChunkWriter, sink: Sink, units: Sequence[Unit]) -> Admitted:
    """Write all units at once.

    Raises:
        RecordRefused, DataRefused: If one is at fault; the transaction must be rolled back.
    """
    values = [value for unit in units for value in unit.values]
    if not values:
        return Admitted(passed=len(units))
    with writer.guarded():
        origins = [unit.origin for unit in units for _ in unit.values]
        written = write_told(sink, writer.transaction, values, origins)
    return Admitted(written=written, passed=len(units))


class Isolator:
    """Writes the good units of a chunk inside the open transaction, and names the bad ones."""

    def __init__(self, writer: ChunkWriter, sink: Sink) -> None:
        self._writer = writer
        self._sink = sink
        self._admitted = Admitted()
        self._suspects: list[tuple[Unit, Exception]] = []

    def admit(self, units: Sequence[Unit]) -> Admitted:
        """Write what can be written; the rest is returned as refused, each with its cause."""
        self._divide(units)
        self._try_suspects_again()
        self._admitted.refused = self._suspects
        return self._admitted

    def _divide(self, units: Sequence[Unit]) -> None:
        """Write units in order; divide them where the fault is not named."""
        rest = units
        while rest:
            hit("chunk.in_isolation")
            fault = self._attempt(rest)
            if fault is None:
                return
            if fault.position is not None:
                # Everything before the culprit ran without a fault, and is written again.
                self._suspects.append((rest[fault.position], fault.cause))
                self._divide(rest[: fault.position])
                rest = rest[fault.position + 1 :]
            elif len(rest) == 1:
                self._suspects.append((rest[0], fault.cause))
                return
            else:
                middle = len(rest) // 2
                self._divide(rest[:middle])
                rest = rest[middle:]

    def _try_suspects_again(self) -> None:
        admits = True
        while admits and self._suspects:
            admits = False
            suspects, self._suspects = self._suspects, []
            for unit, _ in suspects:
                fault = self._attempt([unit])
                if fault is None:
                    admits = True
                else:
                    self._suspects.append((unit, fault.cause))

    def _attempt(self, units: Sequence[Unit]) -> _Fault | None:
        try:
            with self._writer.savepoint():
                taken = write_whole(self._writer, self._sink, units)
                self._writer.force_constraints()
        except RecordRefused as refused:
            return _Fault(_unit_of(refused.position, units), refused.cause)
        except DataRefused as refused:
            return _Fault(None, refused)
        self._admitted.written += taken.written
        self._admitted.passed += taken.passed
        return None


@dataclass(frozen=True, slots=True)
class _Fault:
    position: int | None
    cause: Exception


def _unit_of(position: int, units: Iterable[Unit]) -> int:
    """Return which unit holds the value at a position of the flat list."""
    end = 0
    for number, unit in enumerate(units):
        end += len(unit.values)
        if position < end:
            return number
    raise IndexError(position)
