"""The lines in front of a CSV reader: where the record ends that begins there, or the damage.

A *region* is what a broken quote costs. It ends before the first line from which
`RESUMING_RECORDS` records follow each other, fewer only if the file ends with them; at
`max_record_lines` lines; and where its lines behind the first have more than `max_record_bytes`.
All of that depends on the lines from its first one on, and on none before.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from .csv_dialect import CsvDialect
from .csv_line_grammar import BARE_QUOTE, STRAY_CR, LineGrammar, has_stray_cr
from .csv_lines import AsText, ReadLine

RESUMING_RECORDS: Final = 3
"""Records of the right width, one behind the other, that show that a region is over."""

SWALLOWING_COLUMNS: Final = 4
"""Columns from which on lines of text hardly have as many delimiters as a record by chance."""

UNCLOSED: Final = "a quote that is never closed"
TOO_MANY_LINES: Final = "a quote that is open for too many lines"
TOO_LONG: Final = "longer than a record may be"
TOO_FEW: Final = "fewer columns than the header"
TOO_MANY: Final = "more columns than the header"

EMPTY_LINES: Final = (b"\n", b"\r\n")


def undecodable(codec: str) -> str:
    """Return the reason against bytes that are no text."""
    return f"bytes that are not {codec}"


class Window:
    """Lines that were looked at and not taken yet; it grows as far as a look goes.

    Args:
        read_line: Gives the next line of the file.
        dialect: How the file is written.
        grammar: What its lines can be.
        width: How many fields a record has; None takes any number.
        text_of: Makes text of lines, if their bytes must not be looked at.
    """

    def __init__(
        self,
        read_line: ReadLine,
        dialect: CsvDialect,
        grammar: LineGrammar,
        width: int | None,
        text_of: AsText | None,
    ) -> None:
        self.lines: deque[bytes] = deque()
        self._read_line = read_line
        self._lines_max = dialect.max_record_lines
        self._bytes_max = dialect.max_record_bytes
        self._grammar = grammar
        self._width = width
        self._text_of = text_of
        self._codec = dialect.codec
        self._undecodable = undecodable(dialect.codec)

    def has(self, at: int) -> bool:
        """Whether there is a line at this place that can be held as a whole."""
        lines = self.lines
        while at >= len(lines):
            if lines and len(lines[-1]) > self._bytes_max:
                return False  # the rest of this one comes next: nobody may read on yet
            if not (line := self._read_line()):
                return False
            lines.append(line)
        return len(lines[at]) <= self._bytes_max

    def text(self, at: int) -> bytes:
        """Return a line that is there, as grammar takes it."""
        return self.as_text(self.lines[at])

    def as_text(self, raw: bytes) -> bytes:
        """Return bytes of the file as grammar takes them."""
        return self._text_of(raw) if self._text_of else raw

    def is_known(self, at: int) -> bool:
        """Whether a line shows its quotes: one that is no text may hide some, if it is decoded."""
        return self.is_text(self.lines[at])

    def is_text(self, raw: bytes) -> bool:
        """Whether bytes are text, where they have to be decoded to be looked at."""
        if self._text_of is not None:
            try:
                raw.decode(self._codec)
            except UnicodeDecodeError:
                return False
        return True

    # ---------------------------------------------------------------- one record

    def record(self, at: int) -> int | str:
        """Return how many lines the record has that begins at a place, or what breaks it."""
        text = self.text(at)
        grammar = self._grammar
        if grammar.quote not in text:
            return STRAY_CR if has_stray_cr(text, grammar.quote) else self._of_right_width(text, 1)
        if grammar.is_whole(text):
            return self._of_right_width(text, 1)
        if not self.is_known(at):
            return self._undecodable
        return self._open_record(at, text) if grammar.opens(text) else grammar.explain(text)

    def _open_record(self, at: int, text: bytes) -> int | str:
        size, texts = len(self.lines[at]), [text]
        for more in range(1, self._lines_max):
            if not self.has(at + more):
                return UNCLOSED if at + more == len(self.lines) else TOO_LONG
            text = self.text(at + more)
            texts.append(text)
            size += len(self.lines[at + more])
            if size > self._bytes_max:
                return TOO_LONG
            if not self.is_known(at + more):
                return self._undecodable
            if self._grammar.closes(text):
                return self._of_right_width(b"".join(texts), more + 1)
            if not self._grammar.stays_open(text):
                return UNCLOSED
        return TOO_MANY_LINES

    def _of_right_width(self, text: bytes, lines: int) -> int | str:
        if self._width is None or (width := self._grammar.width(text)) == self._width:
            return lines
        return TOO_FEW if width < self._width else TOO_MANY

    def swallows(self, at: int, lines: int) -> bool:
        """Whether so many lines of a record hold `RESUMING_RECORDS` records, one after the other.

        By the grammar they are a text inside quotes. They are also what two lost quotes leave.
        """
        if lines < RESUMING_RECORDS + 2 or (self._width or 0) < SWALLOWING_COLUMNS:
            return False
        found = 0
        for one in range(at + 1, at + lines - 1):
            text = self.text(one)
            is_record = self._grammar.width(text) == self._width and self._grammar.is_whole(text)
            found = found + 1 if is_record else 0
            if found == RESUMING_RECORDS:
                return True
        return False

    # ---------------------------------------------------------------- one region

    def region_lines(self, first: int) -> int:
        """Return how many lines from the window's beginning belong to a region.

        Args:
            first: How many of them certainly do.
        """
        known: dict[int, int | str] = {}
        size = 0
        for at in range(first, self._lines_max - 1 + first):
            if not self.has(at) or self._resumes(at, known):
                return at
            size += len(self.lines[at])
            if size > self._bytes_max:
                return at
        return self._lines_max - 1 + first

    def _resumes(self, at: int, known: dict[int, int | str]) -> bool:
        for number in range(RESUMING_RECORDS):
            if not self.has(at):
                return number > 0 and at == len(self.lines)
            if at not in known:
                known[at] = self.record(at)
            lines = known[at]
            if isinstance(lines, str) or self.swallows(at, lines):
                return number > 0 and self._is_end(at)
            at += lines
        return True

    def _is_end(self, at: int) -> bool:
        """Whether nothing but empty lines follows, as many as may end a file."""
        lines, size = 1, 0
        while self.has(at) and self.text(at) in EMPTY_LINES:
            lines += 1
            size += len(self.lines[at])
            if self.is_too_much(lines, size):
                return False
            at += 1
        return at == len(self.lines)

    def is_too_much(self, lines: int, size: int) -> bool:
        """Whether one record cannot have so many lines, or bytes."""
        return lines > self._lines_max or size > self._bytes_max

    # ---------------------------------------------------------------- a record before the fault

    def is_rest(self, at: int, record: bytes) -> bool:
        """Whether a line is the end of quotes that the record before it has to open.

        Args:
            at: The line; what begins there is broken.
            record: The text of the record.

        A line with too few columns for a record of its own is such a rest if a closing quote ends
        its first field, and that is the record's last one. Behind a record of several lines it may
        be another one, which the record's last line opens if it is one by itself. A line that may
        open quotes itself, or has a NUL or a stray carriage return, is broken by itself.
        """
        text, grammar = self.text(at), self._grammar
        assert self._width is not None
        if text.rstrip(b"\r\n") == grammar.quote:
            return text != grammar.quote  # at the end of the file it opens what was cut off
        if grammar.opens(text) or grammar.explain(text) != BARE_QUOTE or b"\0" in text:
            return False
        is_short = grammar.width_without_quotes(text) < self._width
        *before, last = record.removesuffix(b"\n").split(b"\n")
        opened = grammar.width(last + grammar.quote) if before and grammar.opens(last) else None
        if grammar.closes(text):
            behind = grammar.width(grammar.quote + text) - 1
            return (behind == 0 and is_short) or (
                opened is not None and opened + behind == self._width
            )
        if opened is not None and grammar.closes_and_opens(text):
            if grammar.width_without_quotes(b"\n".join(before)) < self._width:
                return False
            return self._goes_on(at, last + b"\n" + text)
        return False

    def _goes_on(self, at: int, text: bytes) -> bool:
        """Whether what has opened quotes again on a line becomes one record with those behind.

        One that the file does not close would have been cut off besides: that is a second damage.

        Args:
            at: The line.
            text: What there is of the record, up to that line's end.
        """
        for more in range(at + 1, at + self._lines_max):
            if not self.has(more):
                return False
            text += self.text(more)
            if self._grammar.closes(self.text(more)):
                return self._grammar.width(text) == self._width
            if not self._grammar.stays_open(self.text(more)):
                return False
        return False
