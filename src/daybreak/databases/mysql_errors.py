"""What the errors of MariaDB, MySQL and PyMySQL are to us."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import pymysql

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
from .statement import shortened

# Numbers of both servers' and the client's errors, from their manuals.
_BUSY: Final = frozenset({1205, 3572})
_TRANSIENT: Final = frozenset(
    {
        *(1213, 1020, 1180, 1412, 1637, 4022),  # deadlock; a row or a table changed meanwhile
        *(1021, 1030, 1114, 1026, 3, 28),  # a full or broken disk
        *(1040, 1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1203, 1226),  # no session
        *(1317, 1927, 1969, 3024, 1094, 4031),  # ended by somebody
        *(2002, 2003, 2006, 2013, 2014, 2027, 2055),  # no connection
        *(1047, 1037, 1038, 1041, 1135, 3168),  # a cluster or a machine that has no room
    }
)
_RIGHTS: Final = frozenset(
    {1044, 1045, 1142, 1143, 1227, 1290, 1370, 1410, 1698, 1792, 1836, 3118, 1130}
)
_SCHEMA: Final = frozenset({1049, 1054, 1146, 1051, 1109, 1136, 1305, 1356})
_UNKNOWN_NAME: Final = 1305
_STATEMENT_LOG: Final = 1665
_RULES: Final[Mapping[int, str]] = {
    **dict.fromkeys((1048, 1364, 1263, 1566), "not null"),
    **dict.fromkeys((1062, 1586, 1022, 1169, 1557), "unique"),
    **dict.fromkeys((1216, 1217, 1451, 1452), "foreign key"),
    **dict.fromkeys((3819, 4025), "check"),
    **dict.fromkeys(
        (1264, 1265, 1292, 1300, 1365, 1366, 1367, 1406, 1411, 1416, 1441, 1525, 1690),
        "value",
    ),
    **dict.fromkeys((1118, 1153, 1301, 3140, 3141, 3144, 3155, 4037, 4038), "value"),
    **dict.fromkeys((1644, 1643, 1642, 1526, 1748), ""),  # of a trigger; no partition for it
}
"""Which rule of a table is broken; these errors are about the data."""

_VALUES: Final = re.compile(
    r"(?<=value: )'.*'(?= for column)|(?<=entry )'.*'(?= for key)|(?<= value: )'.*'", re.DOTALL
)
"""Where messages quote the value at fault."""

_ROW: Final = re.compile(r" at row \d+$")
_CONSTRAINT: Final = re.compile(
    r"for key '(?:[^']*\.)?(?P<key>[^'.]+)'$"
    r"|[Cc](?:ONSTRAINT|heck constraint) [`\"'](?:[^`\"'.]*\.)?(?P<named>[^`\"'.]+)[`\"']"
)
"""Where they name the constraint, behind the name of its table."""

DETAILS_CHARACTERS_MAX: Final = 500


def ours(error: Exception, sql: str, database: str) -> DaybreakError:
    """Translate what the driver raised.

    Args:
        error: Of PyMySQL, of encoding text for it, or of its socket.
        sql: The statement.
        database: Where.
    """
    where: dict[str, Any] = {"database": database, "statement": shortened(sql)}
    if isinstance(error, UnicodeEncodeError):
        said = f"{error.encoding} cannot hold the text: {error.reason}"
        return DataRefused(said, rule="value", **where)
    if isinstance(error, OSError) and not isinstance(error, pymysql.Error):
        return TransientError(f"the connection was lost: {error}", hint=_WAY_OUT, **where)
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    said = " ".join(str(error.args[-1] if error.args else error).split())
    if isinstance(error, pymysql.InterfaceError):
        return TransientError(f"the connection was lost: {said}", hint=_WAY_OUT, **where)
    if number in _RULES or not number:
        # Without a number it is the driver, which cannot spell a value: not a number, a mapping.
        return _refused(number, said, where)
    kind, message, hint = _kind_of(number, said)
    return kind(message, hint=hint, **where)


_WAY_OUT: Final = "see whether the server is up or full, and who holds locks; run again"
_WAY_OUT_OF_LOCK: Final = (
    "see who holds the lock: select * from information_schema.innodb_trx order by trx_started;"
    " end that, then run again"
)


def _kind_of(number: int, said: str) -> tuple[type[DaybreakError], str, str]:
    """Say what an error that is not about data is to us: its class, its message and its way out."""
    now = f"the database could not do it now: {said}"
    is_savepoint = number == _UNKNOWN_NAME and said.startswith("SAVEPOINT")
    known: list[tuple[bool, type[DaybreakError], str, str]] = [
        (number in _BUSY, DatabaseBusy, now, _WAY_OUT_OF_LOCK),
        (number in _TRANSIENT, TransientError, now, _WAY_OUT),
        (number in _RIGHTS, RightsMissing, said, "grant it, or use another user"),
        (
            number == _STATEMENT_LOG,
            SchemaMismatch,
            f"the server logs statements, which does not go with READ COMMITTED: {said}",
            "set binlog_format = ROW or MIXED on the server",
        ),
        (
            is_savepoint,
            TransactionEnded,
            f"the transaction is not the one that was begun: {said}",
            "leave COMMIT, ROLLBACK and DDL out of the function, and of procedures it calls",
        ),
        (number in _SCHEMA, SchemaMismatch, said, "create it, or correct the statement"),
    ]
    for is_it, kind, message, hint in known:
        if is_it:
            return kind, message, hint
    return SinkError, f"the database refused a statement: {said}", "correct the statement"


def _refused(number: int, said: str, where: Mapping[str, Any]) -> DataRefused:
    """Keep the cause apart from the values, which differ from record to record."""
    reason = _VALUES.sub("…", _ROW.sub("", said))
    found = _CONSTRAINT.search(said)
    details = {
        "message": said if said != reason else "",
        "constraint": str(found["key"] or found["named"]) if found else "",
        "number": str(number or ""),
    }
    return DataRefused(
        reason,
        details={name: text[:DETAILS_CHARACTERS_MAX] for name, text in details.items() if text},
        rule=_RULES.get(number, "value"),
        **where,
    )
