"""A value arrives in its column as what it is, or costs its record; it is never bent."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pydantic
import pytest

from daybreak import Database
from daybreak.abc import RecordRefused
from daybreak.connectors.upsert_table import sink_of_table
from daybreak.databases.nodes import Mode
from daybreak.databases.session import connect, opened, transaction
from daybreak.databases.transaction import OpenTransaction
from daybreak.errors import DataRefused, DefinitionError, SchemaMismatch

pytestmark = pytest.mark.slow_on_postgresql


class Colour(Enum):
    RED = "r"


class Level(int, Enum):
    LOW = 1


NOW = datetime(2026, 3, 4, 5, 6, 7, 890, tzinfo=UTC)
NAIVE = NOW.replace(tzinfo=None)
ID = UUID("12345678-1234-5678-1234-567812345678")
SAME = object()

PASS: list[tuple[Any, Any, str, Any, str, Any]] = [
    (bytes, b"\0\xff", "blob", SAME, "bytea", SAME),
    (UUID, ID, "text", str(ID), "uuid", SAME),
    (Decimal, Decimal("1.10"), "text", "1.10", "numeric", SAME),
    (datetime, NOW, "text", NOW.isoformat(), "timestamptz", SAME),
    (datetime, NAIVE, "timestamp", NAIVE.isoformat(), "timestamp", SAME),
    (date, date(2026, 3, 4), "date", "2026-03-04", "date", SAME),
    (time, time(5, 6), "time", "05:06:00", "time", SAME),
    (timedelta, timedelta(days=1, seconds=2), "", None, "interval", SAME),
    (Colour, Colour.RED, "text", "r", "text", "r"),
    (Level, Level.LOW, "integer", 1, "integer", 1),
    (list[int], [1, 2], "json", "[1, 2]", "integer[]", SAME),
    (list[int], [1, 2], "", None, "jsonb", SAME),
    (dict[str, Any], {"a": [None, "ü"]}, "json", '{"a": [null, "ü"]}', "jsonb", SAME),
    (str, '{"a": 1}', "json", SAME, "json", {"a": 1}),
    (dict[str, Any] | None, None, "json", None, "jsonb", None),
    (str, "a\0b", "text", SAME, "", None),
    (str, "日\t\\N\n", "text", SAME, "text", SAME),
    (float, float("inf"), "real", SAME, "double precision", SAME),
]
"""Type, value, then of SQLite and of PostgreSQL the column and what is read from it."""

REFUSED: list[tuple[Any, Any, str, str, str]] = [
    (str, "a\0b", "", "text", "cannot contain NUL"),
    (str, "\ud800", "text", "text", "surrogates not allowed"),
    (datetime, NOW, "", "timestamp", "column x0 has no time zone"),
    (dict[str, Any], {"a": "\0"}, "", "jsonb", "unsupported Unicode escape sequence"),
    (dict[str, Any], {"a": {1, 2}}, "json", "jsonb", "cannot hold it as JSON"),
    (Any, {"a": 1}, "text", "text", "dict"),
    (Any, object(), "text", "text", "object"),
    (int, 2**70, "integer", "bigint", "too large|out of range"),
]


def written(url: str, kinds: list[Any], columns: list[str], values: list[Any], mode: Mode) -> Any:
    """Write a record behind one that is all NULL, and read it again."""
    names = [f"x{number}" for number in range(len(values))]
    model = pydantic.create_model(  # type: ignore[call-overload]
        "Item",
        id=(int, ...),
        **{name: (kind, None) for name, kind in zip(names, kinds, strict=True)},
    )
    declared = ", ".join(map(" ".join, zip(names, columns, strict=True)))
    with opened(url) as session:
        session.script(
            f"drop table if exists items;create table items (id integer primary key, {declared});"
        )
    sink = sink_of_table(Database(url).table("items", model, key="id", mode=mode))
    sink.preflight()
    fields = dict(zip(names, values, strict=True))
    session = connect(url)
    try:
        with transaction(session):
            tx = OpenTransaction(session)
            sink.write(tx, [model(id=1), model.model_construct(id=2, **fields)])
        row = session.query("select * from items where id = 2")[0]
        return [row[name] for name in names]
    finally:
        session.close()


@pytest.fixture(params=["insert", "upsert"])
def mode(request: pytest.FixtureRequest) -> Mode:
    return request.param  # type: ignore[no-any-return]


def number_of(url: str) -> int:
    return int(url.startswith("postgresql"))


def test_a_value_arrives_as_what_it_is(database_url: str, mode: Mode) -> None:
    at = 2 * number_of(database_url)
    cases = [(kind, value, *rest[at : at + 2]) for kind, value, *rest in PASS if rest[at]]
    kinds, values, columns, expected = map(list, zip(*cases, strict=True))

    found = written(database_url, kinds, columns, values, mode)

    wanted = [v if other is SAME else other for v, other in zip(values, expected, strict=True)]
    assert wanted == found


def test_a_value_that_cannot_arrive_costs_its_record(database_url: str, mode: Mode) -> None:
    for kind, value, *columns, said in REFUSED:
        column = columns[number_of(database_url)]
        if not column:
            continue
        with pytest.raises(RecordRefused) as caught:
            written(database_url, [kind], [column], [value], mode)

        assert 1 == caught.value.position, column
        assert isinstance(caught.value.cause, DataRefused)
        assert re.search(said, str(caught.value.cause)), (said, str(caught.value.cause))


def test_mappings_without_a_model_are_held_against_the_table(database_url: str, mode: Mode) -> None:
    with opened(database_url) as session:
        session.script("create table items (id integer primary key, x json)")
    sink = sink_of_table(Database(database_url).table("items", key="id", mode=mode))
    sink.preflight()
    session = connect(database_url)
    try:
        with transaction(session):
            tx = OpenTransaction(session)
            with pytest.raises(SchemaMismatch, match="no value for x of table items"):
                sink.write(tx, [{"id": 1, "y": 2}])
            with pytest.raises(RecordRefused, match="no value for column 'x'"):
                sink.write(tx, [{"id": 1, "x": {}}, {"id": 2}])
            sink.write(tx, [{"id": 1, "x": {"a": 1}}, {"id": 2, "x": None}])
        found = session.query("select x from items order by id")
    finally:
        session.close()

    first = found[0].x
    assert {"a": 1} == (json.loads(first) if isinstance(first, str) else first)
    assert found[1].x is None


def test_only_append_needs_no_key() -> None:
    database = Database("sqlite://")

    assert () == database.table("items", mode="append").key
    with pytest.raises(DefinitionError, match="needs a key for mode 'upsert'"):
        database.table("items", mode="upsert")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    with pytest.raises(DefinitionError, match="expected a mode of 'insert', 'upsert'"):
        database.table("items", key="id", mode="merge")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
