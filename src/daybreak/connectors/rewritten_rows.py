"""Records that stages have changed, as bytes again: a field that is as it was keeps its text.

To spell a value costs more than to see that it is the very object that was made of a text. What is
spelled here is a text of the same grammar, so that a database reads it as it reads the others.

Records are made for a few thousand rows at a time, and are gone when their texts are there: of a
whole chunk at once they would take a hundred megabytes, for which the system wants more time than
the stages. What is kept are the rows' texts, and the values that are others now. So the records
can be made once more, as they were. The texts become bytes by blocks, as they were read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from itertools import accumulate, chain, groupby
from math import isfinite
from operator import attrgetter, is_
from types import NoneType
from typing import TYPE_CHECKING, Any, Final

from ..model.raw import RawField, RawRecords, RawShape
from .chosen_rows import ChosenRows, RowBytes
from .csv_raw import GoodRows, good_rows
from .csv_spelling import Unspoken, array_of, rows_of
from .plain_model import PlainModel
from .scanned_file import ScannedFile

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class _Column:
    """One field of many records, as it was read."""

    texts: pa.Array
    values: Sequence[Any]

    def chosen(self, numbers: Sequence[int]) -> _Column:
        """Return some of them."""
        if len(numbers) == len(self.values):
            return self
        import numpy as np  # noqa: PLC0415 - heavy

        texts = self.texts.take(np.fromiter(numbers, np.int64))
        return _Column(texts, [self.values[at] for at in numbers])


@dataclass(frozen=True, eq=False)
class ReadBlock:
    """About a megabyte of good rows, whose records are made part by part."""

    file: ScannedFile
    """The rows' own."""

    arrays: Sequence[pa.Array] | None
    """The texts of the model's fields, if they can be had."""


class ReadPart:
    """A `RawPart` of records that were made of good rows, and may be rewritten.

    Args:
        block: The good rows some of which these are.
        plain: Their model.
        shape: How rows are written.
        texts: Of the model's fields, in their order.
        made: What they became.
    """

    def __init__(
        self,
        block: ReadBlock,
        plain: PlainModel,
        shape: RawShape,
        texts: Sequence[pa.Array],
        made: Sequence[Sequence[Any]],
    ) -> None:
        self._block = block
        self._plain = plain
        self._shape = shape
        self._columns = [*map(_Column, texts, made)]
        self.values: Sequence[Any] = plain.made(made)
        self._model = type(self.values[0])

    def rewritten(self, numbers: Sequence[int], values: Sequence[Any]) -> RewrittenPart | None:
        """Return some of the records with other values, as texts.

        Args:
            numbers: Which of them, in order.
            values: What each became.

        Returns:
            None if these are no records of the same kind, or one of them cannot be spelled.
        """
        if not set(map(type, values)) <= {self._model}:
            return None
        texts: dict[str, pa.Array] = {}
        changed: dict[str, Sequence[Any]] = {}
        kinds = {field.name: field for field in self._shape.fields}
        try:
            for field, column in zip(self._plain.fields, self._columns, strict=True):
                name, before = field.name, column.chosen(numbers)
                texts[name] = before.texts
                get = attrgetter(name)
                if not all(map(is_, map(get, values), before.values)):
                    changed[name] = now = list(map(get, values))
                    texts[name] = _respelled(kinds[name], self._shape.null, now, before)
        except Unspoken:
            return None
        return RewrittenPart(self._block, self._plain, len(values), texts, changed)


@dataclass(frozen=True)
class RewrittenPart:
    """A few thousand records that became texts."""

    block: ReadBlock
    plain: PlainModel
    count: int
    texts: Mapping[str, pa.Array]
    changed: Mapping[str, Sequence[Any]]
    """By field, the values, where they do not follow from the texts that were read."""

    def __len__(self) -> int:
        return self.count

    def column(self, name: str) -> Sequence[Any]:
        """Return the values of one field."""
        if name in self.changed:
            return self.changed[name]
        (field,) = (field for field in self.plain.fields if field.name == name)
        found = field.values_of(self.texts[name])
        assert found is not None, "values were made of these texts before"
        return found

    @cached_property
    def _made(self) -> Sequence[Any]:
        if not self.count:
            return ()
        return self.plain.made([self.column(field.name) for field in self.plain.fields])

    def values(self) -> Sequence[Any]:
        """Return the records, made anew at the first look."""
        return self._made


