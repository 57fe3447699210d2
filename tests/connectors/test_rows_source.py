"""The rows of a query as a source: the walk along the key, its cursors, its proof."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from pydantic import BaseModel

from daybreak import Database, Secret
from daybreak.connectors.rows_source import RowsSource
from daybreak.connectors.rows_source_raw import raw_of, row_of
from daybreak.databases.session import Session, connect, opened
from daybreak.errors import (
    CursorTypeError,
    DaybreakError,
    DefinitionError,
    SchemaMismatch,
    SourceError,
)
from daybreak.model.chunk import Kept
from daybreak.model.cursor import START, encode
from daybreak.model.ranges import Range, breaks, gaps
from tests.connectors.rows_shop import (
    Shop,
    assert_cursors_come_back,
    assert_keys_are_walked,
    walked,
)
from tests.kinds import two_kinds_and_slowly
from tests.postgres_server import makes_locale

pytestmark = pytest.mark.slow_on_postgresql
database_url = two_kinds_and_slowly("mysql", "duckdb")

INDEXED = ["sqlite", "postgresql", pytest.param("mysql", marks=pytest.mark.slow)]
"""The kinds that walk an index: DuckDB reads the column of the key in blocks, and skips some."""

TEXT = {
    "postgresql": 'text collate "C"',
    "mysql": "varchar(40) character set utf8mb4 collate utf8mb4_bin",
}
KEYS: dict[str, tuple[dict[str, str], list[Any]]] = {
    # name: types by dialect, for any other its own name; keys in the database's order
    "bigint": ({"sqlite": "integer"}, [-(2**62), -5, 0, 3, 4, 90, 2**40]),
    "text": (TEXT, ["", "B", "a", "a'b", "b;--", "é", "日本"]),
    "blob": (
        {"postgresql": "bytea", "mysql": "varbinary(9)"},
        [b"", b"\x00", b"\x00\xff", b"a", b"\xff"],
    ),
}
POSTGRESQL_KEYS: dict[str, tuple[str, list[Any]]] = {
    "uuid": ("uuid", [UUID(int=n) for n in (0, 7, 2**64, 2**127, 2**128 - 1)]),
    "date": ("date", [date(1, 1, 1), date(1999, 12, 31), date(2024, 2, 29), date(9999, 12, 31)]),
    "instant": (
        "timestamptz",
        [datetime(2024, 1, 1, 0, 0, 0, n, UTC) for n in (0, 1, 2, 999_999)],
    ),
    "numeric": (
        "numeric",
        [Decimal("-1e30"), Decimal("-0.5"), Decimal(0), Decimal("0.5"), Decimal("2e30")],
    ),
    "varchar": ('varchar(9) collate "C"', ["", "A", "a"]),
    "char": ('char(3) collate "C"', ["A  ", "a  ", "abc"]),
    "small": ("smallint", [-3, 0, 7]),
}


@pytest.fixture
def shop(database_url: str, close: Callable[[RowsSource], RowsSource]) -> Shop:
    return Shop(database_url, close)


@pytest.fixture
def server(postgres_url: str, close: Callable[[RowsSource], RowsSource]) -> Shop:
    return Shop(postgres_url, close)


def ids(chunks: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [[row.id for row in chunk] for chunk in chunks]


# ---------------------------------------------------------------- the walk


def test_walk_divides_by_rows_and_jumps_over_gaps(shop: Shop) -> None:
    shop.numbers([1, 2, 3, 1_000, 1_001, 5_000_000])

    assert [[1, 2, 3], [1_000, 1_001, 5_000_000]] == ids(walked(shop.rows("select * from t"), 3))
    assert [[1, 2, 3, 1_000], [1_001, 5_000_000]] == ids(walked(shop.rows("select * from t"), 4))


@pytest.mark.parametrize("numbers", [[], [7]], ids=["empty", "one row"])
def test_walk_of_hardly_anything(shop: Shop, numbers: list[int]) -> None:
    shop.numbers(numbers)
    source = shop.rows("select * from t")

    assert [numbers] * len(numbers) == ids(walked(source, 10))
    assert source.whole().is_empty is (not numbers)


@pytest.mark.parametrize("kind", KEYS)
def test_keys_of_each_type_are_walked_in_the_order_of_the_database(shop: Shop, kind: str) -> None:
    types, keys = KEYS[kind]

    assert_keys_are_walked(shop, types.get(shop.kind, kind), keys)


@pytest.mark.parametrize("kind", POSTGRESQL_KEYS)
def test_keys_of_the_types_of_a_server(server: Shop, kind: str) -> None:
    type_, keys = POSTGRESQL_KEYS[kind]

    assert_keys_are_walked(server, type_, keys)


def test_composite_keys_are_compared_as_rows(shop: Shop) -> None:
    shop.script(
        "create table t (a integer not null, b varchar(9) not null, c integer not null,"
        " primary key (a, b, c))"
    )
    keys = [(a, b, c) for a in range(3) for b in ("x", "y") for c in range(3)]
    shop.fill("t", "a b c", list(reversed(keys)))
    source = shop.rows("select a, b, c from t", key=("a", "b", "c"))

    found = walked(source, 4)

    assert keys == [tuple(row.values()) for chunk in found for row in chunk]
    assert [4, 4, 4, 4, 2] == [len(chunk) for chunk in found]
    assert_cursors_come_back(source, keys)


def other_collation(shop: Shop) -> str:
    """Return a collation whose order is not that of the bytes."""
    if shop.kind != "postgresql":
        return {"mysql": "utf8mb4_general_ci"}.get(shop.kind, "nocase")
    with opened(shop.url) as session:
        data = Path(session.query("show data_directory")[0].data_directory)
        if not makes_locale(data, "en_US"):
            pytest.skip("no locale can be made here: Debian's locales has the sources")
        session.script("create collation english (provider = libc, locale = 'en_US.UTF-8')")
    return "english"


def test_enums_are_ordered_as_they_were_declared(server: Shop) -> None:
    keys = ["z", "a", "m", "B"]
    server.script(
        "create type mood as enum ('z', 'a', 'm', 'B');"
        "create table t (n integer not null, id mood not null, primary key (n, id))"
    )
    server.fill("t", "n id", [(1, key) for key in reversed(keys)])
    source = server.rows("select id, n from t", key=("n", "id"))

    assert [(1, key) for key in keys] == [
        (row.n, row.id) for chunk in walked(source, 3) for row in chunk
    ]
    assert_cursors_come_back(source, [(1, key) for key in keys])


def test_texts_are_ordered_by_the_collation_of_their_column(shop: Shop) -> None:
    """Neither Python's order nor that of the bytes is asked for."""
    collation = other_collation(shop)
    shop.script(f"create table t (id varchar(9) collate {collation} not null primary key)")
    keys = ["a", "B", "c", "D", "e", "F"]  # bytes would say B D F a c e
    shop.fill("t", "id", [(key,) for key in keys])
    source = shop.rows("select id from t")

    assert [["a", "B"], ["c", "D"], ["e", "F"]] == ids(walked(source))
    parts = list(source.ranges(source.whole(), 2))
    assert [parts[1]] == gaps(source.whole(), [parts[2], parts[0]], source.in_order)
    assert_cursors_come_back(source, keys)


