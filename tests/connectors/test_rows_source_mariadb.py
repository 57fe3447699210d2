"""What is MariaDB's own in the walk along a key: collations, enums, and how it sorts."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from daybreak.connectors.rows_source import RowsSource
from daybreak.databases.session import opened
from daybreak.errors import CursorTypeError, DaybreakError, SchemaMismatch
from daybreak.model.ranges import Range, breaks
from tests.connectors.rows_shop import (
    Shop,
    assert_cursors_come_back,
    assert_keys_are_walked,
    walked,
)

pytestmark = pytest.mark.slow

KEYS: dict[str, tuple[str, list[Any]]] = {
    "unsigned": ("bigint unsigned", [0, 7, 2**64 - 1]),
    "date": ("date", [date(1000, 1, 1), date(2024, 2, 29), date(9999, 12, 31)]),
    "decimal": (
        "decimal(40, 3)",
        [Decimal("-1e30"), Decimal("-0.5"), Decimal(0), Decimal("0.5"), Decimal("2e30") + 1],
    ),
    "binary": ("binary(2)", [b"\x00\x00", b"'\\", b"a\x00", b"\xff\xff"]),
    "latin1": ("varchar(9) character set latin1 collate latin1_bin", ["A", "a", "~", "ä", "ö"]),
    "padded": ("char(3) collate utf8mb4_bin", ["A", "a", "abc"]),
    "year": ("year", [1999, 2024]),
}
COLLATIONS = (
    "utf8mb4_bin",
    "utf8mb4_general_ci",
    "utf8mb4_unicode_ci",
    "utf8mb4_german2_ci",
    "utf8mb4_nopad_bin",
    "utf8mb4_spanish2_ci",
    "latin1_swedish_ci",
)


@pytest.fixture
def shop(mysql_url: str, close: Callable[[RowsSource], RowsSource]) -> Shop:
    return Shop(mysql_url, close)


@pytest.mark.parametrize("kind", KEYS)
def test_keys_of_its_own_types(shop: Shop, kind: str) -> None:
    assert_keys_are_walked(shop, *KEYS[kind])


def test_uuids_have_the_order_of_the_server(shop: Shop, seed: int) -> None:
    """It is not that of their bytes: the server turns parts of them around."""
    chance = random.Random(seed)
    uuids = [UUID(int=chance.getrandbits(128), version=version) for version in (1, 4) * 30]
    shop.script("create table t (id uuid not null primary key)")
    shop.fill("t", "id", [(one,) for one in (UUID(int=0), UUID(int=2**128 - 1), *uuids)])
    with opened(shop.url) as session:
        keys = [row.id for row in session.query("select id from t order by id")]

    source = shop.rows("select id from t")

    assert keys == [row.id for chunk in walked(source, 7) for row in chunk]
    assert_cursors_come_back(source, keys)


@pytest.mark.parametrize("collation", COLLATIONS)
@pytest.mark.parametrize(
    "sql", ["select id, n from t", "select max(id) as id, n from t group by n"]
)
def test_no_text_is_passed_over_in_any_collation(
    shop: Shop, collation: str, sql: str, seed: int
) -> None:
    """What is equal to another key, sorted before it or after it is up to the collation alone."""
    chance = random.Random(seed)
    letters = "aAbBcChHlLsSzäÄßéÉeÜoO 0-_'\\\"%\t"
    letters += "" if collation.startswith("latin1") else "日ŁłæÆ😀İı\u0301"
    shop.script(
        "create table t (n integer not null auto_increment unique,"
        f" id varchar(30) collate {collation} not null primary key)"
    )
    with opened(shop.url) as session:
        for _ in range(150):
            word = "".join(chance.choices(letters, k=chance.randint(0, 4)))
            session.execute("insert ignore into t (id) values (:word)", word=word)
        rows = session.query("select id, n from t order by id")

    source = shop.rows(sql)
    found = [tuple(row.values()) for chunk in walked(source, 7) for row in chunk]

    assert [(row.id, row.n) for row in rows] == found


@pytest.mark.parametrize("parts", [("a", "b", "c"), ("c", "b", "a")], ids=str)
def test_composite_keys_with_few_values_in_front(shop: Shop, parts: tuple[str, ...]) -> None:
    shop.script(
        "create table t (a integer not null, b varchar(9) collate utf8mb4_general_ci not null,"
        " c bigint not null, primary key (a, b, c), unique (c, b, a))"
    )
    shop.fill("t", "a b c", [(a, b, c) for a in (1, 2) for b in "xYz" for c in (-1, 2**40)])
    source = shop.rows("select a, b, c from t where c <> 0", key=parts)

    found = [tuple(row[part] for part in parts) for chunk in walked(source, 5) for row in chunk]

    assert sorted(found, key=_folded) == found
    assert 12 == len(found)
    assert_cursors_come_back(source, found)


def _folded(key: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(part.casefold() if isinstance(part, str) else part for part in key)


@pytest.mark.parametrize(
    "type_",
    ["enum('b', 'a')", "set('b', 'a')", "bit(4)", "float", "datetime(6)", "timestamp", "time"],
)
def test_what_is_sorted_otherwise_than_compared_is_no_key(shop: Shop, type_: str) -> None:
    """Neither is what has no exact text, or does not say which moment it is."""
    shop.script(f"create table t (id {type_} not null primary key, n integer not null)")
    for sql in ("select id, n from t", "select id, max(n) as n from t group by id"):
        with pytest.raises(CursorTypeError, match=f"key id of .* is of type {type_[:3]}"):
            shop.rows(sql)


def test_enum_is_a_key_by_its_number(shop: Shop) -> None:
    shop.script("create table t (mood enum('z', 'a', 'm', 'B') primary key)")
    shop.fill("t", "mood", [("a",), ("B",), ("m",), ("z",)])

    found = walked(shop.rows("select mood + 0 as id, mood from t"), 3)

    assert [["z", "a", "m"], ["B"]] == [[row.mood for row in chunk] for chunk in found]


def test_long_texts_that_begin_alike_are_told_apart(shop: Shop) -> None:
    """By default the server sorts by a thousand bytes: the last key would not be the last."""
    keys = ["é" * 700 + f"{number:03}" for number in range(60)]
    shop.script("create table t (n integer primary key, id varchar(768) collate utf8mb4_bin)")
    shop.fill("t", "n id", list(enumerate(random.Random(1).sample(keys, len(keys)))))
    source = shop.rows("select id from t where id is not null")

    assert keys == [row.id for chunk in walked(source, 7) for row in chunk]


@pytest.mark.parametrize(
    "sql",
    [
        "select `id`, name from t",
        "select id, name from t # of ours",
        "select id, name from t /*! cross join two */",
        "select id, name from t where id = 1--1 union all select id, 'b' from t",
    ],
)
def test_what_is_read_otherwise_there_proves_no_key(shop: Shop, sql: str) -> None:
    """Quotes and comments of its own may hide what gives rows twice."""
    shop.numbers([1, 2])
    shop.script("create table two (n integer)")
    source = shop.rows(sql)

    assert "the query itself was asked" in source.said


def test_table_of_the_same_name_in_small_letters_proves_nothing(shop: Shop) -> None:
    shop.numbers([1])
    shop.script("create table T (id integer)")
    shop.fill("T", "id", [(1,), (None,)])

    with pytest.raises(SchemaMismatch, match=r"whose key \(id\) is NULL"):
        shop.rows("select id from T").whole()


def test_query_that_gives_a_column_twice_is_refused(shop: Shop) -> None:
    shop.numbers([1])
    with pytest.raises(DaybreakError, match="Duplicate column name 'id'"):
        shop.rows("select id, name, 1 as id from t")


def test_query_that_fails_at_a_row_names_what_the_database_said(shop: Shop) -> None:
    shop.numbers([1, 2])
    source = shop.rows("select id, pow(10, id * 300) as x from t")
    with pytest.raises(DaybreakError, match="out of range"):
        source.read(Range.of(None, 2))


def test_row_whose_key_changes_its_letters_is_not_lost(shop: Shop) -> None:
    """The last key is written otherwise when the walk comes to it, and the same to the server."""
    shop.script("create table t (id varchar(9) collate utf8mb4_general_ci not null primary key)")
    shop.fill("t", "id", [("a",), ("b",), ("c",)])
    source = shop.rows("select id from t")
    whole = source.whole()
    shop.script("update t set id = 'C' where id = 'c'")

    parts = list(source.ranges(whole, 1))

    assert [] == breaks(whole, parts, source.in_order)
    assert ["a", "b", "C"] == [row.id for part in parts for row in source.read(part).values]
