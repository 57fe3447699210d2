"""The keys of a table, for those who compare others with them: all of them, or of some values.

All are streamed, so that a table of any size takes no memory. Whether a value is one of them the
database itself is asked: it alone knows what is equal to it (blanks at the end, letters of two
cases, text for a number).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, cast

from ..abc import Transaction
from ..errors import DefinitionError, SinkError, TransientError
from .catalogue import facts_of
from .database import Database
from .dialect import RULES, dialect_of
from .rules import Asking, Rule
from .session import Session
from .sqlite import quoted
from .sqlite_errors import ours

STREAMED_ROWS: Final = 10_000
"""Rows that are fetched at once."""


class KeysOfTable:
    """Columns of one table.

    Raises:
        DefinitionError: If there is no such table, it lacks a column, or its kind of database is
            not asked.
        DatabaseUnreachable: If the database does not answer.
    """

    def __init__(self, database: Database, table: str, columns: Sequence[str]) -> None:
        self._database = database
        self._table = table
        self._columns = tuple(columns)
        self._types: tuple[str, ...] | None = None
        dialect_of(database.url).refuse(RULES, f"table {table} of {database.name}")
        facts = facts_of(database.url, table)
        if facts is None:
            raise DefinitionError(
                f"table {table} does not exist in {database.name}",
                hint="name the table that holds what the column refers to",
            )
        if missing := [one for one in columns if one not in facts.columns]:
            raise DefinitionError(
                f"table {table} has no column {', '.join(missing)}",
                hint=f"it has: {', '.join(facts.columns)}",
            )

    def stream(self) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the values of the columns, as the driver gives them, some rows at a time.

        One statement reads them all: what is committed meanwhile is not seen.
        """
        names = ", ".join(map(quoted, self._columns))
        sql = f"select {names} from {quoted(self._table)}"  # noqa: S608 - quoted names
        with self._opened() as session:
            if session.dialect == "sqlite":
                yield from _streamed_by_sqlite(session.connection, sql, self._database.name)
                return
            session.begin()
            session.execute(f"declare daybreak_keys no scroll cursor for {sql}")
            fetch = f"fetch forward {STREAMED_ROWS} from daybreak_keys"
            while found := session.query(fetch):
                yield [tuple(row.values()) for row in found]

    def missing(self, keys: Sequence[tuple[Any, ...]]) -> set[int]:
        """Return the places of those keys that no row has, by the database's own word.

        Args:
            keys: Without NULL. What cannot be a value of the columns at all is missing.
        """
        with self._opened() as session:
            try:
                return self._asked(session, keys)
            except TransientError:
                raise
            except SinkError:  # one of them is no number, no date, …
                return {place for place, key in enumerate(keys) if self._is_missing(session, key)}

    def _is_missing(self, session: Session, key: tuple[Any, ...]) -> bool:
        try:
            return bool(self._asked(session, [key]))
        except TransientError:
            raise
        except SinkError:
            return True

    def _asked(self, session: Session, keys: Sequence[tuple[Any, ...]]) -> set[int]:
        rule = Rule(
            kind="foreign key",
            columns=self._columns,
            types=self._types_by(session),
            parent=quoted(self._table),
            parent_columns=self._columns,
        )
        values = dict(zip(self._columns, zip(*keys, strict=True), strict=True))
        tx = cast("Transaction", session)  # it is only asked
        return Asking(tx, self._table, session.dialect, values).broken(rule)

    def _types_by(self, session: Session) -> tuple[str, ...]:
        """Return the columns' types on PostgreSQL, whose values have to be cast."""
        if session.dialect == "sqlite":
            return ()
        if self._types is None:
            rows = session.query(
                "select attname::text as name, format_type(atttypid, -1) as type"
                " from pg_attribute where attrelid = to_regclass(:table)::oid and attnum > 0",
                table=quoted(self._table),
            )
            by_name = {row["name"]: row["type"] for row in rows}
            self._types = tuple(by_name[one] for one in self._columns)
        return self._types

    @contextmanager
    def _opened(self) -> Iterator[Session]:
        session = self._database.session()
        try:
            yield session
        finally:
            session.close()


def _streamed_by_sqlite(
    connection: sqlite3.Connection, sql: str, name: str
) -> Iterator[list[tuple[Any, ...]]]:
    try:
        cursor = connection.execute(sql)
        while rows := cursor.fetchmany(STREAMED_ROWS):
            yield rows
    except sqlite3.Error as error:
        raise ours(error, sql, name) from error
