"""Some rows of a file that were looked at by columns, held as bytes until somebody wants values."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from ..model.chunk import Finding
from .csv_raw import GoodRows, good_rows
from .row import Row
from .scanned_file import Place, RowsSeen, ScannedFile, Seen


class RefusedRow(NamedTuple):
    """A row that is set aside."""

    origin: int
    """Its place in its portion, from 0."""

    begin: Place
    end: int
    raw: bytes
    """Its bytes; only the beginning of one that is too long to be held."""

    findings: Sequence[Finding]

    @property
    def is_whole(self) -> bool:
        """Whether all of its bytes are there."""
        return len(self.raw) == self.end - self.begin.offset


@dataclass(slots=True)
class Portion:
    """Some rows of one file, looked at, and held in memory: as bytes, until values are wanted."""

    file: ScannedFile
    begin: Place
    end: int = 0
    count: int = 0
    """Rows, good and bad."""

    good: list[GoodRows] = field(default_factory=list)
    begins: list[tuple[int, Place]] = field(default_factory=list)
    """Of each of these where it began: the origin and the place of the first row, good or bad."""

    refused: list[RefusedRow] = field(default_factory=list)
    _all: Sequence[Row] | None = None

    def add(self, seen: Seen, first: int, upto: int) -> None:
        """Take rows over, from one number up to another."""
        rows = seen.rows
        begin, end = rows.offset(first), rows.offset(upto)
        self.begins.append((self.count, place_of(rows, first)))
        numbers = [number for number, _ in seen.faulty]
        pieces: list[bytes | memoryview] = []
        bad = range(bisect_left(numbers, first), bisect_left(numbers, upto))
        for number, findings in seen.faulty[bad.start : bad.stop]:
            refused = _refused_row(rows, number, self.count + number - first, findings)
            self.refused.append(refused)
            pieces.append(_raw(rows, begin, refused.begin.offset))
            begin = refused.end
        pieces.append(_raw(rows, begin, end))
        self.good.append(good_rows(b"".join(pieces), upto - first - len(bad)))
        self.count += upto - first
        self.end = end

    @property
    def values(self) -> Sequence[Any]:
        """The records of its good rows, made anew by every look."""
        return self._values_by_columns() or self._values_by_rows()

    def _values_by_columns(self) -> list[Any]:
        values: list[Any] = []
        for rows in self.good:
            made = self.file.records(rows) if rows.count else []
            if made is None:
                return []
            values += made
        return values

    def _values_by_rows(self) -> list[Any]:
        bad = {one.origin for one in self.refused}
        read = self.file.reader.read
        return [read(row)[0] for origin, row in enumerate(self.rows) if origin not in bad]

    @property
    def rows(self) -> Sequence[Row]:
        """All of them, cut once more: nobody needs them but for records that are refused later."""
        if self._all is None:
            self._all = list(self.file.rows(self.begin, self.end))
        return self._all

    def raw_of(self, origin: int) -> bytes:
        """Return the exact bytes of one row."""
        found = self._refused_at(origin)
        if found is not None:
            begin = found.begin.offset
            return found.raw if found.is_whole else self.file.content(begin, found.end)
        if (line := self._good_line(origin)) is not None:
            return line[1]
        row = self.rows[origin]
        if len(row.raw) == row.size:
            return row.raw
        return self.file.content(row.offset, row.offset + row.size)

    def line_of(self, origin: int) -> int:
        """Return the physical line on which a row begins."""
        if (found := self._refused_at(origin)) is not None:
            return found.begin.line
        line = self._good_line(origin)
        return self.rows[origin].line if line is None else line[0]

    def _good_line(self, origin: int) -> tuple[int, bytes] | None:
        """Return the line and the bytes of a good row, where rows are lines and as they were."""
        at = bisect_right(self.begins, origin, key=itemgetter(0)) - 1
        first, place = self.begins[at]
        good = self.good[at]
        low = bisect_left(self.refused, first, key=attrgetter("origin"))
        high = bisect_left(self.refused, origin, key=attrgetter("origin"))
        bad = self.refused[low:high]
        if not (good.are_lines and good.is_exact and all(one.is_whole for one in bad)):
            return None
        more = sum(max(one.raw.count(b"\n"), 1) - 1 for one in bad)
        within = origin - first
        return place.line + within + more, good.cut(within - len(bad), within - len(bad) + 1)

    def _refused_at(self, origin: int) -> RefusedRow | None:
        at = bisect_left(self.refused, origin, key=attrgetter("origin"))
        is_there = at < len(self.refused) and self.refused[at].origin == origin
        return self.refused[at] if is_there else None


def _raw(rows: RowsSeen, begin: int, end: int) -> bytes | memoryview:
    return rows.raw(begin, end) if begin < end else b""


def place_of(rows: RowsSeen, number: int) -> Place:
    """Return where a row begins."""
    (offset,), (line,) = rows.places(range(number, number + 1))
    return Place(offset, line)


def _refused_row(
    rows: RowsSeen, number: int, origin: int, findings: Sequence[Finding]
) -> RefusedRow:
    begin, end = place_of(rows, number), rows.offset(number + 1)
    return RefusedRow(origin, begin, end, bytes(_raw(rows, begin.offset, end)), findings)
