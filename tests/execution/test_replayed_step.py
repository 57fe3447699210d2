"""Records leave quarantine once, with all they became, or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from daybreak import Quarantine
from daybreak.abc import Sink, Transaction
from daybreak.connectors.functions import EachChunkSink, EachSink
from daybreak.connectors.table import TableSink
from daybreak.databases import Database
from daybreak.databases.session import opened
from daybreak.errors import LeaseLost, ProofFailed, StepFailed, TransientError
from daybreak.execution.plan import ChunkedPlan
from daybreak.execution.replayed_step import Outcome, ReplayedStep
from daybreak.execution.replayer import shares
from daybreak.faultpoints import FAULT_POINTS, FaultPoint, InjectedFault
from daybreak.ledger.owned import OwnedRun
from daybreak.model.chunk import Kept
from daybreak.model.fate import Counts
from daybreak.model.knobs import Knobs
from daybreak.model.ranges import Range
from daybreak.model.row import Row
from daybreak.model.status import StepStatus
from daybreak.pipeline.nodes import Filter, Map, Stage
from tests.execution.house import OF, Bodies, House, insert, loading

pytestmark = pytest.mark.slow

CHUNK = 10
BAD = [5, 15, 25]
POINTS: tuple[FaultPoint, ...] = tuple(
    point for point in FAULT_POINTS if point.startswith("replay.")
)
BEHIND_COMMIT = {"replay.after_commit", "replay.before_measure", "replay.before_end"}


def put(number: int, tx: Transaction) -> None:
    """Write a number; nothing is wrong with any, now that the code is repaired."""
    tx.execute("insert into numbers (n) values (:n)", n=number)


def put_all(numbers: Sequence[int], tx: Transaction) -> None:
    tx.executemany("insert into numbers (n) values (:n)", [{"n": number} for number in numbers])


put.__name__ = insert.__name__  # by its name a sink is known
put_all.__name__ = insert.__name__


@dataclass
class Replaying:
    """A step of thirty numbers, of which three are in quarantine."""

    house: House
    items: Sequence[Any] = field(default_factory=lambda: range(30))

    def set_aside(self, sink: Sink | None = None, stages: Sequence[Stage] = ()) -> None:
        plan = self.house.plan(self.items, sink=sink or EachSink(insert), stages=stages)
        ledger = self.house.owner()
        counts = self.house.attempt(plan, ledger=ledger)
        ledger.end_step("load", StepStatus.DONE, counts=counts)

    def kept(self, ranges: dict[str, Range]) -> list[Kept]:
        return [
            Kept(
                ranges[row.range_after],
                row.origin,
                row.place,
                row.reason,
                bytes(row.raw),
                bool(row.by_check),
            )
            for row in self.rows()
        ]

    def rows(self) -> list[Row]:
        found = self.house.target.quarantine_list(self.house.owner_key, "load")
        return sorted(found, key=lambda row: int(row.place))

    def replay(
        self,
        sink: Sink | None = None,
        *,
        ledger: OwnedRun | None = None,
        choose: Callable[[dict[str, Range]], Sequence[Kept]] | None = None,
        stages: Sequence[Stage] = (),
        chunk: int = CHUNK,
        plan: ChunkedPlan | None = None,
    ) -> Outcome:
        made = plan or self.house.plan(self.items, sink=sink or EachSink(put), stages=stages)
        around = self.house.around(ledger or self.house.owner(), Bodies(made, Knobs(chunk=chunk)))
        known = around.ledger.steps()["load"]
        return ReplayedStep(loading(), known, around).run(choose or self.kept)

    @property
    def counts(self) -> Counts:
        """By the markers; the ledger and the quarantine must agree."""
        house = self.house
        markers = house.target.markers(house.owner_key, OF)
        counts = sum((marker.counts for marker in markers), Counts())
        assert all(marker.counts.is_balanced for marker in markers)
        assert counts.quarantined == house.target.set_aside(house.owner_key, OF)
        return counts


@pytest.fixture
def replaying(house: House) -> Replaying:
    found = Replaying(house)
    found.set_aside()
    return found


ALL = Counts(read=30, passed=30, written=30)
BEFORE = Counts(read=30, passed=27, quarantined=3, written=27)


def test_records_leave_quarantine_and_their_fates_move(replaying: Replaying) -> None:
    outcome = replaying.replay()

    assert Outcome(Counts(read=3, passed=3, written=3), StepStatus.DONE) == outcome
    assert list(range(30)) == replaying.house.numbers()
    assert ALL == replaying.counts
    row = replaying.house.owner().steps()["load"]
    assert (StepStatus.DONE, ALL) == (row.status, row.counts)


def test_every_range_gets_back_its_own(replaying: Replaying) -> None:
    replaying.replay(choose=lambda ranges: replaying.kept(ranges)[:2])

    by_end = {
        marker.part.upto_cursor: (marker.counts.passed, marker.counts.quarantined)
        for marker in replaying.house.target.markers(replaying.house.owner_key, OF)
        if marker.counts.read
    }
    assert {10: (10, 0), 20: (10, 0), 30: (9, 1)} == by_end


def test_replaying_twice_changes_nothing(replaying: Replaying) -> None:
    replaying.replay()
    again = replaying.replay()

    assert Outcome(Counts(), StepStatus.DONE) == again
    assert ALL == replaying.counts


@pytest.mark.parametrize("sink", [EachSink(put), EachChunkSink(put_all)], ids=["each", "chunk"])
def test_what_fails_again_stays_with_its_new_cause(replaying: Replaying, sink: Sink) -> None:
    with opened(replaying.house.url) as session:
        session.execute("insert into numbers (n) values (15)")
    outcome = replaying.replay(plan=_same_facts(replaying, sink))

    assert Counts(read=3, passed=2, quarantined=1, written=2) == outcome.counts
    assert Counts(read=30, passed=29, quarantined=1, written=29) == replaying.counts
    (left,) = replaying.rows()
    assert ("16", b"15") == (left.place, bytes(left.raw))
    assert "unique" in left.reason.lower()


def _same_facts(replaying: Replaying, sink: Sink) -> ChunkedPlan:
    """Give a plan whose sink says it is the one that the step began with."""
    sink.facts = EachSink(insert).facts  # type: ignore[method-assign]
    return replaying.house.plan(replaying.items, sink=sink)


def test_a_child_is_replayed_with_its_parent_whatever_their_order(house: House) -> None:
    """Parents are in other ranges, behind their children, and in other transactions."""

    def family(number: int, tx: Transaction) -> None:
        if is_closed and number in (2, 15, 25):
            raise Quarantine("not today")
        parent = {2: 15, 15: 25}.get(number)
        tx.execute("insert into numbers (n, parent) values (:n, :p)", n=number, p=parent)

    is_closed = True
    replaying = Replaying(house)
    replaying.set_aside(EachSink(family))
    is_closed = False
    outcome = replaying.replay(EachSink(family), chunk=1)

    assert Counts(read=3, passed=3, written=3) == outcome.counts
    assert ALL == replaying.counts


def test_a_record_may_be_filtered_or_fail_in_a_stage_this_time(house: House) -> None:
    def halved(number: int) -> int:
        if number in BAD and is_closed:
            raise Quarantine("odd")
        if number == 25:
            raise ValueError("still odd")
        return number

    is_closed = True
    replaying = Replaying(house)
    stages = [Map("halved", halved), Filter("not 15", lambda number: number != 15)]
    replaying.set_aside(EachSink(put), stages)
    assert Counts(read=30, passed=27, quarantined=3, written=27) == replaying.counts
    is_closed = False
    outcome = replaying.replay(stages=stages)

    assert Counts(3, 1, 1, 1, 0, 1) == outcome.counts
    assert Counts(30, 28, 1, 1, 0, 28) == replaying.counts


def test_a_replaced_table_still_holds_what_the_markers_say(house: House) -> None:
    def row(number: int) -> dict[str, int]:
        if number in BAD and is_closed:
            raise Quarantine("not today")
        return {"n": number, "parent": number}

    is_closed = True
    db = Database(house.url, name="shop")
    db.bind(house.url)
    table = TableSink(db.table("numbers", key="n", mode="replace"))
    replaying = Replaying(house)
    replaying.set_aside(table, [Map("row", row)])
    is_closed = False
    outcome = replaying.replay(table, stages=[Map("row", row)])

    assert StepStatus.DONE == outcome.status
    assert list(range(30)) == house.numbers()


def test_a_repaired_item_takes_the_place_of_the_broken_one(replaying: Replaying) -> None:
    def repaired(ranges: dict[str, Range]) -> list[Kept]:
        first, second, third = replaying.kept(ranges)
        return [
            replace(first, repaired=b"105"),
            replace(second, repaired=b"'115'"),
            replace(third, repaired=b"one of"),
        ]

    outcome = replaying.replay(choose=repaired)

    assert (1, 2) == (outcome.counts.passed, outcome.counts.quarantined)
    assert 105 in replaying.house.numbers()
    kept = [(bytes(row.raw), bool(row.by_check)) for row in replaying.rows()]
    assert [(b"15", True), (b"25", True)] == kept
    markers = replaying.house.target.markers(replaying.house.owner_key, OF)
    assert 2 == sum(marker.refused for marker in markers)


# ---------------------------------------------------------------- faults


@pytest.mark.parametrize("point", POINTS)
def test_a_fault_at_any_point_loses_and_doubles_nothing(
    replaying: Replaying, arm: Callable[[str | None], None], point: FaultPoint
) -> None:
    """Afterwards the same replay, and the step itself, end as if nothing had been."""
    arm(f"{point}:1:raise")
    with pytest.raises((InjectedFault, StepFailed)):
        replaying.replay()
    arm(None)

    assert (ALL if point in BEHIND_COMMIT else BEFORE) == replaying.counts
    replaying.replay()
    assert ALL == replaying.counts
    assert list(range(30)) == replaying.house.numbers()


@pytest.mark.parametrize(
    "point", ["replay.after_reopen", "replay.before_commit", "replay.after_commit"]
)
def test_the_step_itself_goes_on_after_a_fault(
    replaying: Replaying, arm: Callable[[str | None], None], point: FaultPoint
) -> None:
    arm(f"{point}:1:raise")
    with pytest.raises((InjectedFault, StepFailed)):
        replaying.replay()
    arm(None)

    plan = replaying.house.plan(replaying.items, sink=EachSink(put))
    assert replaying.counts == replaying.house.attempt(plan, ledger=replaying.house.owner())


def test_a_commit_without_an_answer_is_looked_up(
    replaying: Replaying, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It happened; the connection was lost before the answer came."""
    lost = _losing_answers(replaying.house, monkeypatch, happened=True)
    outcome = replaying.replay()

    assert 1 == lost["answers"]
    assert Counts(read=3, passed=3, written=3) == outcome.counts
    assert ALL == replaying.counts


