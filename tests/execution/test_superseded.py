"""Of equal keys in a chunk the last that the database takes stands, however that is found out."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

from daybreak import Database
from daybreak.abc import ChunkWriter
from daybreak.connectors.upsert_table import UpsertSink
from daybreak.databases.session import opened
from daybreak.execution.bad_budget import BadBudget
from daybreak.execution.committer import Committer
from daybreak.execution.draft import Draft, Unit
from daybreak.model.fate import Counts
from daybreak.model.limits import BadLimit
from daybreak.model.ownership import Pass
from daybreak.model.ranges import Range
from daybreak.model.row import Row
from tests.execution.house import CLOCK, OF, House, source_of
from tests.kinds import every_kind, ours

database_url = every_kind
pytestmark = pytest.mark.slow

TABLES = """
create table members (
  id integer primary key,
  name varchar(9) check (name <> 'bad'),
  parent integer references members (id)
);
"""


@dataclass(frozen=True)
class Member:
    id: int
    name: str | None = "good"
    parent: int | None = None

    @property
    def is_sound(self) -> bool:
        return self.name not in ("bad", "\ud800")


class Left(NamedTuple):
    """What a chunk left."""

    counts: Counts
    rows: list[tuple[Any, ...]]
    bad: list[int]


@pytest.fixture
def load(house: House) -> Iterator[Callable[..., Left]]:
    """Give a function that commits the outputs of records as one chunk."""
    with opened(house.url) as session:
        session.script(TABLES)
    ledger = house.owned()
    with house.target.writer(ledger.ownership) as writer:
        numbers = iter(range(1, 10_000))

        def loaded(*outputs: Sequence[Member]) -> Left:
            return _loaded(house, writer, Pass(OF.step, next(numbers)), outputs)

        yield loaded


def _loaded(
    house: House, writer: ChunkWriter, of: Pass, outputs: Sequence[Sequence[Member]]
) -> Left:
    sink = UpsertSink(Database(house.url).table("members", Member, key="id", mode="upsert"))
    sink.preflight()
    part = Range.of(0, len(outputs))
    budget = BadBudget(BadLimit.parse("100%"), total=None, read=0, bad=0)
    committer = Committer(writer, sink, of, epoch=1, budget=budget, clock=CLOCK)
    units = [Unit(origin, values) for origin, values in enumerate(outputs)]
    draft = Draft(part, source_of(outputs).read(part), units, [], 0)
    counts = committer.commit(draft, began_s=0.0).marker.counts
    return Left(counts, rows_of(house), [row.origin for row in set_aside(house, of)])


def rows_of(house: House) -> list[tuple[Any, ...]]:
    with opened(house.url) as session:
        return [tuple(row.values()) for row in session.query("select * from members order by id")]


def set_aside(house: House, of: Pass) -> list[Row]:
    with opened(house.url) as session:
        asked = "select origin from daybreak.quarantine where pass = :pass_ order by origin"
        return session.query(ours(session, asked), pass_=of.number)


def test_the_last_of_equal_keys_stands_and_the_others_are_superseded(
    load: Callable[..., Left],
) -> None:
    load([Member(1, "old")], [Member(4, "old")])

    left = load([Member(1, "a")], [Member(2)], [Member(1, "b")], [Member(1, "c")])

    assert [(1, "c", None), (2, "good", None), (4, "old", None)] == left.rows
    assert Counts(read=4, passed=2, superseded=2, written=2) == left.counts


def test_if_the_last_is_refused_the_one_before_it_stands(load: Callable[..., Left]) -> None:
    left = load(
        [Member(1, "a")], [Member(1, "b")], [Member(2)], [Member(1, "bad")], [Member(1, "\ud800")]
    )

    assert [(1, "b", None), (2, "good", None)] == left.rows
    assert [3, 4] == left.bad
    assert Counts(read=5, passed=2, quarantined=2, superseded=1, written=2) == left.counts


def test_nobody_asks_about_what_is_superseded(load: Callable[..., Left]) -> None:
    """Whether others of the chunk are bad or not: its fate is its own."""
    alone = load([Member(1, "bad")], [Member(1, "\ud800")], [Member(1, "b")])
    beside = load([Member(1, "bad")], [Member(1, "\ud800")], [Member(1, "b")], [Member(9, "bad")])

    assert ([], 2) == (alone.bad, alone.counts.superseded)
    assert ([3], 2) == (beside.bad, beside.counts.superseded)


def test_a_suspect_that_comes_in_late_is_older_all_the_same(load: Callable[..., Left]) -> None:
    """It waited for its parent, and must not write over what came behind it in the source."""
    left = load(
        [Member(1, "a", parent=7)],
        [Member(5, "bad")],
        [Member(1, "b")],
        [Member(7)],
    )

    assert [(1, "b", None), (7, "good", None)] == left.rows
    assert Counts(read=4, passed=2, quarantined=1, superseded=1, written=2) == left.counts


def test_a_late_newer_one_writes_over_what_had_stood_in_for_it(load: Callable[..., Left]) -> None:
    """Its parent is the older rival of a refused record, and comes in last of all."""
    left = load(
        [Member(7)], [Member(1, "a")], [Member(1, "b", parent=7)], [Member(7, "bad", parent=7)]
    )

    assert [(1, "b", 7), (7, "good", None)] == left.rows
    assert [3] == left.bad
    assert Counts(read=4, passed=2, quarantined=1, superseded=1, written=2) == left.counts


def test_outputs_of_one_record_are_withdrawn_together_and_their_rivals_stand(
    load: Callable[..., Left],
) -> None:
    left = load(
        [Member(1, "a"), Member(2, "a")],
        [Member(2, "b"), Member(3, "b")],
        [Member(3, "c"), Member(4, "bad")],
    )

    assert [(1, "a", None), (2, "b", None), (3, "b", None)] == left.rows
    assert [2] == left.bad
    assert Counts(read=3, passed=2, quarantined=1, written=3) == left.counts


def test_a_record_whose_own_outputs_are_equal_passes(load: Callable[..., Left]) -> None:
    for spoilt in ([], [[Member(9, "bad")]]):
        left = load([Member(1, "a"), Member(1, "b")], *spoilt)

        assert [(1, "b", None)] == left.rows
        assert (1, 0, 1) == (left.counts.passed, left.counts.superseded, left.counts.written)


# ---------------------------------------------------------------- against a plain reading


def expected_of(chunk: Sequence[Sequence[Member]]) -> tuple[list[str], list[Member]]:
    """Return the fate of each record by definition, and the winners by their keys.

    From last to first: a value that something newer stands in the place of does not count; what is
    left of a record must be sound.
    """
    fates = [""] * len(chunk)
    winners: dict[int, Member] = {}
    for place in range(len(chunk) - 1, -1, -1):
        own: dict[int, Member] = {}
        for member in chunk[place]:
            if member.id not in winners:
                own[member.id] = member
        if not own:
            fates[place] = "superseded"
        elif all(member.is_sound for member in own.values()):
            fates[place] = "passed"
            winners |= own
        else:
            fates[place] = "quarantined"
    return fates, [winners[key] for key in sorted(winners)]


@pytest.mark.parametrize("number", range(6))
def test_the_fates_are_those_of_a_plain_reading_of_the_rule(
    load: Callable[..., Left], house: House, seed: int, number: int
) -> None:
    chance = random.Random(seed + number)
    count = chance.randint(1, 25)
    keys = chance.choice([2, 6, 40])
    share = chance.choice([0.1, 0.5, 0.9])
    chunk = [
        [
            Member(
                chance.randint(1, keys),
                chance.choice(["bad", "\ud800"]) if chance.random() < share else f"n{place}",
            )
            for _ in range(chance.choice([1, 1, 1, 2, 3]))
        ]
        for place in range(count)
    ]
    fates, winners = expected_of(chunk)

    left = load(*chunk)

    assert [(one.id, one.name, None) for one in winners] == left.rows, chunk
    assert [place for place, fate in enumerate(fates) if fate == "quarantined"] == left.bad
    assert (fates.count("passed"), fates.count("superseded")) == (
        left.counts.passed,
        left.counts.superseded,
    )
    assert len(winners) == left.counts.written


# ---------------------------------------------------------------- equal, as the database sees it

EQUALS = [
    pytest.param("sqlite", "text collate nocase", ["Ann", "ann", "bob"], [0], id="nocase"),
    pytest.param("sqlite", "text", ["Ann", "ann"], [], id="binary"),
    pytest.param("sqlite", "numeric", ["1.0", "1.00", "2"], [0], id="numeric affinity"),
    pytest.param("sqlite", "text", ["1.0", "1.00"], [], id="text affinity"),
    pytest.param("postgresql", "numeric", ["1.0", "1.00", "2"], [0], id="numeric"),
    pytest.param("postgresql", "numeric(6,1)", ["1.01", "1.02"], [0], id="rounded"),
    pytest.param("postgresql", "char(5)", ["a", "a ", "b"], [0], id="char"),
    pytest.param("postgresql", "text", ["a", "a "], [], id="text"),
    pytest.param(
        "postgresql", "timestamptz", ["2020-01-01 00:00Z", "2020-01-01 01:00+01"], [0], id="zones"
    ),
    pytest.param(
        "mysql", "varchar(9) collate utf8mb4_general_ci", ["Ann", "ann ", "bob"], [0], id="ci"
    ),
    pytest.param("mysql", "varbinary(9)", ["Ann", "ann", "Ann "], [], id="bytes"),
    pytest.param("mysql", "decimal(6,1)", ["1.01", "1.02"], [0], id="mysql rounded"),
    pytest.param("duckdb", "decimal(6,1)", ["1.01", "1.02"], [0], id="duckdb rounded"),
    pytest.param("duckdb", "varchar", ["a", "a ", "A"], [], id="varchar"),
]
URLS = {"sqlite": "sqlite", "postgresql": "postgres", "mysql": "mysql", "duckdb": "duckdb"}


class Named(NamedTuple):
    name: str


@pytest.mark.parametrize(("dialect", "type_", "names", "beaten"), EQUALS)
def test_what_is_equal_is_up_to_the_database(
    request: pytest.FixtureRequest, dialect: str, type_: str, names: list[str], beaten: list[int]
) -> None:
    url = request.getfixturevalue(f"{URLS[dialect]}_url")
    house = House(url)
    with opened(url) as session:
        session.script(f"create table named (name {type_} not null primary key)")
    sink = UpsertSink(Database(url).table("named", Named, key="name", mode="upsert"))
    ledger = house.owned()
    with house.target.writer(ledger.ownership) as writer:
        writer.begin(OF, Range.of(0, 1))
        written = sink.write(writer.transaction, [Named(name) for name in names])
        assert beaten == list(written.superseded)
        assert len(names) - len(beaten) == written.rows
        writer.rollback()
    house.store.close()


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "duckdb"])
def test_a_key_that_the_database_cannot_compare_has_no_rival(
    request: pytest.FixtureRequest, dialect: str
) -> None:
    """It is refused when it is written, and costs its own record only."""
    url = request.getfixturevalue(f"{URLS[dialect]}_url")
    house = House(url)
    with opened(url) as session:
        session.script("create table named (name numeric(9, 2) primary key)")
    sink = UpsertSink(Database(url).table("named", Named, key="name", mode="upsert"))
    names = ["1.0", "x", "1.00", "\0", "3", "3.0"]
    ledger = house.owned()
    with house.target.writer(ledger.ownership) as writer:
        budget = BadBudget(BadLimit.parse("100%"), total=None, read=0, bad=0)
        committer = Committer(writer, sink, OF, epoch=1, budget=budget, clock=CLOCK)
        part = Range.of(0, len(names))
        units = [Unit(origin, [Named(name)]) for origin, name in enumerate(names)]
        draft = Draft(part, source_of(names).read(part), units, [], 0)
        counts = committer.commit(draft, began_s=0.0).marker.counts
    house.store.close()

    assert Counts(read=6, passed=2, quarantined=2, superseded=2, written=2) == counts


def test_the_places_of_winners_are_those_of_the_records_in_an_error(
    load: Callable[..., Left],
) -> None:
    """A row at fault behind one that was superseded is another place for the database."""
    left = load([Member(1, "a")], [Member(1, "b")], [Member(3, "bad")], [Member(4)])

    assert [2] == left.bad
