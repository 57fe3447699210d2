"""A step whose effect takes rows out of its query reads it again until it gives none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from daybreak import Database
from daybreak.abc import RecordRefused, Transaction
from daybreak.connectors.rows_source import RowsSource
from daybreak.databases.nodes import RowsRoot
from daybreak.databases.session import opened, transaction
from daybreak.errors import SourceChanged, TransientError
from daybreak.execution.plan import ChunkedPlan
from daybreak.execution.replayed_step import ReplayedStep
from daybreak.faultpoints import InjectedFault
from daybreak.ledger.passes import NewPass
from daybreak.ledger.rows import AuditRow
from daybreak.model.chunk import Kept, Written
from daybreak.model.fate import Counts
from daybreak.model.knobs import Knobs
from daybreak.model.ownership import Pass
from daybreak.model.ranges import Range
from daybreak.model.status import StepStatus
from daybreak.operations import inspect
from daybreak.pipeline import Stage
from daybreak.pipeline.nodes import Filter
from daybreak.telemetry import ChunkCommitted, Said
from tests.execution.house import CLOCK, Bodies, House, loading

pytestmark = pytest.mark.slow_on_postgresql

NAMELESS = "select id, name from users where full_name is null"
ALL = "select id, name from users"


@dataclass
class Filling:
    """A sink that fills a column, and leaves alone what somebody has changed meanwhile."""

    meets: Callable[[int], None] = lambda _id: None
    """Called for each record before it is written."""

    refuses: Callable[[int], bool] = lambda _id: False
    empties: Callable[[int], bool] = lambda _id: False
    sweeps: bool = True
    name: str = "users"
    ids: list[int] = field(default_factory=list)
    """Of all records that were given to it."""

    def facts(self) -> Mapping[str, Any]:
        return {"fills": "full_name"}

    def preflight(self) -> None:
        return

    def prepare(self, _tx: Transaction) -> None:
        return

    def rows_expected(self, _written: int) -> tuple[str, int] | None:
        return None

    def write(self, tx: Transaction, records: Sequence[Any]) -> Written:
        rows, superseded = 0, []
        for place, record in enumerate(records):
            self.meets(record.id)
            if self.refuses(record.id):
                raise RecordRefused(place, ValueError("not this one"))
            value = None if self.empties(record.id) else f"Dr {record.name}"
            written = tx.execute(
                "update users set full_name = :value"
                " where id = :id and name = :name and full_name is null",
                value=value,
                id=record.id,
                name=record.name,
            )
            rows += written
            if not written:
                superseded.append(place)
        self.ids += [record.id for record in records]
        return Written(rows, superseded)


class Users:
    """A house with users, some of whom have no full name."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.database = Database(house.url, name="shop")
        self.said: list[Said] = []
        house.telemetry.subscribe(
            lambda event: self.said.append(event) if isinstance(event, Said) else None
        )
        self.script(
            "create table users (id integer primary key, name text not null, full_name text)"
        )

    def script(self, sql: str) -> None:
        with opened(self.house.url) as session:
            session.script(sql)

    def add(self, *ids: int) -> None:
        with opened(self.house.url) as session, transaction(session):
            session.copy("users", [(one, f"n{one}") for one in ids], ["id", "name"])

    def plan(self, sink: Any, sql: str = NAMELESS, stages: Sequence[Stage] = ()) -> ChunkedPlan:
        root = self.database.rows(sql, key="id").root
        assert isinstance(root, RowsRoot)
        return ChunkedPlan(RowsSource(root), stages, sink, self.house.target)

    def nameless(self) -> list[int]:
        with opened(self.house.url) as session:
            return [row.id for row in session.query(f"{NAMELESS} order by id")]

    def remaining(self) -> list[Mapping[str, Any]]:
        """What the audit says of the rows that remain."""
        lines = self.house.store.audit(1)
        return [line.details for line in lines if line.what == "remaining"]

    def sweeps(self) -> int:
        return len(self.row().ends)

    def row(self) -> Any:
        (row,) = self.house.store.steps(1)
        return row

    def messages(self) -> list[str]:
        return [event.message for event in self.said]


@pytest.fixture
def users(house: House) -> Users:
    return Users(house)


