r"""How bytes become rows and rows become fields: the one place that knows, for check and load.

Rows are cut by the grammar of RFC 4180: a field is quoted as a whole or not at all, quotes inside
quotes are doubled, a line end inside quotes is data, a row ends with LF or CRLF (the last one also
with the end of the file). What breaks the grammar is refused, never repaired:

- A line without quotes costs itself: another width, a stray CR, NUL, bytes that are no text.
- A broken quote costs a *region* (`csv_window`), and so does a row of several lines that has
  another width. Nothing in it is a record.
- Lines that are records by themselves, inside quotes that read well, cost the row they are in.
- A record that reads well is the beginning of a region if the line behind it can only be the
  rest of its quotes (`_Cutter._broken_before`): its opening quote was lost, or it was closed early.

What a row is depends on the bytes from its first one on, and on none before: reading may start at
any row. Types and models are not here (`csv_records`), nor is the header (`csv_header`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO, Final

from .csv_dialect import CsvDialect
from .csv_line_grammar import (
    BARE_QUOTE,
    STRAY_CR,
    TEXT_AFTER_QUOTE,
    LineGrammar,
    has_stray_cr,
)
from .csv_lines import as_text, line_reader
from .csv_window import (
    EMPTY_LINES,
    TOO_FEW,
    TOO_LONG,
    TOO_MANY,
    TOO_MANY_LINES,
    UNCLOSED,
    Window,
    undecodable,
)
from .row import Malformed, Row

__all__ = [
    "BARE_QUOTE",
    "EMPTY_LINE",
    "MARK_INSIDE",
    "NO_BYTE_ORDER",
    "NUL",
    "ONE_FIELD",
    "STRAY_CR",
    "SWALLOWED",
    "TEXT_AFTER_QUOTE",
    "TOO_FEW",
    "TOO_LONG",
    "TOO_MANY",
    "TOO_MANY_LINES",
    "UNCLOSED",
    "UNOPENED",
    "FieldReader",
    "rows",
]

UNOPENED: Final = "a closing quote behind it that nothing opens"
SWALLOWED: Final = "records inside quotes: a quote may never have been closed"
NUL: Final = "a NUL byte"
MARK_INSIDE: Final = "a byte order mark inside the file"
NO_BYTE_ORDER: Final = "utf-16 bytes whose order cannot be told"
EMPTY_LINE: Final = "an empty line"
ONE_FIELD: Final = "one field alone: perhaps a part of the record before or behind it"

_MAY_BE_BROKEN: Final = (None, SWALLOWED)
"""Faults of rows that may turn out to be the beginning of a region."""

_EMPTY_BYTES_MAX: Final = 4
"""Of a line with nothing but its line end, CRLF in UTF-16."""

_SETTLE_BYTES: Final = 2**13
"""Rows are given on after so many bytes of them."""

_FIRST_BYTES: Final = 2**9
"""The first rows are given on after so many: often no more than they are wanted."""


# ---------------------------------------------------------------- bytes to rows


def rows(
    stream: BinaryIO,
    dialect: CsvDialect,
    *,
    width: int | None = None,
    line: int = 1,
    offset: int = 0,
) -> Iterator[Row]:
    """Cut a stream into rows, from where it stands to its end.

    Args:
        stream: Standing at the beginning of a row.
        dialect: How the file is written; of UTF-16 with its order of bytes.
        width: How many fields a record has; None, for the header, takes any number.
        line: The physical line at which the stream stands.
        offset: The byte at which the stream stands.

    Empty lines at the end are no rows, at most `max_record_lines` of them, unless a record has
    only one field.

    Complexity: O(bytes) for well-formed files; at most `max_record_lines` looks at a line where
    quotes are broken. Holds a few times `max_record_bytes`.
    """
    return _Cutter(stream, dialect, width, line, offset).rows()


class _Cutter:
    """One pass over a stream."""

    def __init__(
        self, stream: BinaryIO, dialect: CsvDialect, width: int | None, line: int, offset: int
    ) -> None:
        self._read_line = line_reader(stream, dialect.codec, dialect.max_record_bytes + 1)
        self._text_of = None if dialect.is_cut_as_bytes else as_text(dialect.codec)
        self._grammar = LineGrammar.of(dialect.delimiter.encode(), dialect.quote_byte)
        self._window = Window(self._read_line, dialect, self._grammar, width, self._text_of)
        self._dialect = dialect
        self._width = width
        self._line = line
        self._offset = offset
        self._held: list[Row] = []
        """Rows that read well and whose fate the next broken line may still change."""

    def rows(self) -> Iterator[Row]:
        lines, read_line, text_of = self._window.lines, self._read_line, self._text_of
        quote, is_whole = self._grammar.quote, self._grammar.is_whole
        bytes_max, held, new = self._dialect.max_record_bytes, self._held, tuple.__new__
        line, offset = self._line, self._offset
        settle_at = offset + _FIRST_BYTES
        while raw := lines.popleft() if lines else read_line():
            text = text_of(raw) if text_of else raw
            size = len(raw)
            if size > bytes_max or (quote in text and not is_whole(text)):
                lines.appendleft(raw)
                self._line, self._offset = line, offset
                row = self._long_row() if size > bytes_max else self._quoted_row()
                yield from held
                held.clear()
                if row.fault in _MAY_BE_BROKEN:
                    held.append(row)
                else:
                    yield row
                line, offset = row.line + row.lines, row.offset + row.size
                settle_at = offset + _SETTLE_BYTES
                continue
            fault = STRAY_CR if b"\r" in text and has_stray_cr(text, quote) else None
            held.append(
                new(Row, (line, offset, size, raw, fault, 1, 0))
            )  # twice as fast as Row(...)
            line += 1
            offset += size
            if offset >= settle_at:
                yield from self._settled()
                settle_at = offset + _SETTLE_BYTES
        self._drop_empty_lines()
        yield from held

    # ------------------------------------------------------------ rows that need a closer look

    def _quoted_row(self) -> Row:
        """Take the row that begins with the window's first line, which is none by itself."""
        found = self._window.record(0)
        if isinstance(found, int):
            return self._take(found, SWALLOWED if self._window.swallows(0, found) else None)
        if self._width is None:  # a header: nothing says where the region would end
            return self._take(1, found)
        if (at := self._broken_before()) is not None:
            self._give_back(at)
            found = UNOPENED
        return self._take(self._window.region_lines(1), found)

    def _take(self, lines: int, fault: str | None) -> Row:
        raw = b"".join([self._window.lines.popleft() for _ in range(lines)])
        return Row(self._line, self._offset, len(raw), raw, fault, lines)

    def _long_row(self) -> Row:
        """Take a line that is too long to be held, and its region if there are quotes in it."""
        window, quote = self._window, self._grammar.quote
        first = window.lines.popleft()
        size, has_quote = len(first), quote in window.as_text(first)
        limit, line_end = self._dialect.max_record_bytes, self._dialect.line_end
        part = first
        while len(part) > limit and not part.endswith(line_end) and (part := self._read_line()):
            size += len(part)
            has_quote = has_quote or quote in window.as_text(part)
        more = window.region_lines(0) if has_quote and self._width is not None else 0
        size += sum(len(window.lines.popleft()) for _ in range(more))
        return Row(self._line, self._offset, size, first, TOO_LONG, 1 + more)

    def _drop_empty_lines(self) -> None:
        """Forget the empty lines at the end, but no more than could be held."""
        held, lines, size = self._held, 1, 0
        while self._width not in {None, 1} and held and self._is_empty(held[-1]):
            lines += 1
            size += held[-1].size
            if self._window.is_too_much(lines, size):
                break
            held.pop()

    def _is_empty(self, row: Row) -> bool:
        return row.size <= _EMPTY_BYTES_MAX and self._window.as_text(row.raw) in EMPTY_LINES

    # ------------------------------------------------------------ rows that may be taken back

    def _settled(self) -> list[Row]:
        """Return the rows that nothing behind them can change, and hold the others."""
        held = self._held
        keep = len(held) if self._width is None else self._last_record()
        found = held[:keep]
        del held[:keep]
        return found

    def _last_record(self) -> int:
        """Return the place of the last held row behind which only lines are held that are none.

        It is looked for as far as one record may reach: if it is not there, that is the place.
        """
        lines, size = 1, 0
        for at in range(len(self._held) - 1, -1, -1):
            row = self._held[at]
            lines += row.lines
            size += row.size
            if self._window.is_too_much(lines, size):
                return at + 1
            if not self._is_inner(row):
                return at
        return 0

    def _is_inner(self, row: Row) -> bool:
        """Whether a row may be a line inside quotes that nothing opened: no quotes, no record.

        One that is no text has a damage of its own, and may hide quotes.
        """
        text = self._window.as_text(row.raw)
        return (
            row.fault is None
            and self._grammar.quote not in text
            and self._grammar.width(text) != self._width
            and self._window.is_text(row.raw)
        )

    def _broken_before(self) -> int | None:
        """Return the place of the held record whose rest the window's first line is, if it is one.

        `7,a,note` and `more"` behind it: the quote before `note` was lost, or one was added
        behind it. A line that would have enough columns without its quotes is no such rest: its
        own quotes are broken, and the record before it is as good as it looks. Only where that one
        spans lines that all look like records is a broken line behind it enough.
        """
        at = self._last_record()
        if self._width is None or at >= len(self._held) or not self._window.is_known(0):
            return None
        size = sum(row.size for row in self._held[at:]) + len(self._window.lines[0])
        text = self._window.as_text(self._held[at].raw)
        if (
            size > self._dialect.max_record_bytes
            or self._held[at].fault not in _MAY_BE_BROKEN
            or self._grammar.width(text) != self._width
        ):
            return None
        is_rest = self._window.is_rest(0, text) or self._looks_like_records(text)
        return at if is_rest else None

    def _looks_like_records(self, text: bytes) -> bool:
        lines = text.removesuffix(b"\n").split(b"\n")
        widths = {self._grammar.width_without_quotes(line) for line in lines}
        return len(lines) > 1 and widths == {self._width}

    def _give_back(self, at: int) -> None:
        """Put the lines of held rows back, so that a region may begin with them."""
        first = self._held[at]
        raw = BytesIO(b"".join(row.raw for row in self._held[at:]))
        limit = self._dialect.max_record_bytes + 1
        lines = list(iter(line_reader(raw, self._dialect.codec, limit), b""))
        self._window.lines.extendleft(reversed(lines))
        self._line, self._offset = first.line, first.offset
        del self._held[at:]


