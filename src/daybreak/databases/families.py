"""What the types of columns can hold, in a few words that are the same for every database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

Family: TypeAlias = Literal[
    "array",
    "boolean",
    "bytes",
    "date",
    "decimal",
    "enum",
    "float",
    "integer",
    "interval",
    "json",
    "other",
    "text",
    "time",
    "timestamp",
    "timestamp with time zone",
    "uuid",
]
"""`other` is what we know nothing of, and let pass."""


_IN_POSTGRESQL: Final[Mapping[Family, str]] = {
    "array": "array",
    "boolean": "bool",
    "bytes": "bytea",
    "date": "date",
    "decimal": "numeric",
    "enum": "enum",
    "float": "float4 float8",
    "integer": "int2 int4 int8",
    "interval": "interval",
    "json": "json jsonb",
    "text": "text varchar bpchar citext name",
    "time": "time timetz",
    "timestamp": "timestamp",
    "timestamp with time zone": "timestamptz",
    "uuid": "uuid",
}
"""By family, the types as its catalogue calls them."""

_IN_MYSQL: Final[Mapping[Family, str]] = {
    "bytes": "binary varbinary tinyblob blob mediumblob longblob",
    "date": "date",
    "decimal": "decimal",
    "enum": "enum",
    "float": "float double",
    "integer": "tinyint smallint mediumint int bigint",
    "json": "json",
    "text": "char varchar tinytext text mediumtext longtext set",
    "time": "time",
    "timestamp": "datetime",
    "timestamp with time zone": "timestamp",  # kept in UTC, which is the zone of our sessions
    "uuid": "uuid",
}
_DECLARED: Final[tuple[tuple[tuple[str, ...], Family], ...]] = (
    (("int",), "integer"),  # this far in the order by which SQLite takes a word for a type
    (("char", "clob", "text"), "text"),
    (("blob",), "bytes"),
    (("real", "floa", "doub"), "float"),
    (("bool",), "boolean"),
    (("datetime", "timestamp"), "timestamp"),
    (("date",), "date"),
    (("time",), "time"),
    (("json",), "json"),
    (("uuid",), "uuid"),
    (("numeric", "decimal", "number"), "decimal"),
)


def _declared(spoken: str) -> Family:
    """Return the family of a type as it was declared to SQLite, which knows words, and no types."""
    said = spoken.lower()
    found = (family for words, family in _DECLARED if any(word in said for word in words))
    return next(found, "other")


def _in_duckdb(spoken: str) -> Family:
    if spoken.endswith("]"):
        return "array"
    if spoken.startswith(("STRUCT", "MAP", "UNION")):
        return "other"
    if spoken == "TIMESTAMP WITH TIME ZONE":
        return "timestamp with time zone"
    if spoken.startswith("ENUM"):
        return "enum"
    if spoken == "INTERVAL":
        return "interval"
    return _declared(spoken)


def _by_name(types: Mapping[Family, str]) -> Callable[[str], Family]:
    family_of: dict[str, Family] = {
        name: family for family, names in types.items() for name in names.split()
    }
    return lambda spoken: family_of.get(spoken, "other")


FAMILIES: Final[Mapping[str, Callable[[str], Family]]] = {
    "duckdb": _in_duckdb,
    "mysql": _by_name(_IN_MYSQL),
    "postgresql": _by_name(_IN_POSTGRESQL),
    "sqlite": _declared,
}
"""By dialect, what gives the family of a type as the catalogue calls it."""
