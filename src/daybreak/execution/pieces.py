"""A chunk written piece by piece, so that its transaction can be broken off when it gets too slow.

A transaction that was broken off was rolled back before its COMMIT was sent. So no other try of its
range can be on its way, and the range may be divided like one that was never handed out
(PROTOCOL.md 3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..abc import ChunkWriter, Clock, PiecewiseSink, RecordRefused, Sink
from ..model.chunk_size import PIECES, is_too_slow
from .draft import OneEach, Unit
from .raw_units import RawUnits
from .whole import Admitted, write_whole


class TooSlow(Exception):  # noqa: N818 - it reads as a sentence
    """A transaction would have taken far longer than it should; it is to be rolled back.

    Args:
        written: Input records whose outputs it had written.
        elapsed_s: How long it had been open.
    """

    def __init__(self, written: int, elapsed_s: float) -> None:
        super().__init__(written, elapsed_s)
        self.written = written
        self.elapsed_s = elapsed_s


Writes: TypeAlias = Callable[[ChunkWriter, Sink, Sequence[Unit]], Admitted]
"""Writes the units of a chunk in the open transaction."""


@dataclass(frozen=True, slots=True)
class InPieces:
    """Writes a chunk piece by piece, and looks at the clock between two.

    Args:
        clock: By which the transaction is timed.
        began_s: When it was begun.
        records: Input records of the chunk.
    """

    clock: Clock
    began_s: float
    records: int

    def __call__(self, writer: ChunkWriter, sink: Sink, units: Sequence[Unit]) -> Admitted:
        """Write units.

        Raises:
            TooSlow: The transaction must be rolled back.
            RecordRefused, DataRefused: If one is at fault; it must be rolled back, too.
        """
        if not _can_be_divided(writer, sink, units):
            return write_whole(writer, sink, units)
        whole, done, values = Admitted(), 0, 0
        pieces = list(_divided(units))
        for left, piece in zip(range(len(pieces) - 1, -1, -1), pieces, strict=True):
            piece_began_s = self.clock.monotonic_s()
            try:
                admitted = write_whole(writer, sink, piece)
            except RecordRefused as refused:
                raise RecordRefused(values + refused.position, refused.cause) from refused
            done, values = done + len(piece), values + _values_in(piece)
            whole.written += admitted.written
            whole.passed += admitted.passed
            whole.superseded += admitted.superseded
            self._refuse_too_slow(done, len(units), piece_began_s, left)
        return whole

    def _refuse_too_slow(self, done: int, of: int, piece_began_s: float, left: int) -> None:
        now_s = self.clock.monotonic_s()
        elapsed_s = now_s - self.began_s
        if is_too_slow(done, of, elapsed_s, now_s - piece_began_s, left):
            raise TooSlow(self.records * done // of, elapsed_s)


def _can_be_divided(writer: ChunkWriter, sink: Sink, units: Sequence[Unit]) -> bool:
    if isinstance(units, RawUnits) or not isinstance(sink, PiecewiseSink) or len(units) == 1:
        return False
    return sink.goes_in_pieces(writer.transaction)


def _divided(units: Sequence[Unit]) -> Iterator[Sequence[Unit]]:
    size = -(-len(units) // PIECES)
    for start in range(0, len(units), size):
        part = slice(start, start + size)
        if isinstance(units, OneEach):
            yield OneEach(units.origins[part], units.values[part])
        else:
            yield units[part]


def _values_in(units: Sequence[Unit]) -> int:
    return len(units) if isinstance(units, OneEach) else sum(len(unit.values) for unit in units)
