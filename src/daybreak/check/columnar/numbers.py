"""Columns of numbers: which texts are of the grammar, and within bounds, read eight digits at once.

A number is read as digits and a scale, so that bounds are compared exactly. What is longer than
`TEXT_BYTES_MAX`, or has an exponent, is uncertain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Final

import numpy as np

from .texts import Texts
from .words import (
    Flags,
    Places,
    Words,
    are_digit_values,
    digit_values,
    first_equal,
    read_digits,
)

TEXT_BYTES_MAX: Final = 24
"""Bytes of a number without its sign: three words."""

_WORD: Final = 8
_VALUE_DIGITS_MAX: Final = 19
"""Digits of a number whose value is known: any so many fit into 64 bits."""

_HIGHEST_WORD_MAX: Final = 10 ** (_VALUE_DIGITS_MAX - 2 * _WORD) - 1
_SIGNED_MAX: Final = np.uint64(2**63)
_NONE: Final = np.uint64(0)
_ONE: Final = np.uint64(1)
_SEVEN: Final = np.uint64(7)
_BYTE: Final = np.uint64(8)
_LAST_BYTE: Final = np.uint64(56)
_CHARACTER_ZERO: Final = ord("0")
_POINT: Final = ord(".") ^ ord("0")
"""What a point is among the values of digits."""


@dataclass(slots=True)
class _Digits:
    """What some texts are as numbers, where they are any."""

    certain: Flags
    words: list[Words]
    """Eight digits each, as values, the last ones first."""

    count: Places
    """How many digits each has."""

    scale: Places | None
    """How many of them are behind the point; None if there is a point nowhere."""

    is_negative: Flags | None
    """None if there is a minus nowhere."""

    def values(self) -> tuple[Words, Flags]:
        """Return the digits as whole numbers, and which of them are certain."""
        value = read_digits(self.words[0])
        certain = self.certain
        for at, word in enumerate(self.words[1:], 1):
            part = read_digits(word)
            if at == 2:  # noqa: PLR2004 - the third word
                certain = certain & (part <= _HIGHEST_WORD_MAX)
            value = value + part * np.uint64(10 ** (_WORD * at))
        return value, certain

    def are_above_zero(self) -> Flags:
        """Say of each whether it is more than 0, if it is a number."""
        found: Flags = self.words[0] != 0
        for word in self.words[1:]:
            found |= word != 0
        return found if self.is_negative is None else found & ~self.is_negative


def _digits(texts: Texts, *, has_point: bool) -> _Digits:
    is_negative, length = _without_sign(texts)
    certain: Flags = length > 0
    longest = int(length.max(initial=1))
    if longest > TEXT_BYTES_MAX:
        certain &= length <= TEXT_BYTES_MAX
        longest = int(length.max(initial=1, where=certain))
    count = (longest + _WORD - 1) // _WORD
    loaded = texts.words(texts.last - _WORD * count, count)
    words = [
        digit_values(loaded[:, count - 1 - at], length - _WORD * at if at else length)
        for at in range(count)
    ]
    scale = None
    if has_point:
        words, has_one, scale = _without_point(words)
        length = length - has_one
        certain &= length > 0
    return _Digits(certain & are_digit_values(words), words, length, scale, is_negative)


def _without_sign(texts: Texts) -> tuple[Flags | None, Places]:
    """Return which texts have a minus, None if none has, and the bytes of each without its sign."""
    lead = texts.buffer.data[texts.first]
    if not (lead < _CHARACTER_ZERO).any():  # then it is no sign either
        return None, texts.length
    is_negative = lead == ord("-")
    return is_negative, texts.length - (is_negative | (lead == ord("+")))


def _without_point(words: list[Words]) -> tuple[list[Words], Flags, Places]:
    """Take the last word's first point out of each text, and close the gap from the left.

    Returns:
        The words, whether there was a point, and how many bytes were behind it. A second point
        stays, and is no digit.
    """
    if len(words) == 1 and (point := first_equal(words[0], _POINT)).all():
        before = (point >> _SEVEN) - _ONE
        behind = ~((point << _ONE) - _ONE)
        word = ((words[0] & before) << _BYTE) | (words[0] & behind)
        return [word], np.ones(len(word), np.bool_), 7 - _bytes_of(before)
    closed: list[Words] = []
    found = np.zeros(len(words[0]), np.uint64)  # all bits, where there was a point further right
    scale = np.zeros(len(words[0]), np.int64)
    for at, word in enumerate(words):
        point = first_equal(word, _POINT)
        here = (_NONE - (point != 0)) & ~found
        before = (point >> _SEVEN) - _ONE  # a mask of the bytes before it
        behind = ~((point << _ONE) - _ONE)
        moved = found | (before & here)
        kept = ~found & (behind | ~here)
        number = (7 + _WORD * at) - _bytes_of(before)
        scale |= number & here.view(np.int64)
        found |= here
        above = words[at + 1] >> _LAST_BYTE if at + 1 < len(words) else _NONE
        closed.append(((word & moved) << _BYTE) | (word & kept) | (found & above))
    return closed, found != 0, scale


def _bytes_of(mask: Words) -> Places:
    """Return how many bytes of each word a mask has."""
    return (np.bitwise_count(mask) >> 3).astype(np.int64)


# ---------------------------------------------------------------- bounds


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which numbers a value must lie; exact numbers, or None."""

    gt: Fraction | None = None
    ge: Fraction | None = None
    lt: Fraction | None = None
    le: Fraction | None = None

    def __bool__(self) -> bool:
        return any(one is not None for one in (self.gt, self.ge, self.lt, self.le))


