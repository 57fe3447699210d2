"""A step is done when its chain is closed and its sums agree with the source and the target."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from daybreak.connectors.functions import EachSink
from daybreak.errors import ProofFailed, SourceChanged
from daybreak.execution.plan import ChunkedPlan
from daybreak.execution.proof import prove
from daybreak.model.chunk import Marker
from daybreak.model.fate import Counts
from daybreak.model.ranges import Range
from tests.execution.house import OF, House, insert, source_of

pytestmark = pytest.mark.slow_on_postgresql

WHOLE = Range.of(0, 30)
NUMBERS = range(30)


def marker(after: int, upto: int, counts: Counts | None = None) -> Marker:
    """Make the marker that a chunk of good records would leave."""
    part = Range.of(after, upto)
    records = upto - after
    counts = counts or Counts(read=records, passed=records, written=records)
    digest = source_of(NUMBERS).digest(part)
    return Marker(part, 1, counts, 0, digest, 0.1, datetime(2026, 3, 2, tzinfo=UTC))


@pytest.fixture
def plan(house: House) -> ChunkedPlan:
    return house.plan(NUMBERS)


def proven(plan: ChunkedPlan, *markers: Marker, **other: Any) -> Counts:
    committed = other.get("committed", ())
    return prove(plan, WHOLE, markers, run_key="key", of=OF, committed=committed)


def test_a_closed_chain_in_any_order_is_proven(plan: ChunkedPlan) -> None:
    found = proven(plan, marker(10, 20), marker(20, 30), marker(0, 10))

    assert Counts(read=30, passed=30, written=30) == found


@pytest.mark.parametrize(
    ("markers", "what"),
    [
        pytest.param([(0, 10), (20, 30)], "a gap", id="a chunk is missing"),
        pytest.param([(0, 10), (10, 20), (20, 30), (5, 15)], "overlap", id="one is too many"),
        pytest.param([(0, 10), (5, 15), (20, 30)], "a gap", id="equal sums: one lost, one double"),
        pytest.param([(0, 10), (10, 20)], "a gap", id="the end is missing"),
        pytest.param([], "a gap", id="nothing was done"),
    ],
)
def test_a_chain_with_a_break_is_refused(
    plan: ChunkedPlan, markers: list[tuple[int, int]], what: str
) -> None:
    with pytest.raises(ProofFailed, match=what):
        proven(plan, *(marker(*ends) for ends in markers))


def test_a_range_that_was_acknowledged_but_has_no_marker_is_refused(plan: ChunkedPlan) -> None:
    with pytest.raises(ProofFailed, match="was acknowledged"):
        proven(plan, marker(0, 15), marker(15, 30), committed=[Range.of(0, 10)])


def test_fates_that_do_not_add_up_are_refused(plan: ChunkedPlan) -> None:
    with pytest.raises(ProofFailed, match="do not add up"):
        proven(plan, marker(0, 10, Counts(read=10, passed=9)), marker(10, 30))


def test_fewer_records_than_the_source_holds_are_refused(plan: ChunkedPlan) -> None:
    with pytest.raises(ProofFailed, match="holds 30 records, but 29 were read"):
        proven(plan, marker(0, 10, Counts(read=9, passed=9)), marker(10, 30))


def test_a_quarantine_that_lacks_records_is_refused(plan: ChunkedPlan) -> None:
    counts = Counts(read=10, passed=9, quarantined=1)

    with pytest.raises(ProofFailed, match="quarantine holds 0"):
        proven(plan, marker(0, 10, counts), marker(10, 30))


def test_a_source_that_changed_behind_a_committed_range_is_refused(house: House) -> None:
    changed = house.plan([99, *range(1, 30)])

    with pytest.raises(SourceChanged, match="changed after range"):
        proven(changed, marker(0, 10), marker(10, 30))


@pytest.mark.parametrize("rows", [29, 31])
def test_a_table_with_rows_too_few_or_too_many_is_refused(house: House, rows: int) -> None:
    """Whatever the markers say: the sink tells how to count."""

    class Counted(EachSink):
        def rows_expected(self, written: int) -> tuple[str, int] | None:
            return "select count(*) from numbers", written

    for number in range(rows):
        house.spoil(f"insert into numbers (n) values ({number})")  # noqa: S608 - ours

    with pytest.raises(ProofFailed, match=f"holds {rows} rows, but this step wrote 30"):
        proven(house.plan(NUMBERS, sink=Counted(insert)), marker(0, 30))
