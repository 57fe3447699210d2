"""What a back-fill compares on PostgreSQL, and of which types it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..databases.plain_query import PlainQuery
from ..databases.read_columns import ReadColumn
from ..databases.sqlite import quoted
from ..databases.statement import load


class ColumnType(NamedTuple):
    """The type of a table's column."""

    sql: str
    """As another table is to have it: with its length and its collation."""

    bare: str
    """Without them."""

    is_document: bool
    """Whether it is JSON."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a back-fill compares."""

    table: str
    key: tuple[str, ...]
    set: tuple[str, ...]
    query: str
    binds: Mapping[str, object]
    columns: tuple[ReadColumn, ...]
    """Of the query."""

    types: Mapping[str, ColumnType]
    """By column of the table."""

    plain: PlainQuery | None
    """The query, if the condition can be said of the table's rows alone."""


def types_of(tx: Any, table: str) -> dict[str, ColumnType]:
    """Return the types of a table's columns."""
    found: dict[str, ColumnType] = {}
    for row in tx.query(load("postgresql", "table_types"), table=quoted(table)):
        collation = ""
        if row.collation_name is not None:
            name = f"{_one(row.collation_schema)}.{_one(row.collation_name)}"
            collation = f" collate {name}"
        found[row.name] = ColumnType(f"{row.type}{collation}", row.bare, row.is_document)
    return found


def _one(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
