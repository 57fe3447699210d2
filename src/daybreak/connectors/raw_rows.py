"""Good rows of files as `RawRecords`: bytes first, and values for those who ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from io import BytesIO
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Any

from ..model.raw import RawRecords, RawShape
from .csv_raw import GoodRows
from .portion import Portion
from .rewritten_rows import ColumnMade, RewrittenRows
from .scanned_file import ScannedFile


class RawRows:
    """The good rows of some portions.

    Args:
        shape: How they are written.
        portions: In source order; a database reads all of them alike.
    """

    def __init__(self, shape: RawShape, portions: Sequence[Portion]) -> None:
        self.shape = shape
        self._portions = portions
        self._count = sum(rows.count for _, rows in self._good())
        self._values: Sequence[Any] | None = None
        self._made: Mapping[str, ColumnMade] | None = None
        """By field, of what the values were made; None if they were made row by row."""

    def _good(self) -> Iterable[tuple[ScannedFile, GoodRows]]:
        return ((one.file, rows) for one in self._portions for rows in one.good if rows.count)

    def __len__(self) -> int:
        return self._count

    @property
    def blocks(self) -> Sequence[bytes]:
        """All of them, about a megabyte at a time."""
        return [rows.raw for _, rows in self._good()]

    @property
    def are_lines(self) -> bool:
        """Whether no row has a line end inside."""
        return all(rows.are_lines for _, rows in self._good())

    def chosen(self, numbers: Sequence[int]) -> RawRecords:
        """Return some of them."""
        return _Chosen(self, numbers)

    @cached_property
    def each(self) -> Sequence[bytes]:
        """Each row by itself."""
        return list(chain.from_iterable(_cut(file, rows) for file, rows in self._good()))

    def value(self, number: int) -> Any:
        """Return one record."""
        if self._values is not None:
            return self._values[number]
        file = next(iter(self._portions)).file  # those of one shape read alike
        return file.reader.read(file.form.row_of(self.each[number], file.header))[0]

    def values(self) -> Sequence[Any]:
        """Return all of the records; made once."""
        if self._values is None:
            self._values = self._values_by_columns()
        if self._values is None:
            self._values = list(chain.from_iterable(one.values for one in self._portions))
        return self._values

    def _values_by_columns(self) -> Sequence[Any] | None:
        plain = next(iter(self._portions)).file.plain  # one model has one shape
        blocks = [file.texts(rows) for file, rows in self._good()]
        if plain is None or not blocks or None in blocks:
            return None
        columns = zip(*(block for block in blocks if block is not None), strict=True)
        texts = [list(chain.from_iterable(parts)) for parts in columns]
        values = plain.values(texts)
        if values is None:
            return None
        made = map(ColumnMade, texts, values)
        self._made = {field.name: one for field, one in zip(plain.fields, made, strict=True)}
        return plain.made(values)

    def rewritten(self, numbers: Sequence[int], values: Sequence[Any]) -> RawRecords | None:
        """Return some of the rows with other values."""
        own = self.values()
        if self._made is None or set(map(type, values)) != {type(own[0])}:
            return None
        before = {name: column.chosen(numbers) for name, column in self._made.items()}
        return RewrittenRows(self.shape, before, values)

    def column(self, name: str) -> Sequence[Any]:
        """Return the values of one field, without those of the others where that can be had."""
        if self._values is None:
            found = [file.column(rows, name) for file, rows in self._good()]
            if None not in found:
                return list(chain.from_iterable(values for values in found if values is not None))
        return _column_of(self.values(), name)


class _Chosen:
    """Some of the rows.

    Args:
        rows: All of them.
        numbers: Which of these.
    """

    def __init__(self, rows: RawRows, numbers: Sequence[int]) -> None:
        self._rows = rows
        self._numbers = numbers
        self.shape = rows.shape

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def blocks(self) -> Sequence[bytes]:
        """All of them at once."""
        return [b"".join(map(self._rows.each.__getitem__, self._numbers))]

    @property
    def are_lines(self) -> bool:
        """Whether no row has a line end inside."""
        return self._rows.are_lines

    def chosen(self, numbers: Sequence[int]) -> RawRecords:
        """Return some of them."""
        return _Chosen(self._rows, [self._numbers[number] for number in numbers])

    def rewritten(self, numbers: Sequence[int], values: Sequence[Any]) -> RawRecords | None:
        """Return some of them with other values."""
        return self._rows.rewritten([self._numbers[number] for number in numbers], values)

    def value(self, number: int) -> Any:
        """Return one record."""
        return self._rows.value(self._numbers[number])

    def values(self) -> Sequence[Any]:
        """Return all of the records."""
        values = self._rows.values()
        return [values[number] for number in self._numbers]

    def column(self, name: str) -> Sequence[Any]:
        """Return the values of one field."""
        values = self._rows.column(name)
        return [values[number] for number in self._numbers]


def _cut(file: ScannedFile, rows: GoodRows) -> Sequence[bytes]:
    if rows.are_lines:
        return rows.lines
    stream = BytesIO(rows.raw)
    found = file.form.rows(stream, file.header, line=1, offset=0, size=len(rows.raw))
    return [row.raw for row in found]


def _column_of(values: Sequence[Any], name: str) -> Sequence[Any]:
    if not values:
        return ()
    get: Callable[[str], Callable[[Any], Any]]
    get = itemgetter if isinstance(values[0], Mapping) else attrgetter
    return list(map(get(name), values))
