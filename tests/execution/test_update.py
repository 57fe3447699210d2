"""An update writes what was computed of a row only if the row is still what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from daybreak import Database
from daybreak.abc import ChunkWriter, RecordRefused
from daybreak.connectors.rows_source import RowsSource
from daybreak.connectors.update import UpdateSink
from daybreak.connectors.update_changes import Changes
from daybreak.connectors.update_postgresql import PostgresqlUpdate
from daybreak.databases.nodes import RowsRoot
from daybreak.databases.session import opened
from daybreak.errors import DataRefused, DefinitionError, SchemaMismatch
from daybreak.model.chunk import Written
from daybreak.model.ranges import Range
from daybreak.model.rows_by_column import RowsByColumn
from tests.execution.house import OF, House
from tests.kinds import two_kinds_and_slowly

pytestmark = pytest.mark.slow_on_postgresql
database_url = two_kinds_and_slowly("mysql")

ROWS = 20
PART = Range.of(0, ROWS)
PLAIN = "select id, first_name, last_name from users where full_name is null"
DATED = f"{PLAIN} and true"
"""The same, but read as a step reads it: as of when its rows are is known, on PostgreSQL."""

JOINED = (
    "select users.id, first_name, last_name, towns.name as town"
    " from users join towns on towns.id = users.town where full_name is null"
)
TABLES = """
create table towns (id integer primary key, name text not null);
create table users (
  id integer primary key, first_name text not null, last_name text, town integer,
  full_name varchar(40), logins integer default 0, letters integer not null default 0,
  constraint short check (length(full_name) < 30), unique (full_name)
);
"""
"""The texts of MariaDB are in a collation that takes `a` and `A` for the same."""


@dataclass
class Shop:
    """Twenty users without a full name, and a writer inside the transaction of a chunk."""

    db: Database
    writer: ChunkWriter

    def sink(
        self, query: str = PLAIN, **options: Any
    ) -> tuple[UpdateSink, Sequence[Sequence[Any]]]:
        """Return a sink, and the rows that its query gives now."""
        root = self.db.rows(query, key="id").root
        assert isinstance(root, RowsRoot)
        sink = UpdateSink(
            self.db.update("users", key="id", **(options or {"set": {"full_name": full}})), root
        )
        sink.preflight()
        return sink, self.dated(root) if query == DATED else self.read(query)

    def dated(self, root: RowsRoot) -> Sequence[Sequence[Any]]:
        """Return the rows of a query as the source of a step gives them."""
        with closing(RowsSource(root)) as source:
            rows = source.read(source.whole()).rows
        assert isinstance(rows, RowsByColumn)
        return rows

    def read(self, query: str) -> list[tuple[Any, ...]]:
        rows = self.db.query(f"select * from ({query}) as q order by id")  # noqa: S608 - ours
        return [tuple(row.values()) for row in rows]

    def write(self, sink: UpdateSink, rows: Sequence[Sequence[Any]]) -> Written:
        """Compute and write in a transaction of a chunk."""
        values = [full(row) for row in rows]
        changes = sink.computed(values, rows)
        assert self.writer.begin(OF, PART)
        try:
            with self.writer.guarded():
                written = sink.write(self.writer.transaction, changes)
            self.writer.transaction.execute("delete from towns where id = -1")
        except BaseException:
            self.writer.rollback()
            raise
        self.writer._session.commit()  # type: ignore[attr-defined]
        self.writer.rollback()
        return written

    def change(self, sql: str) -> None:
        """Change rows as the application would: in a session of its own, at once."""
        with opened(self.db.url) as session:
            assert session.execute(sql) > 0

    def names(self) -> dict[int, str | None]:
        return {row.id: row.full_name for row in self.db.query("select id, full_name from users")}


def full(row: Sequence[Any]) -> str:
    return f"{row[1]} {row[2] or ''}".strip()


@pytest.fixture
def shop(house: House) -> Iterator[Shop]:
    with filled(house) as found:
        yield found


@pytest.fixture
def postgres_shop(postgres_url: str) -> Iterator[Shop]:
    """A shop whose application may change a row while a chunk's transaction is open."""
    house = House(postgres_url)
    with filled(house) as found:
        yield found
    house.store.close()


@contextmanager
def filled(house: House) -> Iterator[Shop]:
    with opened(house.url) as session:
        session.script(TABLES)
        session.executemany(
            "insert into towns values (:id, :name)", [{"id": n, "name": f"t{n}"} for n in range(3)]
        )
        session.executemany(
            "insert into users (id, first_name, last_name, town)"
            " values (:id, :first, :last, :town)",
            [
                {"id": n, "first": f"first {n}", "last": f"l{n}" if n % 7 else None, "town": n % 3}
                for n in range(1, ROWS + 1)
            ],
        )
    ledger = house.owned()
    with house.target.writer(ledger.ownership) as writer:
        yield Shop(Database(house.url), writer)