@pytest.fixture
def between(users: Users) -> Callable[[int, Callable[[], None]], None]:
    """Do something as soon as a chunk is committed, outside any transaction."""

    def after(number: int, act: Callable[[], None]) -> None:
        seen: list[object] = []

        def hear(event: object) -> None:
            if isinstance(event, ChunkCommitted):
                seen.append(event)
                if len(seen) == number:
                    act()

        users.house.telemetry.subscribe(hear)

    return after


Between = Callable[[int, Callable[[], None]], None]


def test_step_that_leaves_nothing_needs_no_sweep(users: Users) -> None:
    users.add(*range(25))

    counts = users.house.attempt(users.plan(Filling()))

    assert Counts(read=25, passed=25, written=25) == counts
    assert [] == users.nameless()
    assert 0 == users.sweeps()
    (remaining,) = users.remaining()
    assert {"step": "load", "rows": 0, "quarantined": 0, "sweeps": 0} == remaining
    assert "nothing remains: the query gives no row any more" in users.messages()


def test_rows_behind_and_ahead_are_swept(users: Users, between: Between) -> None:
    """They appear while the walk is under way; each is taken once."""
    users.add(*range(0, 60, 2))
    between(2, lambda: users.add(1, 3, 99, 101))
    sink = Filling()

    counts = users.house.attempt(users.plan(sink))

    assert Counts(read=34, passed=34, written=34) == counts
    assert [] == users.nameless()
    assert sorted([*range(0, 60, 2), 1, 3, 99, 101]) == sorted(sink.ids)
    assert 1 == users.sweeps()


def test_empty_walk_is_swept_too(users: Users) -> None:
    """Rows that appear between the first look and the end are found."""
    plan = users.plan(Filling())
    whole = plan.source.whole()
    assert whole.is_empty
    source = plan.source
    source.whole = lambda: whole  # type: ignore[method-assign]  # looked before they came
    users.add(5, 6)

    counts = users.house.attempt(plan)

    assert Counts(read=2, passed=2, written=2) == counts
    assert [] == users.nameless()


def test_rows_that_somebody_changed_are_read_again(users: Users) -> None:
    """The sink leaves alone what is not as it was read; the sweep reads it as it is now."""
    users.add(*range(10))
    plan = users.plan(Filling())
    read = plan.source.read

    def read_early(part: Range) -> Any:
        found = read(part)
        if part.after == "":
            users.script("update users set name = 'changed' where id = 4")
        return found

    plan.source.read = read_early  # type: ignore[method-assign]
    counts = users.house.attempt(plan, chunk=100)

    assert Counts(read=11, passed=10, superseded=1, written=10) == counts
    assert [] == users.nameless()
    with opened(users.house.url) as session:
        assert (
            "Dr changed"
            == session.query("select full_name from users where id = 4")[0]["full_name"]
        )


@pytest.mark.slow
def test_record_in_quarantine_is_not_taken_again(users: Users, between: Between) -> None:
    users.add(*range(20))
    between(2, lambda: users.add(30))
    sink = Filling(refuses=lambda one: one % 10 == 5)

    counts = users.house.attempt(users.plan(sink))

    assert Counts(read=21, passed=19, quarantined=2, written=19) == counts
    assert [5, 15] == users.nameless()
    (remaining,) = users.remaining()
    assert (2, 2) == (remaining["rows"], remaining["quarantined"])
    assert "2 rows remain in the query, 2 of them in quarantine" in users.messages()


def test_filtered_rows_are_looked_at_once_more_and_no_oftener(users: Users) -> None:
    users.add(*range(20))
    stages = [Filter("even", lambda row: row.id % 2 == 0)]

    counts = users.house.attempt(users.plan(Filling(), stages=stages))

    assert Counts(read=30, passed=10, filtered=20, written=10) == counts
    assert 1 == users.sweeps()
    assert 10 == users.remaining()[0]["rows"]


@pytest.mark.slow
def test_sweeps_end_although_rows_come_back_for_ever(users: Users) -> None:
    users.add(*range(12))

    def hear(event: object) -> None:
        if isinstance(event, ChunkCommitted):
            users.script("update users set full_name = null where id in (0, 1, 2)")

    users.house.telemetry.subscribe(hear)

    counts = users.house.attempt(users.plan(Filling()), chunk=100)

    assert Counts(read=21, passed=21, written=21) == counts
    assert 3 == users.sweeps()
    assert 3 == users.remaining()[0]["rows"]
    assert "3 rows remain in the query" in users.messages()


