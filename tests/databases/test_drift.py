"""What a table cannot hold is found before the load, all of it at once, with a way out for each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import psycopg
import pydantic
import pytest

from daybreak import Database
from daybreak.connectors.upsert_table import sink_of_table
from daybreak.databases.catalogue import facts_of
from daybreak.databases.drift import drift
from daybreak.databases.nodes import Mode
from daybreak.databases.session import opened
from daybreak.errors import RightsMissing, SchemaMismatch


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(Enum):
    LOW = 1


Short = Annotated[str, pydantic.Field(max_length=9)]
Exact = Annotated[Decimal, pydantic.Field(decimal_places=4)]

HELD: list[tuple[Any, str, str]] = [
    (bool, "boolean", "boolean"),
    (bool, "integer", ""),
    (int, "integer", "bigint"),
    (int, "numeric", "numeric(20)"),
    (int, "text", "text"),
    (float, "real", "double precision"),
    (Decimal, "text", "numeric"),
    (Decimal, "decimal(9, 2)", "numeric(9, 2)"),
    (str, "text", "text"),
    (str, "varchar(3)", "varchar(3)"),
    (Short, "varchar(9)", "varchar(9)"),
    (str, "blob", "uuid"),
    (str, "date", "inet"),
    (bytes, "blob", "bytea"),
    (date, "date", "date"),
    (date, "text", "timestamp"),
    (time, "time", "time"),
    (datetime, "timestamp", "timestamptz"),
    (datetime, "text", "timestamp"),
    (datetime, "timestamptz", ""),
    (Decimal, "money", ""),
    (pydantic.AwareDatetime, "timestamp", "timestamptz"),
    (pydantic.NaiveDatetime, "timestamp", "timestamp"),
    (timedelta, "", "interval"),
    (UUID, "text", "uuid"),
    (list[int], "json", "integer[]"),
    (dict[str, int], "json", "jsonb"),
    (list[int], "", "json"),
    (Colour, "text", "text"),
    (Colour, "", "mood"),
    (Level, "integer", "integer"),
    (Literal["a", "b"], "text", "text"),
    (int | str, "integer", "text"),
    (str | None, "text", "text"),
    (int, "", "positive"),
]
"""A type of the model, and the columns of SQLite and PostgreSQL that hold it; empty for none."""

NOT_HELD: list[tuple[Any, str, str]] = [
    (str, "integer", "integer"),
    (str, "real", "numeric"),
    (str, "boolean", "boolean"),
    (str, "", "date"),
    (str, "", "bytea"),
    (int, "real", "double precision"),
    (int, "", "boolean"),
    (bool, "", "integer"),
    (float, "integer", "integer"),
    (Decimal, "real", "real"),
    (Decimal, "integer", "bigint"),
    (Exact, "decimal(9, 2)", "numeric(9, 2)"),
    (bytes, "integer", "text"),
    (Short, "varchar(5)", "varchar(5)"),
    (date, "integer", "timestamptz"),
    (datetime, "integer", "date"),
    (pydantic.AwareDatetime, "", "timestamp"),
    (pydantic.NaiveDatetime, "", "timestamptz"),
    (timedelta, "text", "text"),
    (UUID, "integer", "bigint"),
    (list[int], "text", "text"),
    (dict[str, int], "text", "text"),
    (Colour, "integer", "integer"),
    (Level, "real", "boolean"),
    (int, "", "name_domain"),
]
"""The same for columns that do not."""

TYPES = (
    "create type mood as enum ('red', 'blue'); create domain positive as integer check (value > 0);"
    "create domain name_domain as boolean;"
)


def found(url: str, of: list[tuple[Any, str, str]]) -> tuple[int, list[str]]:
    """Hold a table of all these columns against a model; return how many they are, and what."""
    number = 2 if url.startswith("postgresql") else 1
    cases = [(f"x{place}_", case[0], case[number]) for place, case in enumerate(of) if case[number]]
    with opened(url) as session:
        if session.dialect == "postgresql":
            session.script(TYPES)
        declared = ", ".join(f"{name} {column}" for name, _, column in cases)
        session.script(f"create table items (id integer primary key, {declared})")
    fields: dict[str, Any] = {name: (kind, ...) for name, kind, _ in cases}
    model = pydantic.create_model("Item", id=(int, ...), **fields)
    table = Database(url).table("items", model, key="id")
    facts = facts_of(url, "items")
    assert facts is not None
    said = [one.said for one in drift(table, facts, url.partition(":")[0])]
    return len(cases), [one.partition("column ")[2].partition("_")[0] for one in said]


def test_what_a_column_holds_is_no_finding(database_url: str) -> None:
    count, names = found(database_url, HELD)

    assert (True, []) == (count > 20, names)


def test_what_a_column_does_not_hold_is_found(database_url: str) -> None:
    count, names = found(database_url, NOT_HELD)

    at = 2 if database_url.startswith("postgresql") else 1
    wanted = [f"x{place}" for place, case in enumerate(NOT_HELD) if case[at]]
    assert (True, wanted) == (count > 10, names)


@dataclass(frozen=True)
class Order:
    id: int
    amount: Decimal
    note: str
    extra: str


def refusal(url: str, *, mode: Mode = "insert", model: type[Any] | None = Order) -> SchemaMismatch:
    database = Database(url, name="shop")
    table = (
        database.table("orders", key="id", mode=mode)
        if model is None
        else database.table("orders", model, key="id", mode=mode)
    )
    with pytest.raises(SchemaMismatch) as caught:
        sink_of_table(table).preflight()
    return caught.value


def test_all_findings_come_at_once_with_their_ways_out(database_url: str) -> None:
    with opened(database_url) as session:
        session.script(
            "create table orders (id integer, amount real, note integer, price integer not null)"
        )

    error = refusal(database_url)

    assert "in 5 ways" in str(error)
    for said in (
        "table orders has no column extra",
        "wants a value for price",
        "(id) is no unique key",
        "cannot hold a Decimal in column amount, which is real",
        "cannot hold a str in column note, which is integer",
    ):
        assert said in str(error)
    for way_out in ("leave the field out", "give the column a default", "make the column numeric"):
        assert way_out in error.hint


def test_a_view_is_named_as_one(database_url: str) -> None:
    with opened(database_url) as session:
        session.script(
            "create table t (id integer primary key, amount text, note text, extra text);"
            "create view orders as select * from t;"
        )

    assert "orders is a view" in str(refusal(database_url))


def test_a_column_that_the_database_computes_takes_no_value(database_url: str) -> None:
    with opened(database_url) as session:
        session.script(
            "create table orders (id integer primary key, amount numeric, note text,"
            " extra text generated always as (note || 'x') stored)"
        )

    assert "table orders computes column extra itself" == str(refusal(database_url))


def test_without_a_model_what_is_computed_is_not_filled(database_url: str) -> None:
    with opened(database_url) as session:
        session.script(
            "create table orders (id integer primary key, note text,"
            " extra text generated always as (note || 'x') stored)"
        )
    sink = sink_of_table(Database(database_url).table("orders", key="id"))

    sink.preflight()

    assert ["id", "note"] == sink.facts()["columns"]


def test_a_column_that_is_always_numbered_is_found(postgres_url: str) -> None:
    with opened(postgres_url) as session:
        session.script(
            "create table orders (id integer generated always as identity primary key,"
            " amount numeric, note text, extra text)"
        )

    assert "numbers column id itself, always" in str(refusal(postgres_url))


def test_a_table_in_parts_is_as_good_as_any(postgres_url: str) -> None:
    with opened(postgres_url) as session:
        session.script(
            "create table orders (id integer primary key, amount numeric, note text, extra text)"
            " partition by range (id); create table p partition of orders default;"
        )
    for mode in ("insert", "upsert", "append"):
        sink_of_table(
            Database(postgres_url).table("orders", Order, key="id", mode=mode)
        ).preflight()


def test_an_upsert_needs_a_key_that_is_checked_at_once(postgres_url: str) -> None:
    """PostgreSQL cannot write over rows by a constraint that may be broken until COMMIT."""
    with opened(postgres_url) as session:
        session.script(
            "create table orders (id integer primary key deferrable, amount numeric, note text,"
            " extra text)"
        )
    sink_of_table(Database(postgres_url).table("orders", Order, key="id")).preflight()

    error = refusal(postgres_url, mode="upsert")

    assert "cannot be written over by (id)" in str(error)
    assert "not deferrable" in error.hint


def test_append_asks_for_no_key(database_url: str) -> None:
    with opened(database_url) as session:
        session.script("create table orders (id integer, amount text, note text, extra text)")
    database = Database(database_url)

    sink_of_table(database.table("orders", Order, mode="append")).preflight()
    sink_of_table(database.table("orders", mode="append")).preflight()


@pytest.fixture
def limited(postgres_url: str) -> Iterator[str]:
    """Give the URL of a user who may connect, and no more."""
    user = f"limited_{os.getpid()}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"create role {user} login".encode())
        name = admin.info.dbname
        admin.execute(f"revoke temporary on database {name} from public".encode())
        yield postgres_url.replace("postgres@", f"{user}@")
        admin.execute(f"drop owned by {user}; drop role {user}".encode())


def test_the_user_of_an_upsert_must_be_allowed_to_change_rows(
    postgres_url: str, limited: str
) -> None:
    with opened(postgres_url) as session:
        session.script(
            "create table orders (id integer primary key, amount numeric, note text, extra text);"
            f"grant insert, select on orders to limited_{os.getpid()}"
        )
    sink = sink_of_table(Database(limited).table("orders", Order, key="id", mode="upsert"))

    with pytest.raises(RightsMissing) as caught:
        sink.preflight()

    assert "lacks UPDATE on table orders, TEMPORARY on database" in str(caught.value)
    assert "grant temporary on database" in caught.value.hint
