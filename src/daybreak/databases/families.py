"""What the types of columns can hold, in a few words that are the same for every database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

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


def family_of(spoken: TypeEngine[Any]) -> Family:
    """Return the family of a type that the catalogue gave."""
    from sqlalchemy import types  # noqa: PLC0415 - heavy
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - heavy

    if isinstance(spoken, postgresql.DOMAIN):
        return family_of(spoken.data_type)
    if isinstance(spoken, types.DateTime):
        return "timestamp with time zone" if spoken.timezone else "timestamp"
    # The narrower ones first: a float is a kind of number, an enumeration one of text.
    known: list[tuple[tuple[type, ...], Family]] = [
        ((types.Boolean,), "boolean"),
        ((types.Integer,), "integer"),
        ((types.Float,), "float"),
        ((types.Numeric,), "decimal"),
        ((types.Enum,), "enum"),
        ((types.String,), "text"),
        ((types.LargeBinary, types.BINARY, types.VARBINARY), "bytes"),
        ((types.Date,), "date"),
        ((types.Time,), "time"),
        ((types.Interval, postgresql.INTERVAL), "interval"),
        ((types.Uuid,), "uuid"),
        ((types.JSON,), "json"),
        ((types.ARRAY,), "array"),
    ]
    return next((family for kinds, family in known if isinstance(spoken, kinds)), "other")


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


def family_declared(declared: str) -> Family:
    """Return the family of a type as it was declared to SQLite, which knows words, and no types."""
    said = declared.lower()
    found = (family for words, family in _DECLARED if any(word in said for word in words))
    return next(found, "other")
