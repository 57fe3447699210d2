"""Cursors: typed places in a source, and their one canonical text.

`decode(encode(x)) == x` with the same type, for every type that is allowed; ends of ranges are
compared by their text, because only the source itself may order them (PROTOCOL.md 5).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Any, Final, TypeAlias
from uuid import UUID

from ..errors import CursorTypeError

Cursor: TypeAlias = int | str | bytes | Decimal | date | datetime | UUID | tuple["Cursor", ...]

START = ""
"""The text of "before the first record": the `after` of a chain's first range."""


def encode(cursor: Cursor) -> str:
    """Return the canonical text of a cursor; equal cursors of one type have equal texts.

    Raises:
        CursorTypeError: For NULL, float, bool, naive datetimes and any other type.
    """
    return json.dumps(_tagged(cursor), ensure_ascii=False, separators=(",", ":"))


def decode(text: str) -> Cursor:
    """Return the cursor whose text this is: the exact inverse of `encode`."""
    return _untagged(json.loads(text))


_EXACT: Final = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


def _decimal_text(number: Decimal) -> str:
    """Write 1.0 and 1.00 alike, for they are equal; no digit that counts is lost."""
    return str(number.normalize(_EXACT)) if number else "0"


_TAGS: Final[dict[type, tuple[str, Callable[[Any], Any], Callable[[Any], Any]]]] = {
    int: ("i", str, int),
    str: ("s", str, str),
    bytes: ("b", bytes.hex, bytes.fromhex),
    Decimal: ("d", _decimal_text, Decimal),
    datetime: ("t", lambda at: at.astimezone(UTC).isoformat(), datetime.fromisoformat),
    date: ("a", date.isoformat, date.fromisoformat),
    UUID: ("u", lambda uuid: uuid.hex, UUID),
}
"""Of each type its tag, and the ways to its JSON value and back."""

_READERS: Final = {tag: read for tag, _, read in _TAGS.values()}


def _tagged(cursor: Any) -> list[Any]:
    if type(cursor) is tuple:
        return ["c", [_tagged(part) for part in cursor]]
    if type(cursor) in _TAGS and _is_exact(cursor):
        tag, write, _ = _TAGS[type(cursor)]
        return [tag, write(cursor)]
    raise CursorTypeError(
        f"a cursor cannot be {cursor!r} of type {type(cursor).__name__}",
        hint="use a key of int, str, bytes, Decimal, date, aware datetime, UUID, or a tuple of"
        " these",
    )


def _is_exact(cursor: Any) -> bool:
    if isinstance(cursor, Decimal):
        return cursor.is_finite()
    return not isinstance(cursor, datetime) or cursor.utcoffset() is not None


def _untagged(tagged: list[Any]) -> Cursor:
    tag, value = tagged
    if tag == "c":
        return tuple(_untagged(part) for part in value)
    found: Cursor = _READERS[tag](value)
    return found
