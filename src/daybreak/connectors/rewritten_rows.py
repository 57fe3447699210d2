"""Records that stages have changed, as bytes again: a field that is as it was keeps its text.

To spell a value costs more than to see that it is the very object that was made of a text. What is
spelled here is a text of the same grammar, so that a database reads it as it reads the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from math import isfinite
from operator import attrgetter, is_
from types import NoneType
from typing import Any, Final

from ..model.raw import RawField, RawRecords, RawShape
from .csv_raw import GoodRows, good_rows


class _Unspoken(Exception):  # noqa: N818 - a verdict, raised and caught here
    """A value has no text of its field's grammar."""


@dataclass(frozen=True)
class ColumnMade:
    """One field of many records, as it was read."""

    texts: Sequence[str | None]
    values: Sequence[Any]

    def chosen(self, numbers: Sequence[int]) -> ColumnMade:
        """Return some of them."""
        if len(numbers) == len(self.values):
            return self
        return ColumnMade(
            [self.texts[number] for number in numbers], [self.values[number] for number in numbers]
        )


class RewrittenRows:
    """`RawRecords` of values that stages gave.

    Args:
        shape: How they are to be written.
        before: By field, what stood there; as many of each as there are values.
        values: Instances of a class that has all of the fields as attributes.
    """

    def __init__(
        self, shape: RawShape, before: Mapping[str, ColumnMade], values: Sequence[Any]
    ) -> None:
        self.shape = shape
        self._before = before
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    @cached_property
    def _rows(self) -> GoodRows | None:
        shape = self.shape
        try:
            columns = [self._cells(field) for field in shape.fields]
            text = "\n".join(map(shape.delimiter.join, zip(*columns, strict=True)))
            return good_rows(f"{text}\n".encode(), len(self._values))
        except (_Unspoken, UnicodeEncodeError):
            return None

    @property
    def blocks(self) -> Sequence[bytes] | None:
        """All of them at once; None if a value cannot be spelled."""
        rows = self._rows
        return [rows.raw] if rows is not None and rows.is_readable else None

    @property
    def are_lines(self) -> bool:
        """Whether no record has a line end inside."""
        return self._rows is not None and self._rows.are_lines

    def chosen(self, numbers: Sequence[int]) -> RawRecords:
        """Return some of them."""
        before = {name: column.chosen(numbers) for name, column in self._before.items()}
        return RewrittenRows(self.shape, before, [self._values[number] for number in numbers])

    def rewritten(self, numbers: Sequence[int], values: Sequence[Any]) -> RawRecords | None:
        """Return some of them with other values."""
        before = {name: column.chosen(numbers) for name, column in self._before.items()}
        return RewrittenRows(self.shape, before, values)

    def value(self, number: int) -> Any:
        """Return one record."""
        return self._values[number]

    def values(self) -> Sequence[Any]:
        """Return all of the records."""
        return self._values

    def column(self, name: str) -> Sequence[Any]:
        """Return the values of one field."""
        return list(map(attrgetter(name), self._values))

    def _cells(self, field: RawField) -> Sequence[str]:
        """Return one field of all records, as it is to be written."""
        shape, before, values = self.shape, self._before[field.name], self.column(field.name)
        texts = before.texts
        if not all(map(is_, values, before.values)):
            texts = _respelled(field, shape.null, values, before)
        cells = [shape.null if text is None else text for text in texts]
        return _quoted(cells, shape)


def _respelled(
    field: RawField, null: str, values: Sequence[Any], before: ColumnMade
) -> Sequence[str | None]:
    kind, spell = _SPELLED[field.kind]
    if not set(map(type, values)) <= {kind, NoneType}:
        raise _Unspoken
    texts: Sequence[str | None] = values
    if spell is not None:
        texts = [
            text if value is then else None if value is None else spell(value)
            for value, then, text in zip(values, before.values, before.texts, strict=True)
        ]
    if null in texts:
        raise _Unspoken  # it would be read as NULL
    return texts


def _quoted(cells: list[str], shape: RawShape) -> Sequence[str]:
    """Put quotes around those that need them: few do, and often none."""
    everything, quote = "".join(cells), shape.quote
    if "\0" in everything:
        raise _Unspoken
    marks = (shape.delimiter, quote, "\n", "\r")
    if not any(mark in everything for mark in marks):
        return cells
    needs = re.compile(f"[{re.escape(''.join(marks))}]").search
    return [
        f"{quote}{cell.replace(quote, quote * 2)}{quote}" if needs(cell) else cell for cell in cells
    ]


def _of_decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise _Unspoken
    return format(value, "f")


def _of_float(value: float) -> str:
    if not isfinite(value):
        raise _Unspoken
    return repr(value)


_SPELLED: Final[Mapping[str, tuple[type, Callable[[Any], str] | None]]] = {
    "int": (int, str),
    "decimal": (Decimal, _of_decimal),
    "float": (float, _of_float),
    "bool": (bool, lambda value: "true" if value else "false"),
    "date": (date, date.isoformat),
    "datetime": (datetime, datetime.isoformat),
    "str": (str, None),
}
"""By kind the type of its values, exactly, and how one is written; None if it is its own text."""
