"""Cursors: typed places in a source, and their one canonical text.

`decode(encode(x)) == x` with the same type, for every type that is allowed; ends of ranges are
compared by their text, because only the source itself may order them (PROTOCOL.md 5).
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from ..errors import DefinitionError

Cursor: TypeAlias = int | str | bytes | Decimal | date | datetime | UUID | tuple["Cursor", ...]

START = ""
"""The text of "before the first record": the `after` of a chain's first range."""


class CursorTypeError(DefinitionError, TypeError):
    """A key or place has a type that does not survive storage exactly; nothing was read."""


def encode(cursor: Cursor) -> str:
    """Return the canonical text of a cursor; equal cursors of one type have equal texts.

    Raises:
        CursorTypeError: For NULL, float, bool, naive datetimes and any other type.
    """
    return json.dumps(_tagged(cursor), ensure_ascii=False, separators=(",", ":"))


def decode(text: str) -> Cursor:
    """Return the cursor whose text this is: the exact inverse of `encode`."""
    return _untagged(json.loads(text))


def _tagged(cursor: Any) -> list[Any]:
    match cursor:
        case bool() | float() | None:
            pass
        case int():
            return ["i", str(cursor)]
        case str():
            return ["s", cursor]
        case bytes():
            return ["b", cursor.hex()]
        case Decimal() if cursor.is_finite():
            return ["d", str(cursor)]
        case datetime() if cursor.utcoffset() is not None:
            return ["t", cursor.astimezone(UTC).isoformat()]
        case datetime():
            pass
        case date():
            return ["a", cursor.isoformat()]
        case UUID():
            return ["u", cursor.hex]
        case tuple():
            return ["c", [_tagged(part) for part in cursor]]
        case _:
            pass
    raise CursorTypeError(
        f"a cursor cannot be {cursor!r} of type {type(cursor).__name__}",
        hint="use a key of int, str, bytes, Decimal, date, aware datetime, UUID or a tuple of these",
    )


def _untagged(tagged: list[Any]) -> Cursor:
    tag, value = tagged
    match tag:
        case "i":
            return int(value)
        case "s":
            return str(value)
        case "b":
            return bytes.fromhex(value)
        case "d":
            return Decimal(value)
        case "t":
            return datetime.fromisoformat(value)
        case "a":
            return date.fromisoformat(value)
        case "u":
            return UUID(hex=value)
        case "c":
            return tuple(_untagged(part) for part in value)
        case _:
            raise ValueError(f"unknown cursor tag {tag!r}")
