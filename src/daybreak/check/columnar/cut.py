"""A block cut into rows and fields, all at once: by lines, or with quotes counted.

A run goes from a certain beginning to the first place where quotes break the grammar (`quotes`);
what stands there is read by the row reader, which says where the next row begins.

The row reader may take the last record before a broken quote back, with all lines behind it that
are none: they may be inside quotes. So a run ends before its last record; whoever goes on begins
with that. Rows of so many lines that records could be inside their quotes are read by it, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ...connectors.csv_window import RESUMING_RECORDS
from ...connectors.row import Row
from .marks import RETURN, Marks
from .quotes import Quotes
from .signs import Signs
from .texts import Buffer, Texts
from .words import NOWHERE, PAD, Flags, Places

_SHORT_RUN: Final = 16
"""Rows between two faults that make it likely that more faults follow."""

_LOOSE_MAX: Final = 1_024
"""Rows that are read one by one, at most, before a run is tried again."""

_PARTS_MAX: Final = 16
"""Rows of another width, in a run, up to which the others are taken part by part."""

ReadRows = Callable[[int, int, int], list[Row]]
"""Given a place in the block, the number of line ends before it, and a number of rows: so many of
the rows that begin there, or fewer at the end of the file. The first one's line counts from 0."""


@dataclass(slots=True)
class RowPlaces:
    """Where the rows of a block are."""

    starts: Places
    """Where each row begins."""

    end: int
    """Behind the last row; that may be behind the block, if the last row is long."""

    newlines: Places | None = None
    """Where lines end, if rows need not be lines."""

    loose: dict[int, Row] = field(default_factory=dict)
    """Rows that were read one by one, by their number in the block; their lines count from 0."""

    @property
    def lines(self) -> int:
        """How many lines end in them."""
        if self.newlines is None:
            return len(self.starts)
        if (last := self.loose.get(len(self.starts) - 1)) is not None:
            return last.line + last.lines
        return int(self.newlines.searchsorted(self.end))


@dataclass(slots=True)
class Cut:
    """Where the rows and the fields of a block are. It takes more memory than the block."""

    rows: RowPlaces
    whole: Places | None
    """The rows that have as many fields as the header, and whose quotes are right. None: all."""

    separators: Places
    """What ends each field of the whole rows; shape (fields, whole rows)."""

    signs: Signs
    """Those of the block; some may stand behind the last row."""

    quote: int | None = None
    """The quote, if there are any."""

    doubled: Places = field(default_factory=lambda: NOWHERE)
    """Where two quotes stand side by side."""

    @property
    def nbytes(self) -> int:
        """About how much memory it takes."""
        return self.separators.nbytes + self.rows.starts.nbytes

    def texts(self, buffer: Buffer, column: int, *, is_utf8: bool) -> Texts:
        """Return the texts of one column."""
        if column:
            first = self.separators[column - 1] + 1
        else:
            starts = self.rows.starts
            first = starts if self.whole is None else starts[self.whole]
        last = self.separators[column]
        if column + 1 == len(self.separators) and self.signs.has_returns:
            last = last - ((buffer.data[last - 1] == RETURN) & (last > first))
        if self.quote is None:
            return Texts(buffer, first, last, is_utf8=is_utf8)
        is_quoted = buffer.data[first] == self.quote
        if is_quoted.any():
            first, last = first + is_quoted, last - is_quoted
        return Texts(buffer, first, last, doubled=self.doubled, is_utf8=is_utf8)


