"""The changes of a chunk: rows as they were read, and what was computed of them, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, overload

from ..model.rows_by_column import RowsByColumn

Change: TypeAlias = tuple[Sequence[Any], Any]
"""A row as it was read, and its new values: a tuple of them, or the only one."""


class Spelled(NamedTuple):
    """A statement with its binds."""

    statement: str
    binds: Mapping[str, object]


class Changes(Sequence[Change]):
    """What is to be written of a chunk; a change is made a pair only when it is looked at.

    Args:
        rows: As the database gave them; at least one.
        values: Of each row what is new: a tuple, or the only value.
    """

    __slots__ = ("rows", "spelled", "values")

    def __init__(self, rows: Sequence[Sequence[Any]], values: Sequence[Any]) -> None:
        assert len(rows) == len(values), "every row has its new values"
        self.rows = rows if isinstance(rows, RowsByColumn) else RowsByColumn.of(rows, width=1)
        self.values = values
        self.spelled: Spelled | None = None
        """What writes them all, where that is known; spelled before the transaction begins."""

    def chosen(self, places: Sequence[int]) -> Changes:
        """Return those at some places."""
        return Changes(self.rows.chosen(places), list(map(self.values.__getitem__, places)))

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Change]:
        return zip(self.rows, self.values, strict=True)

    @overload
    def __getitem__(self, place: int) -> Change: ...
    @overload
    def __getitem__(self, place: slice) -> Changes: ...
    def __getitem__(self, place: int | slice) -> Change | Changes:
        if isinstance(place, slice):
            return Changes(self.rows[place], self.values[place])
        return self.rows[place], self.values[place]


def changes_of(pairs: Sequence[Change]) -> Changes:
    """Return pairs side by side; some of a chunk come as a list of them."""
    if isinstance(pairs, Changes):
        return pairs
    return Changes([row for row, _ in pairs], [values for _, values in pairs])
