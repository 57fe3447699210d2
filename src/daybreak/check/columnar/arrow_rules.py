"""Columns of texts, by PyArrow: patterns and sets.

Arrays are made of buffers: `pyarrow.array` imports pandas, if that is installed, which takes longer
than the check of a million rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .patterns import Portable
from .texts import Buffer, Texts
from .words import PAD, Flags

_PRINTABLE_FIRST: Final = 0x20
_PRINTABLE_SPAN: Final = 0x7E - 0x20


def is_utf8(buffer: Buffer) -> bool:
    """Say whether a block is UTF-8; Arrow makes no text of it in order to know."""
    ends = np.array([PAD, buffer.end], np.int32)
    parts = [None, pa.py_buffer(ends), pa.py_buffer(buffer.bytes)]
    try:
        pa.Array.from_buffers(pa.string(), 1, parts).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def column_of(texts: Texts, *, behind: int = 0) -> Any:
    """Return a column as an Arrow array.

    The block is described as one array, without copying it: the column's texts are its entries 0,
    2, 4, …, and between two of them lies the rest of the row. Then those entries are taken.

    Args:
        texts: The column.
        behind: So many bytes behind each text are taken, too.
    """
    count = len(texts.first)
    offsets = np.empty(2 * count, np.int32)
    offsets[0::2] = texts.first
    np.add(texts.last, behind, out=offsets[1::2], casting="same_kind")
    entries = [None, pa.py_buffer(offsets), pa.py_buffer(texts.buffer.bytes)]
    block = pa.Array.from_buffers(pa.binary(), max(0, 2 * count - 1), entries)
    return pc.take(block, _every_second(count), boundscheck=False)


@lru_cache(maxsize=64)
def _every_second(count: int) -> Any:
    numbers = np.arange(0, 2 * count, 2, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), count, [None, pa.py_buffer(numbers)])


def _array_of(texts: Sequence[bytes]) -> Any:
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
    return pa.Array.from_buffers(pa.binary(), len(texts), buffers)


def _flags_of(answer: Any) -> Flags:
    """Return what a kernel said of each text of a column."""
    assert answer.null_count == answer.offset == 0, "of no text there is no answer"
    bits = np.frombuffer(answer.buffers()[1], np.uint8)
    return np.unpackbits(bits, count=len(answer), bitorder="little").view(np.bool_)


class Pattern:
    """The rule of a pattern; a text that is not printable ASCII is uncertain.

    Args:
        portable: The pattern.
        marks: The delimiter, and the quote if there is one.

    Raises:
        ValueError: If RE2 refuses it.
    """

    def __init__(self, portable: Portable, marks: bytes = b"") -> None:
        self._pattern = portable.pattern
        pc.match_substring_regex(_array_of([b""]), self._pattern)
        self._together = _together(portable, marks)

    def __call__(self, texts: Texts) -> Flags:
        """Say of each text whether it is certainly good."""
        count = len(texts.first) // _TOGETHER
        if self._together is None or not count:
            return self._alone(texts)
        groups = _groups_of(column_of(texts, behind=1), count)
        found = _flags_of(pc.match_substring_regex(groups, self._together)).repeat(_TOGETHER)
        left = np.append(np.flatnonzero(~found), np.arange(len(found), len(texts.first)))
        found = np.append(found, np.zeros(len(texts.first) - len(found), np.bool_))
        if len(left):
            found[left] = self._alone(texts.some(left))
        return found

    def _alone(self, texts: Texts) -> Flags:
        column = column_of(texts)
        found = _flags_of(pc.match_substring_regex(column, self._pattern))
        return found & _printable(column) & texts.as_they_stand()


_TOGETHER: Final = 32
"""Texts that are matched at once: a call for each would take longer than the match."""

_TOGETHER_MAX: Final = 200
"""Characters of a pattern for several texts; RE2 keeps what a longer one can be at in less room."""


def _together(portable: Portable, marks: bytes) -> str | None:
    """Return the pattern of several texts, each with the one byte behind it, if there is one.

    The pattern names its bytes, and the marks are none of them. So behind a text without quotes
    stands a byte that it cannot take, and none such stands within; behind one in quotes stands a
    quote, by which the match fails. Each text is matched as a whole, or all are matched alone.
    """
    body = portable.body
    if not marks or body is None or len(body) > _TOGETHER_MAX or portable.named & {*marks}:
        return None
    found = rf"\A(?:(?:{body})[\x{marks[0]:02x}\r\n])+\z"
    try:
        pc.match_substring_regex(_array_of([b""]), found)
    except ValueError:
        return None
    return found


def _groups_of(column: Any, count: int) -> Any:
    """Return the first texts of a column, one behind the other in each entry."""
    _, ends, content = column.buffers()
    offsets = np.frombuffer(ends, np.int32)[: count * _TOGETHER + 1 : _TOGETHER].copy()
    return pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), content])


def _printable(column: Any) -> Flags:
    """Say of each text of a column whether all its bytes are printable ASCII."""
    _, ends, content = column.buffers()
    found = np.ones(len(column), np.bool_)
    if content is None or not len(found):
        return found
    offsets = np.frombuffer(ends, np.int32, len(found) + 1)
    data = np.frombuffer(content, np.uint8, int(offsets[-1]))
    is_odd = (data - np.uint8(_PRINTABLE_FIRST)) > _PRINTABLE_SPAN
    if is_odd.any():
        found[np.searchsorted(offsets, np.flatnonzero(is_odd), "right") - 1] = False
    return found


class OneOf:
    """The rule of a set of texts.

    Args:
        members: As they are written in the file.
    """

    def __init__(self, members: Iterable[bytes]) -> None:
        self._options = pc.SetLookupOptions(_array_of(sorted(set(members))))

    def __call__(self, texts: Texts) -> Flags:
        """Say of each text whether it is certainly good."""
        answer = pc.is_in(column_of(texts), options=self._options)
        return _flags_of(answer) & texts.as_they_stand()
