"""What DuckDB's catalogue says of a table."""

from __future__ import annotations

import re
from typing import Final

from ..model.row import Row
from .families import Family, family_declared
from .session import Session, opened
from .statement import load
from .table_facts import ColumnFacts, TableFacts

_ZONED: Final = "TIMESTAMP WITH TIME ZONE"
_SCALE: Final = re.compile(r"DECIMAL\(\d+,\s*(\d+)\)")


def facts_of_duckdb(url: str, table: str) -> TableFacts | None:
    """Ask the catalogue about a table; None if there is none.

    Raises:
        DatabaseUnreachable, DatabaseBusy: If the file cannot be opened.
    """
    schema, _, bare = table.rpartition(".")
    named = {"schema": schema or "main", "table": bare}
    with opened(url) as session:
        columns = session.query(load(session.dialect, "columns"), **named)
        return _facts(session, columns, named) if columns else None


def _facts(session: Session, columns: list[Row], named: dict[str, str]) -> TableFacts:
    keys = session.query(load(session.dialect, "keys"), **named)
    not_null = frozenset(row.name for row in columns if not row.is_nullable)
    computed = frozenset(row.name for row in columns if row.is_generated)
    return TableFacts(
        columns=tuple(row.name for row in columns),
        required=tuple(
            row.name
            for row in columns
            if row.name in not_null - computed and row.column_default is None
        ),
        not_null=not_null,
        generated=computed,
        unique=tuple(frozenset(row.columns) for row in keys),
        details={row.name: _of_column(row) for row in columns},
        is_view=bool(columns[0].is_view),
    )


def _of_column(row: Row) -> ColumnFacts:
    scale = _SCALE.match(row.type)
    return ColumnFacts(
        type=row.type.lower(),
        family=_family(row.type),
        scale=int(scale[1]) if scale else None,
        is_computed=bool(row.is_generated),
    )


def _family(spoken: str) -> Family:
    if spoken.endswith("]"):
        return "array"
    if spoken.startswith(("STRUCT", "MAP", "UNION")):
        return "other"
    if spoken == _ZONED:
        return "timestamp with time zone"
    if spoken.startswith("ENUM"):
        return "enum"
    if spoken == "INTERVAL":
        return "interval"
    return family_declared(spoken)
