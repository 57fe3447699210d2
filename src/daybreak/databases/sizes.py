"""How large the tables are that a transaction has touched, and the cache that they may be in.

A rehearsal is as fast as the tables and indexes that it meets let it be: named, they can be held
against those of production.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .session import Session
from .statement import load

TABLES_MOST = 20


@dataclass(frozen=True, slots=True)
class TableSize:
    """How large one table is; of SQLite the whole file."""

    name: str
    rows_about: int | None
    """As the database's statistics say; None if it has none."""

    bytes: int
    index_bytes: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """The tables of one database that a transaction has read or written, the largest first."""

    database: str
    """Its name in the job."""

    tables: Sequence[TableSize]
    """At most `TABLES_MOST`."""

    bytes: int
    """All of them, with their indexes."""

    cache_bytes: int | None
    """What the server keeps in its own cache; None where there is no server."""


def sizes_touched(session: Session, database: str) -> Sizes:
    """Look at the tables that the session's open transaction holds locks on.

    What the transaction itself has written is counted in the bytes, not in the rows.

    Raises:
        DaybreakError: If the transaction has failed already.
    """
    if session.dialect == "postgresql":
        rows = session.query(load(session.dialect, "sizes_touched"))
        tables = [TableSize(one.name, one.rows_about, one.bytes, one.index_bytes) for one in rows]
        cache_bytes = session.query(load(session.dialect, "cache_size"))[0].bytes
    else:
        one = session.query(load(session.dialect, "file_size"))[0]
        tables, cache_bytes = [TableSize("the file", None, one.bytes, 0)], None
    whole = sum(one.bytes + one.index_bytes for one in tables)
    return Sizes(database, tables[:TABLES_MOST], whole, cache_bytes)