# ---------------------------------------------------------------- a row to its fields


class FieldReader:
    """Takes rows apart into fields: decoded, unquoted, otherwise as they stand.

    Args:
        dialect: How the file is written.
        width: How many fields each row must have; None takes any number, for the header.
    """

    def __init__(self, dialect: CsvDialect, width: int | None) -> None:
        self._dialect = dialect
        self._codec = dialect.codec
        self._undecodable = undecodable(dialect.codec)
        self._delimiter = dialect.delimiter
        self._width = width
        self._quote = quote = dialect.quote or "\n\n"
        cut, mark = re.escape(dialect.delimiter), re.escape(quote)
        self._field = re.compile(
            rf"(?:\A|{cut})({mark}[^{mark}]*(?:{mark}{mark}[^{mark}]*)*{mark}|[^{mark}{cut}]*)"
        )

    def read(self, row: Row) -> list[str]:
        """Return a row's fields.

        Raises:
            Malformed: If it has a fault already, cannot be decoded, or has another width.
        """
        if row.fault is not None:
            raise Malformed(row.fault)
        text = self._decoded(row.raw)
        if "\0" in text:
            raise Malformed(NUL)
        if "\ufeff" in text:
            raise Malformed(MARK_INSIDE)
        text = text.rstrip("\r\n")
        fields = self._unquoted(text) if self._quote in text else text.split(self._delimiter)
        if self._width is not None and len(fields) != self._width:
            raise Malformed(self._why_ragged(text, fields))
        return fields

    def _decoded(self, raw: bytes) -> str:
        codec = self._codec
        if codec == "utf-16":
            if (of_row := self._dialect.of_row(raw)) is None:
                raise Malformed(NO_BYTE_ORDER)
            codec = of_row.codec
        try:
            return raw.decode(codec)
        except UnicodeDecodeError as exc:
            has_nul = b"\0" in raw and "\0".encode(codec) == b"\0"
            raise Malformed(NUL if has_nul else self._undecodable) from exc

    def _unquoted(self, text: str) -> list[str]:
        quote = self._quote
        return [
            found[1:-1].replace(quote * 2, quote) if found.startswith(quote) else found
            for found in self._field.findall(text)
        ]

    def _why_ragged(self, text: str, fields: list[str]) -> str:
        assert self._width is not None
        if not text:
            return EMPTY_LINE
        if len(fields) == 1:  # all that a line end put into a first or last field leaves
            return ONE_FIELD
        return TOO_FEW if len(fields) < self._width else TOO_MANY