def cut_block(
    buffer: Buffer, marks: Marks, until: int, read_rows: ReadRows, *, is_likely: bool
) -> Cut:
    """Cut a block into its rows.

    Args:
        buffer: The block, beginning with a row. Its end is moved to behind the last row.
        marks: By what it is cut.
        until: Rows that begin before this place are wanted.
        read_rows: Reads rows one by one.
        is_likely: Whether a line that is a record by itself begins there, and the block ends
            behind it.
    """
    signs = Signs.of(buffer, marks)
    if is_likely and not len(signs.quotes):
        return _cut_lines(buffer, signs, marks, until)
    pieces, loose = _Pieces(buffer, signs, marks), 1
    while True:
        rows, unsettled = pieces.add_run(until)
        at = pieces.end
        if at >= until:
            break
        loose = min(2 * loose, _LOOSE_MAX) if rows < _SHORT_RUN else 1
        found = read_rows(at, pieces.lines_before(at), unsettled + loose)
        if not found:
            break
        pieces.add_loose(found)
    buffer.end = min(pieces.end, buffer.end)
    return pieces.joined()


def _cut_lines(buffer: Buffer, signs: Signs, marks: Marks, until: int) -> Cut:
    """Cut lines without quotes; the record behind them settles them."""
    buffer.end = until
    count = int(np.searchsorted(signs.separators, until))
    rows = _Rows.of(signs.separators[:count], signs.is_newline[:count], PAD)
    sizes_max = marks.record_bytes_max if len(buffer.content) > marks.record_bytes_max else None
    whole, parts = rows.whole(marks.width, sizes_max)
    is_all = len(whole) == len(rows.starts)
    separators = _side_by_side(parts, marks.width)
    return Cut(RowPlaces(rows.starts, until), None if is_all else whole, separators, signs)


@dataclass(slots=True)
class _Rows:
    """Rows one behind the other, and all that separates their fields."""

    starts: Places
    behind: Places
    """Behind each row."""

    separators: Places
    """All delimiters and line ends that are not in quotes, from the first row on."""

    ends: Places
    """Of each row the number of its last separator."""

    widths: Places
    """Of each row the number of its fields."""

    @classmethod
    def of(cls, separators: Places, is_newline: Flags, begin: int) -> _Rows:
        """Find the rows between separators; what is behind the last line end is left out."""
        ends = is_newline.nonzero()[0]
        behind = separators[ends]
        behind += 1
        starts, widths = np.empty_like(behind), np.empty_like(ends)
        if len(ends):
            starts[0], widths[0] = begin, ends[0] + 1
            starts[1:] = behind[:-1]
            np.subtract(ends[1:], ends[:-1], out=widths[1:])
        return cls(starts, behind, separators, ends, widths)

    def first(self, count: int) -> _Rows:
        """Return the first of them."""
        return _Rows(
            self.starts[:count],
            self.behind[:count],
            self.separators,
            self.ends[:count],
            self.widths[:count],
        )

    def whole(self, width: int, size_max: int | None = None) -> tuple[Places, list[Places]]:
        """Return the rows of one width, and their separators in parts, shape (width, rows)."""
        fits = self.widths == width
        if size_max is not None:
            fits &= self.behind - self.starts <= size_max
        others = np.flatnonzero(~fits)
        if len(others) <= _PARTS_MAX:
            return np.flatnonzero(fits), [*self._between(others.tolist(), width)]
        whole = np.flatnonzero(fits)
        return whole, [self.separators[self.ends[whole] + np.arange(1 - width, 1)[:, None]]]

    def _between(self, others: list[int], width: int) -> Iterator[Places]:
        """Yield the separators of rows between some others; no copies of them."""
        begin = 0
        for other in [*others, len(self.ends)]:
            if other > begin:
                stop = int(self.ends[other - 1]) + 1
                found = self.separators[stop - width * (other - begin) : stop]
                yield found.reshape(-1, width).T
            begin = other + 1


def _side_by_side(parts: list[Places], width: int) -> Places:
    found = np.empty((width, sum(part.shape[1] for part in parts)), np.int64)
    return np.concatenate(parts, axis=1, out=found) if parts else found


# ---------------------------------------------------------------- with quotes


