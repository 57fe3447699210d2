"""A chunk's data, marker, quarantine and counts are one fact, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from daybreak.abc import ChunkWriter, Sink, Transaction
from daybreak.connectors.functions import EachSink
from daybreak.errors import ProofFailed, TooManyBadRecords, TransientError
from daybreak.execution.bad_budget import BadBudget
from daybreak.execution.committer import Committed, Committer
from daybreak.execution.draft import draft_of
from daybreak.faultpoints import FAULT_POINTS, FaultPoint, InjectedFault
from daybreak.ledger.owned import OwnedRun
from daybreak.model.chunk import SetAside
from daybreak.model.fate import Counts
from daybreak.model.limits import BadLimit
from daybreak.model.ranges import Range
from daybreak.pipeline.block import Block
from daybreak.pipeline.carry import Carried
from tests.execution.house import CLOCK, OF, House, insert, source_of

PART = Range.of(0, 10)
GOOD = [0, 1, 2, 3, 4, 6, 7, 8, 9]
BEFORE_COMMIT: tuple[FaultPoint, ...] = FAULT_POINTS[
    FAULT_POINTS.index("chunk.before_marker") : FAULT_POINTS.index("chunk.after_commit")
]


@pytest.fixture
def ledger(house: House) -> OwnedRun:
    return house.owned()


@pytest.fixture
def writer(house: House, ledger: OwnedRun) -> Iterator[ChunkWriter]:
    with house.target.writer(ledger.ownership) as found:
        yield found


def commit(
    writer: ChunkWriter,
    sink: Sink,
    *,
    dropped: Sequence[int] = (),
    filtered: int = 0,
    budget: BadBudget | None = None,
) -> Committed:
    """Commit the numbers 0 to 9 but those that the stages dropped."""
    read = source_of(range(10)).read(PART)
    kept = [number for number in range(10) if number not in dropped]
    budget = budget or BadBudget(BadLimit.parse("50%"), total=10, read=0, bad=0)
    committer = Committer(writer, sink, OF, epoch=1, budget=budget, clock=CLOCK)
    carried: Carried = Carried(Block(kept, kept), filtered, [])
    return committer.commit(draft_of(PART, read, carried), began_s=0.0)


def left(house: House, ledger: OwnedRun) -> tuple[list[int], int, int]:
    """Read what is in the target: numbers, markers, records set aside."""
    key = ledger.ownership.run_key
    markers = house.target.markers(key, OF)
    return house.numbers(), len(markers), house.target.set_aside(key, OF)


@pytest.mark.parametrize("point", BEFORE_COMMIT)
def test_a_fault_before_the_commit_leaves_nothing_of_the_chunk(
    house: House,
    ledger: OwnedRun,
    writer: ChunkWriter,
    arm: Callable[[str], None],
    point: FaultPoint,
) -> None:
    arm(f"{point}:1:raise")

    with pytest.raises(InjectedFault):
        commit(writer, EachSink(insert))

    assert ([], 0, 0) == left(house, ledger)


def test_a_fault_behind_the_commit_finds_all_of_the_chunk(
    house: House, ledger: OwnedRun, writer: ChunkWriter, arm: Callable[[str], None]
) -> None:
    arm("chunk.after_commit:1:raise")

    with pytest.raises(InjectedFault):
        commit(writer, EachSink(insert))

    assert (GOOD, 1, 1) == left(house, ledger)


def test_every_fate_is_counted_where_it_happened(
    house: House, ledger: OwnedRun, writer: ChunkWriter
) -> None:
    committed = commit(writer, EachSink(insert), dropped=[2, 4], filtered=2)

    expected = Counts(read=10, passed=7, filtered=2, quarantined=1, written=7)
    assert expected == committed.marker.counts
    assert [expected] == [m.counts for m in house.target.markers(ledger.ownership.run_key, OF)]
    assert {"ends in five": 1} == committed.causes


def test_a_record_that_the_stages_lost_stops_the_chunk(
    house: House, ledger: OwnedRun, writer: ChunkWriter
) -> None:
    with pytest.raises(ProofFailed, match="do not add up"):
        commit(writer, EachSink(insert), dropped=[2])

    assert ([], 0, 0) == left(house, ledger)


def test_a_transient_error_repeats_the_write_and_isolates_nobody(
    house: House, ledger: OwnedRun, writer: ChunkWriter, arm: Callable[[str], None]
) -> None:
    """Even if it comes again and again: the records are good, and none is under suspicion."""
    arm("chunk.before_isolation:1:raise")
    tries: list[int] = []

    def busy(number: int, tx: Transaction) -> None:
        if number == 3:
            tries.append(number)
            if len(tries) < 3:
                raise TransientError("not now")
        tx.execute("insert into numbers (n) values (:n)", n=number)

    commit(writer, EachSink(busy))

    assert (list(range(10)), 1, 0) == left(house, ledger)
    assert 3 == len(tries)


def test_a_second_try_of_a_committed_chunk_takes_its_marker(
    house: House, ledger: OwnedRun, writer: ChunkWriter
) -> None:
    first = commit(writer, EachSink(insert))

    def again(_number: Any, _tx: Transaction) -> None:
        raise AssertionError("the work is done")

    second = commit(writer, EachSink(again))

    assert second.was_committed
    assert first.marker.counts == second.marker.counts
    assert (GOOD, 1, 1) == left(house, ledger)


def test_what_an_earlier_try_committed_is_charged_to_the_budget(
    house: House, ledger: OwnedRun, writer: ChunkWriter
) -> None:
    """The answer to its COMMIT was lost, so the charge was taken back: the marker says it again."""
    commit(writer, EachSink(insert))
    budget = BadBudget(BadLimit.parse(1), total=None, read=0, bad=0)
    commit(writer, EachSink(insert), budget=budget)

    with pytest.raises(TooManyBadRecords, match="2 of 11 records"):
        budget.charge([SetAside(0, "0", "map", "no", {}, b"")], read=1)
