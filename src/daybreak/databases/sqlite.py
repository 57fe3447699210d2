"""SQLite: its session, its traps.

One writer at a time. The journal mode is one that loses no acknowledged commit at power loss: a
file in WAL mode stays so with synchronous=FULL, any other is written in TRUNCATE/FULL (Python's
default, DELETE/FULL, loses commits; WAL has a reset race in 3.7.0 to 3.51.2, so we never switch a
file to it).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from operator import length_hint
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from ..errors import DatabaseBusy, DatabaseUnreachable, DataRefused
from ..model.row import Row
from .deferred_keys import DeferredKeys
from .precedence import going_first, let_pass
from .sqlite_errors import ours
from .statement import check_binds
from .url import Url

SOON_S: Final = 0.1
"""Who has not begun after this time goes before all others."""

_PLAIN: Final = frozenset({int, float, str, bytes, type(None)})
_REFUSED_IN_TRANSACTION: Final = frozenset(
    {
        sqlite3.SQLITE_TRANSACTION,
        sqlite3.SQLITE_SAVEPOINT,
        sqlite3.SQLITE_ATTACH,
        sqlite3.SQLITE_DETACH,
    }
)


def plain(value: Any) -> Any:
    """Return a value as SQLite stores it: exact text for what it has no type for."""
    if type(value) in _PLAIN:
        return value
    match value:
        case Enum():
            return plain(value.value)
        case bool():
            return int(value)
        case Decimal() | UUID() | Path():
            return str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return value


def _authorize(action: int, *_details: object) -> int:
    return sqlite3.SQLITE_DENY if action in _REFUSED_IN_TRANSACTION else sqlite3.SQLITE_OK


class SqliteSession:
    """A session with a SQLite file."""

    dialect = "sqlite"
    is_never_in_doubt = True

    def __init__(self, url: Url, *, lock_wait_s: float) -> None:
        self._path = url.database or ":memory:"
        self._lock_wait_s = lock_wait_s
        self._deferred = DeferredKeys(self)
        self._refuse_missing_folder()
        with self._translated("opening"):
            self.connection = sqlite3.connect(
                self._path, timeout=lock_wait_s, isolation_level=None, check_same_thread=False
            )
            try:
                self._configure()
            except BaseException:
                self.connection.close()
                raise

    def _refuse_missing_folder(self) -> None:
        folder = Path(self._path).parent
        if self._path != ":memory:" and not folder.is_dir():
            raise DatabaseUnreachable(
                f"cannot open {self._path}: folder {folder} does not exist",
                hint=f"make the folder, or name another file: mkdir -p {folder}",
            )

    def _configure(self) -> None:
        mode = self.connection.execute("pragma journal_mode").fetchone()[0]
        if mode not in ("wal", "memory"):
            self.connection.execute("pragma journal_mode = truncate")
        self.connection.execute("pragma synchronous = full")
        self.connection.execute("pragma foreign_keys = on")

    def execute(self, sql: str, /, **bind: object) -> int:
        return max(self._run(sql, bind).rowcount, 0)

    def query(self, sql: str, /, **bind: object) -> list[Row]:
        with self._translated(sql):
            cursor = self._run(sql, bind)
            names = tuple(column[0] for column in cursor.description or ())
            return [Row(names, values) for values in cursor.fetchall()]

    def tuples(self, sql: str, /, **bind: object) -> list[tuple[Any, ...]]:
        with self._translated(sql):
            return self._run(sql, bind).fetchall()

    def _run(self, sql: str, bind: Mapping[str, object]) -> sqlite3.Cursor:
        check_binds(sql, set(bind))
        with self._translated(sql):
            return self.connection.execute(sql, {name: plain(v) for name, v in bind.items()})

    def executemany(self, sql: str, binds: Sequence[Mapping[str, object]], /) -> int:
        if not binds:
            return 0
        check_binds(sql, set(binds[0]))
        rest = iter(binds)
        return self._run_many(
            sql, binds, rest, ({name: plain(v) for name, v in bind.items()} for bind in rest)
        )

    def script(self, sql: str, /) -> None:
        with self._translated(sql):
            for statement in _statements(sql):
                self.connection.execute(statement)

    def copy(self, table: str, rows: Sequence[Sequence[object]], columns: Sequence[str]) -> int:
        names = ", ".join(quoted(column) for column in columns)
        marks = ", ".join("?" * len(columns))
        sql = f"insert into {quoted(table)} ({names}) values ({marks})"  # noqa: S608 - quoted names
        rest = iter(rows)
        return self._run_many(sql, rows, rest, ([plain(v) for v in row] for row in rest))

    def _run_many(
        self, sql: str, given: Sequence[Any], rest: Iterator[Any], spelled: Iterator[Any]
    ) -> int:
        """Run one statement for every set of values, which are spelled when their turn comes."""
        before = self.connection.total_changes
        try:
            with self._translated(sql):
                cursor = self.connection.executemany(sql, spelled)
        except DataRefused as refused:
            refused.row = len(given) - length_hint(rest) - 1  # the one that was taken last
            refused.stayed = self.connection.total_changes - before
            raise
        return max(cursor.rowcount, 0)

    def begin(self) -> None:
        let_pass(self._path)
        try:
            self._begin(min(SOON_S, self._lock_wait_s))
        except DatabaseBusy:
            self.begin_first()

    def begin_first(self) -> None:
        with going_first(self._path):
            self._begin(self._lock_wait_s)

    def _begin(self, lock_wait_s: float) -> None:
        self._wait_for_locks(lock_wait_s)
        try:
            with self._translated("begin immediate"):
                self.connection.execute("begin immediate")
        finally:
            self._wait_for_locks(self._lock_wait_s)
        self._deferred.forget()

    def _wait_for_locks(self, most_s: float) -> None:
        self.connection.execute(f"pragma busy_timeout = {round(most_s * 1000)}")

    def begin_with(self, sql: str, /, **bind: object) -> list[Row]:
        self.begin()
        return self.query(sql, **bind)

    def commit(self) -> None:
        with self._translated("commit"):
            self.connection.execute("commit")

    def commit_with(self, sql: str, /, **bind: object) -> bool:
        if self.execute(sql, **bind) != 1:
            return False
        self.commit()
        return True

    def rollback(self) -> None:
        with suppress(sqlite3.Error):
            if self.connection.in_transaction:
                self.connection.execute("rollback")

    def savepoint(self) -> str:
        self.execute("savepoint daybreak")
        self._deferred.remember()
        return ""

    def release_savepoint(self) -> None:
        self.execute("release savepoint daybreak")

    def back_to_savepoint(self) -> None:
        self.script("rollback to savepoint daybreak; release savepoint daybreak")

    def force_constraints(self) -> None:
        self._deferred.force()

    @property
    def in_transaction(self) -> bool:
        return self.connection.in_transaction

    @property
    def is_usable(self) -> bool:
        return True

    @contextmanager
    def guarded(self) -> Iterator[None]:
        # Set anew at each hand-over: that expires every prepared statement, whereas a callback
        # that is switched by a flag lets a cached COMMIT through.
        self.connection.set_authorizer(_authorize)
        try:
            yield
        finally:
            self.connection.set_authorizer(None)

    def close(self) -> None:
        self.rollback()
        self.connection.close()

    @contextmanager
    def _translated(self, sql: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeEncodeError) as error:
            raise ours(error, sql, self._path) from error


def quoted(name: str) -> str:
    """Return a name as SQL, whatever is in it; a dot divides schema and table."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def _statements(sql: str) -> Iterator[str]:
    pending = ""
    for piece in sql.split(";"):
        pending += piece + ";"
        if sqlite3.complete_statement(pending):
            if pending.strip(" \n\t;"):
                yield pending
            pending = ""
