"""The physical lines of a CSV file: exact bytes, in any encoding, never more than are asked for.

A line ends with LF, in UTF-16 with its two bytes *at any alignment*: where a byte was lost or
added, the lines behind it are whole again, and only the one that has an odd number is not.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

ReadLine: TypeAlias = Callable[[], bytes]
"""Gives the next line, no byte at the end, and of one that is too long its beginning."""

AsText: TypeAlias = Callable[[bytes], bytes]
"""Gives a line as UTF-8; what cannot be decoded becomes U+FFFD."""


def line_reader(stream: BinaryIO, codec: str, limit: int) -> ReadLine:
    """Return what reads lines from where a stream stands.

    Args:
        stream: Where from.
        codec: The encoding's canonical name; not `utf-16`, whose order is not known.
        limit: Bytes of a line that are given at once.
    """
    match codec:
        case "utf-16-le":
            return partial(_little_endian_line, stream, limit)
        case "utf-16-be":
            return partial(_big_endian_line, stream, limit)
        case _:
            return partial(stream.readline, limit)


def as_text(codec: str) -> AsText:
    """Return what makes UTF-8 of the lines of an encoding."""

    def convert(line: bytes) -> bytes:
        return line.decode(codec, "replace").encode()

    return convert


def _little_endian_line(stream: BinaryIO, limit: int) -> bytes:
    line = stream.readline(limit)
    while line and len(line) < limit:
        more = stream.read(1) if line.endswith(b"\n") else stream.readline(limit - len(line))
        if not more:
            break
        is_end = more == b"\0" and line.endswith(b"\n")
        line += more
        if is_end:
            break
    return line


def _big_endian_line(stream: BinaryIO, limit: int) -> bytes:
    line = stream.readline(limit)
    while line and len(line) < limit and not line.endswith(b"\0\n"):
        if not (more := stream.readline(limit - len(line))):
            break
        line += more
    return line


def first_bytes(stream: BinaryIO, size: int) -> BinaryIO:
    """Return a stream over the next `size` bytes of another: it ends there, whatever follows."""
    return io.BufferedReader(_FirstBytes(stream, size), 2**15)


class _FirstBytes(io.RawIOBase):
    """Part of a stream, which stays open when this is closed."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        data = self._stream.read(min(len(view), max(self._left, 0)))
        view[: len(data)] = data
        self._left -= len(data)
        return len(data)
