"""What values a field of a user's model may have, in a few words, and the bounds it states."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

from .fields import ModelField

Kind: TypeAlias = Literal[
    "aware datetime",
    "bool",
    "bytes",
    "date",
    "datetime",
    "decimal",
    "float",
    "int",
    "list",
    "mapping",
    "naive datetime",
    "other",
    "str",
    "time",
    "timedelta",
    "uuid",
]
"""`other` is what we know nothing of."""

_KINDS: Final[tuple[tuple[type, Kind], ...]] = (
    (bool, "bool"),  # before int, as datetime before date: they are kinds of those
    (int, "int"),
    (float, "float"),
    (Decimal, "decimal"),
    (str, "str"),
    (bytes, "bytes"),
    (datetime, "datetime"),
    (date, "date"),
    (time, "time"),
    (timedelta, "timedelta"),
    (UUID, "uuid"),
    (list, "list"),
    (tuple, "list"),
    (set, "list"),
    (frozenset, "list"),
    (dict, "mapping"),
)
_OF_PYDANTIC: Final[Mapping[str, Kind]] = {
    "AwareDatetime": "aware datetime",
    "NaiveDatetime": "naive datetime",
    "PastDatetime": "datetime",
    "FutureDatetime": "datetime",
    "PastDate": "date",
    "FutureDate": "date",
}
"""Classes that are no subclasses of what they stand for, and must not be imported to be known."""


def kind_of(bare: Any) -> Kind:
    """Return the kind of a type without `Annotated` and without `None`."""
    origin = typing.get_origin(bare)
    if origin is Literal:
        return _only(_kind_of_class(type(value)) for value in typing.get_args(bare))
    if origin in (typing.Union, types.UnionType):
        return "other"
    named = _OF_PYDANTIC.get(getattr(bare, "__name__", ""))
    if named is not None and getattr(bare, "__module__", "").startswith("pydantic"):
        return named
    return _kind_of_class(origin or getattr(bare, "__supertype__", bare))


def _kind_of_class(found: Any) -> Kind:
    if not isinstance(found, type):
        return "other"
    if issubclass(found, Enum):
        return _only(_kind_of_class(type(member.value)) for member in found)
    return next((kind for known, kind in _KINDS if issubclass(found, known)), "other")


def _only(kinds: Iterable[Kind]) -> Kind:
    found = set(kinds)
    return found.pop() if len(found) == 1 else "other"


def is_enum(bare: Any) -> bool:
    """Whether values may be members of an enumeration."""
    return isinstance(bare, type) and issubclass(bare, Enum)


def bound_of(model: type[Any], field: ModelField, name: str) -> int | None:
    """Return a bound that the model states for a field: `max_length`, `decimal_places`."""
    found = (getattr(stated, name, None) for stated in _stated(model, field))
    return next((bound for bound in found if isinstance(bound, int)), None)


def _stated(model: type[Any], field: ModelField) -> Iterator[Any]:
    """Yield what is said of a field besides its type: in `Annotated`, or in pydantic's own list."""
    known = getattr(model, "model_fields", {})
    if field.name in known:
        yield from known[field.name].metadata
    if typing.get_origin(field.annotation) is typing.Annotated:
        for stated in field.annotation.__metadata__:
            yield stated
            yield from getattr(stated, "metadata", ())