class _Pieces:
    """Runs and loose rows, in their order."""

    def __init__(self, buffer: Buffer, signs: Signs, marks: Marks) -> None:
        self._data = buffer.data[: buffer.end]
        self._marks = marks
        self._signs = signs
        self._quotes = Quotes(buffer, signs, marks)
        self._newlines = signs.separators[signs.is_newline]
        self._runs: list[tuple[int, _Rows]] = []
        self._starts: list[Places] = []
        self._loose: dict[int, Row] = {}
        self._rows = 0
        self.end = PAD
        """Where the next row begins."""

    def lines_before(self, place: int) -> int:
        """Return how many line ends are before a place."""
        return int(np.searchsorted(self._newlines, place))

    def add_run(self, until: int) -> tuple[int, int]:
        """Take the rows from here to the next fault, but those that are not settled.

        Args:
            until: No row that begins there or behind it is taken.

        Returns:
            How many rows were taken, and how many were not.
        """
        begin, signs = self.end, self._signs
        fault = self._quotes.fault(begin, len(self._data))
        first, stop = np.searchsorted(signs.separators, [begin, fault])
        separators, is_newline = signs.separators[first:stop], signs.is_newline[first:stop]
        inside = self._quotes.inside(separators, begin, fault)
        has_breaks = bool(is_newline[inside].any())
        if len(inside):
            separators, is_newline = np.delete(separators, inside), np.delete(is_newline, inside)
        rows = _Rows.of(separators, is_newline, begin)
        if not len(rows.starts):
            return 0, 0
        count, unsettled = self._settled(rows, has_breaks=has_breaks)
        count = min(count, int(np.searchsorted(rows.starts, until)))
        if count:
            taken = rows.first(count)
            self._runs.append((self._rows, taken))
            self._starts.append(taken.starts)
            self._rows += count
            self.end = int(taken.behind[-1])
        return count, unsettled

    def _settled(self, rows: _Rows, *, has_breaks: bool) -> tuple[int, int]:
        """Return how many rows nothing behind them can change, and how many more are no fault."""
        marks, behind = self._marks, rows.behind
        is_broken = np.zeros(len(behind), np.bool_)
        if len(self._data) - PAD > marks.record_bytes_max:
            is_broken = behind - rows.starts > marks.record_bytes_max
        if has_breaks:
            before = np.searchsorted(self._newlines, rows.starts)
            lines = np.diff(before, append=np.searchsorted(self._newlines, behind[-1]))
            is_broken |= (lines > 1) & (rows.widths != marks.width)
            is_broken |= lines > min(marks.record_lines_max, RESUMING_RECORDS + 1)
        broken = np.flatnonzero(is_broken)
        count = int(broken[0]) if len(broken) else len(rows.starts)
        near = slice(max(0, count - marks.record_lines_max - 1), count)
        is_record = rows.widths[near] == marks.width
        quotes = np.searchsorted(self._quotes.places, rows.starts[near])
        is_record |= quotes < np.searchsorted(self._quotes.places, behind[near])
        records = np.flatnonzero(is_record)
        settled = near.start + (int(records[-1]) if len(records) else 0)
        return settled, count - settled

    def add_loose(self, rows: list[Row]) -> None:
        """Add rows that were read one by one."""
        starts = np.empty(len(rows), np.int64)
        for number, row in enumerate(rows):
            starts[number] = self.end
            self._loose[self._rows] = row
            self._rows += 1
            self.end += row.size
        self._starts.append(starts)

    def joined(self) -> Cut:
        """Return all of them as one."""
        width = self._marks.width
        found = [(number, rows.whole(width)) for number, rows in self._runs]
        separators = _side_by_side([part for _, (_, parts) in found for part in parts], width)
        return Cut(
            RowPlaces(_joined(self._starts), self.end, self._newlines, self._loose),
            _joined([whole + number for number, (whole, _) in found]),
            separators,
            self._signs,
            self._marks.quote,
            self._quotes.doubled,
        )


def _joined(parts: list[Places]) -> Places:
    return np.concatenate(parts) if parts else NOWHERE
