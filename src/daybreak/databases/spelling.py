"""Rows spelled for PostgreSQL by columns, for COPY or as arrays: a call of C code for thousands.

The driver spells them value by value, which takes longer. Here stand only types whose text
says all about them, and a column has to hold one of them besides NULL. Anything else is left to the
driver, and so is what cannot be said at all (NUL, half a surrogate): it tells which row that is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias
from uuid import UUID

from ..model.rows_by_column import RowsByColumn

ROWS_AT_ONCE: Final = 2_000
"""So many rows are spelled at a time, which bounds the memory that their texts take."""

NULL: Final = r"\N"
_NUL: Final = "\0"
_JSON_NUL: Final = r"\u0000"
_ESCAPED: Final = (
    ("\\", r"\\"),
    ("\t", r"\t"),
    ("\n", r"\n"),
    ("\r", r"\r"),
    ("\b", r"\b"),
    ("\f", r"\f"),
    ("\v", r"\v"),
)
"""What is written in another way; the backslash comes first, for it is in all the others."""

Texts: TypeAlias = Sequence[str]


def spelled(rows: Sequence[Sequence[Any]]) -> Iterator[bytes]:
    """Yield rows in COPY's text format, in UTF-8, `ROWS_AT_ONCE` of them in each block.

    It ends before the first block that cannot be spelled here.
    """
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = rows[start : start + ROWS_AT_ONCE]
        try:
            columns = part.columns if isinstance(part, RowsByColumn) else zip(*part, strict=True)
            texts = [_texts(column) for column in columns]
            block = ("\n".join(map("\t".join, zip(*texts, strict=True))) + "\n").encode()
        except (_Unspelled, ValueError):  # of the latter: rows of two lengths, half a surrogate
            return
        yield block


def array_of(column: Sequence[Any]) -> str | None:
    """Return a column as PostgreSQL reads an array's text; None if it cannot be spelled here."""
    kinds = set(map(type, column))
    has_null = type(None) in kinds
    values = [value for value in column if value is not None] if has_null else column
    try:
        if kinds == {int}:
            return f"{{{','.join(map(str, column))}}}"
        quoted = _quoted(values, kinds - {type(None)})
    except (_Unspelled, ValueError):  # of the latter: half a surrogate, a number too long
        return None
    if has_null:
        texts = iter(quoted.split(_NUL))
        items = ("NULL" if value is None else f'"{next(texts)}"' for value in column)
        return f"{{{','.join(items)}}}"
    return '{"' + quoted.replace(_NUL, '","') + '"}'


def json_of(column: Sequence[Any]) -> str | None:
    """Return a column as a JSON array of texts, whole numbers and null; None if it cannot be."""
    kinds = set(map(type, column)) - {type(None)}
    try:
        if kinds and not kinds <= {str} and not kinds <= {int}:
            column = _spelled_by(kinds, column)
        spelt = json.dumps(column, ensure_ascii=False, check_circular=False)
        spelt.encode()
    except (_Unspelled, ValueError):  # of the latter: half a surrogate, a number too long
        return None
    return None if _JSON_NUL in spelt else spelt


def _spelled_by(kinds: set[type], column: Sequence[Any]) -> Sequence[str | None]:
    kind, *others = kinds
    if others or kind not in _SPELLERS:
        raise _Unspelled
    texts = iter(_SPELLERS[kind]([value for value in column if value is not None]))
    return [None if value is None else next(texts) for value in column]


def _quoted(values: Sequence[Any], kinds: set[type]) -> str:
    """Return values of one type as they stand inside quotes, with NUL between them."""
    if not values:
        return ""
    kind = kinds.pop()
    if kinds or kind not in _SPELLERS:
        raise _Unspelled
    joined = _NUL.join(values if kind is str else _SPELLERS[kind](values))
    if joined.count(_NUL) != len(values) - 1:
        raise _Unspelled
    joined.encode()
    for letter in '\\"':  # the backslash comes first, for it is in the other
        if letter in joined:
            joined = joined.replace(letter, f"\\{letter}")
    return joined


class _Unspelled(Exception):  # noqa: N818 - it reads as a sentence
    """A column holds what is not spelled here."""


def _texts(column: Sequence[Any]) -> Texts:
    kinds = set(map(type, column))
    has_null = type(None) in kinds
    kinds.discard(type(None))
    if not kinds:
        return [NULL] * len(column)
    spell = _SPELLERS.get(kinds.pop())
    if spell is None or kinds:
        raise _Unspelled
    if not has_null:
        return spell(column)
    texts = iter(spell([value for value in column if value is not None]))
    return [NULL if value is None else next(texts) for value in column]


def _escaped(column: Texts) -> Texts:
    """Escape what COPY would take for its own; all texts together, for most hold nothing such."""
    joined = _NUL.join(column)
    if joined.count(_NUL) != len(column) - 1:
        raise _Unspelled  # PostgreSQL stores no NUL: the driver says so, and of which row
    found = [(letter, escape) for letter, escape in _ESCAPED if letter in joined]
    if not found:
        return column
    for letter, escape in found:
        joined = joined.replace(letter, escape)
    return joined.split(_NUL)


def _decimals(column: Sequence[Any]) -> Texts:
    texts = list(map(str, column))
    if "N" in "".join(texts):
        raise _Unspelled  # a signalling NaN is none of PostgreSQL's
    return texts


def _by_text(column: Sequence[Any]) -> Texts:
    return list(map(str, column))


_SPELLERS: Final[Mapping[type, Callable[[Sequence[Any]], Texts]]] = {
    str: _escaped,
    int: _by_text,
    bool: lambda column: ["t" if value else "f" for value in column],
    float: lambda column: list(map(repr, column)),
    Decimal: _decimals,
    date: _by_text,
    datetime: _by_text,
    UUID: lambda column: [value.hex for value in column],
}
