"""What is MariaDB's own in an update: its types, its collations, and queries of any shape."""

from __future__ import annotations

import pytest

from daybreak import Database
from daybreak.abc import ChunkWriter, RecordRefused
from daybreak.connectors.update import UpdateSink
from daybreak.databases.nodes import Key, RowsRoot
from daybreak.databases.session import opened
from daybreak.errors import RightsMissing, SchemaMismatch
from daybreak.model.chunk import Written
from daybreak.model.ranges import Range
from tests.execution.house import OF, House
from tests.execution.updating import read, sink_of, written

pytestmark = pytest.mark.slow

TYPES = {
    "tinyint": ("-3", "4"),
    "bigint unsigned": ("18446744073709551615", "18446744073709551614"),
    "decimal(38, 20)": ("1.10000000000000000001", "1.10000000000000000002"),
    "float": ("0.1", "0.2"),
    "double": ("0.1e0 + 0.2e0", "0.3e0"),
    "varchar(20) collate utf8mb4_general_ci": ("'straße'", "'STRASSE'"),
    "varchar(9) collate utf8mb4_general_ci": ("'a'", "'a '"),
    "varchar(9) character set latin1": ("'ä'", "'a'"),
    "text": ("'a''b\"\\'", "'a''b\"'"),
    "char(4)": ("'ab'", "'AB'"),
    "varbinary(9)": ("x'00ff27'", "x'00fe27'"),
    "longblob": ("x'00'", "x'0000'"),
    "date": ("'2026-02-28'", "'2026-03-01'"),
    "time(6)": ("'-12:00:00.000001'", "'-12:00:00'"),
    "datetime(6)": ("'2026-01-01 00:00:00.000001'", "'2026-01-01'"),
    "timestamp(6) null": ("'2026-01-01 00:00:00.000001'", "'2026-01-01'"),
    "year": ("2026", "2027"),
    "bit(9)": ("b'101'", "b'100'"),
    "enum('a', 'A') collate utf8mb4_bin": ("'a'", "'A'"),
    "set('x', 'y')": ("'x,y'", "'x'"),
    "uuid": ("'6f1e2a64-0000-4000-8000-000000000000'", "'6f1e2a64-0000-4000-8000-000000000001'"),
    "inet6": ("'::1'", "'::2'"),
    "json": ("""'{"b":  1, "a": 2}'""", """'{"b":  1, "a": 3}'"""),
    "boolean": ("true", "false"),
}
SHAPES = {
    "every row": "",
    "a condition": " where n is null",
    "a subquery over itself": " where n is null and exists (select 1 from things o where o.c > 0)",
    "a group": " where n is null group by {names}, c",
}


@pytest.fixture
def database_url(mysql_url: str) -> str:
    return mysql_url


def script(house: House, *statements: str) -> None:
    with opened(house.url) as session:
        for statement in statements:
            session.execute(statement)


def test_every_type_is_compared_exactly(house: House, writer: ChunkWriter) -> None:
    """Each column is changed alone, and back; NULL is a value like any other."""
    columns = {f"c{place}": type_ for place, type_ in enumerate(TYPES)}
    spelled = ", ".join(f"{name} {type_}" for name, type_ in columns.items())
    values = ", ".join(one for one, _ in TYPES.values())
    script(
        house,
        f"create table things (id int primary key, n int, {spelled})",
        f"insert into things values (1, null, {values})",  # noqa: S608 - ours
        "insert into things (id) values (2)",
    )
    query = f"select id, {', '.join(columns)} from things"  # noqa: S608 - ours
    sink = sink_of(house, query)
    sink.preflight()
    rows = read(house, query + " order by id")

    assert Written(2) == written(writer, sink, rows, 7)
    for (name, type_), (one, other) in zip(columns.items(), TYPES.values(), strict=True):
        for changed in (other, "null"):
            script(house, f"update things set {name} = {changed} where id = 1")  # noqa: S608 - ours
            assert Written(1, (0,)) == written(writer, sink, rows, 7), (type_, changed)
        script(house, f"update things set {name} = {one} where id = 1")  # noqa: S608 - ours
        assert Written(2) == written(writer, sink, rows, 7), type_


