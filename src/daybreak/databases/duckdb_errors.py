"""What the errors of DuckDB and its driver are to us."""

from __future__ import annotations

import re
from typing import Any, Final

import duckdb

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
from .statement import shortened

_DATA: Final = (
    duckdb.IntegrityError,
    duckdb.DataError,
    duckdb.OutOfRangeException,
    UnicodeEncodeError,
    OverflowError,
    TypeError,
)
_NO_VALUES: Final = ("cannot encode str", "Python integer too large")
"""What the driver says of values that it cannot hand over."""

_RULES: Final = (
    ("NOT NULL constraint", "not null"),
    ("CHECK constraint", "check"),
    ("duplicate key", "unique"),
    ("Duplicate key", "unique"),
    ("foreign key", "foreign key"),
)
_VALUES: Final = re.compile(
    r"(?<=duplicate key )\".*\"|(?<=with value ).*(?= can't)"
    r"|(?<=key \")[^\"]*: .*(?=\" (?:does|is))"
    r"|(?<=string )'.*'(?= to)",
    re.DOTALL,
)
"""Where messages quote the value at fault."""

_WHERE: Final = re.compile(r"\s*\n\s*(?:LINE \d+:|Possible |\^).*", re.DOTALL)
_HOLDER: Final = re.compile(r"Conflicting lock is held in (?P<program>.*?) \(PID (?P<pid>\d+)\)")
DETAILS_CHARACTERS_MAX: Final = 500


def ours(error: Exception, sql: str, path: str) -> DaybreakError:
    """Translate what the driver raised for a statement."""
    where: dict[str, Any] = {"database": path, "statement": shortened(sql)}
    said = " ".join(_WHERE.sub("", str(error)).split())
    if isinstance(error, _DATA) or any(words in said for words in _NO_VALUES):
        return _refused(error, said, where)
    kind, message, hint = _kind_of(error, said, path)
    return kind(message, hint=hint, **where)


def _kind_of(error: Exception, said: str, path: str) -> tuple[type[DaybreakError], str, str]:
    """Say what an error that is not about data is to us: its class, its message and its way out."""
    held = _HOLDER.search(said)
    known: list[tuple[bool, type[DaybreakError], str, str]] = [
        (
            held is not None,
            DatabaseBusy,
            f"process {held['pid'] if held else ''} has {path} open, and one process at a time can",
            "wait for that process, or end it; then run again",
        ),
        (
            "Conflict" in said or "conflict" in said,
            TransientError,
            f"DuckDB could not do it now: {said}",
            "another transaction of this process changed the same rows; run again",
        ),
        (
            isinstance(error, duckdb.TransactionException),
            TransactionEnded,
            said,
            "leave BEGIN, COMMIT and ROLLBACK out; let database errors leave the function",
        ),
        (
            "not a valid DuckDB" in said or "Cannot open file" in said,
            DatabaseUnreachable,
            said,
            "name another file, or check its owner and mode",
        ),
        (
            "read-only" in said or isinstance(error, duckdb.PermissionException),
            RightsMissing,
            said,
            f"check the owner and the mode of {path} and of its folder",
        ),
        (
            isinstance(error, (duckdb.IOException, duckdb.OutOfMemoryException)),
            TransientError,
            f"DuckDB could not do it now: {said}",
            "see whether the disk or the memory is full; then run again",
        ),
        (
            isinstance(error, (duckdb.FatalException, duckdb.ConnectionException)),
            TransientError,
            f"DuckDB gave up the file: {said}",
            "run again",
        ),
        (
            isinstance(error, (duckdb.CatalogException, duckdb.BinderException)),
            SchemaMismatch,
            said,
            "create it, or correct the statement",
        ),
    ]
    for is_it, kind, message, hint in known:
        if is_it:
            return kind, message, hint
    return SinkError, f"DuckDB refused a statement: {said}", "correct the statement"


def _refused(error: Exception, said: str, where: dict[str, Any]) -> DataRefused:
    """Keep the cause apart from the values, which differ from record to record."""
    if isinstance(error, UnicodeEncodeError):
        said = f"{error.encoding} cannot hold the text: {error.reason}"
    reason = _VALUES.sub("…", said)
    is_rule = isinstance(error, duckdb.ConstraintException)
    rule = next((rule for words, rule in _RULES if words in said), "") if is_rule else "value"
    details = {"message": said[:DETAILS_CHARACTERS_MAX]} if reason != said else {}
    return DataRefused(reason, details=details, rule=rule, **where)
