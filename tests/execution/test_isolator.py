"""A bad record costs one record: the good ones around it are in the target, nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from daybreak.abc import ChunkWriter, Sink, Transaction
from daybreak.connectors.functions import EachChunkSink, EachSink
from daybreak.databases.writer import Writer
from daybreak.execution.draft import Unit
from daybreak.execution.isolator import Isolator
from daybreak.execution.whole import Admitted
from daybreak.model.chunk import Written
from daybreak.model.ranges import Range
from tests.execution.house import OF, House, insert
from tests.kinds import every_kind

database_url = every_kind
pytestmark = pytest.mark.slow_on_duckdb

PART = Range.of(0, 20)


@pytest.fixture
def admit(house: House) -> Iterator[Callable[[Sink, Sequence[Any]], Admitted]]:
    """Give a function that isolates records, then commits what is left."""
    ledger = house.owned()
    with house.target.writer(ledger.ownership) as writer:

        def isolate(sink: Sink, values: Sequence[Any]) -> Admitted:
            writer.begin(OF, Range.of(0, 1))
            units = [Unit(origin, [value]) for origin, value in enumerate(values)]
            admitted = Isolator(writer, sink).admit(units)
            end(writer)
            return admitted

        yield isolate


def end(writer: ChunkWriter) -> None:
    """Commit without a marker: only the isolator is looked at here."""
    assert isinstance(writer, Writer)
    assert writer._session is not None
    writer._session.commit()


def insert_all(numbers: Sequence[int], tx: Transaction) -> None:
    tx.executemany("insert into numbers (n) values (:n)", [{"n": number} for number in numbers])


def insert_child(pair: tuple[int, int | None], tx: Transaction) -> None:
    tx.execute("insert into numbers (n, parent) values (:n, :parent)", n=pair[0], parent=pair[1])


@pytest.mark.parametrize("culprits", [[5], [0, 19], [7, 8], [3, 9, 15], list(range(20))])
def test_named_culprits_are_set_aside_and_all_others_written(
    house: House, admit: Callable[[Sink, Sequence[Any]], Admitted], culprits: list[int]
) -> None:
    def picky(number: int, tx: Transaction) -> None:
        tx.execute("insert into numbers (n) values (:n)", n=number)
        if number in culprits:
            raise ValueError(f"not {number}")

    admitted = admit(EachSink(picky), range(20))

    good = [number for number in range(20) if number not in culprits]
    assert good == house.numbers()
    assert (len(good), len(good)) == (admitted.passed, admitted.written)
    assert culprits == sorted(unit.origin for unit, _ in admitted.refused)


def test_what_a_refused_record_wrote_is_withdrawn(
    house: House, admit: Callable[[Sink, Sequence[Any]], Admitted]
) -> None:
    admit(EachSink(insert), [4, 5, 6])

    assert [4, 6] == house.numbers()


@pytest.mark.parametrize("twice", [0, 9, 10, 18])
def test_culprits_that_nobody_names_are_found_by_division(
    house: House, admit: Callable[[Sink, Sequence[Any]], Admitted], twice: int
) -> None:
    """The database refuses the second of two equal keys, wherever they stand."""
    values = list(range(20))
    values[twice + 1] = twice

    admitted = admit(EachChunkSink(insert_all), values)

    assert sorted(set(values)) == house.numbers()
    assert [twice + 1] == [unit.origin for unit, _ in admitted.refused]
    assert (19, 19) == (admitted.passed, admitted.written)


def test_a_child_that_comes_before_its_parent_is_no_bad_record(
    house: House, admit: Callable[[Sink, Sequence[Any]], Admitted]
) -> None:
    """Chains of them too; one whose parent never comes is bad."""
    admitted = admit(EachSink(insert_child), [(1, 2), (2, 3), (3, None), (4, 99)])

    assert [1, 2, 3] == house.numbers()
    assert [3] == [unit.origin for unit, _ in admitted.refused]


class Comparing(EachSink):
    """Takes whole numbers; of equal ones the last stands."""

    def __init__(self) -> None:
        super().__init__(insert)
        self.compared = 0

    def rivals(self, tx: Transaction, records: Sequence[Any]) -> Sequence[Sequence[int]]:
        del tx
        self.compared += 1
        places = {
            number: [at for at, one in enumerate(records) if one == number] for number in records
        }
        return [group for group in places.values() if len(group) > 1]

    def write(self, tx: Transaction, records: Sequence[Any]) -> Written:
        del tx, records
        raise AssertionError("it would compare them again")

    def write_compared(self, tx: Transaction, records: Sequence[Any]) -> Written:
        assert len(set(records)) == len(records)
        return super().write(tx, records)


def test_rivals_are_looked_for_once_however_many_tries_there_are(
    admit: Callable[[Sink, Sequence[Any]], Admitted],
) -> None:
    sink = Comparing()
    admitted = admit(sink, [1, 2, 3, "bad", 2, 4, "worse", 3])

    assert sink.compared == 1
    assert [1, 2] == [unit.origin for unit in admitted.superseded]
    assert [3, 6] == [unit.origin for unit, _ in admitted.refused]
