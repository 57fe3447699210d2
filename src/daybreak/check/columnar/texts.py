"""A block of bytes, and the texts of one column in it: where they begin and end."""

from __future__ import annotations

import codecs
from functools import cached_property
from typing import Final

import numpy as np

from .words import NOWHERE, PAD, Bytes, Flags, Places, Words, words_at

_NOT_ASCII: Final = 0x80
_CONTINUATION: Final = 0x80
_CONTINUATION_MASK: Final = 0xC0


class Buffer:
    """The bytes of a block, with room in front of them and behind.

    Args:
        size: Bytes of the block at most.
        memory: To be used for it, if it is large enough; what it held is of no use any more.
    """

    def __init__(self, size: int, memory: bytearray | None = None) -> None:
        needed = (2 * PAD + size + 7) // 8 * 8
        is_enough = memory is not None and len(memory) >= needed
        self.bytes = memory if memory is not None and is_enough else bytearray(needed)
        self.data: Bytes = np.frombuffer(self.bytes, np.uint8)
        self.end = PAD + size
        """Behind the last byte of the block; it may be moved to the left before anybody looks."""

    @property
    def content(self) -> Bytes:
        """The block's own bytes."""
        return self.data[PAD : self.end]

    def has(self, byte: int) -> bool:
        """Say whether a byte occurs in the block."""
        return self.bytes.find(byte, PAD, self.end) >= 0

    @cached_property
    def is_ascii(self) -> bool:
        """Whether all bytes are ASCII."""
        return len(self.content) == 0 or int(self.content.max()) < _NOT_ASCII

    @cached_property
    def not_ascii(self) -> Places:
        """The places of all bytes that are no ASCII."""
        return np.flatnonzero(self.data[: self.end] >= _NOT_ASCII)

    @cached_property
    def characters_before(self) -> Places:
        """Of each place the number of characters that begin before it; the block is UTF-8."""
        begins = (self.data & _CONTINUATION_MASK) != _CONTINUATION
        counts = np.empty(len(begins) + 1, np.int64)
        counts[0] = 0
        np.cumsum(begins, out=counts[1:])
        return counts

    def places_of(self, text: bytes) -> list[int]:
        """Return every place at which some bytes stand."""
        found = []
        at = self.bytes.find(text, PAD, self.end)
        while at >= 0:
            found.append(at)
            at = self.bytes.find(text, at + 1, self.end)
        return found

    def undecodable(self) -> list[int]:
        """Return places of bytes that are no UTF-8: the first one of every line that has any."""
        found: list[int] = []
        at = self.end if self.is_ascii else PAD
        view = memoryview(self.bytes)
        while at < self.end:
            try:
                codecs.utf_8_decode(view[at : self.end], "strict", True)  # noqa: FBT003 - positional only
            except UnicodeDecodeError as exc:
                found.append(at + exc.start)
                at = self.bytes.find(b"\n", at + exc.start, self.end) + 1 or self.end
            else:
                break
        return found


class Texts:
    """The texts of one column, one for each row that has all its fields.

    Args:
        buffer: The block.
        first: Where each begins, behind its opening quote.
        last: Where each ends, its closing quote not included.
        doubled: Places of doubled quotes: the bytes of a text with any are not the text.
        is_utf8: Whether the file is UTF-8; else only ASCII is known by its bytes.
    """

    def __init__(
        self,
        buffer: Buffer,
        first: Places,
        last: Places,
        *,
        doubled: Places = NOWHERE,
        is_utf8: bool = True,
    ) -> None:
        self.buffer = buffer
        self.first = first
        self.last = last
        self.length: Places = last - first
        """Bytes of each."""

        self._doubled = doubled
        self._is_utf8 = is_utf8

    @property
    def may_be_doubled(self) -> bool:
        """Whether quotes are doubled in a text, here or in another column."""
        return len(self._doubled) > 0

    def some(self, numbers: Places | Flags) -> Texts:
        """Return those with some numbers, in order."""
        first, last = self.first[numbers], self.last[numbers]
        return Texts(self.buffer, first, last, doubled=self._doubled, is_utf8=self._is_utf8)

    def words(self, at: Places, count: int) -> Words:
        """Load words of the block."""
        return words_at(self.buffer.bytes, at, count)

    def are(self, text: bytes) -> Flags:
        """Say of each whether its bytes are these."""
        found: Flags = self.length == len(text)
        for at, byte in enumerate(text):
            found &= self.buffer.data[(self.first + at).clip(max=self.buffer.end)] == byte
        return found

    def as_they_stand(self) -> Flags:
        """Say of each whether its bytes are its text."""
        return self._without(self._doubled)

    def characters(self) -> tuple[Places, Flags]:
        """Return how many characters each has, and of which this is certain."""
        certain = self.as_they_stand()
        if self.buffer.is_ascii:
            return self.length, certain
        if not self._is_utf8:
            return self.length, certain & self._without(self.buffer.not_ascii)
        before = self.buffer.characters_before
        return before[self.last] - before[self.first], certain

    def _without(self, places: Places) -> Flags:
        """Say of each whether none of some places lies in it."""
        if not len(self.first):
            return np.zeros(0, np.bool_)
        if len(places) > len(self.first):
            before: Places = np.searchsorted(places, self.first)
            return np.equal(before, np.searchsorted(places, self.last))
        found = np.ones(len(self.first), np.bool_)
        at = np.searchsorted(self.first, places, "right") - 1
        inside = (at >= 0) & (places < self.last[at])
        found[at[inside]] = False
        return found
