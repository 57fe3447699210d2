"""`daybreak target init` makes Daybreak's tables, or shows how somebody else can."""

from __future__ import annotations

from pathlib import Path

from daybreak.databases.session import opened
from tests.cli.conftest import Type

COUNT = "select count(*) as found from {}markers"


def spelled(url: str) -> str:
    return COUNT.format("daybreak_" if url.startswith("sqlite") else "daybreak.")


def test_the_tables_are_made_once(type_in: Type, database_url: str) -> None:
    words = f"target init --database {database_url}"

    assert [0, 0] == [type_in(words).status, type_in(words).status]
    with opened(database_url) as session:
        assert 0 == session.query(spelled(database_url))[0].found


def test_what_is_printed_makes_the_tables(type_in: Type, database_url: str) -> None:
    ended = type_in(f"target init --print --database {database_url}")

    with opened(database_url) as session:
        session.script(ended.out)
        assert 0 == session.query(spelled(database_url))[0].found


def test_printing_asks_no_database(type_in: Type) -> None:
    ended = type_in("target init --print --database postgresql://nobody@192.0.2.1/nothing")

    assert (0, True) == (ended.status, "create schema if not exists daybreak" in ended.out)


def test_a_relative_file_starts_at_the_current_folder(type_in: Type, shop: Path) -> None:
    ended = type_in("target init --database sqlite:///here.db")

    assert 0 == ended.status, ended.text
    assert (shop / "here.db").is_file()


def test_something_else_than_a_database_is_wrong_usage(type_in: Type) -> None:
    ended = type_in("target init --database ftp://shop")

    assert 2 == ended.status
    assert "no such kind of database: 'ftp'" in ended.err