def test_composite_texts_are_ordered_by_their_collations(shop: Shop) -> None:
    collation = other_collation(shop)
    shop.script(
        f"create table t (a integer not null, b varchar(9) collate {collation} not null,"
        " primary key (a, b))"
    )
    keys = [(a, b) for a in (1, 2) for b in ("a", "B", "c", "D")]
    shop.fill("t", "a b", keys)
    source = shop.rows("select a, b from t", key=("a", "b"))

    assert keys == [tuple(row.values()) for chunk in walked(source, 3) for row in chunk]
    assert_cursors_come_back(source, keys)


def test_rows_that_come_behind_the_end_are_not_of_the_run(shop: Shop) -> None:
    shop.numbers([1, 2, 3, 4, 5])
    source = shop.rows("select * from t")
    whole = source.whole()
    parts = source.ranges(whole, 2)
    first = next(parts)
    shop.fill("t", "id name", [(0, "behind"), (6, "ahead")])
    shop.script("delete from t where id = 4")

    found = [source.read(part) for part in (first, *parts)]

    assert [[0, 1, 2], [3, 5]] == ids([one.values for one in found])
    assert START == first.after


def test_range_whose_rows_are_gone_is_empty(shop: Shop) -> None:
    shop.numbers([1, 2, 3, 4])
    source = shop.rows("select * from t")
    whole = source.whole()
    shop.script("delete from t where id > 2")

    parts = list(source.ranges(whole, 2))

    assert [[1, 2], []] == ids([source.read(part).values for part in parts])
    assert [] == breaks(whole, parts, source.in_order)


