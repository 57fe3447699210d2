"""One reading of a CSV file by columns: cut, checked, taken in portions.

The columns are looked at ahead of whoever takes the records, so that checking and writing overlap.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from .fingerprint import verify_open
from .portion import Portion, place_of
from .scanned_file import Place, RowsSeen, ScannedFile, Seen


class Scan:
    """One reading of a file, from a place to another one; open as long as its block lasts.

    Args:
        file: The file.
        begin: A row's beginning.
        end: The byte at which a later row begins, or the file's size.
    """

    def __init__(self, file: ScannedFile, begin: Place, end: int) -> None:
        self._file = file
        self._end = end
        self._place = begin
        self._seen: Iterator[Seen] = iter(())
        self._stream: BinaryIO | None = None
        self._at_hand: Seen | None = None
        self._next = 0
        self._upto = 0

    @contextmanager
    def opened(self) -> Iterator[Scan]:
        """Read ahead, as long as the block lasts."""
        file = self._file
        with file.open() as stream, file.looks.seen(stream, file.reader, self._place) as seen:
            self._seen = seen
            self._stream = stream
            yield self

    @property
    def place(self) -> Place | None:
        """Where the next row begins; None if there is none."""
        if self._at_hand is None and self._place.offset < self._end:
            self._look()
        return None if self._at_hand is None else self._place

    def take(self, records: int, exact: Any) -> Portion:
        """Take rows: so many, or fewer at the end.

        Args:
            records: How many.
            exact: A hash; their bytes are added to it.

        Raises:
            SourceChanged: If the file is another one since.
        """
        portion = Portion(self._file, self._place, self._place.offset)
        while portion.count < records and self.place is not None:
            seen, first = self._at_hand, self._next
            assert seen is not None, "there is a place, so there is a row"
            upto = min(self._upto, first + records - portion.count)
            portion.add(seen, first, upto)
            self._hash(seen.rows, first, upto, exact)
            self._move(upto)
        if self.place is None and self._place.offset < self._end:
            self._leave_blank(portion, exact)
        assert self._stream is not None, "opened() first"
        verify_open(self._file.path, self._stream, self._file.fingerprint)
        return portion

    def _leave_blank(self, portion: Portion, exact: Any) -> None:
        """Take over what is behind the last row and is none: an empty line at the file's end."""
        exact.update(self._file.content(self._place.offset, self._end))
        self._place = Place(self._end, self._place.line)
        portion.end = self._end

    def _look(self) -> None:
        """Have the next rows at hand, if there are any before the end."""
        seen = next(self._seen, None)
        if seen is None:
            return
        rows = seen.rows
        self._next, self._upto = 0, rows.count
        if rows.offset(rows.count) > self._end:
            self._upto = bisect_left(rows.places(range(rows.count))[0], self._end)
        self._at_hand = seen
        self._move(0)

    def _move(self, number: int) -> None:
        """Go to a row that is at hand, or behind them all."""
        assert self._at_hand is not None, "who moves has rows at hand"
        rows = self._at_hand.rows
        self._next = number
        if number < self._upto:
            self._place = place_of(rows, number)
            return
        self._place = Place(rows.offset(number), self._place.line)
        self._at_hand.release()
        self._at_hand = None

    def _hash(self, rows: RowsSeen, first: int, upto: int, exact: Any) -> None:
        begin, end = rows.offset(first), rows.offset(upto)
        raw = rows.raw(begin, end)
        exact.update(raw if len(raw) == end - begin else self._file.content(begin, end))
