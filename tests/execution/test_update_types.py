"""Whatever a column holds, PostgreSQL takes it for what was read, and a change for a change."""

from __future__ import annotations

import pytest

from daybreak.abc import ChunkWriter
from daybreak.databases.nodes import Key
from daybreak.databases.session import opened
from daybreak.errors import SchemaMismatch
from daybreak.model.chunk import Written
from tests.execution.house import House
from tests.execution.updating import read, sink_of, written

pytestmark = pytest.mark.slow

TYPES = {
    "bool": ("true", "false"),
    "smallint": ("-3", "4"),
    "bigint": ("9007199254740993", "9007199254740992"),
    "numeric": ("1.10000000000000000001", "1.10000000000000000002"),
    "numeric(9, 2)": ("-0.50", "0.50"),
    "real": ("0.1", "0.2"),
    "double precision": ("0.1::float8 + 0.2", "0.3"),
    "text": (r"E'a\tb\\ ü\n'", r"E'a\tb\\ Ü\n'"),
    'text collate "C"': ("'a'", "'A'"),
    "varchar(9)": ("''", "' '"),
    "char(4)": ("'ab'", "'ba'"),
    "bytea": (r"'\x00ff'", r"'\x00fe'"),
    "date": ("'2026-02-28'", "'2026-03-01'"),
    "time": ("'23:59:59.999999'", "'00:00'"),
    "timestamp": ("'2026-01-01 00:00:00.000001'", "'2026-01-01'"),
    "timestamptz": ("'2026-01-01 00:00:00.000001+09'", "'2026-01-01 00:00:00+09'"),
    "uuid": ("'6f1e2a64-0000-4000-8000-000000000000'", "'6f1e2a64-0000-4000-8000-000000000001'"),
    "jsonb": ("""'{"b": [1, null], "a": "x"}'""", """'{"b": [1, 2], "a": "x"}'"""),
    "json": ("""'{"b":  1, "a": 2}'""", """'{"b": 1, "a": 3}'"""),
    "integer[]": ("'{1,null,3}'", "'{1,2,3}'"),
    "text[]": ("'{a,\"b,c\"}'", "'{a,b,c}'"),
    "inet": ("'10.0.0.1/8'", "'10.0.0.1'"),
    "mood": ("'glad'", "'sad'"),
    "natural_number": ("3", "4"),
}
KINDS = """
create type mood as enum ('sad', 'glad');
create domain natural_number as int check (value > 0);
"""


@pytest.fixture
def database_url(postgres_url: str) -> str:
    return postgres_url


def test_every_type_is_compared_exactly(house: House, writer: ChunkWriter) -> None:
    """Each column is changed alone, and back; NULL is a value like any other."""
    columns = {f"c{place}": type_ for place, type_ in enumerate(TYPES)}
    spelled = ", ".join(f"{name} {type_}" for name, type_ in columns.items())
    values = ", ".join(one for one, _ in TYPES.values())
    with opened(house.url) as session:
        session.script(KINDS)
        session.script(f"create table things (id int primary key, n int, {spelled})")
        session.script(f"insert into things select 1, null, {values}")
        session.script("insert into things (id) values (2)")
    names = ", ".join(columns)
    query = f"select id, {names} from things order by id"  # noqa: S608 - ours
    plain = query.removesuffix(" order by id")
    sink = sink_of(house, plain)
    sink.preflight()
    rows = read(house, query)

    assert Written(2) == written(writer, sink, rows, 7)
    for (name, type_), (one, other) in zip(columns.items(), TYPES.values(), strict=True):
        for changed in (other, "null"):
            with opened(house.url) as session:
                session.script(f"update things set {name} = {changed} where id = 1")  # noqa: S608 - ours
            assert Written(1, (0,)) == written(writer, sink, rows, 7), (type_, changed)
        with opened(house.url) as session:
            session.script(f"update things set {name} = {one} where id = 1")  # noqa: S608 - ours
        assert Written(2) == written(writer, sink, rows, 7), type_


@pytest.mark.parametrize("type_", ["interval", "point", "xml"])
def test_what_cannot_be_compared_is_refused_and_can_be_read_as_text(
    house: House, writer: ChunkWriter, type_: str
) -> None:
    with opened(house.url) as session:
        session.script(f"create table things (id int primary key, n int, c {type_})")
        session.script("insert into things values (1, null, null)")

    with pytest.raises(SchemaMismatch, match=f"column c of type {type_} cannot be compared"):
        sink_of(house, "select id, c from things").preflight()
    query = "select id, c::text as c from things"
    sink = sink_of(house, query)
    sink.preflight()

    assert Written(1) == written(writer, sink, read(house, query), 7)


@pytest.mark.parametrize(
    ("type_", "value"),
    [("json", {"a": [1]}), ("jsonb", [1, None]), ("text[]", ["a", None]), ("numeric(4, 1)", 1.25)],
)
def test_new_values_take_the_type_of_their_column(
    house: House, writer: ChunkWriter, type_: str, value: object
) -> None:
    with opened(house.url) as session:
        session.script(f"create table things (id int primary key, n {type_})")
        session.script("insert into things values (1, null)")
    query = "select id from things"
    sink = sink_of(house, query)
    sink.preflight()

    assert Written(1) == written(writer, sink, read(house, query), value)


KEYS: dict[str, tuple[str, Key, list[str]]] = {
    "text": ("a text primary key", "a", ["'é'", "'e'", "'E'", "'ä'", "'z'"]),
    "uuid": (
        "a uuid primary key",
        "a",
        [f"'{first}0000000-0000-4000-8000-000000000000'" for first in "3f1"],
    ),
    "pair": (
        "a text, b int, primary key (a, b)", ("a", "b"), ["'x', 2", "'x', 1", "'y', 1", "'X', 5"]
    ),
    "numeric": ("a numeric primary key", "a", ["1.5", "-2", "10"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("where", ["", " where n is null", " where n is null and exists (select)"])
def test_keys_of_any_type_find_their_rows(
    house: House, writer: ChunkWriter, kind: str, where: str
) -> None:
    columns, key, keys = KEYS[kind]
    names = key if isinstance(key, str) else ", ".join(key)
    with opened(house.url) as session:
        session.script(f"create table things ({columns}, n int)")
        rows = ", ".join(f"({one})" for one in keys)
        session.script(f"insert into things ({names}) values {rows}")  # noqa: S608 - ours
    query = f"select {names} from things{where}"  # noqa: S608 - ours
    sink = sink_of(house, query, key)
    sink.preflight()
    found = read(house, f"{query} order by {names}")
    gone = found[1]
    with opened(house.url) as session:
        same = " and ".join(f"{name} = :{name}" for name in names.split(", "))
        bind = dict(zip(names.split(", "), gone, strict=True))
        session.execute(f"delete from things where {same}", **bind)  # noqa: S608 - ours

    assert Written(len(keys) - 1, (1,)) == written(writer, sink, found, 7)
