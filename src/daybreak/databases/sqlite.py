"""SQLite: its session, its errors, its traps.

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
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from ..errors import (
    DatabaseBusy,
    DatabaseUnreachable,
    DataRefused,
    DaybreakError,
    RightsMissing,
    SchemaMismatch,
    SinkError,
    TransactionEnded,
    TransientError,
)
from ..model.row import Row
from .statement import check_binds, shortened

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_BUSY: Final = ("SQLITE_BUSY", "SQLITE_LOCKED")
_TRANSIENT: Final = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_NOMEM")
_RIGHTS: Final = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")
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

    def __init__(self, url: URL, *, lock_wait_s: float) -> None:
        self._path = url.database or ":memory:"
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

    def _run(self, sql: str, bind: Mapping[str, object]) -> sqlite3.Cursor:
        check_binds(sql, set(bind))
        with self._translated(sql):
            return self.connection.execute(sql, {name: plain(v) for name, v in bind.items()})

    def executemany(self, sql: str, binds: Sequence[Mapping[str, object]], /) -> int:
        if not binds:
            return 0
        check_binds(sql, set(binds[0]))
        with self._translated(sql):
            cursor = self.connection.executemany(
                sql, [{name: plain(v) for name, v in bind.items()} for bind in binds]
            )
        return max(cursor.rowcount, 0)

    def script(self, sql: str, /) -> None:
        with self._translated(sql):
            for statement in _statements(sql):
                self.connection.execute(statement)

    def copy(self, table: str, rows: Sequence[Sequence[object]], columns: Sequence[str]) -> int:
        names = ", ".join(quoted(column) for column in columns)
        marks = ", ".join("?" * len(columns))
        sql = f"insert into {quoted(table)} ({names}) values ({marks})"  # noqa: S608 - quoted names
        with self._translated(sql):
            cursor = self.connection.executemany(sql, [[plain(v) for v in row] for row in rows])
        return max(cursor.rowcount, 0)

    def begin(self) -> None:
        with self._translated("begin immediate"):
            self.connection.execute("begin immediate")

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
            raise _ours(error, sql, self._path) from error


def _ours(error: Exception, sql: str, path: str) -> DaybreakError:
    name = getattr(error, "sqlite_errorname", None) or ""
    kind, message, hint = _kind_of(error, name, path)
    return kind(message, hint=hint, database=path, statement=shortened(sql))


def _kind_of(error: Exception, name: str, path: str) -> tuple[type[DaybreakError], str, str]:
    """Say what an error is to us: its class, its message and its way out."""
    said = str(error)
    known: list[tuple[bool, type[DaybreakError], str, str]] = [
        (
            name == "SQLITE_AUTH" or "not authorized" in said,
            TransactionEnded,
            "a statement tried to begin, end or divide the transaction it was given",
            "leave COMMIT, ROLLBACK, SAVEPOINT and ATTACH out of the function",
        ),
        (
            name.startswith(_BUSY),
            DatabaseBusy,
            f"SQLite could not do it now: {said}",
            "see who else writes to the file; then run again",
        ),
        (
            name.startswith(_TRANSIENT),
            TransientError,
            f"SQLite could not do it now: {said}",
            "see whether the disk is full or broken; then run again",
        ),
        (
            name.startswith(_RIGHTS),
            RightsMissing,
            f"SQLite may not write or open {path}: {said}",
            f"check the owner and the mode of {path} and of its folder",
        ),
        (
            name == "SQLITE_NOTADB",
            DatabaseUnreachable,
            f"{path} is not a SQLite database",
            "name another file",
        ),
        (_is_about_data(error), DataRefused, said, ""),
        (
            "no such table" in said or "no such column" in said,
            SchemaMismatch,
            said,
            "create it, or correct the statement",
        ),
    ]
    for is_it, kind, message, hint in known:
        if is_it:
            return kind, message, hint
    return SinkError, f"SQLite refused a statement: {said}", "correct the statement"


def _is_about_data(error: Exception) -> bool:
    if isinstance(error, (sqlite3.IntegrityError, OverflowError, UnicodeEncodeError)):
        return True
    about_binds = (sqlite3.InterfaceError, sqlite3.ProgrammingError, sqlite3.DataError)
    return isinstance(error, about_binds) and "bind" in str(error)


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
