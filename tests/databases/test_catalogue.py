"""What a catalogue says of a table is what it says to SQLAlchemy, and a little more exact."""

from __future__ import annotations

from typing import Final

import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.pool import NullPool

from daybreak.databases.catalogue import facts_of
from daybreak.databases.session import opened
from daybreak.databases.table_facts import TableFacts

TABLES: Final = {
    "sqlite": """
        create table "Odd items" (a integer not null, "B b" varchar(9) default 'x',
          c decimal(9, 2) not null, d text not null, e integer as (a * 2) stored, f text not null,
          primary key (a, c), unique (d));
        create unique index one on "Odd items" ("B b", f);
        create unique index partly on "Odd items" (f) where a > 0;
        create unique index computed on "Odd items" (lower(f));
        create index plain on "Odd items" (f)
    """,
    "postgresql": """
        create domain filled as text not null;
        create domain given as filled default 'x';
        create table "Odd items" (a integer not null, "B b" varchar(9) default 'x',
          c numeric(9, 2) not null, d text not null, e integer generated always as (a * 2) stored,
          f text not null, g filled, h given, i bigint generated always as identity, j serial,
          gone integer, primary key (a, c), unique (d) deferrable);
        alter table "Odd items" drop column gone;
        create unique index one on "Odd items" ("B b", f);
        create unique index partly on "Odd items" (f) where a > 0;
        create unique index computed on "Odd items" (lower(f));
        create unique index covering on "Odd items" (g) include (h);
        create index plain on "Odd items" (f);
        create schema other;
        create table other."Odd items" (a integer)
    """,
}


def facts(url: str) -> TableFacts:
    """Make the table of a database, and ask about it."""
    with opened(url) as session:
        session.script(TABLES[session.dialect])
    found = facts_of(url, "Odd items")
    assert found is not None
    return found


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection")
def test_columns_and_keys_are_those_that_sqlalchemy_finds(database_url: str) -> None:
    ours = facts(database_url)

    engine = create_engine(
        database_url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool
    )
    catalogue = inspect(engine)
    columns = catalogue.get_columns("Odd items")
    uniques = {
        frozenset(one["column_names"]) for one in catalogue.get_unique_constraints("Odd items")
    }
    assert tuple(one["name"] for one in columns) == ours.columns
    assert {one["name"] for one in columns if not one["nullable"]} <= ours.not_null
    assert {one["name"] for one in columns if "computed" in one} <= ours.generated
    assert uniques | {frozenset({"a", "c"}), frozenset({"B b", "f"})} <= set(ours.unique)


def test_what_must_be_given_and_what_is_a_key(database_url: str) -> None:
    ours = facts(database_url)
    is_server = database_url.startswith("postgresql")

    keys = {"ac", "d", *("g" * is_server)}
    assert {frozenset({"B b", "f"}), *map(frozenset, keys)} == set(ours.unique)
    assert ("a", "c", "d", "f", *("g" * is_server)) == ours.required
    assert {"e", *("i" * is_server)} == ours.generated
    assert (9, 2) == (ours.details["B b"].length_max, ours.details["c"].scale)
    assert not ours.is_view


def test_a_schema_is_named_before_a_dot(postgres_url: str) -> None:
    facts(postgres_url)

    other = facts_of(postgres_url, "other.Odd items")

    assert other is not None
    assert ("a",) == other.columns


def test_what_is_no_table_has_no_facts(database_url: str) -> None:
    assert facts_of(database_url, "nothing") is None
