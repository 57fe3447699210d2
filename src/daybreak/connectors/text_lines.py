"""Physical lines as rows: for formats in which a line end is never data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from .byte_window import Window
from .row import Row


def lines(stream: BinaryIO, line_end: bytes, *, line: int, offset: int, size: int) -> Iterator[Row]:
    """Cut a stream at its line ends.

    Args:
        stream: It stands anywhere.
        line_end: The byte with which a line ends.
        line: The physical line of the place.
        offset: The place from which to cut.
        size: The file's bytes; nothing behind them is read.
    """
    window = Window(stream, line=line, offset=offset, size=size, line_end=line_end)
    while window.need(1):
        window.begin()
        while (end := window.data.find(line_end, window.at)) < 0:
            window.go(len(window.data))
            if not window.more():
                break
        else:
            window.go(end + 1)
        yield window.end()
