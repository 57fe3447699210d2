r"""How bytes become rows and rows become fields: the one place that knows, for check and load.

Rows are cut at byte level by the grammar of RFC 4180: a field is quoted as a whole or not at all,
quotes inside quotes are doubled, a line end inside quotes is data, a row ends with LF or CRLF (the
last one also with the end of the file). What breaks the grammar is refused, never repaired, and
costs *one physical line*: reading goes on at the next. So an unclosed quote cannot swallow the
file, and where a row begins depends on nothing before it: reading may start at any row.

Types and models are not here (`csv_records`), nor is the header (`csv_header`).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import BinaryIO, Final, NamedTuple

from .csv_dialect import CsvDialect

RECORD_LINES_MAX: Final = 100
"""Physical lines of one row; a quote open for longer is taken for one that was never closed."""

RECORD_BYTES_MAX: Final = 2**20
"""Bytes of one row; a longer one is refused, and never held in memory as a whole."""

BARE_QUOTE: Final = "a quote inside a field that is not quoted"
TEXT_AFTER_QUOTE: Final = "text after a closing quote"
STRAY_CR: Final = "a carriage return that ends no line"
UNCLOSED: Final = "a quote that is never closed"
TOO_MANY_LINES: Final = f"a quote not closed within {RECORD_LINES_MAX} lines"
TOO_LONG: Final = f"longer than {RECORD_BYTES_MAX:,} bytes"
NUL: Final = "a NUL byte"
EMPTY_LINE: Final = "an empty line"
TOO_FEW: Final = "fewer columns than the header"
TOO_MANY: Final = "more columns than the header"


class Row(NamedTuple):
    """One row as it stands in the file, or one physical line that is none."""

    line: int
    """The physical line on which it begins, from 1."""

    offset: int
    """The byte at which it begins, from 0."""

    size: int
    """Its bytes, its line end included."""

    raw: bytes
    """Its exact bytes; only the first `RECORD_BYTES_MAX` + 1 of a longer one."""

    fault: str | None
    """Why it is no row, in stable words; None if it is one."""


class Malformed(Exception):  # noqa: N818 - a verdict on a row, raised and caught in this room
    """A row has no fields that could be trusted.

    Args:
        reason: The cause, in stable words.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# ---------------------------------------------------------------- bytes to rows


def rows(stream: BinaryIO, dialect: CsvDialect, *, line: int = 1, offset: int = 0) -> Iterator[Row]:
    """Cut a stream into rows, from where it stands to its end.

    Args:
        stream: Standing at the beginning of a row.
        dialect: How the file is written.
        line: The physical line at which the stream stands.
        offset: The byte at which the stream stands.

    Complexity: O(bytes) for well-formed files; at most `RECORD_LINES_MAX` looks at a line where
    quotes stay open. Holds at most `RECORD_BYTES_MAX` and one line.
    """
    grammar = _LineGrammar.of(dialect.delimiter)
    ahead: deque[bytes] = deque()  # lines read to find the end of a quote that was not there
    read_line = partial(stream.readline, RECORD_BYTES_MAX + 1)
    while text := ahead.popleft() if ahead else read_line():
        fault, lines, size = None, 1, len(text)
        if size > RECORD_BYTES_MAX:
            fault = TOO_LONG
            size += 0 if text.endswith(b"\n") else _skip_line(read_line)
        elif b'"' in text:
            text, lines, fault = _quoted_row(text, ahead, read_line, grammar)
            size = len(text)
        elif b"\r" in text and (text.find(b"\r") != size - 2 or not text.endswith(b"\n")):
            fault = STRAY_CR
        yield Row(line, offset, size, text, fault)
        line += lines
        offset += size


def _skip_line(read_line: Callable[[], bytes]) -> int:
    skipped = 0
    while part := read_line():
        skipped += len(part)
        if part.endswith(b"\n"):
            break
    return skipped


def _quoted_row(
    first: bytes, ahead: deque[bytes], read_line: Callable[[], bytes], grammar: _LineGrammar
) -> tuple[bytes, int, str | None]:
    """Return the row that begins with this line, its physical lines, and its fault.

    A faulty one is the first line alone; the others stay in `ahead`, to be looked at again.
    """
    if grammar.is_whole(first):
        return first, 1, None
    if not grammar.opens(first):
        return first, 1, grammar.explain(first)
    more, fault = _find_close(len(first), ahead, read_line, grammar)
    if fault is not None:
        return first, 1, fault
    parts = [first, *(ahead.popleft() for _ in range(more))]
    return b"".join(parts), len(parts), None


