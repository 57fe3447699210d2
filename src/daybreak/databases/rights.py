"""Which rights a user lacks in a database, all at once, each with the statement that grants it.

Asked of PostgreSQL's catalogue. SQLite has files in place of rights: nothing is missing here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import RightsMissing
from ..model.row import Row
from .session import Session, opened
from .statement import load


def target_rights_missing(session: Session) -> list[Row]:
    """Return the rights that are missing on Daybreak's own tables: `what` and `statement`."""
    if session.dialect != "postgresql":
        return []
    return session.query(load(session.dialect, "target_rights"))


def table_rights_missing(
    url: str, table: str, privileges: Sequence[str], columns: Sequence[str]
) -> list[Row]:
    """Return the rights that are missing on a table, or for making it: `what` and `statement`.

    Args:
        url: The database.
        table: Its name, with its schema if need be.
        privileges: What is needed: INSERT, UPDATE, DELETE, SELECT.
        columns: The columns that are filled: a right to fill each of them will do.
    """
    with opened(url) as session:
        if session.dialect != "postgresql":
            return []
        schema, _, bare = table.rpartition(".")
        return session.query(
            load(session.dialect, "table_rights"),
            schema_name=schema or None,
            table_name=bare,
            privileges=list(privileges),
            columns=list(columns),
        )


def update_rights_missing(url: str, table: str, columns: Sequence[str]) -> list[Row]:
    """Return the rights that are missing for changing a table's rows: `what` and `statement`.

    Args:
        url: The database.
        table: Its name, with its schema if need be.
        columns: The columns that are set: a right to update each of them will do.
    """
    missing = table_rights_missing(url, table, ("UPDATE", "SELECT"), columns)
    with opened(url) as session:
        if session.dialect != "postgresql":
            return []
        return [*missing, *session.query(load(session.dialect, "temporary_right"))]


def temporary_right_missing(url: str) -> list[Row]:
    """Return the right to make temporary tables, if it is missing: `what` and `statement`."""
    with opened(url) as session:
        if session.dialect != "postgresql":
            return []
        return session.query(load(session.dialect, "temporary_right"))


def rights_missing(missing: Iterable[Row], database: str) -> RightsMissing | None:
    """Return the error that names all missing rights and how to grant them; None for none."""
    rows = list(missing)
    if not rows:
        return None
    return RightsMissing(
        f"the user of database {database} lacks {', '.join(row.what for row in rows)}",
        hint="; ".join(row.statement for row in rows),
        database=database,
    )