def test_statements_carry_the_binds_of_the_query(shop: Shop) -> None:
    shop.numbers(range(10))
    sql = "select * from t where id >= :low and name <> 'a:b' -- not :this\n;"
    assert [[6, 7], [8, 9]] == ids(walked(shop.rows(sql, low=6)))


def test_walk_reads_each_key_once(shop: Shop) -> None:
    """One statement for each range, and none that counts or skips what is done."""
    shop.numbers(range(1_000))
    counting = Counting(shop.url)
    shop.database.bind(shop.url, counting.opens)
    source = shop.rows("select * from t")
    whole = source.whole()
    counting.statements.clear()

    assert 100 == len(list(source.ranges(whole, 10)))
    assert 100 == len(counting.statements)

    counting.statements.clear()
    gap = Range.of(899, 999)
    assert 10 == len(list(source.ranges(gap, 10)))
    assert not any("count(" in one for one in counting.statements)
    assert all("offset 9" in one and ">" in one for one in counting.statements)


@pytest.mark.parametrize("at", [None, 18_000], ids=["first", "resumed"])
@pytest.mark.parametrize("key", ["id", ("kind", "code")], ids=str)
@pytest.mark.parametrize("database_url", INDEXED, indirect=True)
def test_walk_and_read_use_the_index_of_the_key(shop: Shop, key: Any, at: int | None) -> None:
    """No range is found by sorting or by reading what lies before it, wherever it begins."""
    shop.script(
        "create table t (id integer primary key, kind varchar(9) not null, code integer not null,"
        " done integer, unique (kind, code))"
    )
    shop.fill("t", "id kind code", [(n, f"k{n:05}", n) for n in range(20_000)])
    shop.script("analyze table t" if shop.kind == "mysql" else "analyze t")
    source = shop.rows("select id, kind, code from t where done is null", key=key)
    upto = source.whole().upto
    after = START if at is None else encode(at if key == "id" else (f"k{at:05}", at))
    counting = Counting(shop.url)
    shop.database.bind(shop.url, counting.opens)
    source = shop.rows("select id, kind, code from t where done is null", key=key)
    counting.statements.clear()
    counting.binds.clear()

    part = next(source.ranges(Range(after, upto), 100))
    assert 100 == len(source.read(part).values)
    explain = "explain query plan " if shop.kind == "sqlite" else "explain "
    with opened(shop.url) as session:
        for sql, bind in zip(counting.statements, counting.binds, strict=True):
            plan = "\n".join(
                " ".join(map(str, row.values())) for row in session.query(explain + sql, **bind)
            )
            assert "Seq Scan" not in plan, plan
            if " offset " in sql:  # of a range all rows are read anyway
                assert not any(word in plan for word in ("Sort", "TEMP B-TREE", "filesort")), plan
            if at is not None:
                assert any(word in plan for word in ("Index Cond", "SEARCH", " range ")), plan


