"""What a database's catalogue says of a table, asked by a statement of each kind of database."""

from __future__ import annotations

import re
from typing import Final

from ..model.row import Row
from .families import FAMILIES
from .session import Session, opened
from .statement import load
from .table_facts import ColumnFacts, TableFacts

_BOUNDS: Final = re.compile(r"\((\d+)(?:, *(\d+))?\)")
"""Of a type, as `varchar(9)`, `numeric(9,2)`, `timestamp(3) with time zone`."""

_MOMENTS: Final = frozenset({"time", "timestamp", "timestamp with time zone"})


def facts_of(url: str, table: str) -> TableFacts | None:
    """Ask the catalogue about a table; None if there is none.

    Raises:
        DatabaseUnreachable: If the database does not answer.
        DatabaseBusy: If it is a file that another process holds.
    """
    schema, _, bare = table.rpartition(".")
    named = {"schema": schema, "table": bare}
    with opened(url) as session:
        columns = session.query(load(session.dialect, "columns"), **named)
        return _facts(session, columns, named) if columns else None


def _facts(session: Session, columns: list[Row], named: dict[str, str]) -> TableFacts:
    keys: dict[int | str, list[str | None]] = {}
    for row in session.query(load(session.dialect, "keys"), **named):
        keys.setdefault(row.key_number, []).append(row.name)
    not_null = frozenset(row.name for row in columns if not row.is_nullable)
    return TableFacts(
        columns=tuple(row.name for row in columns),
        required=tuple(row.name for row in columns if row.name in not_null and not row.is_filled),
        not_null=not_null,
        generated=frozenset(
            row.name for row in columns if row.is_computed or row.is_always_numbered
        ),
        unique=tuple(
            frozenset(name for name in names if name) for names in keys.values() if all(names)
        ),
        details={row.name: _of_column(row, session.dialect) for row in columns},
        is_view=bool(columns[0].is_view),
    )


def _of_column(row: Row, dialect: str) -> ColumnFacts:
    spoken = row.type.lower()
    family = FAMILIES[dialect](row.made_of)
    bounds = _BOUNDS.search(spoken)
    first, second = bounds.groups() if bounds else (None, None)
    scale = first if family in _MOMENTS else second if family == "decimal" else None
    return ColumnFacts(
        type=spoken,
        family=family,
        length_max=int(first) if first and family == "text" else None,
        scale=None if scale is None else int(scale),
        is_computed=bool(row.is_computed),
        is_always_numbered=bool(row.is_always_numbered),
    )