def test_a_commit_that_did_not_happen_is_tried_again(
    replaying: Replaying, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = _losing_answers(replaying.house, monkeypatch, happened=False)
    replaying.replay()

    assert 1 == lost["answers"]
    assert ALL == replaying.counts
    assert list(range(30)) == replaying.house.numbers()


def _losing_answers(
    house: House, monkeypatch: pytest.MonkeyPatch, *, happened: bool
) -> Counter[str]:
    """Have the first COMMIT of a replay answered by a lost connection."""
    lost: Counter[str] = Counter()
    if house.url.startswith("sqlite"):
        from daybreak.databases.sqlite import SqliteSession as kind  # noqa: N813, PLC0415
    else:
        from daybreak.databases.postgresql import (  # type: ignore[assignment]  # noqa: PLC0415
            PostgresqlSession as kind,  # noqa: N813
        )
    commit = kind.commit_with

    def losing(self: Any, sql: str, /, **bind: object) -> bool:
        if "replays" not in sql or lost["answers"]:
            return commit(self, sql, **bind)
        lost["answers"] += 1
        if happened:
            commit(self, sql, **bind)
        raise TransientError("the connection was lost")

    monkeypatch.setattr(kind, "commit_with", losing)
    return lost


def test_an_owner_that_was_taken_over_replays_nothing(replaying: Replaying) -> None:
    old = replaying.house.owner()
    kept: list[Kept] = []

    def late(ranges: dict[str, Range]) -> list[Kept]:
        kept.extend(replaying.kept(ranges))
        replaying.house.owned()
        return kept

    with pytest.raises(LeaseLost):
        replaying.replay(ledger=old, choose=late)

    assert BEFORE == replaying.counts
    assert 27 == len(replaying.house.numbers())


def test_records_that_somebody_removed_are_missed(replaying: Replaying) -> None:
    def stale(ranges: dict[str, Range]) -> list[Kept]:
        kept = replaying.kept(ranges)
        replaying.house.spoil("delete from daybreak.quarantine where origin = 5")
        return kept

    with pytest.raises(ProofFailed, match="quarantine holds 0 of the 3 records"):
        replaying.replay(choose=stale)

    assert 27 == len(replaying.house.numbers())


def test_a_step_that_is_not_complete_stays_as_it_was(house: House) -> None:
    replaying = Replaying(house)
    replaying.set_aside()
    house.lose_marker(Range.of(20, 30))
    house.spoil("delete from daybreak.quarantine where place = '26'")
    outcome = replaying.replay()

    assert (StepStatus.STOPPED, 2) == (outcome.status, outcome.counts.passed)


def test_a_stop_leaves_the_rest_in_quarantine(replaying: Replaying) -> None:
    def stopping(number: int, tx: Transaction) -> None:
        put(number, tx)
        replaying.house.stop.request("a test")

    stopping.__name__ = insert.__name__
    outcome = replaying.replay(EachSink(stopping), chunk=1)

    assert (1, 2, StepStatus.DONE) == (outcome.counts.passed, outcome.left, outcome.status)
    assert 2 == replaying.counts.quarantined


# ---------------------------------------------------------------- shares


@pytest.mark.parametrize(
    ("outputs", "written", "expected"),
    [
        ([2, 3], 5, [2, 3]),
        ([1, 1, 1], 0, [0, 0, 0]),
        ([1, 1, 1], 100, [33, 33, 34]),
        ([0, 0], 0, [0, 0]),
        ([0, 4], 3, [0, 3]),
    ],
)
def test_rows_are_shared_among_ranges(
    outputs: list[int], written: int, expected: list[int]
) -> None:
    assert expected == shares(outputs, written)


@pytest.fixture(autouse=True)
def _nothing_armed(arm: Callable[[str | None], None]) -> Iterator[None]:
    yield
    arm(None)
