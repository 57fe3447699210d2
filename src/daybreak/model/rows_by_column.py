"""The rows of a chunk, whose values lie by column: what looks at all of them is a loop in C."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload


class RowsByColumn(Sequence[Sequence[Any]]):
    """Rows; one is made a tuple only when it is looked at.

    Args:
        columns: At least one, all of one length.
        rows: The same as tuples, where they are there already.
        as_of: By the database's word, what was committed before they were read: they hold all of
            it. Empty where it did not say.
    """

    __slots__ = ("_rows", "as_of", "columns")

    def __init__(
        self,
        columns: Sequence[Sequence[Any]],
        rows: Sequence[Sequence[Any]] | None = None,
        as_of: str = "",
    ) -> None:
        self.columns = columns
        self._rows = rows
        self.as_of = as_of

    @classmethod
    def of(cls, rows: Sequence[Sequence[Any]], width: int, as_of: str = "") -> RowsByColumn:
        """Lay the values of rows by column; without a row there are so many empty columns."""
        return cls(list(zip(*rows, strict=True)) or [()] * width, rows, as_of)

    def __len__(self) -> int:
        return len(self.columns[0])

    def __iter__(self) -> Iterator[Sequence[Any]]:
        return zip(*self.columns, strict=True) if self._rows is None else iter(self._rows)

    @overload
    def __getitem__(self, place: int) -> Sequence[Any]: ...
    @overload
    def __getitem__(self, place: slice) -> RowsByColumn: ...
    def __getitem__(self, place: int | slice) -> Sequence[Any]:
        if isinstance(place, slice):
            return RowsByColumn([column[place] for column in self.columns], as_of=self.as_of)
        if self._rows is not None:
            return self._rows[place]
        return tuple([column[place] for column in self.columns])

    def chosen(self, places: Sequence[int]) -> RowsByColumn:
        """Return the rows at some places, in that order."""
        every = range(len(self))
        if places == every or (len(places) == len(self) and list(places) == list(every)):
            return self
        chosen = [list(map(column.__getitem__, places)) for column in self.columns]
        return RowsByColumn(chosen, as_of=self.as_of)