def test_effect_that_takes_no_row_out_of_the_query_is_not_repeated(users: Users) -> None:
    """The query has no predicate that the effect touches: a sweep would do everything again."""
    users.add(*range(25))

    counts = users.house.attempt(users.plan(Filling(), ALL))

    assert Counts(read=25, passed=25, written=25) == counts
    assert 0 == users.sweeps()
    assert 25 == users.remaining()[0]["rows"]


def test_function_that_gives_nothing_for_most_rows_is_not_repeated(users: Users) -> None:
    users.add(*range(20))

    counts = users.house.attempt(users.plan(Filling(empties=lambda one: one > 3)), chunk=100)

    assert Counts(read=20, passed=20, written=20) == counts
    assert 16 == users.remaining()[0]["rows"]
    assert any("no sweep: 16 of 20 rows" in one for one in users.messages())


def test_sink_that_says_nothing_of_sweeps_has_none(users: Users, between: Between) -> None:
    users.add(*range(20))
    between(1, lambda: users.add(-1))

    counts = users.house.attempt(users.plan(Filling(sweeps=False)))

    assert Counts(read=20, passed=20, written=20) == counts
    assert [-1] == users.nameless()
    assert [] == users.remaining()


POINTS = (
    *(f"step.{when}_accept" for when in ("before", "after")),
    *(f"chunk.{when}" for when in ("before_read", "after_marker", "before_commit", "after_commit")),
)


@pytest.mark.slow
@pytest.mark.parametrize("hit", [1, 3, 4, 5])
@pytest.mark.parametrize("point", POINTS)
def test_attempt_that_ends_anywhere_is_gone_on_with(
    users: Users, between: Between, arm: Callable[[str | None], None], point: str, hit: int
) -> None:
    """No row is left, and none is written twice, wherever walk or sweep was broken off."""
    users.add(*range(0, 60, 2))
    added = list(range(0, 60, 2))

    def add(*ids: int) -> None:
        users.add(*ids)
        added.extend(ids)

    between(2, lambda: add(1, 61, 63))
    between(4, lambda: add(5, 71))
    sink = Filling(refuses=lambda one: one == 20)

    arm(f"{point}:{hit}:raise")
    try:
        counts = users.house.attempt(users.plan(sink))
    except InjectedFault:
        arm(None)
        counts = users.house.attempt(users.plan(sink), chunk=7)

    filled = sorted(one for one in added if one != 20)
    assert [20] == users.nameless()
    with opened(users.house.url) as session:
        rows = session.query("select id from users where full_name is not null order by id")
    assert filled == [row.id for row in rows]
    assert counts == Counts(read=len(added), passed=len(filled), quarantined=1, written=len(filled))
    assert 1 == users.house.target.set_aside(users.house.owner_key, Pass("load"))
    assert {"rows": 1, "quarantined": 1} == {
        name: users.remaining()[-1][name] for name in ("rows", "quarantined")
    }


@pytest.mark.slow
def test_stopped_between_walk_and_sweep_goes_on_with_the_sweep(
    users: Users, between: Between
) -> None:
    users.add(*range(20))
    between(1, lambda: users.add(-1))
    between(2, lambda: users.house.stop.request("a test"))

    assert users.house.attempt(users.plan(Filling())) is None
    assert [-1] == users.nameless()

    users.house.stop = type(users.house.stop)()
    counts = users.house.attempt(users.plan(Filling()))
    assert Counts(read=21, passed=21, written=21) == counts
    assert [] == users.nameless()


