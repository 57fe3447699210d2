"""A row as bytes, for quarantine: one JSON object, which a person can read, repair and give back.

What JSON has no type for says its type: `{"decimal": "9.90"}`. So the same values come back.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from ..model.row import Row, values_of

_PLAIN: Final = (bool, int, str, type(None))
_TAGS: Final[Mapping[type, tuple[str, Callable[[Any], Any], Callable[[Any], Any]]]] = {
    float: ("float", repr, float),
    Decimal: ("decimal", str, Decimal),
    datetime: ("datetime", datetime.isoformat, datetime.fromisoformat),
    date: ("date", date.isoformat, date.fromisoformat),
    time: ("time", time.isoformat, time.fromisoformat),
    timedelta: (
        "microseconds",
        lambda one: one // timedelta(microseconds=1),
        lambda one: timedelta(microseconds=one),
    ),
    UUID: ("uuid", str, UUID),
    bytes: ("bytes", lambda one: base64.b64encode(one).decode(), base64.b64decode),
    dict: ("json", lambda one: one, lambda one: one),
}
_READERS: Final = {tag: read for tag, _, read in _TAGS.values()}


def raw_of(row: Row) -> bytes:
    """Return a row as one line of JSON."""
    pairs = zip(row, values_of(row), strict=True)
    data = {name: tagged(value) for name, value in pairs}
    return json.dumps(data, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace")


def row_of(raw: bytes) -> Row:
    """Return the row whose bytes these are, or a person's repair of them.

    Raises:
        ValueError: If they are no JSON object, or a value is not what its tag says.
    """
    data = json.loads(raw)
    if not isinstance(data, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - one kind for the caller
    return Row(tuple(data), tuple(untagged(value) for value in data.values()))


def tagged(value: Any) -> Any:
    """Return a value as JSON data, with its type where JSON has none for it."""
    if type(value) in _PLAIN or (type(value) is float and math.isfinite(value)):
        return value
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [tagged(one) for one in value]
    tag, write, _ = _TAGS.get(type(value), ("text", str, str))
    return {tag: write(value)}


def untagged(value: Any) -> Any:
    """Return the value whose JSON data these are.

    Raises:
        ValueError: If it is not what its tag says.
    """
    if isinstance(value, list):
        return [untagged(one) for one in value]
    if not isinstance(value, dict):
        return value
    if len(value) != 1:
        raise ValueError(f"{value!r} is no value")
    ((tag, said),) = value.items()
    try:
        return _READERS.get(tag, str)(said)
    except (ArithmeticError, TypeError, AttributeError) as error:
        raise ValueError(f"{said!r} is no {tag}") from error


def key_of(raw: bytes, key: Sequence[str]) -> tuple[Any, ...] | None:
    """Return the key of the row whose bytes these are; None if they do not have it any more."""
    try:
        row = row_of(raw)
        return tuple(row[name] for name in key)
    except (ValueError, KeyError):
        return None
