"""Says of a block which of its rows are certainly good; the row reader judges the others.

A row is certainly good only if every column's rule is sure of it. So a mistake in this room makes a
check slower, unless a rule is sure of a text that the model refuses: that is what its tests attack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...connectors.csv_dialect import CsvDialect
from ...connectors.csv_rows import STRAY_CR, TOO_LONG
from ...connectors.file_format import Header
from ...connectors.row import Row
from .arrow_rules import is_utf8
from .cut import Cut, RowPlaces
from .cutting import Block
from .marks import Marks
from .plan import ByRows, ColumnPlan, plan_for
from .texts import Buffer, Texts
from .words import Flags, Places

_ASCII: Final = bytes(range(0x80))
_MARK: Final = "\ufeff"
"""A byte order mark; one inside a file is a fault."""

_ROWS_AT_ONCE: Final = 1_000
"""Doubtful rows whose places are made numbers together: each by itself takes six times as long."""

_ASKED_MEMORY: Final = 10_000
"""Distinct texts of a block whose answers are remembered; the others are asked again."""


class BlockRows:
    """Where the rows of a block are, in the file and in memory.

    Args:
        block: The block.
        places: Where its rows are in it.
    """

    def __init__(self, block: Block, places: RowPlaces) -> None:
        self._block = block
        self._places = places
        self._shift = block.offset_of(0)
        self.count = len(places.starts)
        self.begin = self.offset(0)
        self.end = self.offset(self.count)
        self.line = 1
        """The physical line on which the first one begins; whoever knows it says it."""

        self.lines = places.lines

        self.until = block.offset_of(block.until)
        """The byte of the file before which the block's rows begin."""

    @property
    def buffer(self) -> Buffer:
        """The bytes of the block."""
        return self._block.buffer

    def offset(self, number: int) -> int:
        """Return the byte of the file at which a row begins; that behind the last row, too."""
        places = self._places
        return self._shift + (places.end if number == self.count else int(places.starts[number]))

    def places(self, numbers: range) -> tuple[Sequence[int], Sequence[int]]:
        """Return of some rows the bytes and the physical lines at which they begin."""
        places, first = self._places, self.line
        starts = places.starts[numbers.start : numbers.stop : numbers.step]
        offsets: list[int] = (starts + self._shift).tolist()
        if places.newlines is None:
            return offsets, [first + number for number in numbers]
        lines: list[int] = (places.newlines.searchsorted(starts) + first).tolist()
        for number in places.loose.keys() & set(numbers):
            lines[numbers.index(number)] = first + places.loose[number].line
        return offsets, lines

    def spans(self, numbers: Places) -> Iterator[tuple[int, int, int, int]]:
        """Yield of some rows their numbers, the bytes at which they begin and end, their lines."""
        places, shift = self._places, self._shift
        starts, last = places.starts[numbers], self.count - 1
        ends = np.where(numbers < last, places.starts[np.minimum(numbers + 1, last)], places.end)
        lines = numbers if places.newlines is None else places.newlines.searchsorted(starts)
        found = (numbers, starts + shift, ends + shift, lines + self.line)
        for number, offset, end, line in zip(*(one.tolist() for one in found), strict=True):
            loose = places.loose.get(number)
            yield number, offset, end, line if loose is None else self.line + loose.line

    def raw(self, begin: int, end: int) -> bytes | memoryview:
        """Return the bytes from where one row begins to where another one ends.

        Of a row that is too long to be held only the beginning is there.
        """
        buffer, first, last = self._block.buffer, begin - self._shift, end - self._shift
        if last <= buffer.end:
            return memoryview(buffer.bytes)[first:last]
        starts, loose = self._places.starts, self._places.loose
        outside = max(
            int(starts.searchsorted(first)), int(starts.searchsorted(buffer.end, "right")) - 1
        )
        behind = range(outside, int(starts.searchsorted(last)))
        inside = bytes(buffer.bytes[first : int(starts[outside])])
        return inside + b"".join(loose[number].raw for number in behind)