@pytest.mark.slow
def test_hole_over_the_end_of_the_walk_is_divided_there(users: Users, between: Between) -> None:
    """The target lost the walk's last chunk and the sweep's first one: they join, and are two."""
    users.add(*range(20))
    between(2, lambda: users.add(-3, -2, -1))
    between(3, lambda: users.house.stop.request("a test"))
    assert users.house.attempt(users.plan(Filling()), chunk=2) is None
    users.house.stop = type(users.house.stop)()
    assert users.house.attempt(users.plan(Filling()), chunk=2) == Counts(
        read=23, passed=23, written=23
    )
    row = users.row()
    (end,) = row.ends
    markers = users.house.target.markers(users.house.owner_key, Pass("load"))
    lost = [one.part for one in markers if end in (one.part.after, one.part.upto)]
    assert 2 == len(lost)
    for part in lost:
        users.house.lose_marker(part)
    users.script("update users set full_name = null where id in (18, 19, -3, -2)")
    counts = users.house.attempt(users.plan(Filling()), chunk=2)

    assert Counts(read=23, passed=23, written=23) == counts
    assert [] == users.nameless()


def test_changed_query_is_refused_with_the_difference(users: Users, between: Between) -> None:
    users.add(*range(200))
    between(1, lambda: users.house.stop.request("a test"))
    assert users.house.attempt(users.plan(Filling()), chunk=2) is None

    users.house.stop = type(users.house.stop)()
    with pytest.raises(SourceChanged, match="id > 3"):
        users.house.attempt(users.plan(Filling(), f"{NAMELESS} and id > 3"), chunk=2)


@pytest.mark.slow
def test_record_of_a_sweep_is_replayed(users: Users, between: Between) -> None:
    """A replay reads the row as it is now, and the step is proven over all its sweeps."""
    users.add(*range(20))
    between(2, lambda: users.add(-5, -1))
    sink = Filling(refuses=lambda one: one in (-5, 15))
    plan = users.plan(sink)
    users.house.attempt(plan)
    assert [-5, 15] == users.nameless()
    ledger = users.house.owned()
    step = loading()
    plan = users.plan(Filling())
    around = users.house.around(ledger, Bodies(plan, Knobs(chunk=10)))
    known = ledger.steps()["load"]
    users.script("update users set name = 'repaired' where id = -5")

    def choose(_parts: Mapping[str, Range]) -> Sequence[Kept]:
        return users.house.target.kept(users.house.owner_key, Pass("load"))

    outcome = ReplayedStep(step, known, around).run(choose)

    assert 2 == outcome.counts.passed
    assert StepStatus.DONE is outcome.status or StepStatus.STOPPED is outcome.status
    assert [] == users.nameless()


@pytest.mark.slow
def test_step_that_begins_again_walks_from_its_beginning(users: Users, between: Between) -> None:
    """A restart is a new pass, which knows nothing of the sweeps of the former one."""
    users.add(*range(20))
    between(2, lambda: users.add(-1))
    assert Counts(read=21, passed=21, written=21) == users.house.attempt(users.plan(Filling()))
    assert 1 == users.sweeps()
    users.script("update users set full_name = null")

    users.house.owned().begin_again([NewPass("load", 1, None)])
    counts = users.house.attempt(users.plan(Filling()), chunk=4)

    assert Counts(read=21, passed=21, written=21) == counts
    assert (2, 0) == (users.row().pass_number, users.sweeps())
    assert [] == users.nameless()


def test_walk_goes_on_when_the_database_is_back(users: Users) -> None:
    """It is asked again for what it could not say, from where it was."""
    users.add(*range(30))
    plan = users.plan(Filling())
    ranges = plan.source.ranges
    failures = [True, True]

    def failing(gap: Range, chunk_records: int) -> Iterator[Range]:
        parts = ranges(gap, chunk_records)
        yield next(parts)
        if failures:
            failures.pop()
            raise TransientError("the server is starting up")
        yield from parts

    plan.source.ranges = failing  # type: ignore[method-assign]

    assert Counts(read=30, passed=30, written=30) == users.house.attempt(plan, chunk=7)
    assert not failures


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ({"rows": 0, "quarantined": 0, "sweeps": 0}, "load: nothing remains: the query gives no"),
        ({"rows": 1, "quarantined": 0, "sweeps": 1}, "load after 1 sweep: 1 row remains in the"),
        (
            {"rows": 1_200, "quarantined": 7, "sweeps": 3},
            "load after 3 sweeps: 1,200 rows remain in the query, 7 of them in quarantine",
        ),
    ],
)
def test_status_says_what_remains(details: Mapping[str, int], said: str) -> None:
    line = AuditRow(CLOCK.now(), "somebody", "remaining", {"step": "load", **details})

    (note,) = inspect._notes([line])

    assert note.text.startswith(said)
