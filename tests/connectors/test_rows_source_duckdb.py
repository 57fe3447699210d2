"""What is DuckDB's own in the walk along a key: its types, and what gives several rows for one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from daybreak.connectors.rows_source import RowsSource
from daybreak.errors import CursorTypeError, SchemaMismatch
from tests.connectors.rows_shop import Shop, assert_keys_are_walked, walked

pytestmark = pytest.mark.slow

KEYS: dict[str, tuple[str, list[Any]]] = {
    "huge": ("hugeint", [-(2**100), 0, 2**100]),
    "unsigned": ("ubigint", [0, 2**64 - 1]),
    "date": ("date", [date(1, 1, 1), date(2024, 2, 29), date(9999, 12, 31)]),
    "decimal": ("decimal(30, 5)", [Decimal("-0.5"), Decimal(0), Decimal("1e20") + 1]),
    "instant": ("timestamptz", [datetime(2024, 1, 1, 0, 0, 0, n, UTC) for n in (0, 1, 999_999)]),
    "uuid": ("uuid", [UUID(int=n) for n in (0, 7, 2**64, 2**127, 2**128 - 1)]),
    "enum": ("enum('z', 'a', 'm', 'B')", ["z", "a", "m", "B"]),
}


@pytest.fixture
def shop(duckdb_url: str, close: Callable[[RowsSource], RowsSource]) -> Shop:
    return Shop(duckdb_url, close)


@pytest.mark.parametrize("kind", KEYS)
def test_keys_of_its_own_types(shop: Shop, kind: str) -> None:
    """Enums have the order in which they were declared, also where they are compared."""
    assert_keys_are_walked(shop, *KEYS[kind])


@pytest.mark.parametrize("type_", ["timestamp", "time", "boolean", "float", "interval", "bit"])
def test_what_has_no_exact_place_is_no_key(shop: Shop, type_: str) -> None:
    shop.script(f"create table t (id {type_} not null, n integer)")
    with pytest.raises(CursorTypeError, match=f"(?i)is of type {type_}"):
        shop.rows("select id, n from t")


@pytest.mark.parametrize(
    "sql", ["select id, unnest([1]) as n from t", 'select id, "UNNEST"([1]) as n from t']
)
def test_function_that_gives_several_rows_is_seen(shop: Shop, sql: str) -> None:
    shop.numbers([1, 2])

    assert "the query itself was asked" in shop.rows(sql).said


def test_part_of_a_value_is_no_column_of_its_name(shop: Shop) -> None:
    """The table's own `id` proves nothing of it: the row without one would never be read."""
    shop.script("create table t (id integer primary key, part struct(id integer))")
    shop.script("insert into t values (1, {'id': 7}), (2, null)")

    with pytest.raises(SchemaMismatch, match=r"whose key \(id\) is NULL"):
        shop.rows("select part.id as id from t").whole()


def test_texts_equal_by_their_collation_are_not_lost(shop: Shop) -> None:
    """The index takes `a` and `A` for two keys, each comparison for one: both are in one range."""
    shop.script("create table t (id varchar collate nocase primary key)")
    shop.fill("t", "id", [("B",), ("a",), ("A",), ("b",), ("c",)])

    found = walked(shop.rows("select id from t"), 1)

    assert [{"a", "A"}, {"b", "B"}, {"c"}] == [{row.id for row in chunk} for chunk in found]