QUERIES = pytest.mark.parametrize("query", [PLAIN, DATED, JOINED], ids=["plain", "dated", "joined"])


@QUERIES
def test_rows_that_nobody_changed_are_written(shop: Shop, query: str) -> None:
    sink, rows = shop.sink(query)

    written = shop.write(sink, rows)

    assert written == Written(ROWS)
    assert shop.names() == {row[0]: full(row) for row in rows}


CHANGES: list[tuple[str, str]] = [
    ("a column that was read", "update users set first_name = 'other' where id = 7"),
    ("a letter's case", "update users set first_name = upper(first_name) where id = 7"),
    ("null to a value", "update users set last_name = '' where id = 7"),
    ("what the condition speaks of", "update users set full_name = 'mine' where id = 7"),
    ("deleted", "delete from users where id = 7"),
    ("another key", "update users set id = 700 where id = 7"),
]


@QUERIES
@pytest.mark.parametrize("change", [sql for _, sql in CHANGES], ids=[name for name, _ in CHANGES])
def test_a_row_that_was_changed_is_left_alone(shop: Shop, query: str, change: str) -> None:
    sink, rows = shop.sink(query)
    shop.change(change)
    before = shop.read("select * from users where id in (7, 700)")

    written = shop.write(sink, rows)

    assert written == Written(ROWS - 1, (6,))
    assert shop.read("select * from users where id in (7, 700)") == before
    assert all(name for id_, name in shop.names().items() if id_ not in (7, 700))


@QUERIES
def test_a_column_that_was_not_read_may_change(shop: Shop, query: str) -> None:
    sink, rows = shop.sink(query)
    shop.change("update users set logins = 5 where id = 7")

    assert shop.write(sink, rows) == Written(ROWS)
    assert shop.read("select id, logins from users where id = 7") == [(7, 5)]


def test_a_row_of_another_table_that_was_read_is_compared(shop: Shop) -> None:
    sink, rows = shop.sink(JOINED)
    shop.change("update towns set name = 'elsewhere' where id = 1")

    written = shop.write(sink, rows)

    assert written.superseded == tuple(place for place, row in enumerate(rows) if row[0] % 3 == 1)


def test_an_expression_that_was_read_is_compared(shop: Shop) -> None:
    query = "select id, first_name, lower(last_name) as l from users where full_name is null"
    sink, rows = shop.sink(query)
    shop.change("update users set last_name = 'new' where id = 2")
    shop.change("update users set last_name = upper(last_name) where id = 3")

    written = shop.write(sink, rows)

    assert written.superseded == (1,)


def test_binds_of_the_query_are_those_of_the_write(shop: Shop) -> None:
    query = (
        "select id, first_name, last_name from users u where u.id <= :most and full_name is null"
    )
    root = shop.db.rows(query, key="id", most=10).root
    assert isinstance(root, RowsRoot)
    sink = UpdateSink(shop.db.update("users", key="id", set={"full_name": full}), root)
    sink.preflight()
    rows = shop.read(query.replace(":most", "10"))

    assert shop.write(sink, rows) == Written(10)


def test_no_row_is_left_of_all(shop: Shop) -> None:
    sink, rows = shop.sink()
    shop.change("update users set full_name = first_name")

    assert shop.write(sink, rows) == Written(0, tuple(range(ROWS)))


SLOWER = [
    ("a column that was read", "update users set first_name = 'other' where id = 7"),
    ("what only the condition speaks of", "update users set full_name = 'mine' where id = 7"),
    ("deleted", "delete from users where id = 7"),
]


WAITING = {
    "postgresql": "select count(*) as n from pg_locks where not granted",
    "mysql": "select cast(variable_value as int) as n from information_schema.global_status"
    " where variable_name = 'INNODB_ROW_LOCK_CURRENT_WAITS'",
}


@pytest.mark.slow
@pytest.mark.parametrize("database_url", WAITING, indirect=True)
@QUERIES
@pytest.mark.parametrize("change", [sql for _, sql in SLOWER], ids=[name for name, _ in SLOWER])
def test_a_change_that_commits_while_the_write_waits_for_it_is_not_lost(
    shop: Shop, query: str, change: str
) -> None:
    """What the write waits for is younger than its snapshot: only here PostgreSQL looks twice."""
    sink, rows = shop.sink(query)
    with opened(shop.db.url) as application, ThreadPoolExecutor(1) as pool:
        application.begin()
        application.execute(change)
        writing = pool.submit(shop.write, sink, rows)
        while not application.query(WAITING[application.dialect])[0].n:
            assert not writing.done(), writing.result()
        application.commit()

        assert writing.result() == Written(ROWS - 1, (6,))
    assert shop.names().get(7) in (None, "mine")


