"""On SQLite the rows in front of a refused one stay: nothing is written twice, and fates are same.

Where more happens than that a row is written, they are rolled back as elsewhere.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from daybreak import Database
from daybreak.connectors.table import TableSink
from daybreak.connectors.upsert_table import sink_of_table
from daybreak.databases.nodes import Mode
from daybreak.databases.session import opened
from daybreak.databases.writer import Writer
from daybreak.execution.draft import Unit, units_of
from daybreak.execution.isolator import Isolator
from daybreak.execution.whole import Admitted
from daybreak.model.ranges import Range
from tests.execution.house import OF, House

TABLE = """
create table sorts (sort integer primary key);
insert into sorts values (1), (2);
create table articles (
  id integer primary key,
  name text not null,
  code integer unique,
  price integer check (price >= 0),
  sort integer references sorts (sort){deferred}
);
"""
RECORDS, DRAWS = 40, 12
SPOILT: tuple[dict[str, Any], ...] = ({"name": None}, {"price": -1}, {"sort": 9}, {"price": 2**70})


@dataclass(frozen=True)
class Article:
    id: int
    name: str | None = "good"
    code: int | None = None
    price: int | None = None
    sort: int | None = None

    @property
    def is_sound(self) -> bool:
        is_priced = self.price is None or 0 <= self.price < 2**63
        return self.name is not None and is_priced and self.sort in (None, 1, 2)


class Isolating:
    """Isolates records in a table of articles, and commits what is left."""

    def __init__(self, house: House, writer: Writer) -> None:
        self._house = house
        self._writer = writer
        self.changed = 0
        """Rows that the database has written for the last call, those rolled back included."""

    def sink(self, mode: Mode) -> TableSink:
        node = Database(self._house.url).table("articles", Article, key="id", mode=mode)
        return sink_of_table(node)

    def __call__(self, units: Sequence[Unit], mode: Mode = "insert") -> Admitted:
        self._writer.begin(OF, Range.of(0, 1))
        connection = self._writer.transaction.connection
        before = connection.total_changes
        admitted = Isolator(self._writer, self.sink(mode)).admit(units)
        self.changed = connection.total_changes - before
        assert self._writer._session is not None
        self._writer.force_constraints()
        self._writer._session.commit()
        return admitted

    @property
    def articles(self) -> list[Article]:
        with opened(self._house.url) as session:
            rows = session.query("select * from articles order by id")
        return [Article(*row.values()) for row in rows]


@pytest.fixture
def isolating(sqlite_url: str) -> Iterator[Callable[..., Isolating]]:
    """Give a function that makes the table, and what isolates in it."""
    house = House(sqlite_url)
    with house.target.writer(house.owned().ownership) as writer:
        assert isinstance(writer, Writer)

        def made(deferred: str = "", more: str = "") -> Isolating:
            with opened(house.url) as session:
                session.script(TABLE.format(deferred=deferred) + more)
            return Isolating(house, writer)

        yield made
    house.store.close()


def drawn(chance: random.Random, *, ids: int) -> list[Article]:
    """Draw records of which some are bad, and some have a key or a code in common."""
    share = chance.choice([0.05, 0.3, 0.9])
    found = [Article(chance.randint(1, ids), price=n, sort=2) for n in range(RECORDS)]
    return [
        replace(one, **chance.choice(SPOILT)) if chance.random() < share else one for one in found
    ]


def origins(units: Sequence[Unit]) -> list[int]:
    return [unit.origin for unit in units]


def refused(admitted: Admitted) -> list[int]:
    return sorted(unit.origin for unit, _ in admitted.refused)


@pytest.mark.parametrize("number", range(DRAWS))
def test_the_fates_are_those_of_one_by_one_in_full_order(
    isolating: Callable[..., Isolating], seed: int, number: int
) -> None:
    """The first good one of equal keys and of equal codes is taken; with deferred keys, too."""
    chance = random.Random(seed + number)
    isolate = isolating(chance.choice(["", " deferrable initially deferred"]))
    records = drawn(chance, ids=3 * RECORDS)
    records = [replace(one, code=chance.choice([None, one.id % 30])) for one in records]
    taken: list[Article] = []
    for one in records:
        is_free = all(
            one.id != other.id and (one.code is None or one.code != other.code) for other in taken
        )
        taken += [one] if one.is_sound and is_free else []

    admitted = isolate(units_of(range(RECORDS), records))

    assert sorted(taken, key=lambda one: one.id) == isolate.articles
    assert [n for n, one in enumerate(records) if one not in taken] == refused(admitted)
    assert (len(taken), len(taken)) == (admitted.passed, admitted.written)


@pytest.mark.parametrize("number", range(DRAWS))
def test_of_equal_keys_the_last_good_one_stands(
    isolating: Callable[..., Isolating], seed: int, number: int
) -> None:
    chance = random.Random(seed + number)
    isolate = isolating(chance.choice(["", " deferrable initially deferred"]))
    records = drawn(chance, ids=RECORDS)
    standing: dict[int, Article] = {}
    bad, superseded = [], []
    for place in reversed(range(RECORDS)):
        one = records[place]
        if one.id in standing:
            superseded.append(place)
        elif one.is_sound:
            standing[one.id] = one
        else:
            bad.append(place)

    admitted = isolate(units_of(range(RECORDS), records), "upsert")

    assert [standing[key] for key in sorted(standing)] == isolate.articles
    assert sorted(bad) == refused(admitted)
    assert sorted(superseded) == sorted(origins(admitted.superseded))
    assert (len(standing), len(standing)) == (admitted.passed, admitted.written)


@pytest.mark.parametrize("mode", ["insert", "upsert"])
def test_no_row_is_written_twice(isolating: Callable[..., Isolating], mode: Mode) -> None:
    isolate = isolating()
    records = [Article(n, code=n, price=n, sort=1) for n in range(1, 1001)]
    for place, spoilt in zip((0, 3, 400, 401, 999), [*SPOILT, {"code": 7}], strict=True):
        records[place] = replace(records[place], **spoilt)

    admitted = isolate(units_of(range(1000), records), mode)

    assert [0, 3, 400, 401, 999] == refused(admitted)
    assert 995 == admitted.written == isolate.changed


def test_a_record_of_several_rows_is_withdrawn_as_a_whole(
    isolating: Callable[..., Isolating],
) -> None:
    isolate = isolating()
    records = [Article(n) for n in range(1, 9)]
    records[3] = replace(records[3], name=None)
    units = [Unit(0, []), Unit(1, records[:3]), Unit(2, records[2:5]), Unit(3, records[5:])]
    units[2] = Unit(2, [Article(10), *records[3:5]])

    admitted = isolate(units)

    assert [2] == refused(admitted)
    assert (3, 6) == (admitted.passed, admitted.written)
    assert [1, 2, 3, 6, 7, 8] == [one.id for one in isolate.articles]


@pytest.mark.parametrize(
    "more",
    [
        "create trigger t after insert on articles begin delete from articles where id = -1; end;",
        "create table words (word text unique on conflict replace)",
    ],
    ids=["a trigger", "another table's words"],
)
def test_rows_stay_only_where_a_row_is_all_that_is_written(
    isolating: Callable[..., Isolating], more: str
) -> None:
    isolate = isolating(more=more)

    admitted = isolate(units_of(range(3), [Article(1), Article(2, name=None), Article(3)]))

    assert [1] == refused(admitted)
    assert [1, 3] == [one.id for one in isolate.articles]
    assert ("trigger" in more) == (isolate.changed > 2)