def _find_close(
    size: int, ahead: deque[bytes], read_line: Callable[[], bytes], grammar: _LineGrammar
) -> tuple[int, str | None]:
    """Return how many lines of `ahead`, which grows as needed, end an open row; or its fault."""
    for at in range(RECORD_LINES_MAX - 1):
        if at == len(ahead) and (text := read_line()):
            ahead.append(text)
        if at == len(ahead):
            return 0, UNCLOSED
        size += len(ahead[at])
        if size > RECORD_BYTES_MAX:
            return 0, TOO_LONG
        if grammar.closes(ahead[at]):
            return at + 1, None
        if not grammar.stays_open(ahead[at]):
            return 0, UNCLOSED
    return 0, TOO_MANY_LINES


class _LineGrammar:
    """What one physical line can be, as patterns over its bytes; each is linear in the line."""

    def __init__(self, delimiter: str) -> None:
        cut = re.escape(delimiter.encode())
        inside = rb'[^"]*(?:""[^"]*)*'  # from within quotes, up to a closing one
        plain = rb'[^"\r\n' + cut + rb"]*"
        field = rb'(?:"' + inside + rb'"|' + plain + rb")"
        rest = rb"(?:" + cut + field + rb")*"
        before = rb"(?:" + field + cut + rb")*"
        end = rb"(?:\r?\n)?"
        again = rb'"' + cut + before + rb'"' + inside  # closed, and another one opened
        self.is_whole = re.compile(field + rest + end).fullmatch
        self.opens = re.compile(before + rb'"' + inside).fullmatch
        self.closes = re.compile(inside + rb'"' + rest + end).fullmatch
        self.stays_open = re.compile(inside + rb"(?:" + again + rb")?").fullmatch
        self._good_part = re.compile(before)
        self._stray = re.compile(rb'["\r]')

    @staticmethod
    @lru_cache
    def of(delimiter: str) -> _LineGrammar:
        return _LineGrammar(delimiter)

    def explain(self, text: bytes) -> str:
        """Say what is wrong with a line that is no row and opens no quote."""
        good = self._good_part.match(text)
        bad = text[good.end() :] if good else text
        if bad.startswith(b'"'):
            return TEXT_AFTER_QUOTE
        stray = self._stray.search(bad)
        return BARE_QUOTE if stray and stray.group() == b'"' else STRAY_CR


# ---------------------------------------------------------------- a row to its fields


class FieldReader:
    """Takes rows apart into fields: decoded, unquoted, otherwise as they stand.

    Args:
        dialect: How the file is written.
        width: How many fields each row must have; None takes any number, for the header.
    """

    def __init__(self, dialect: CsvDialect, width: int | None) -> None:
        self._codec = dialect.codec
        self._undecodable = f"bytes that are not {dialect.codec}"
        self._delimiter = dialect.delimiter
        self._width = width
        cut = re.escape(dialect.delimiter)
        self._field = re.compile(rf'(?:\A|{cut})("[^"]*(?:""[^"]*)*"|[^"{cut}]*)')

    def read(self, row: Row) -> list[str]:
        """Return a row's fields.

        Raises:
            Malformed: If it has a fault already, cannot be decoded, or has another width.
        """
        if row.fault is not None:
            raise Malformed(row.fault)
        raw = row.raw
        if b"\0" in raw:
            raise Malformed(NUL)
        try:
            text = raw.decode(self._codec).rstrip("\r\n")
        except UnicodeDecodeError as exc:
            raise Malformed(self._undecodable) from exc
        fields = self._unquoted(text) if b'"' in raw else text.split(self._delimiter)
        if self._width is not None and len(fields) != self._width:
            raise Malformed(self._why_ragged(text, fields))
        return fields

    def _unquoted(self, text: str) -> list[str]:
        return [
            found[1:-1].replace('""', '"') if found.startswith('"') else found
            for found in self._field.findall(text)
        ]

    def _why_ragged(self, text: str, fields: list[str]) -> str:
        assert self._width is not None
        if not text:
            return EMPTY_LINE
        return TOO_FEW if len(fields) < self._width else TOO_MANY
