"""Rows that are spelled by columns are what the driver spells, and what cannot be is left to it."""

from __future__ import annotations

import json
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from psycopg import adapt, postgres
from psycopg._copy_base import format_row_text
from psycopg.adapt import PyFormat
from psycopg.pq import Format

from daybreak.databases import spelling
from daybreak.databases.session import opened
from daybreak.databases.spelling import ROWS_AT_ONCE, array_of, json_of, spelled
from daybreak.errors import DataRefused
from daybreak.model.rows_by_column import RowsByColumn

TEXT_ARRAY = postgres.types["text"].array_oid

VALUES = (
    some.text(some.characters(blacklist_categories=["Cs"], blacklist_characters="\0")),
    some.integers(),
    some.booleans(),
    some.floats(allow_nan=False),
    some.decimals(allow_nan=False),
    some.dates(),
    some.datetimes(),
    some.datetimes(timezones=some.just(UTC)),
    some.uuids(),
)


@some.composite
def tables(draw: some.DrawFn) -> list[tuple[Any, ...]]:
    """Rows of one to four columns, each with values of one type and NULL."""
    kinds = draw(some.lists(some.sampled_from(VALUES), min_size=1, max_size=4))
    row = some.tuples(*(some.none() | kind for kind in kinds))
    return draw(some.lists(row, min_size=1, max_size=6))


@given(tables())
def test_rows_are_spelled_as_the_driver_spells_them(rows: list[tuple[Any, ...]]) -> None:
    transformer = adapt.Transformer()
    expected = bytearray()
    for row in rows:
        format_row_text(row, transformer, expected)

    assert bytes(expected) == b"".join(spelled(rows))
    assert bytes(expected) == b"".join(spelled(RowsByColumn.of(rows, 1)))


COLUMNS = some.one_of(*(some.lists(some.none() | kind, min_size=1) for kind in VALUES))


def spelled_by_the_driver(value: object) -> str | None:
    if value is None:
        return None
    text = adapt.Transformer().get_dumper(value, PyFormat.TEXT).dump(value)
    assert text is not None
    return bytes(text).decode()


@given(COLUMNS)
def test_an_array_holds_what_the_driver_spells(column: list[Any]) -> None:
    spelt = array_of(column)

    assert spelt is not None
    found = adapt.Transformer().get_loader(TEXT_ARRAY, Format.TEXT).load(spelt.encode())
    assert list(map(spelled_by_the_driver, column)) == found


@given(COLUMNS)
def test_a_json_array_holds_what_the_driver_spells(column: list[Any]) -> None:
    spelt = json_of(column)

    assert spelt is not None
    found = [one if one is None else str(one) for one in json.loads(spelt)]
    assert list(map(spelled_by_the_driver, column)) == found


@pytest.mark.parametrize(
    "column",
    [["a\0"], ["\ud800"], [Decimal("sNaN")], [timedelta(1)], [["a"]], [1, True], [10**5000]],
    ids=["NUL", "surrogate", "sNaN", "interval", "list", "two types", "long"],
)
def test_what_cannot_be_said_is_no_array(column: list[Any]) -> None:
    assert array_of(column) is None
    assert json_of(column) is None


@pytest.mark.parametrize(
    "value",
    ["\0", "\ud800", Decimal("sNaN"), timedelta(1), ["a"], 10**5000],
    ids=["NUL", "surrogate", "sNaN", "interval", "list", "long"],
)
def test_what_cannot_be_spelled_ends_before_its_block(
    value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spelling, "ROWS_AT_ONCE", 2)

    assert list(spelled([("a",), ("b",), ("c",), (value,), ("e",)])) == [b"a\nb\n"]


def test_two_types_in_a_column_are_left_to_the_driver() -> None:
    assert list(spelled([(1,), (True,)])) == []


def test_a_row_at_fault_is_named_whoever_spelled_it(postgres_url: str) -> None:
    """The server's word for a line counts all blocks; the driver's begins behind the last one."""
    rows: list[tuple[object, ...]] = [(n, "x") for n in range(ROWS_AT_ONCE + 500)]
    with opened(postgres_url) as session:
        session.script("create table things (id int, name varchar(3))")
        for place, value in ((ROWS_AT_ONCE + 7, "long"), (ROWS_AT_ONCE + 8, "\0"), (3, "\0")):
            bad = [*rows[:place], (place, value), *rows[place + 1 :]]
            with pytest.raises(DataRefused) as refused:
                session.copy("things", bad, ["id", "name"])

            assert refused.value.row == place
        assert session.copy("things", [(1, None)], ["id", "name"]) == 1
        session.copy("things", rows, ["id", "name"])
        assert session.query("select count(*) as n from things")[0].n == len(rows) + 1
