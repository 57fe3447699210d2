"""Good rows of files as `RawInput`: bytes first, and values for those who ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Any, Final

from ..model.raw import RawPart, RawRecords, RawShape, Rewritten
from .chosen_rows import ChosenRows, RowBytes
from .csv_raw import GoodRows
from .csv_spelling import Unspoken
from .portion import Portion
from .rewritten_rows import ReadBlock, ReadPart, RewrittenPart, RewrittenRows
from .scanned_file import ScannedFile

PART_ROWS: Final = 2_000
"""So many records are made at once for stages. With 500 what is done for each part can be felt;
4,000 do not stay in the processor's cache, and 50,000 take memory that the system has to find anew
for each chunk."""


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
        return ChosenRows(self, numbers)

    def cut(self, numbers: Sequence[int]) -> bytes:
        """Return the bytes of some of them."""
        return self._bytes.of(numbers)

    @cached_property
    def _bytes(self) -> RowBytes:
        return RowBytes(list(self._good()))

    def value(self, number: int) -> Any:
        """Return one record."""
        if self._values is not None:
            return self._values[number]
        file = next(iter(self._portions)).file  # those of one shape read alike
        return file.reader.read(file.form.row_of(self.cut([number]), file.header))[0]

    def values(self) -> Sequence[Any]:
        """Return all of the records; made once."""
        if self._values is None:
            self._values = list(chain.from_iterable(one.values for one in self._portions))
        return self._values

    def parts(self) -> Iterator[RawPart]:
        """Give all of them with their values, which are made as they are given."""
        first = 0
        for file, rows in self._good():
            block = ReadBlock(file, file.arrays(rows))
            for start in range(0, rows.count, PART_ROWS):
                count = min(PART_ROWS, rows.count - start)
                made = self._made(block, start, count)
                yield made or _Unchangeable([self.value(first + n) for n in range(count)])
                first += count

    def _made(self, block: ReadBlock, start: int, count: int) -> ReadPart | None:
        plain = block.file.plain
        if block.arrays is None or plain is None:
            return None
        texts = [array.slice(start, count) for array in block.arrays]
        made = plain.values_of(texts)
        return None if made is None else ReadPart(block, plain, self.shape, texts, made)

    def joined(self, rewritten: Sequence[Rewritten]) -> RawRecords | None:
        """Return as bytes what became of the parts, if it can be written so."""
        parts = [one for one in rewritten if isinstance(one, RewrittenPart)]
        assert len(parts) == len(rewritten), "parts of these rows gave them"
        try:
            return RewrittenRows(self.shape, parts)
        except Unspoken:
            return None

    def column(self, name: str) -> Sequence[Any]:
        """Return the values of one field, without those of the others where that can be had."""
        if self._values is None:
            found = [file.column(rows, name) for file, rows in self._good()]
            if None not in found:
                return list(chain.from_iterable(values for values in found if values is not None))
        return _column_of(self.values(), name)

    def texts(self, name: str) -> Sequence[str | None] | None:
        """Return the texts of one field, if they can be had by columns."""
        found = [file.texts(rows, name) for file, rows in self._good()]
        if None in found:
            return None
        return list(chain.from_iterable(texts for texts in found if texts is not None))


@dataclass(frozen=True)
class _Unchangeable:
    """A `RawPart` whose values do not follow from its texts alone."""

    values: Sequence[Any]

    def rewritten(self, numbers: Sequence[int], values: Sequence[Any]) -> None:
        """Return None."""
        del numbers, values


def _column_of(values: Sequence[Any], name: str) -> Sequence[Any]:
    if not values:
        return ()
    get: Callable[[str], Callable[[Any], Any]]
    get = itemgetter if isinstance(values[0], Mapping) else attrgetter
    return list(map(get(name), values))
