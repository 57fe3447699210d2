"""The types of a query's columns on MariaDB and MySQL: their driver knows them, no SQL tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pymysql.constants import FIELD_TYPE, FLAG

_BINARY: Final = 63
"""The number of the character set of what is no text."""

_NAMES: Final[Mapping[int, str]] = {
    FIELD_TYPE.BIT: "bit",
    FIELD_TYPE.DATE: "date",
    FIELD_TYPE.DATETIME: "datetime",
    FIELD_TYPE.DECIMAL: "decimal",
    FIELD_TYPE.DOUBLE: "double",
    FIELD_TYPE.FLOAT: "float",
    FIELD_TYPE.GEOMETRY: "geometry",
    FIELD_TYPE.INT24: "mediumint",
    FIELD_TYPE.JSON: "json",
    FIELD_TYPE.LONG: "int",
    FIELD_TYPE.LONGLONG: "bigint",
    FIELD_TYPE.NEWDATE: "date",
    FIELD_TYPE.NEWDECIMAL: "decimal",
    FIELD_TYPE.NULL: "null",
    FIELD_TYPE.SHORT: "smallint",
    FIELD_TYPE.TIME: "time",
    FIELD_TYPE.TIMESTAMP: "timestamp",
    FIELD_TYPE.TINY: "tinyint",
    FIELD_TYPE.YEAR: "year",
}
_STRINGS: Final[Mapping[int, tuple[str, str]]] = {
    FIELD_TYPE.STRING: ("char", "binary"),
    FIELD_TYPE.VARCHAR: ("varchar", "varbinary"),
    FIELD_TYPE.VAR_STRING: ("varchar", "varbinary"),
    FIELD_TYPE.TINY_BLOB: ("text", "blob"),
    FIELD_TYPE.MEDIUM_BLOB: ("text", "blob"),
    FIELD_TYPE.LONG_BLOB: ("text", "blob"),
    FIELD_TYPE.BLOB: ("text", "blob"),
}
"""Of texts, and of bytes. A type that the server sends as text is one: UUIDs, addresses."""


def types_of(cursor: Any) -> list[str]:
    """Return the types of the columns of a cursor's result, without lengths and signs."""
    result = cursor._result  # noqa: SLF001 - what it describes in public does not tell enums
    return [_type_of(field) for field in result.fields]


def _type_of(field: Any) -> str:
    if field.flags & FLAG.ENUM:
        return "enum"
    if field.flags & FLAG.SET:
        return "set"
    if field.type_code in _STRINGS:
        return _STRINGS[field.type_code][field.charsetnr == _BINARY]
    return _NAMES.get(field.type_code, "unknown")