@dataclass(frozen=True)
class _Written:
    """Parts that were written down together."""

    parts: Sequence[RewrittenPart]
    rows: GoodRows

    @classmethod
    def of(cls, parts: Sequence[RewrittenPart], shape: RawShape) -> _Written:
        """Write parts down.

        Raises:
            Unspoken: If a database would not read a row as it is meant.
        """
        import pyarrow as pa  # noqa: PLC0415 - heavy

        names = [field.name for field in shape.fields]
        try:
            columns = [pa.concat_arrays([part.texts[name] for part in parts]) for name in names]
        except pa.ArrowException as exc:  # they are too much for one array
            raise Unspoken from exc
        rows = good_rows(rows_of(columns, shape), sum(map(len, parts)))
        if not rows.is_readable:
            raise Unspoken
        return cls(parts, rows)


class RewrittenRows:
    """`RawRecords` of what stages gave.

    Args:
        shape: How they are written.
        parts: In source order.

    Raises:
        Unspoken: If one of them cannot be written so that a database reads it as it is.
    """

    def __init__(self, shape: RawShape, parts: Sequence[RewrittenPart]) -> None:
        self.shape = shape
        self._parts = parts
        self._written = [_Written.of(some, shape) for some in _by_block(parts)]
        self._ends = list(accumulate(map(len, parts)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @property
    def blocks(self) -> Sequence[bytes]:
        """All of them, about a megabyte at a time."""
        return [one.rows.raw for one in self._written]

    @property
    def are_lines(self) -> bool:
        """Whether no record has a line end inside."""
        return all(one.rows.are_lines for one in self._written)

    def cut(self, numbers: Sequence[int]) -> bytes:
        """Return the bytes of some of them."""
        return self._bytes.of(numbers)

    @cached_property
    def _bytes(self) -> RowBytes:
        return RowBytes([(one.parts[0].block.file, one.rows) for one in self._written])

    def chosen(self, numbers: Sequence[int]) -> RawRecords:
        """Return some of them."""
        return ChosenRows(self, numbers)

    def value(self, number: int) -> Any:
        """Return one record."""
        at = bisect_right(self._ends, number)
        return self._parts[at].values()[number - (self._ends[at - 1] if at else 0)]

    def values(self) -> Sequence[Any]:
        """Return all of the records."""
        return list(chain.from_iterable(part.values() for part in self._parts))

    def column(self, name: str) -> Sequence[Any]:
        """Return the values of one field."""
        return list(chain.from_iterable(part.column(name) for part in self._parts))

    def texts(self, name: str) -> Sequence[str | None]:
        """Return the texts of one field."""
        return list(chain.from_iterable(part.texts[name].to_pylist() for part in self._parts))


def _by_block(parts: Sequence[RewrittenPart]) -> Iterator[Sequence[RewrittenPart]]:
    """Yield parts in groups that were read together, and are written down together.

    With only a few thousand rows Arrow's calls cost as much as their work.
    """
    return (list(some) for _, some in groupby(parts, key=lambda part: id(part.block)))


def _respelled(field: RawField, null: str, now: Sequence[Any], before: _Column) -> pa.Array:
    """Return the texts of a field that has changed.

    Raises:
        Unspoken: If a value is not of the field's kind, or would be read as NULL.
    """
    kind, spell = _SPELLED[field.kind]
    if not set(map(type, now)) <= {kind, NoneType}:
        raise Unspoken
    texts: Sequence[str | None] = now
    if spell is not None:
        texts = [
            text if value is then else None if value is None else spell(value)
            for value, then, text in zip(now, before.values, before.texts.to_pylist(), strict=True)
        ]
    if null in texts:
        raise Unspoken
    return array_of(texts)


def _of_decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise Unspoken
    return format(value, "f")


def _of_float(value: float) -> str:
    if not isfinite(value):
        raise Unspoken
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