# ---------------------------------------------------------------- what a glance tells


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the keys of the rows whose columns are compared, as they come."""
    keys: list[int] = []
    compare = PostgresqlUpdate._by_comparison

    def note(self: PostgresqlUpdate, tx: Any, changes: Changes) -> Written:
        keys.extend(row[0] for row in changes.rows)
        return compare(self, tx, changes)

    monkeypatch.setattr(PostgresqlUpdate, "_by_comparison", note)
    return keys


def test_only_rows_that_were_touched_are_compared(postgres_shop: Shop, compared: list[int]) -> None:
    sink, rows = postgres_shop.sink(DATED)
    postgres_shop.change("update users set logins = 5 where id in (7, 9)")
    postgres_shop.change("update users set first_name = 'other' where id = 9")

    assert postgres_shop.write(sink, rows) == Written(ROWS - 1, (8,))
    assert compared == [7, 9]


def test_keys_far_apart_are_found_as_well(postgres_shop: Shop, compared: list[int]) -> None:
    """Where few rows lie between the first and the last, each is looked up by itself."""
    postgres_shop.change("update users set id = id * 1000 where id % 2 = 0")
    sink, rows = postgres_shop.sink(DATED)

    assert postgres_shop.write(sink, rows) == Written(ROWS)
    assert compared == []


def test_a_row_between_those_that_are_written_is_not_touched(
    postgres_shop: Shop, compared: list[int]
) -> None:
    """Its record was filtered; others were deleted long ago."""
    postgres_shop.change("delete from users where id in (3, 11)")
    sink, rows = postgres_shop.sink(DATED)
    assert isinstance(rows, RowsByColumn)
    some = rows.chosen([place for place, row in enumerate(rows) if row[0] != 8])

    assert postgres_shop.write(sink, some) == Written(ROWS - 3)
    assert [8] == [id_ for id_, name in postgres_shop.names().items() if name is None]
    assert all(full(row) == postgres_shop.names()[row[0]] for row in some)
    assert compared == []


def test_what_was_written_before_an_older_transaction_ended_is_compared(
    postgres_shop: Shop, compared: list[int]
) -> None:
    """Its number says only that it may be younger than the read."""
    with opened(postgres_shop.db.url) as older:
        older.begin()
        older.execute("update towns set name = 'somewhere' where id = 1")
        postgres_shop.change("update users set logins = 5 where id = 7")
        sink, rows = postgres_shop.sink(DATED)
        older.commit()

    assert postgres_shop.write(sink, rows) == Written(ROWS)
    assert compared == [7]


def test_a_savepoint_is_no_matter(postgres_shop: Shop, compared: list[int]) -> None:
    """What is written in it bears its number, and not that of its transaction."""
    shop = postgres_shop
    sink, rows = shop.sink(DATED)
    shop.change("update users set logins = 5 where id = 7")
    changes = sink.computed([full(row) for row in rows], rows)

    assert shop.writer.begin(OF, PART)
    with shop.writer.savepoint():
        assert sink.write(shop.writer.transaction, changes) == Written(ROWS)
    shop.writer.rollback()

    assert compared == [7]


def test_a_value_that_is_refused_at_once_is_named_at_the_next_try(postgres_shop: Shop) -> None:
    sink, rows = postgres_shop.sink(DATED)
    changes = sink.computed(["x" * 200 if row[0] == 5 else full(row) for row in rows], rows)

    with pytest.raises(DataRefused):
        try_once(postgres_shop, sink, changes)
    with pytest.raises(RecordRefused) as refused:
        try_once(postgres_shop, sink, changes)

    assert refused.value.position == 4


def try_once(shop: Shop, sink: UpdateSink, changes: Sequence[Any]) -> None:
    assert shop.writer.begin(OF, PART)
    try:
        sink.write(shop.writer.transaction, changes)
    finally:
        shop.writer.rollback()


def test_several_columns_are_set_together(shop: Shop) -> None:
    sink, rows = shop.sink(
        set={"full_name": full, "letters": lambda row: len(full(row))},
    )
    assert [stage.name for stage in sink.stages] == ["set full_name, letters"]
    values = [sink.stages[0].fn(row) for row in rows]

    assert shop.writer.begin(OF, PART)
    sink.write(shop.writer.transaction, sink.computed(values, rows))
    found = shop.writer.transaction.query("select id, full_name, letters from users order by id")
    shop.writer.rollback()

    assert [tuple(row.values()) for row in found] == [
        (row[0], full(row), len(full(row))) for row in rows
    ]


def test_a_function_of_a_chunk_gives_a_value_for_each_record(shop: Shop) -> None:
    sink, rows = shop.sink(
        set={"letters": lambda row: len(full(row))},
        set_chunk={"full_name": lambda records: [full(row) for row in records]},
    )
    assert sink.stages == ()

    changes = sink.computed(rows, rows)

    assert list(changes) == [(row, (len(full(row)), full(row))) for row in rows]


def test_a_function_of_a_chunk_that_gives_too_few_is_no_records_fault(shop: Shop) -> None:
    sink, rows = shop.sink(set_chunk={"full_name": lambda records: records[1:]})

    with pytest.raises(DefinitionError, match="gave 19 values for 20 records"):
        sink.computed(rows, rows)


def test_a_value_that_the_column_cannot_hold_names_its_record(shop: Shop) -> None:
    sink, rows = shop.sink()
    changes = list(sink.computed([full(row) for row in rows], rows))
    changes[4] = (changes[4][0], "x" * 200)

    assert shop.writer.begin(OF, PART)
    with pytest.raises((RecordRefused, DataRefused)) as refused:
        sink.write(shop.writer.transaction, changes)
    shop.writer.rollback()

    assert isinstance(refused.value, RecordRefused)
    assert refused.value.position == 4


def test_two_records_of_one_row_are_refused(shop: Shop) -> None:
    sink, rows = shop.sink()
    changes = list(sink.computed([full(row) for row in rows], rows))
    changes[4] = (changes[3][0], "another")

    assert shop.writer.begin(OF, PART)
    with pytest.raises(RecordRefused, match="two records came from one row") as refused:
        sink.write(shop.writer.transaction, changes)
    shop.writer.rollback()

    assert refused.value.position == 4


def test_those_who_break_a_rule_are_named_at_once(shop: Shop) -> None:
    sink, rows = shop.sink()
    changes = list(sink.computed([full(row) for row in rows], rows))
    changes[4] = (changes[4][0], changes[3][1])
    assert shop.writer.begin(OF, PART)

    found = sink.suspects(shop.writer.transaction, changes, DataRefused("twice", rule="unique"))

    shop.writer.rollback()
    assert found == [4]


# ---------------------------------------------------------------- what is refused beforehand


@pytest.mark.parametrize(
    ("table", "column", "said"),
    [
        ("users", "full", "has no column full"),
        ("nobody", "full_name", "does not exist"),
    ],
    ids=["column", "table"],
)
def test_preflight_names_what_is_missing(shop: Shop, table: str, column: str, said: str) -> None:
    root = shop.db.rows(PLAIN, key="id").root
    assert isinstance(root, RowsRoot)
    sink = UpdateSink(shop.db.update(table, key="id", set={column: full}), root)

    with pytest.raises(SchemaMismatch, match=said):
        sink.preflight()


def test_preflight_refuses_what_is_no_key(shop: Shop) -> None:
    root = shop.db.rows(PLAIN, key="last_name").root
    assert isinstance(root, RowsRoot)
    sink = UpdateSink(shop.db.update("users", key="last_name", set={"full_name": full}), root)

    with pytest.raises(SchemaMismatch, match="no unique key"):
        sink.preflight()


def test_rows_of_another_key_or_database_are_refused(shop: Shop) -> None:
    root = shop.db.rows(PLAIN, key="id").root
    assert isinstance(root, RowsRoot)
    elsewhere = Database(shop.db.url, name="elsewhere")

    with pytest.raises(DefinitionError, match="the same key"):
        raise_hint(
            lambda: UpdateSink(shop.db.update("users", key="town", set={"full_name": full}), root)
        )
    with pytest.raises(DefinitionError, match="is in database elsewhere"):
        UpdateSink(elsewhere.update("users", key="id", set={"full_name": full}), root)


def raise_hint(act: Callable[[], object]) -> None:
    try:
        act()
    except DefinitionError as error:
        raise DefinitionError(error.hint) from error


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "sets no column"),
        ({"set": {"id": full}}, "sets id, by which its rows are known"),
        ({"set": {"a": full}, "set_chunk": {"a": full}}, "sets a in two ways"),
        ({"set": {"a": 3}}, "expected a function for column a, got 3"),
    ],
)
def test_what_cannot_be_set_is_refused(options: dict[str, Any], said: str) -> None:
    db = Database("sqlite:///shop.db")

    with pytest.raises(DefinitionError, match=said):
        db.update("users", key="id", **options)
