"""Some of many rows that are bytes, chosen by their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Protocol

from ..model.raw import RawRecords, RawShape
from .csv_raw import GoodRows
from .scanned_file import ScannedFile


class WholeRows(RawRecords, Protocol):
    """All of them."""

    @property
    def each(self) -> Sequence[bytes]:
        """Each row by itself."""
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
        return [b"".join(map(self._rows.each.__getitem__, self._numbers))]

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


def each_of(file: ScannedFile, rows: GoodRows) -> Sequence[bytes]:
    """Cut rows that are written as those of a file are."""
    if rows.are_lines:
        return rows.lines
    stream = BytesIO(rows.raw)
    found = file.form.rows(stream, file.header, line=1, offset=0, size=len(rows.raw))
    return [row.raw for row in found]
