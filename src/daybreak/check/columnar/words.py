"""Eight bytes at once: texts as 64-bit words, and what arithmetic on all bytes of a word can say.

The first byte of a text is the lowest of its word. An operation on an array of words treats eight
bytes of every row in one instruction, so that digits are tested and read without a loop.

Source: the tricks with carries are those of H. Warren, Hacker's Delight, 2nd edition, chapter 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
Words: TypeAlias = NDArray[np.uint64]
Places: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

NOWHERE: Final[Places] = np.empty(0, np.int64)
"""No places."""

PAD: Final = 64
"""Bytes in front of a block and behind it, so that every word of every text can be loaded."""

_WORD: Final[np.dtype[np.uint64]] = np.dtype("<u8")
_TOP: Final = np.uint64(0x8080808080808080)
_ONES: Final = np.uint64(0x0101010101010101)
_ABOVE_NINE: Final = np.uint64(0x7676767676767676)
_EVEN_BYTES: Final = np.uint64(0x00FF00FF00FF00FF)
_EVEN_PAIRS: Final = np.uint64(0x0000FFFF0000FFFF)
_LOWEST_HALF: Final = np.uint64(0xFFFFFFFF)
ZEROS: Final = np.uint64(int.from_bytes(b"0" * 8, "little"))
"""The text "00000000"."""


def words_at(block: bytearray, at: Places, count: int) -> Words:
    """Load some words from each of some places on; one load, however many they are.

    Args:
        block: Bytes.
        at: Places in them, none nearer to the end than the words are long.
        count: How many words.

    Returns:
        Shape (places, words).
    """
    size = 8 * count
    every = np.ndarray(len(block) - size + 1, f"V{size}", block, strides=1)
    found: Words = every[at].view(_WORD).reshape(-1, count)
    return found


def digit_values(word: Words, count: Places) -> Words:
    """Return the last bytes of each word, digits as their values, with 0 in front of them.

    Args:
        word: Eight bytes.
        count: How many of them to keep; below 0 is taken for 0, above 8 for 8.
    """
    kept: Words = _LAST_BYTES.take(count, mode="clip")
    found: Words = (word ^ ZEROS) & kept
    return found


_LAST_BYTES: Final[Words] = np.array(
    [(2**64 - 1) >> (64 - 8 * count) << (64 - 8 * count) for count in range(9)], np.uint64
)
"""Masks of so many last bytes."""


def are_digit_values(words: Sequence[Words]) -> Flags:
    """Say of words that lie one above the other whether each byte is the value of a digit."""
    odd = (words[0] + _ABOVE_NINE) | words[0]
    for word in words[1:]:
        odd |= (word + _ABOVE_NINE) | word
    found: Flags = (odd & _TOP) == 0
    return found


def read_digits(value: Words) -> Words:
    """Return the number that eight values of digits are. Other words give any number."""
    value = (value * np.uint64(10) + (value >> np.uint64(8))) & _EVEN_BYTES
    value = (value * np.uint64(100) + (value >> np.uint64(16))) & _EVEN_PAIRS
    return (value * np.uint64(10_000) + (value >> np.uint64(32))) & _LOWEST_HALF


def first_equal(text: Words, byte: int) -> Words:
    """Return words with one bit set: the highest of the first byte that equals `byte`, or none."""
    other = text ^ np.uint64(byte * 0x0101010101010101)
    equal = (other - _ONES) & ~other & _TOP  # a borrow reaches only what is behind the first one
    found: Words = equal & np.negative(equal)
    return found