@dataclass(slots=True)
class Verdict:
    """What is known of a block's rows."""

    rows: BlockRows
    doubtful: Places
    """The numbers, from 0, of the rows that are not certainly good, in order."""

    _block: Block
    _places: RowPlaces
    _marks: Marks
    _cut: Cut | None
    """Kept only for those who ask for texts: it takes more memory than the block."""

    _is_utf8: bool

    def certain(self) -> Places:
        """Return the numbers of the rows that are certainly good, in order."""
        return np.delete(np.arange(self.rows.count), self.doubtful)

    def texts(self, column: int, numbers: Places) -> Texts:
        """Return the texts of a column, of some rows that are certainly good."""
        assert self._cut is not None, "who wants texts says so when the block is looked at"
        texts = self._cut.texts(self.rows.buffer, column, is_utf8=self._is_utf8)
        whole = self._cut.whole
        return texts.some(numbers if whole is None else np.searchsorted(whole, numbers))

    @property
    def nbytes(self) -> int:
        """About how much memory it takes; pipelines ask."""
        return self._block.nbytes

    def release(self) -> None:
        """Let another block have the memory. Nobody may look at these rows any more."""
        self._block.release()

    def row(self, number: int) -> Row:
        """Return a row as the row reader gives it."""
        ((_, row),) = self._rows_of(np.array([number], np.intp))
        return row

    def doubtful_rows(self) -> Iterator[tuple[int, Row]]:
        """Yield the rows that are not certainly good, with their numbers."""
        for first in range(0, len(self.doubtful), _ROWS_AT_ONCE):
            yield from self._rows_of(self.doubtful[first : first + _ROWS_AT_ONCE])

    def _rows_of(self, numbers: Places) -> Iterator[tuple[int, Row]]:
        for number, offset, end, line in self.rows.spans(numbers):
            if (row := self._places.loose.get(number)) is not None:
                yield number, row._replace(line=line)
            else:
                yield number, self._row(offset, end, line)

    def _row(self, offset: int, end: int, line: int) -> Row:
        raw = bytes(self.rows.raw(offset, end))
        size, limit = len(raw), self._marks.record_bytes_max
        if self._places.newlines is not None:
            return Row(line, offset, size, raw, None, max(1, raw.count(b"\n")))
        if size > limit:
            return Row(line, offset, size, raw[: limit + 1], TOO_LONG)
        body = raw.removesuffix(b"\n").removesuffix(b"\r")
        return Row(line, offset, size, raw, STRAY_CR if b"\r" in body else None)