class _Limits:
    """Bounds by scale: what the digits, taken for a whole number, must at least and at most be."""

    def __init__(self, bounds: Bounds) -> None:
        self._tests = [
            test
            for bound, is_lower, round_up in (
                (bounds.gt, True, lambda edge: floor(edge) + 1),
                (bounds.ge, True, ceil),
                (bounds.lt, False, lambda edge: ceil(edge) - 1),
                (bounds.le, False, floor),
            )
            if bound is not None
            for test in [_limit(bound, round_up, is_lower=is_lower)]
        ]
        self._are_above_zero = bounds == Bounds(gt=Fraction(0))

    def hold(self, digits: _Digits) -> Flags:
        """Say of each number whether it is certain, and within the bounds."""
        if self._are_above_zero:
            return digits.certain & digits.are_above_zero()
        value, found = digits.values()
        none = np.zeros(len(value), np.bool_)
        is_negative = none if digits.is_negative is None else digits.is_negative
        for limit, is_lower, is_positive in self._tests:
            edge = limit[0] if digits.scale is None else limit[digits.scale]
            if is_positive:
                far, side = (
                    (value >= edge, ~is_negative) if is_lower else (value <= edge, is_negative)
                )
                found = found & ((far & side) if is_lower else (far | side))
            elif is_lower:
                found = found & (~is_negative | (value <= edge))
            else:
                found = found & is_negative & (value >= edge)
        return found


def _limit(
    bound: Fraction, rounded: Callable[[Fraction], int], *, is_lower: bool
) -> tuple[Words, bool, bool]:
    """Return the size of a limit for each scale, and on which side of zero it is."""
    edges = [rounded(bound * 10**scale) for scale in range(TEXT_BYTES_MAX + 1)]
    is_positive = edges[0] > 0 if is_lower else edges[0] >= 0
    sizes = np.array([min(abs(edge), 2**64 - 1) for edge in edges], np.uint64)
    return sizes, is_lower, is_positive


# ---------------------------------------------------------------- rules


def whole_numbers(texts: Texts) -> tuple[Places, Flags]:
    """Return what texts are as whole numbers of 64 bits, and of which this is certain."""
    found = _digits(texts, has_point=False)
    value, certain = found.values()
    certain = certain & (value < _SIGNED_MAX)
    signed = value.astype(np.int64)
    if found.is_negative is not None:
        signed = np.where(found.is_negative, -signed, signed)
    return signed, certain


class WholeNumbers:
    """The rule of `int`.

    Args:
        bounds: Between which they must lie.
    """

    def __init__(self, bounds: Bounds) -> None:
        self._limits = _Limits(bounds) if bounds else None

    def __call__(self, texts: Texts) -> Flags:
        """Say of each text whether it is certainly good."""
        found = _digits(texts, has_point=False)
        return found.certain if self._limits is None else self._limits.hold(found)


class PointNumbers:
    """The rule of `float` and `Decimal`.

    Args:
        bounds: Between which they must lie.
        max_digits: Digits at most; zeros in front count, so that this is stricter than the model.
        decimal_places: Of these behind the point at most.
    """

    def __init__(
        self, bounds: Bounds, max_digits: int | None = None, decimal_places: int | None = None
    ) -> None:
        self._limits = _Limits(bounds) if bounds else None
        self._max_digits = max_digits
        self._decimal_places = decimal_places

    def __call__(self, texts: Texts) -> Flags:
        """Say of each text whether it is certainly good."""
        found = _digits(texts, has_point=True)
        certain = found.certain if self._limits is None else self._limits.hold(found)
        if self._max_digits is not None:
            certain &= found.count <= self._max_digits
        if self._decimal_places is not None:
            assert found.scale is not None, "it was looked for"
            certain &= found.scale <= self._decimal_places
            if self._max_digits is not None:
                whole = found.count - found.scale
                certain &= whole <= self._max_digits - self._decimal_places
        return certain
