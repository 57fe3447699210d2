"""What an upsert writes over is the row with its key, and no other, whatever is unique besides."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from daybreak import Database
from daybreak.connectors.upsert_table import sink_of_table
from daybreak.databases.session import opened
from daybreak.databases.upserting_mysql import MysqlUpserting
from daybreak.errors import SchemaMismatch
from daybreak.execution.bad_budget import BadBudget
from daybreak.execution.committer import Committer
from daybreak.execution.draft import Draft, Unit
from daybreak.model.fate import Counts
from daybreak.model.limits import BadLimit
from daybreak.model.ownership import Pass
from daybreak.model.ranges import Range
from tests.execution.house import CLOCK, OF, House, source_of
from tests.execution.things import Loading, Thing, empty_things, in_table, make_things
from tests.kinds import every_kind

database_url = every_kind
pytestmark = pytest.mark.slow

STRANGERS = [Thing(id=100 + n, code=200 + n) for n in range(1, 7)]
KNOWN = [Thing(id=n, name="old", code=1000 + n, amount=5) for n in range(1, 13)]
IDS = range(1, 25)
SPOILT: Sequence[dict[str, Any]] = [
    {"name": None},
    {"name": "too long"},
    {"name": "\ud800"},
    {"amount": -1},
    {"amount": 2**70},
    {"owner": 99},
    {"sponsor": 99},
    {"parent": 99_999},
    *({"code": stranger.code} for stranger in STRANGERS[:3]),
]


def drawn(chance: random.Random) -> tuple[list[Thing], list[int]]:
    """Draw a chunk over some of the known rows; return the places of its bad ones, too."""
    share = chance.choice([0.0, 0.1, 0.5])
    chunk = [
        Thing(
            id=number,
            code=chance.choice([None, 1000 + number, 2000 + number]),
            amount=chance.choice([None, 7]),
            owner=chance.choice([None, 1, 4]),
            parent=chance.choice([None, chance.choice(STRANGERS).id]),
        )
        for number in chance.sample(IDS, chance.randint(1, len(IDS)))
    ]
    bad = [place for place in range(len(chunk)) if chance.random() < share]
    for place in bad:
        chunk[place] = replace(chunk[place], **chance.choice(SPOILT))
    return chunk, bad


@pytest.mark.parametrize("number", range(3))
def test_the_good_are_written_over_their_rows_and_no_others(
    house: House, seed: int, number: int
) -> None:
    chance = random.Random(seed + number)
    make_things(house)
    chunk, bad = drawn(chance)
    expected = {thing.id: thing for thing in (*STRANGERS, *KNOWN)}
    expected |= {thing.id: thing for place, thing in enumerate(chunk) if place not in bad}
    ledger = house.owned()
    with house.target.writer(ledger.ownership) as writer, opened(house.url) as session:
        for pass_number, size in enumerate((len(chunk), 5), start=1):
            before = Loading(house, writer, [*STRANGERS, *KNOWN], Pass("before", pass_number))
            before.commit(Range.of(0, len(STRANGERS) + len(KNOWN)))
            loading = Loading(house, writer, chunk, Pass(OF.step, pass_number), mode="upsert")
            found = []
            for start in range(0, len(chunk), size):
                part = Range.of(start, min(start + size, len(chunk)))
                counts = loading.commit(part).marker.counts
                assert counts.passed == counts.written
                found += [start + place for place in loading.set_aside(part)]

            assert bad == found, chunk
            assert sorted(expected.values(), key=lambda thing: thing.id) == in_table(house), chunk
            empty_things(session)


# ---------------------------------------------------------------- the key is not the first one

TABLE = """
create table items (
  code integer primary key,
  id integer not null,
  name varchar(9),
  note varchar(9) default 'new',
  unique (id)
);
"""


@dataclass(frozen=True)
class Item:
    id: int
    code: int
    name: str | None = "ours"


def committed(house: House, items: Sequence[Item]) -> Counts:
    """Write items over those with their ids, as one chunk."""
    sink = sink_of_table(Database(house.url).table("items", Item, key="id", mode="upsert"))
    sink.preflight()
    with house.target.writer(house.owned().ownership) as writer:
        budget = BadBudget(BadLimit.parse("100%"), total=None, read=0, bad=0)
        committer = Committer(writer, sink, OF, epoch=1, budget=budget, clock=CLOCK)
        part = Range.of(0, len(items))
        units = [Unit(origin, [item]) for origin, item in enumerate(items)]
        draft = Draft(part, source_of(items).read(part), units, [], 0)
        return committer.commit(draft, began_s=0.0).marker.counts


def rows_of(house: House) -> list[tuple[Any, ...]]:
    with opened(house.url) as session:
        rows = session.query("select id, code, name, note from items order by id")
    return [tuple(row.values()) for row in rows]


def test_a_row_that_has_another_unique_value_of_a_record_stays(house: House) -> None:
    """The primary key is not the key that was given: a database may look at it first."""
    with opened(house.url) as session:
        session.script(TABLE)
        session.script(
            "insert into items (id, code, name, note) values (1, 10, 'old', 'kept');\n"
            "insert into items (id, code, name, note) values (2, 20, 'old', 'kept');\n"
        )

    counts = committed(house, [Item(1, 20), Item(3, 20), Item(4, 40), Item(2, 20)])

    assert [(1, 10, "old", "kept"), (2, 20, "ours", "kept"), (4, 40, "ours", "new")] == rows_of(
        house
    )
    assert Counts(read=4, passed=2, quarantined=2, written=2) == counts


@pytest.mark.parametrize("theirs", [(2, 21), (9, 20)])
def test_what_somebody_adds_meanwhile_is_written_over_by_the_key_only(
    mysql_url: str, monkeypatch: pytest.MonkeyPatch, theirs: tuple[int, int]
) -> None:
    """Between the question which keys are there, and the INSERT of the others."""
    house = House(mysql_url)
    with opened(mysql_url) as session:
        session.script(TABLE)
    add = MysqlUpserting._add_others
    pending = [theirs]

    def added_before(self: MysqlUpserting, *args: Any) -> int:
        with opened(mysql_url) as other:
            while pending:
                row = f"({pending[0][0]}, {pending.pop()[1]}, 'theirs')"
                other.execute(f"insert into items (id, code, name) values {row}")  # noqa: S608
        return add(self, *args)

    monkeypatch.setattr(MysqlUpserting, "_add_others", added_before)
    counts = committed(house, [Item(1, 10), Item(2, 20), Item(3, 30)])
    house.store.close()

    ours = [(one.id, one.code, "ours", "new") for one in (Item(1, 10), Item(2, 20), Item(3, 30))]
    if theirs[0] == 2:
        assert (ours, 3) == (rows_of(house), counts.passed)
    else:
        left = [ours[0], ours[2], (9, 20, "theirs", "new")]
        assert (left, 1) == (rows_of(house), counts.quarantined)


# ---------------------------------------------------------------- DuckDB


def test_a_row_that_others_refer_to_is_written_over(duckdb_url: str) -> None:
    """DuckDB refuses only what changes a column of an index, for it deletes such a row first."""
    house = House(duckdb_url)
    with opened(duckdb_url) as session:
        session.script(
            TABLE.replace("code integer primary key", "code integer unique").replace(
                "unique (id)", "primary key (id)"
            )
        )
        session.script("create table lines (item integer references items (id));\n")
        session.script("insert into items (id, code, name) values (1, 10, 'old'), (2, 20, 'old');")
        session.script("insert into lines values (1), (2);\n")

    counts = committed(house, [Item(1, 10), Item(2, 21), Item(3, 30)])
    house.store.close()

    assert [(1, 10, "ours", "new"), (2, 20, "old", "new"), (3, 30, "ours", "new")] == rows_of(house)
    assert Counts(read=3, passed=2, quarantined=1, written=2) == counts


def test_a_key_that_an_index_and_a_query_compare_differently_is_refused(duckdb_url: str) -> None:
    @dataclass(frozen=True)
    class Named:
        name: str
        n: int

    with opened(duckdb_url) as session:
        session.script("create table named (name varchar collate nocase primary key, n integer);\n")

    sink = sink_of_table(Database(duckdb_url).table("named", Named, key="name", mode="upsert"))
    with pytest.raises(SchemaMismatch, match="by the collation of its key"):
        sink.preflight()