def test_walk_of_a_table_that_nobody_has_analyzed_sorts_nothing_anew(server: Shop) -> None:
    """The planner believes that few rows are left, and would sort all of them for each range."""
    server.script(
        "create table t (id integer primary key, done integer) with (autovacuum_enabled = off)"
    )
    server.fill("t", "id", [(n,) for n in range(20_000)])
    source = server.rows("select id from t where done is null")

    assert 40 == len(list(source.ranges(source.whole(), 500)))
    walker = source._walkers._idle[0]
    sql, binds = source._query.walk((500,), (19_999,), 500)
    plans = [
        " ".join(row["QUERY PLAN"] for row in session.query("explain " + sql, **binds))
        for session in (source._sessions._idle[0], walker)
    ]
    assert ["Sort" in plan for plan in plans] == [True, False], plans


class Counting:
    """Opens sessions whose queries are counted."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.statements: list[str] = []
        self.binds: list[dict[str, object]] = []

    def opens(self, url: str, /, **options: Any) -> Session:
        session: Any = connect(url, **options)

        def counting(query: Callable[..., Any]) -> Callable[..., Any]:
            def counted(sql: str, /, **bind: object) -> Any:
                self.statements.append(sql)
                self.binds.append(bind)
                return query(sql, **bind)

            return counted

        session.query, session.tuples = counting(session.query), counting(session.tuples)
        counted_session: Session = session
        return counted_session


# ---------------------------------------------------------------- records


@dataclass(frozen=True)
class User:
    id: int
    name: str | None


class Loose(BaseModel):
    id: int
    name: str = "nobody"


class Pair(NamedTuple):
    name: str | None
    id: int


@pytest.mark.parametrize("model", [User, Pair, Loose], ids=["dataclass", "named tuple", "pydantic"])
def test_rows_become_records_of_a_model(shop: Shop, model: type[Any]) -> None:
    shop.numbers([1, 2])
    found = walked(shop.rows("select id, name from t", model), 5)

    assert [[model(id=1, name="n1"), model(id=2, name="n2")]] == found


def test_row_that_does_not_fit_its_model_is_refused_with_its_bytes(shop: Shop) -> None:
    shop.numbers([1, 2, 3])
    shop.script("update t set name = null where id = 2")

    class Strict(BaseModel):
        id: int
        name: str

    source = shop.rows("select id, name from t", Strict)
    read = source.read(source.whole())

    assert ([1, 3], [0, 2]) == ([one.id for one in read.values], list(read.origins))
    (refused,) = read.refused
    assert (1, False) == (refused.origin, refused.by_check)
    assert "name" == refused.findings[0].column
    assert b'{"id": 2, "name": null}' == read.raw(1)
    assert "id=2" == read.cursor(1)


def test_values_of_one_column_need_no_class(shop: Shop) -> None:
    shop.numbers([3, 4])
    assert [[3, 4]] == walked(shop.rows("select id from t", int), 5)


def test_types_that_a_database_does_not_have_come_by_the_model(shop: Shop) -> None:
    """SQLite keeps dates, decimals and UUIDs as texts, MariaDB UUIDs."""
    types = {"sqlite": "text text text", "mysql": "date decimal(9,2) char(36)"}
    on, amount, of = types.get(shop.kind, "date decimal(9,2) uuid").split()
    shop.script(f"create table t (id integer primary key, d {on}, a {amount}, u {of})")
    uuid = UUID(int=9)
    shop.fill("t", "id d a u", [(1, date(2024, 1, 2), Decimal("9.90"), uuid)])

    @dataclass
    class Typed:
        id: int
        d: date
        a: Decimal
        u: UUID

    ((record,),) = walked(shop.rows("select * from t", Typed))

    assert Typed(1, date(2024, 1, 2), Decimal("9.90"), uuid) == record


def test_table_is_the_beginning_of_a_pipeline_too(shop: Shop) -> None:
    shop.numbers([1, 2, 3])
    table = shop.database.table("t", User, key="id")

    assert [[User(1, "n1"), User(2, "n2")], [User(3, "n3")]] == walked(shop.source(table))
    assert "rows of t" in str(table.map(lambda user: user.name))


# ---------------------------------------------------------------- the key's proof


def test_key_is_proven_by_the_catalogue_without_a_look_at_the_rows(shop: Shop) -> None:
    shop.numbers([1])
    for sql in (
        "select * from t",
        'select name, "id" from t where name like :like',
        "select u.id, u.name as called, length(u.name) from t as u where exists (select 1 from t)",
    ):
        source = shop.rows(sql, **({"like": "n%"} if ":like" in sql else {}))
        assert "" == source.said, sql


@pytest.mark.parametrize(
    "sql",
    [
        "select a.id, b.name from t a join t b on a.id = b.id",
        "select a.id from t a, t b where a.id = b.id",
        "select id from t group by id",
        "select distinct id from t",
        "select id + 0 as id from t",
        "with u as (select * from t) select id from u",
        "select id from (select * from t) u",
        "select id from t where id < 2 union all select id from t where id >= 2",
    ],
)
def test_other_keys_are_proven_by_the_query_itself(shop: Shop, sql: str) -> None:
    shop.numbers([1, 2, 3])
    source = shop.rows(sql)

    assert "the query itself was asked" in source.said
    assert [[1, 2], [3]] == ids(walked(source))


def test_key_twice_in_a_join_is_a_finding_before_the_work(shop: Shop) -> None:
    shop.numbers([1, 2])
    shop.script("create table items (t integer, n integer)")
    shop.fill("items", "t n", [(1, 1), (2, 1), (2, 2)])
    source = shop.rows("select t.id, l.n from t join items l on l.t = t.id")

    with pytest.raises(SchemaMismatch, match=r"gives 2 rows whose key \(id\) is 2"):
        source.whole()


def test_key_that_comes_twice_later_is_never_lost(shop: Shop) -> None:
    """Both rows are in one range, wherever its ends are, and are refused with their key."""
    shop.numbers([1, 2, 3, 4])
    shop.script("create table items (t integer, n integer)")
    shop.fill("items", "t n", [(1, 1), (2, 1), (3, 1), (4, 1)])
    source = shop.rows("select t.id, l.n from t join items l on l.t = t.id")
    whole = source.whole()
    shop.fill("items", "t n", [(2, 2)])
    parts = list(source.ranges(whole, 2))

    assert [] == breaks(whole, parts, source.in_order)
    with pytest.raises(SourceError, match="two rows whose key is id=2"):
        source.read(parts[0])


def test_row_without_a_key_is_a_finding_before_the_work(shop: Shop) -> None:
    shop.script("create table t (id integer unique, n integer not null)")
    shop.fill("t", "id n", [(1, 1), (None, 2)])
    source = shop.rows("select id, n from t")

    with pytest.raises(SchemaMismatch, match=r"a row whose key \(id\) is NULL"):
        source.whole()


def test_primary_key_of_sqlite_may_be_null(
    sqlite_url: str, close: Callable[[RowsSource], RowsSource]
) -> None:
    shop = Shop(sqlite_url, close)
    shop.script("create table t (id text primary key)")
    shop.fill("t", "id", [("a",), (None,)])

    with pytest.raises(SchemaMismatch, match="NULL"):
        shop.rows("select id from t").whole()


def test_function_that_gives_several_rows_is_seen(server: Shop) -> None:
    server.numbers([1, 2])
    source = server.rows("select id, generate_series(1, 2) as n from t")

    with pytest.raises(SchemaMismatch, match="gives 2 rows"):
        source.whole()


def test_key_does_not_hold_for_rows_that_a_heir_shows(server: Shop) -> None:
    server.script("create table t (id integer primary key); create table heir () inherits (t)")
    server.fill("heir", "id", [(1,), (2,)])
    server.fill("t", "id", [(2,)])

    with pytest.raises(SchemaMismatch, match="gives 2 rows"):
        server.rows("select id from t").whole()
    with pytest.raises(SchemaMismatch, match=r"\(id\) is no unique key of t"):
        server.source(server.database.table("t", key="id"))


def test_key_holds_for_all_partitions(server: Shop) -> None:
    server.script(
        "create table t (id integer primary key) partition by range (id);"
        " create table low partition of t for values from (0) to (10)"
    )
    server.fill("t", "id", [(1,), (2,), (3,)])

    assert [[1, 2], [3]] == ids(walked(server.source(server.database.table("t", key="id"))))


def test_table_without_such_a_key_is_refused(shop: Shop) -> None:
    shop.numbers([1])
    with pytest.raises(SchemaMismatch, match=r"\(name\) is no unique key of t"):
        shop.source(shop.database.table("t", key="name"))


def test_floats_are_no_keys(shop: Shop) -> None:
    shop.script("create table t (id double precision not null primary key)")
    with pytest.raises(CursorTypeError, match=r"(?i)type double"):
        shop.rows("select id from t")
    with pytest.raises(CursorTypeError, match="float"):
        shop.database.rows("select id from t", WithFloat, key="id")


@dataclass
class WithFloat:
    id: float


def test_instants_without_a_zone_are_no_keys(server: Shop) -> None:
    server.script("create table t (id timestamp primary key)")
    with pytest.raises(CursorTypeError, match="timestamp without time zone"):
        server.rows("select id from t")


# ---------------------------------------------------------------- drift


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select id from t", "no column name, which User wants"),
        ("select name from t", "no column id, which is named as its key"),
        ("select id, name from missing", "missing"),
        ("select id, name from t where", "syntax|incomplete"),
    ],
)
def test_query_is_looked_at_before_its_rows(shop: Shop, sql: str, said: str) -> None:
    shop.numbers([1])
    with pytest.raises(DaybreakError, match=said):
        shop.rows(sql, User)


def test_query_that_gives_a_column_twice_is_refused(server: Shop) -> None:
    """SQLite gives the second one another name."""
    server.numbers([1])
    with pytest.raises(DaybreakError, match=r"column id twice|no column name"):
        server.rows("select id, name, 1 as id from t", User)


def test_query_that_fails_at_a_row_names_what_the_database_said(server: Shop) -> None:
    server.numbers([1, 2])
    source = server.rows("select id, 1 / (id - 2) as x from t")
    with pytest.raises(SourceError, match="division by zero"):
        source.read(Range.of(None, 2))


@pytest.mark.parametrize(
    ("sql", "bind", "said"),
    [
        ("select id from t where id > :low", {}, "without a value: low"),
        ("select id from t", {"low": 1}, "unknown to it: low"),
        ("select id from t where id = :low", {"low": object()}, "of type object"),
        ("select id from t where id = :low", {"low": {"a": 1}}, "of type dict"),
        ("select id from t where id = :daybreak_x", {"daybreak_x": 1}, "Daybreak's own"),
    ],
    ids=["missing", "unknown", "object", "dict", "ours"],
)
def test_binds_are_checked_when_the_pipeline_is_built(
    sql: str, bind: dict[str, Any], said: str
) -> None:
    with pytest.raises(DefinitionError, match=said):
        Database("sqlite:///x.db").rows(sql, key="id", **bind)


def test_fingerprint_names_query_key_and_binds_but_no_secret(shop: Shop) -> None:
    shop.numbers([1])
    sql = "select id from t where name <> :pass and id > :low"
    facts = shop.rows(sql, **{"pass": Secret("hidden"), "low": 0}).fingerprint()

    assert sql == facts["query"]
    assert ["id"] == facts["key"]
    assert {"pass": "***", "low": "0"} == facts["binds"]
    assert "hidden" not in repr(facts)


# ---------------------------------------------------------------- again


def kept(source: RowsSource, origin: int, repaired: bytes | None = None) -> Kept:
    whole = source.whole()
    raw = source.read(whole).raw(origin)
    return Kept(whole, origin, f"row {origin}", "bad", raw, by_check=False, repaired=repaired)


def test_again_reads_the_row_as_it_is_now(shop: Shop) -> None:
    shop.numbers([1, 2, 3])
    source = shop.rows("select id, name from t where name <> 'gone'", User)
    records = [kept(source, place) for place in (2, 0, 1)]
    shop.script(
        "update t set name = 'new' where id = 1;\nupdate t set name = 'gone' where id = 2;\n"
        "delete from t where id = 3;\n"
    )

    read = source.again(records)

    assert ([User(1, "new")], [1]) == (read.values, list(read.origins))
    assert [0, 2] == [one.origin for one in read.refused]
    assert {"the query does not give this row any more"} == {
        one.findings[0].reason for one in read.refused
    }


def test_again_takes_a_repair_as_it_is(shop: Shop) -> None:
    shop.numbers([1])
    source = shop.rows("select id, name from t", User)
    repairs = [b'{"id": 1, "name": "new"}', b'{"id": 2, "name": "x"}', b"[]", b'{"id": 1}', b"\xff"]

    read = source.again([kept(source, 0, one) for one in repairs])

    assert [User(1, "new")] == read.values
    assert [
        "the key is not the row's own",
        *["no row as JSON with the query's columns"] * 3,
    ] == [one.findings[0].reason for one in read.refused]


def test_bytes_of_a_row_hold_its_values(server: Shop) -> None:
    """All that the driver gives comes back from the JSON that quarantine keeps."""
    with opened(server.url) as session:
        (row,) = session.query(
            "select 1 as i, 1.50::numeric as d, 'x'::text as t, null as n, true as b, 0.5::float8"
            " as f, 'nan'::float8 as nan, date '2024-01-02' as day, now() as at, '\\x00ff'::bytea"
            " as raw, '{1,2}'::int[] as list, '{\"a\": [1]}'::jsonb as json,"
            " gen_random_uuid() as u, interval '1.5 s' as took, time '10:00' as clock"
        )
    back = row_of(raw_of(row))

    assert dict(row) | {"nan": None} == dict(back) | {"nan": None}
    assert repr(row.nan) == repr(back.nan)


# ---------------------------------------------------------------- about how many


def test_the_shares_of_a_walk_add_up_to_the_whole_way(shop: Shop) -> None:
    """Keys with a gap: half of the way has two thirds of the rows."""
    shop.numbers([*range(1, 201), *range(301, 401)])
    source = shop.rows("select id, name from t")
    whole = source.whole()
    parts = list(source.ranges(whole, 100))
    shares = [source.share(part, whole) or 0.0 for part in parts]

    assert [99, 100, 200] == [round(share * 399) for share in shares]
    left = Range(parts[0].upto, whole.upto)
    assert 1 == pytest.approx(sum(source.share(part, left) or 0.0 for part in parts[1:]))


def test_keys_without_distances_have_no_share(shop: Shop) -> None:
    shop.script("create table s (code varchar(9) not null primary key, part integer not null)")
    shop.fill("s", "code part", [("a", 1), ("b", 2)])
    texts = shop.rows("select code, part from s", key="code")
    pairs = shop.rows("select code, part from s", key=("part", "code"))

    assert texts.share(texts.whole(), texts.whole()) is None
    assert pairs.share(pairs.whole(), pairs.whole()) is None
    empty = shop.rows("select code, part from s where part > 5", key="part")
    assert empty.share(empty.whole(), empty.whole()) is None
    assert empty.about(empty.whole()) is None


def test_a_server_expects_about_as_many_rows_as_there_are(server: Shop) -> None:
    server.numbers(range(1, 2_001))
    server.script("analyze t")
    table = server.source(server.database.table("t", key="id"))
    query = server.rows("select id, name from t where id > :low", low=1_000)
    whole = table.whole()
    half = list(table.ranges(whole, 1_000))[1]

    found = [table.about(None), table.about(whole), table.about(half), query.about(None)]

    assert [2_000, 2_000, 1_000, 1_000] == [round(one.records, -2) for one in found if one]
    assert found[3] is not None
    assert found[0] is not None
    assert found[3].spread > found[0].spread, "a condition is guessed"


def test_a_file_has_no_idea_of_how_many_rows_there_are(close: Any, sqlite_url: str) -> None:
    shop = Shop(sqlite_url, close)
    shop.numbers([1, 2])

    assert shop.rows("select id, name from t").about(None) is None
