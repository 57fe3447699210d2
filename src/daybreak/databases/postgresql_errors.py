"""What the errors of PostgreSQL and psycopg are to us."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import psycopg

from ..errors import (
    DatabaseBusy,
    DataRefused,
    DaybreakError,
    RightsMissing,
    SchemaMismatch,
    SinkError,
    TransactionEnded,
    TransientError,
)
from .copying import is_unspeakable
from .statement import shortened

# SQLSTATE classes and codes, from the manual's appendix A.
_BUSY: Final = "55P03"
_TRANSIENT: Final = ("08", "40001", "40P01", "53", _BUSY, "57P", "57014", "58", "25P03", "25P04")
_WAY_OUT: Final = "see whether the server is up or full, and who holds locks; run again"
_WAY_OUT_OF_LOCK: Final = (
    "see who holds the lock: select pid, usename, application_name, xact_start, query"
    " from pg_stat_activity order by xact_start; end that, then run again"
)
_DATA: Final = ("22", "23", "44", "P0")
_RIGHTS: Final = ("42501", "25006", "28")
_SCHEMA: Final = ("42P01", "42703", "3F000")
_TRANSACTION: Final = ("25P02", "25000", "25001", "2D000", "3B")
_RULES: Final[Mapping[str, str]] = {
    "22": "value",
    "23502": "not null",
    "23503": "foreign key",
    "23505": "unique",
    "23514": "check",
}
_VALUES: Final = re.compile(
    r'(?<=: )".*"$|(?<=: )0x.*$|(?<=^value )".*"(?= is out of range)', re.DOTALL
)
"""Where messages of class 22 quote the value at fault."""

DETAILS_CHARACTERS_MAX: Final = 500


def ours(error: Exception, sql: str, database: str, row: int | None = None) -> DaybreakError:
    """Translate what a driver raised.

    Args:
        error: Of psycopg, or of encoding text for it.
        sql: The statement.
        database: Where.
        row: Which of the statement's rows is at fault, if that is known.
    """
    where: dict[str, Any] = {"database": database, "statement": shortened(sql)}
    if isinstance(error, UnicodeEncodeError):
        said = f"{error.encoding} cannot hold the text: {error.reason}"
        return DataRefused(said, rule="value", row=row, **where)
    assert isinstance(error, psycopg.Error)
    if is_unspeakable(error):
        return DataRefused(str(error), rule="value", row=row, **where)
    if (error.sqlstate or "").startswith(_DATA):
        return _refused(error, row, where)
    kind, message, hint = _kind_of(error, error.sqlstate or "")
    return kind(message, hint=hint, **where)


def _kind_of(error: psycopg.Error, state: str) -> tuple[type[DaybreakError], str, str]:
    """Say what an error that is not about data is to us: its class, its message and its way out."""
    said = " ".join(str(error).split())
    if state.startswith(_TRANSIENT) or (not state and _is_about_connection(error)):
        kind = DatabaseBusy if state == _BUSY else TransientError
        message = f"PostgreSQL could not do it now: {said}"
        return kind, message, _WAY_OUT_OF_LOCK if state == _BUSY else _WAY_OUT
    if state.startswith(_RIGHTS):
        return RightsMissing, said, "grant it, or use another user"
    if state.startswith(_SCHEMA):
        return SchemaMismatch, said, "create it, or correct the statement"
    if state.startswith(_TRANSACTION):
        return (
            TransactionEnded,
            said,
            "leave COMMIT and ROLLBACK out; let database errors leave it",
        )
    return SinkError, f"PostgreSQL refused a statement: {said}", "correct the statement"


def _refused(error: psycopg.Error, row: int | None, where: Mapping[str, Any]) -> DataRefused:
    """Keep the cause apart from the values, which differ from record to record."""
    diag, state = error.diag, error.sqlstate or ""
    said = diag.message_primary or " ".join(str(error).split())
    reason = said
    if state.startswith("22"):
        reason = _VALUES.sub("…", said).removesuffix(": …").replace("value … is", "value is")
    details = {
        "message": said if said != reason else None,
        "detail": diag.message_detail,
        "column": diag.column_name,
        "constraint": diag.constraint_name,
        "sqlstate": state,
    }
    return DataRefused(
        reason,
        details={name: text[:DETAILS_CHARACTERS_MAX] for name, text in details.items() if text},
        rule=_RULES.get(state) or _RULES.get(state[:2], ""),
        row=row,
        **where,
    )


def _is_about_connection(error: psycopg.Error) -> bool:
    return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
