"""The `create table` of a model, in the words of each kind of database.

Types hold exactly what the model's fields can be, or the statement is refused: a Decimal of any
size has none on MariaDB, MySQL and DuckDB, and its column is for its owner to choose.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from ..errors import DefinitionError
from ..model.field_kinds import is_enum, kind_of
from ..model.fields import ModelField, fields_of
from .dialect import DIALECTS
from .sqlite import quoted

_TYPES: Final[Mapping[str, Mapping[type, str]]] = {
    "postgresql": {
        bool: "boolean",
        int: "bigint",
        float: "double precision",
        str: "text",
        bytes: "bytea",
        Decimal: "numeric",
        date: "date",
        time: "time",
        timedelta: "interval",
        UUID: "uuid",
    },
    "sqlite": {
        bool: "boolean",
        int: "bigint",
        float: "double",
        str: "text",
        bytes: "blob",
        Decimal: "text",  # there is no exact decimal: text keeps every digit
        date: "date",
        time: "time",
        UUID: "char(36)",
    },
    "mysql": {
        bool: "boolean",
        int: "bigint",
        float: "double",
        str: "longtext",
        bytes: "longblob",
        date: "date",
        time: "time(6)",
        UUID: "char(36) character set ascii",
    },
    "duckdb": {
        bool: "boolean",
        int: "bigint",
        float: "double",
        str: "varchar",
        bytes: "blob",
        date: "date",
        time: "time",
        timedelta: "interval",
        UUID: "uuid",
    },
}
_MOMENTS: Final[Mapping[str, tuple[str, str]]] = {
    "postgresql": ("timestamp", "timestamptz"),
    "sqlite": ("datetime", "datetime"),
    "mysql": ("datetime(6)", "timestamp(6)"),
    "duckdb": ("timestamp", "timestamptz"),
}
"""By dialect, for a moment without a time zone and with one."""

_TEXT_KEY: Final = "varchar(255)"
"""MariaDB and MySQL have no index over a text without bound; a longer one is refused, and its
record quarantined."""

_TABLE: Final[Mapping[str, str]] = {
    "mysql": " engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin",
}


def create_statement(name: str, model: type[Any], key: tuple[str, ...], dialect: str) -> str:
    """Return the `create table if not exists` for a model, in a database's own words.

    Raises:
        DefinitionError: If a field's type has no column type that holds all of its values.
    """
    columns = [_column(field, model, key, dialect) for field in fields_of(model)]
    if key:
        columns.append(f"primary key ({', '.join(map(quoted, key))})")
    return (
        f"create table if not exists {quoted(name)} ({', '.join(columns)}){_TABLE.get(dialect, '')}"
    )


def _column(field: ModelField, model: type[Any], key: tuple[str, ...], dialect: str) -> str:
    spoken = _type(field, dialect)
    if spoken is None:
        raise DefinitionError(
            f"field {field.name} of {model.__name__} has no column type of"
            f" {DIALECTS[dialect].product} that holds all its values: {field.bare!r}",
            hint="create the table yourself, with a type wide enough; or use a plain type",
        )
    is_key = field.name in key
    if is_key and spoken == "longtext":
        spoken = _TEXT_KEY
    return f"{quoted(field.name)} {spoken} {'null' if _may_lack(field, key) else 'not null'}"


def _may_lack(field: ModelField, key: tuple[str, ...]) -> bool:
    return field.is_optional and field.name not in key


def _type(field: ModelField, dialect: str) -> str | None:
    kind = kind_of(field.bare)
    if kind in ("aware datetime", "naive datetime", "datetime") or field.bare is datetime:
        return _MOMENTS[dialect][kind != "naive datetime"]
    if is_enum(field.bare):
        return _TYPES[dialect].get({"str": str, "int": int}.get(kind, object))
    return _TYPES[dialect].get(field.bare)
