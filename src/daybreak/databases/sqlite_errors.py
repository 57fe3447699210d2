"""What the errors of SQLite and its driver are to us."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

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
from .holders import said_holders
from .statement import shortened

_BUSY: Final = ("SQLITE_BUSY", "SQLITE_LOCKED")
_TRANSIENT: Final = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_NOMEM")
_RIGHTS: Final = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")
_RULES: Final[Mapping[str, str]] = {
    "SQLITE_CONSTRAINT_NOTNULL": "not null",
    "SQLITE_CONSTRAINT_CHECK": "check",
    "SQLITE_CONSTRAINT_UNIQUE": "unique",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "unique",
    "SQLITE_CONSTRAINT_ROWID": "unique",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "foreign key",
    "SQLITE_CONSTRAINT_DATATYPE": "value",
    "SQLITE_MISMATCH": "value",
    "SQLITE_TOOBIG": "value",
}


def ours(error: Exception, sql: str, path: str) -> DaybreakError:
    """Translate what the driver raised for a statement."""
    name = getattr(error, "sqlite_errorname", None) or ""
    where: dict[str, Any] = {"database": path, "statement": shortened(sql)}
    if _is_about_data(error):
        return DataRefused(_reason(error), rule=_rule(error, name), **where)
    kind, message, hint = _kind_of(error, name, path)
    return kind(message, hint=hint, **where)


def _kind_of(error: Exception, name: str, path: str) -> tuple[type[DaybreakError], str, str]:
    """Say what an error is to us: its class, its message and its way out."""
    said = str(error)
    is_busy = name.startswith(_BUSY)
    holders = said_holders(Path(path)) if is_busy else ""
    known: list[tuple[bool, type[DaybreakError], str, str]] = [
        (
            name == "SQLITE_AUTH" or "not authorized" in said,
            TransactionEnded,
            "a statement tried to begin, end or divide the transaction it was given",
            "leave COMMIT, ROLLBACK, SAVEPOINT and ATTACH out of the function",
        ),
        (
            is_busy,
            DatabaseBusy,
            f"SQLite could not do it now: {said}{holders}",
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
    about_data = (sqlite3.IntegrityError, sqlite3.DataError, OverflowError, UnicodeEncodeError)
    if isinstance(error, about_data):
        return True
    about_binds = (sqlite3.InterfaceError, sqlite3.ProgrammingError)
    return isinstance(error, about_binds) and "bind" in str(error)


def _reason(error: Exception) -> str:
    """Say the cause, without the text at fault, which differs from record to record."""
    if isinstance(error, UnicodeEncodeError):
        return f"{error.encoding} cannot hold the text: {error.reason}"
    return str(error)


def _rule(error: Exception, name: str) -> str:
    return _RULES.get(name, "") if isinstance(error, sqlite3.IntegrityError) else "value"