class BlockCheck:
    """A model and a file's header and dialect, compiled. Several threads may use one.

    Args:
        model: What the records are; None for dicts of texts.
        header: The file's columns.
        dialect: How it is written.

    Raises:
        ByRows: If this cannot be checked by columns.
    """

    def __init__(self, model: type | None, header: Header, dialect: CsvDialect) -> None:
        self._dialect = dialect
        self._is_utf8 = dialect.codec == "utf-8"
        self._marks = Marks.of(dialect, len(header.names))
        self._null = _null_of(dialect)
        self._quote = b"" if self._marks.quote is None else bytes([self._marks.quote])
        self._null_has_quotes = bool(self._quote) and self._quote in self._null
        if not self._is_utf8 and _ASCII.decode(dialect.codec, "replace") != _ASCII.decode():
            raise ByRows(f"in {dialect.codec} not all of ASCII means itself")
        plan = plan_for(model, dialect)
        self.asked = plan.asked
        """Columns for which the model is asked, field by field."""

        place = {name: at for at, name in enumerate(header.names)}
        self._columns = [
            (place[column.name], column) for column in plan.columns if column.name in place
        ]
        self._absent = [column for column in plan.columns if column.name not in place]

    def check(self, block: Block, cut: Cut, *, keeps_texts: bool = False) -> Verdict:
        """Look at all columns of a block.

        Args:
            block: The block.
            cut: Where its rows are.
            keeps_texts: Whether `Verdict.texts` will be asked.
        """
        buffer = block.buffer
        good = self._well_formed(buffer, cut)
        if not all(column.field.has_default() for column in self._absent):
            good[:] = False
        whole = slice(None) if cut.whole is None else cut.whole
        found = good[whole]
        for at, column in self._columns:
            texts = cut.texts(buffer, at, is_utf8=self._is_utf8)
            found = found & self._good(column, texts, found)
        good[whole] = found
        doubtful = np.flatnonzero(~good)
        rows = BlockRows(block, cut.rows)
        kept = cut if keeps_texts else None
        return Verdict(rows, doubtful, block, cut.rows, self._marks, kept, self._is_utf8)

    def _well_formed(self, buffer: Buffer, cut: Cut) -> Flags:
        """Say of each row whether it has its fields, and all its bytes mean something."""
        good = np.ones(len(cut.rows.starts), np.bool_)
        if cut.whole is not None:
            good[:] = False
            good[cut.whole] = True
        for places in self._odd_places(buffer, cut):
            odd = places[places < buffer.end] if len(places) else places
            good[np.searchsorted(cut.rows.starts, odd, "right") - 1] = False
        return good

    def _odd_places(self, buffer: Buffer, cut: Cut) -> Iterator[Places]:
        """Yield places of bytes that no good row has; some may be behind the last one."""
        yield cut.signs.nuls
        if cut.rows.newlines is None:
            yield cut.signs.strays
        if buffer.is_ascii:
            return
        if self._is_utf8:
            if not is_utf8(buffer):
                yield np.array(buffer.undecodable(), np.int64)
            if buffer.has(_MARK.encode()[0]):
                yield np.array(buffer.places_of(_MARK.encode()), np.int64)
        elif not self._is_plain(bytes(buffer.content)):
            yield buffer.not_ascii

    def _is_plain(self, raw: bytes) -> bool:
        """Say whether bytes mean something in the file's encoding, and the marks are themselves."""
        try:
            text = raw.decode(self._dialect.codec)
        except UnicodeDecodeError:
            return False
        marks = f"\r\n{self._dialect.delimiter}"
        if self._marks.quote is not None:
            marks += chr(self._marks.quote)
        return _MARK not in text and all(
            text.count(mark) == raw.count(mark.encode()) for mark in marks
        )

    # ------------------------------------------------------------ one column

    def _good(self, column: ColumnPlan, texts: Texts, wanted: Flags) -> Flags:
        """Say of each text of a column whether it is certainly good, where that is wanted."""
        null = self._are_null(texts)
        found = np.zeros(len(null), np.bool_) if column.rule is None else column.rule(texts)
        uncertain = np.flatnonzero(wanted & ~found & ~null)
        if len(uncertain):
            found[uncertain] = [*self._asked(column, texts, uncertain)]
        found = found | null if self._takes_null(column, null) else found & ~null
        if self._null_has_quotes:
            found &= texts.as_they_stand()
        return found

    def _are_null(self, texts: Texts) -> Flags:
        null: Flags = texts.length == 0 if not self._null else texts.are(self._null)
        return null

    def _takes_null(self, column: ColumnPlan, null: Flags) -> bool:
        if column.null == "fault" or not null.any():
            return False
        return column.field.takes_none() if column.null == "none" else column.field.has_default()

    def _asked(self, column: ColumnPlan, texts: Texts, rows: Places) -> Iterator[bool]:
        """Ask the model for one field of some rows."""
        raw, known = texts.buffer.bytes, dict[bytes, bool]()
        firsts, lasts = texts.first[rows].tolist(), texts.last[rows].tolist()
        doubled = texts.may_be_doubled
        for first, last in zip(firsts, lasts, strict=True):
            one = bytes(raw[first:last])
            answer = known.get(one)
            if answer is None:
                answer = self._ask(column, one, is_doubled=doubled)
                if len(known) < _ASKED_MEMORY:
                    known[one] = answer
            yield answer

    def _ask(self, column: ColumnPlan, raw: bytes, *, is_doubled: bool) -> bool:
        try:
            text = raw.decode(self._dialect.codec)
        except UnicodeDecodeError:
            return False
        quote = self._quote.decode()
        return column.field.takes(text.replace(2 * quote, quote) if is_doubled else text)


def _null_of(dialect: CsvDialect) -> bytes:
    """Return the text of NULL as bytes; they are compared, so they must be the only ones."""
    if dialect.codec != "utf-8" and not dialect.null.isascii():
        raise ByRows(f"NULL may be written in more than one way in {dialect.codec}")
    return dialect.null.encode("utf-8", "surrogatepass")