KEYS: dict[str, tuple[str, Key, list[str]]] = {
    "number": ("a bigint primary key", "a", ["-5", "1", "4000000000"]),
    "text": (
        "a varchar(9) collate utf8mb4_unicode_ci primary key",
        "a",
        ["'é'", "'f'", "'ä'", "'Z'", "'日'"],
    ),
    "bytes": ("a varbinary(9) primary key", "a", ["x'00'", "x'27'", "x'ff'"]),
    "uuid": (
        "a uuid primary key",
        "a",
        [f"'{first}0000000-0000-4000-8000-000000000000'" for first in "3f1"],
    ),
    "date": ("a date primary key", "a", ["'2026-01-01'", "'1999-12-31'", "'9999-12-31'"]),
    "decimal": ("a decimal(30, 5) primary key", "a", ["1.5", "-2", "12345678901234567890.1"]),
    "pair": (
        "a varchar(9), b int, primary key (a, b)",
        ("a", "b"),
        ["'x', 2", "'x', 1", "'y', 1", "'W', 5"],
    ),
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_keys_of_any_type_find_their_rows(
    house: House, writer: ChunkWriter, kind: str, shape: str
) -> None:
    columns, key, keys = KEYS[kind]
    names = key if isinstance(key, str) else ", ".join(key)
    rows = ", ".join(f"({one})" for one in keys)
    script(
        house,
        f"create table things ({columns}, n int, c int not null default 1)",
        f"insert into things ({names}) values {rows}",  # noqa: S608 - ours
    )
    query = f"select {names}, c from things{shape.format(names=names)}"  # noqa: S608 - ours
    sink = sink_of(house, query, key)
    sink.preflight()
    found = read(house, f"{query} order by {names}")
    same = " and ".join(f"{name} = :{name}" for name in names.split(", "))
    gone, changed = (dict(zip(names.split(", "), row, strict=False)) for row in found[:2])
    with opened(house.url) as session:
        session.execute(f"delete from things where {same}", **gone)  # noqa: S608 - ours
        session.execute(f"update things set c = 2 where {same}", **changed)  # noqa: S608 - ours

    assert Written(len(keys) - 2, (0, 1)) == written(writer, sink, found, 7)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_key_that_is_written_otherwise_is_another_value(
    house: House, writer: ChunkWriter, shape: str
) -> None:
    """To the server it is the same key: the row is found, and is not what was read."""
    script(
        house,
        "create table things (a varchar(9) collate utf8mb4_general_ci primary key, n int,"
        " c int not null default 1)",
        "insert into things (a) values ('anna'), ('bert')",
    )
    query = f"select a, c from things{shape.format(names='a')}"  # noqa: S608 - ours
    sink = sink_of(house, query, "a")
    rows = read(house, query + " order by a")
    script(house, "update things set a = 'ANNA' where a = 'anna'")

    assert Written(1, (0,)) == written(writer, sink, rows, 7)


def test_a_row_that_the_query_gives_twice_by_now_is_left_alone(
    house: House, writer: ChunkWriter
) -> None:
    script(
        house,
        "create table things (id int primary key, n int)",
        "create table more (id int, m int)",
        "insert into things (id) values (1), (2)",
        "insert into more values (1, 1), (2, 1)",
    )
    query = "select t.id, m.m from things t join more m on m.id = t.id"
    sink = sink_of(house, query)
    rows = read(house, query + " order by t.id")
    script(house, "insert into more values (2, 1)")

    assert Written(1, (1,)) == written(writer, sink, rows, 7)


@pytest.mark.parametrize("value", ["x" * 10, None, "\ud800"], ids=["long", "null", "no text"])
def test_a_value_that_does_not_fit_names_its_record(
    house: House, writer: ChunkWriter, value: object
) -> None:
    """The server counts the rows of one statement, and a chunk takes several."""
    script(house, "create table things (id int primary key, c varchar(9) not null default '')")
    with opened(house.url) as session:
        session.copy("things", [(number,) for number in range(50)], ["id"])
    sink = sink_of(house, "select id from things", column="c")
    rows = read(house, "select id from things order by id")
    changes = list(sink.computed(["fits"] * 50, rows))
    changes[33] = (changes[33][0], value)

    assert writer.begin(OF, Range.of(0, 1))
    with pytest.raises(RecordRefused) as refused:
        sink.write(writer.transaction, changes)
    writer.rollback()

    assert 33 == refused.value.position


@pytest.mark.parametrize("alias", ["given", "known", '"a b"'])
def test_any_alias_may_be_the_query_s_own(house: House, writer: ChunkWriter, alias: str) -> None:
    script(house, "create table things (id int primary key, n int)")
    script(house, "insert into things (id) values (1), (2)")
    query = f"select {alias}.id from things as {alias} where {alias}.n is null and id > :least"  # noqa: S608 - ours
    db = Database(house.url)
    root = db.rows(query, key="id", least=1).root
    assert isinstance(root, RowsRoot)
    sink = UpdateSink(db.update("things", key="id", set={"n": lambda row: row}), root)

    assert Written(1) == written(writer, sink, [(2,)], 7)


def test_a_value_that_is_there_already_is_written(house: House, writer: ChunkWriter) -> None:
    """The server counts a row as found, also if nothing changes in it."""
    script(house, "create table things (id int primary key, n int)")
    script(house, "insert into things values (1, 7), (2, null)")
    sink = sink_of(house, "select id from things")

    assert Written(2) == written(writer, sink, read(house, "select id from things order by id"), 7)


@pytest.mark.parametrize("engine", ["MyISAM", "MEMORY"])
def test_a_table_without_transactions_is_refused(house: House, engine: str) -> None:
    """It has no locks of rows either."""
    script(house, f"create table things (id int primary key, n int) engine = {engine}")

    with pytest.raises(SchemaMismatch, match=f"is kept by {engine}"):
        sink_of(house, "select id from things").preflight()


def test_a_right_that_is_missing_is_known_before_the_step(house: House) -> None:
    """Temporary tables are a right of their own."""
    script(
        house,
        "create table things (id int primary key, n int)",
        "create user reader",
        "grant select, update on things to reader",
    )
    try:
        reader = Database(house.url.replace("root@", "reader@"))
        root = reader.rows("select id from things", key="id").root
        assert isinstance(root, RowsRoot)
        sink = UpdateSink(reader.update("things", key="id", set={"n": lambda row: row}), root)

        with pytest.raises(RightsMissing, match="reader"):
            sink.preflight()
    finally:
        script(house, "drop user reader")


def test_a_trigger_is_named(house: House) -> None:
    script(
        house,
        "create table things (id int primary key, n int)",
        "create trigger touched before update on things for each row set new.n = 1",
        "create trigger filled before insert on things for each row set new.n = 1",
    )

    said = sink_of(house, "select id from things").said

    assert "each row that is updated in things fires: touched" == said
