"""A database with sources over its tables and queries, and what holds of each of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from daybreak import Database, Pipeline
from daybreak.connectors.rows_source import RowsSource
from daybreak.databases.dialect import dialect_of
from daybreak.databases.nodes import RowsRoot
from daybreak.databases.session import opened, transaction
from daybreak.model.cursor import START, decode, encode
from daybreak.model.ranges import breaks


class Shop:
    """A database, and sources over it."""

    def __init__(self, url: str, keep: Callable[[RowsSource], RowsSource]) -> None:
        self.url = url
        self.database = Database(url, name="shop")
        self._keep = keep

    @property
    def kind(self) -> str:
        return dialect_of(self.url).name

    def script(self, sql: str) -> None:
        with opened(self.url) as session:
            session.script(sql)

    def fill(self, table: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
        with opened(self.url) as session, transaction(session):
            session.copy(table, rows, columns.split())

    def numbers(self, numbers: Sequence[int]) -> None:
        self.script("create table t (id integer primary key, name text)")
        self.fill("t", "id name", [(n, f"n{n}") for n in numbers])

    def source(self, pipeline: Pipeline[Any]) -> RowsSource:
        root = pipeline.root
        assert isinstance(root, RowsRoot)
        return self._keep(RowsSource(root))

    def rows(self, sql: str, *args: Any, key: Any = "id", **bind: Any) -> RowsSource:
        return self.source(self.database.rows(sql, *args, key=key, **bind))


def walked(source: RowsSource, chunk: int = 2) -> list[list[Any]]:
    """Walk and read a source; each range closes with the next."""
    whole = source.whole()
    parts = list(source.ranges(whole, chunk))
    assert [] == breaks(whole, parts, source.in_order)
    return [list(source.read(part).values) for part in parts]


def assert_keys_are_walked(shop: Shop, type_: str, keys: Sequence[Any]) -> None:
    """Walk keys of a type, written in another order than that of the database, which is given."""
    shop.script(f"create table t (id {type_} not null primary key, n integer)")
    shop.fill("t", "id n", [(key, 1) for key in reversed(keys)])
    source = shop.rows("select id, n from t")

    found = walked(source)

    assert list(keys) == [row.id for chunk in found for row in chunk]
    assert [2] * (len(keys) // 2) + [1] * (len(keys) % 2) == [len(chunk) for chunk in found]
    assert_cursors_come_back(source, keys)


def assert_cursors_come_back(source: RowsSource, keys: Sequence[Any]) -> None:
    """Every key is a cursor, which comes back as it was; the database sorts them."""
    texts = [encode(key) for key in keys]
    shuffled = random.Random(5).sample(texts, len(texts))
    assert list(keys) == [decode(text) for text in texts]
    assert [type(key) for key in keys] == [type(decode(text)) for text in texts]
    assert [START, *texts] == list(source.in_order([*shuffled, START]))
