"""A chunk in pieces gives what a chunk at once gives: its rows, its superseded, its culprits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from daybreak.abc import RecordRefused, Transaction
from daybreak.connectors.functions import EachSink
from daybreak.errors import Quarantine
from daybreak.execution.draft import OneEach, Unit
from daybreak.execution.pieces import InPieces, TooSlow
from daybreak.model.chunk import Written
from daybreak.model.chunk_size import TRANSACTION_S
from daybreak.model.ranges import Range
from tests.execution.house import CLOCK, OF, House
from tests.execution.pacing import TurnedClock


class Choosy(EachSink):
    """Lets every tenth record be superseded, and refuses one."""

    def __init__(self, refused: int | None = None) -> None:
        super().__init__(lambda _record, _tx: None)
        self.refused = refused
        self.calls: list[int] = []

    def write(self, tx: Transaction, records: Sequence[Any]) -> Written:
        del tx
        self.calls.append(len(records))
        if self.refused in records:
            raise RecordRefused(records.index(self.refused), Quarantine("no"))
        superseded = [place for place, record in enumerate(records) if record % 10 == 0]
        return Written(len(records) - len(superseded), superseded)


def write(house: House, sink: Choosy, units: Sequence[Unit], clock: Any = CLOCK) -> Any:
    with house.target.writer(house.owned().ownership) as writer:
        writer.begin(OF, Range.of(0, 100))
        try:
            return InPieces(clock, clock.monotonic_s(), len(units))(writer, sink, units)
        finally:
            writer.rollback()


ONE_EACH = OneEach(range(100), list(range(100)))
TWO_EACH = [Unit(origin, [2 * origin, 2 * origin + 1]) for origin in range(50)]


@pytest.mark.parametrize("units", [ONE_EACH, TWO_EACH], ids=["one each", "two each"])
def test_pieces_add_up_to_the_whole(house: House, units: Sequence[Unit]) -> None:
    sink = Choosy()
    admitted = write(house, sink, units)

    assert len(sink.calls) > 4
    assert 90 == admitted.written
    assert len(units) == admitted.passed + len(admitted.superseded)


@pytest.mark.parametrize("units", [ONE_EACH, TWO_EACH], ids=["one each", "two each"])
def test_a_culprit_is_named_by_its_place_in_the_chunk(house: House, units: Sequence[Unit]) -> None:
    with pytest.raises(RecordRefused) as caught:
        write(house, Choosy(refused=77), units)

    assert 77 == caught.value.position


def test_what_was_written_when_it_got_too_slow_is_told_in_input_records(house: House) -> None:
    clock = TurnedClock()

    class Slow(Choosy):
        def write(self, tx: Transaction, records: Sequence[Any]) -> Written:
            clock.turn(TRANSACTION_S)
            return super().write(tx, records)

    with pytest.raises(TooSlow) as caught:
        write(house, Slow(), ONE_EACH, clock)

    assert (26, 2 * TRANSACTION_S) == (caught.value.written, caught.value.elapsed_s)
