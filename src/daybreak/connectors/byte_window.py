"""A file seen through a window that only moves forward: what scanners of documents stand on.

It holds the row that is being cut, up to `RECORD_BYTES_MAX` bytes of it, and one block more; so
memory is bounded whatever stands in the file.
"""

from __future__ import annotations

import re
from typing import BinaryIO, Final, NamedTuple

from ..model.chunk import BrokenOff
from .row import Row

BLOCK_BYTES: Final = 2**18

RECORD_BYTES_MAX: Final = 2**20
"""Bytes of one record; a longer one is refused, and never held in memory as a whole."""

TOO_LONG: Final = f"longer than {RECORD_BYTES_MAX:,} bytes"


_BLANKS: Final = re.compile(rb"[ \t\r\n]*+")


class Place(NamedTuple):
    """A place in a file."""

    offset: int
    """The byte, from 0."""

    line: int
    """The physical line, from 1."""


class Window:
    """The bytes of a file from a place on.

    Args:
        stream: The file; it stands anywhere.
        line: The line of the place.
        offset: The byte of the place.
        size: The file's bytes; nothing behind them is read.
        line_end: The byte with which a line ends.
    """

    def __init__(
        self, stream: BinaryIO, *, line: int, offset: int, size: int, line_end: bytes = b"\n"
    ) -> None:
        stream.seek(offset)
        self.data = b""
        """What the window shows."""
        self.at = 0
        """Where the scanner stands in `data`. What lies before it may be gone after `more`."""
        self._stream = stream
        self._base = offset
        self._left = max(0, size - offset)
        self._line = line
        self._line_end = line_end
        self._row = Place(offset, line)
        self._row_at: int | None = None
        self._head: bytes | None = None

    @property
    def place(self) -> Place:
        """Where the scanner stands in the file."""
        return Place(self._base + self.at, self._line)

    def more(self) -> bool:
        """Read one block more; False at the end of the file."""
        block = self._stream.read(min(BLOCK_BYTES, self._left)) if self._left else b""
        if not block:
            self._left = 0
            return False
        self._left -= len(block)
        drop = self.at
        if self._row_at is not None:
            if self.at - self._row_at > RECORD_BYTES_MAX:
                self._head = self.data[self._row_at : self._row_at + RECORD_BYTES_MAX]
                self._row_at = None
            else:
                drop = self._row_at
                self._row_at = 0
        self.data = self.data[drop:] + block
        self._base += drop
        self.at -= drop
        return True

    def go(self, at: int) -> None:
        """Move the scanner forward to a place in `data`."""
        self._line += self.data.count(self._line_end, self.at, at)
        self.at = at

    def need(self, size: int) -> bool:
        """Have at least so many bytes in front of the scanner; False if the file has fewer."""
        while len(self.data) - self.at < size:
            if not self.more():
                return False
        return True

    def peek(self) -> bytes:
        """Return the byte in front of the scanner; none at the end of the file."""
        return self.data[self.at : self.at + 1] if self.need(1) else b""

    def ahead(self, size: int) -> bytes:
        """Return so many bytes in front of the scanner, or all that are left."""
        self.need(size)
        return self.data[self.at : self.at + size]

    def begin(self) -> None:
        """Begin a row where the scanner stands."""
        self._row, self._row_at, self._head = self.place, self.at, None

    def end(self, place: Place | None = None) -> Row:
        """Return the row that was begun, up to a place behind which only blanks were passed.

        Args:
            place: Where it ends; where the scanner stands, if None.
        """
        end = place or self.place
        size = end.offset - self._row.offset
        raw = self._head
        if self._row_at is not None:
            raw = self.data[self._row_at : self._row_at + size]
            self._row_at = None
        assert raw is not None, "a row was begun"
        lines = max(1, end.line - self._row.line + (not raw.endswith(self._line_end)))
        if size > RECORD_BYTES_MAX:
            return Row(*self._begun, size, raw[:RECORD_BYTES_MAX], TOO_LONG, lines)
        return Row(*self._begun, size, raw, None, lines)

    @property
    def _begun(self) -> tuple[int, int]:
        return self._row.line, self._row.offset


def skip_blanks(window: Window) -> bytes:
    """Go to the next byte that is no blank, and return it; none at the end of the file."""
    while True:
        found = _BLANKS.match(window.data, window.at)
        assert found is not None, "it matches nothing too"
        window.go(found.end())
        if window.at < len(window.data):
            return window.data[window.at : window.at + 1]
        if not window.more():
            return b""


def region(stream: BinaryIO, begin: Place, size: int, fault: str, seen: int) -> Row:
    """Return all that is left of a file as one row with a fault, by which the file fails its check.

    Args:
        stream: The file; it stands anywhere.
        begin: Where the region begins.
        size: The file's bytes.
        fault: Why nothing in it can be trusted.
        seen: The byte of the file at which that was seen.
    """
    stream.seek(begin.offset)
    raw = block = stream.read(min(RECORD_BYTES_MAX, max(0, size - begin.offset)))
    lines, left = 0, size - begin.offset
    while block:
        lines += block.count(b"\n")
        left -= len(block)
        last, block = block, stream.read(min(BLOCK_BYTES, left))
    lines += not (raw and last.endswith(b"\n"))
    at = max(0, seen - begin.offset)
    return Row(
        begin.line, begin.offset, max(0, size - begin.offset), raw, BrokenOff(fault), lines, at
    )
