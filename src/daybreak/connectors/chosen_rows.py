"""Some of many rows that are bytes, chosen by their numbers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import accumulate, pairwise
from typing import Any, Protocol

from ..model.raw import RawRecords, RawShape
from .csv_raw import GoodRows
from .scanned_file import ScannedFile


class WholeRows(RawRecords, Protocol):
    """All of them."""

    def cut(self, numbers: Sequence[int]) -> bytes:
        """Return the bytes of some of them, in the order given."""
        ...


class ChosenRows:
    """Some of the rows.

    Args:
        rows: All of them.
        numbers: Which of these.
    """

    def __init__(self, rows: WholeRows, numbers: Sequence[int]) -> None:
        self._rows = rows
        self._numbers = numbers

    @property
    def shape(self) -> RawShape:
        """How they are written."""
        return self._rows.shape

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def blocks(self) -> Sequence[bytes]:
        """All of them at once."""
        return [self._rows.cut(self._numbers)]

    @property
    def are_lines(self) -> bool:
        """Whether no row has a line end inside."""
        return self._rows.are_lines

    def chosen(self, numbers: Sequence[int]) -> RawRecords:
        """Return some of them."""
        return ChosenRows(self._rows, [self._numbers[number] for number in numbers])

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

    def texts(self, name: str) -> Sequence[str | None] | None:
        """Return the texts of one field."""
        texts = self._rows.texts(name)
        return None if texts is None else [texts[number] for number in self._numbers]


class RowBytes:
    """The bytes of many rows, some of which are wanted.

    Those that follow each other are cut out at once: to cut out each of a hundred thousand takes
    as long as to have all of them checked.

    Args:
        pieces: In source order, with the file as whose rows each is written.
    """

    def __init__(self, pieces: Sequence[tuple[ScannedFile, GoodRows]]) -> None:
        self._pieces = pieces
        self._ends = list(accumulate(rows.count for _, rows in pieces))
        self._each: dict[int, Sequence[bytes]] = {}

    def of(self, numbers: Sequence[int]) -> bytes:
        """Return the bytes of some rows, in the order given."""
        found: list[bytes] = []
        for first, upto in _stretches(numbers):
            found += self._between(first, upto)
        return b"".join(found)

    def _between(self, first: int, upto: int) -> Iterator[bytes]:
        at = bisect_right(self._ends, first)
        while first < upto:
            before = self._ends[at - 1] if at else 0
            last = min(upto, self._ends[at])
            yield self._cut(at, first - before, last - before)
            first, at = last, at + 1

    def _cut(self, at: int, first: int, upto: int) -> bytes:
        file, rows = self._pieces[at]
        if rows.are_lines:
            return rows.cut(first, upto)
        if at not in self._each:
            stream = BytesIO(rows.raw)
            cut = file.form.rows(stream, file.header, line=1, offset=0, size=len(rows.raw))
            self._each[at] = [row.raw for row in cut]
        return b"".join(self._each[at][first:upto])


def _stretches(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield numbers that follow each other as the first one and the one behind the last."""
    import numpy as np  # noqa: PLC0415 - heavy

    array = np.fromiter(numbers, np.int64, len(numbers))
    breaks = np.flatnonzero(np.diff(array) != 1) + 1
    for begin, end in pairwise([0, *breaks.tolist(), len(numbers)]):
        if begin < end:
            yield numbers[begin], numbers[end - 1] + 1
