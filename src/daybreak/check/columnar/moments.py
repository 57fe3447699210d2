"""Columns of dates and times: texts of a few fixed layouts, compared eight bytes at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import product
from typing import Final

import numpy as np

from .texts import Texts
from .words import Bytes, Flags, Places, Words

_WORD: Final = 8
_TOP: Final = np.uint64(0x8080808080808080)

_DATE: Final = "####-1#-3#"
_TIMES: Final = ("2#:5#", "2#:5#:5#", *(f"2#:5#:5#.{'#' * places}" for places in range(1, 7)))
_ZONES: Final = ("Z", "?2#", "?2#5#", "?2#:5#")
"""Layouts: a digit up to 9 is `#`, one up to N is `N`, any byte is `?`, all else is itself."""

_DAYS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] + [0] * 243, np.uint8)


class _Layout:
    """Texts of one length, with certain bytes at certain places.

    Args:
        text: What it looks like.
    """

    def __init__(self, text: str) -> None:
        self.length = len(text)
        self._words = [_masks(text[at : at + _WORD]) for at in range(0, len(text), _WORD)]

    def match(self, loaded: Words) -> Flags:
        """Say of each text of this length whether it has this layout.

        Args:
            loaded: Its bytes, shape (texts, words).
        """
        odd = np.zeros(len(loaded), np.uint64)
        for at, (like, reach, seen) in enumerate(self._words):
            word = loaded[:, at] ^ like
            if seen != _ALL:
                word &= seen
            odd |= word
            word += reach
            odd |= word
        odd &= _TOP
        found: Flags = odd == 0
        return found


_ALL: Final = np.uint64(2**64 - 1)


def _masks(part: str) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Return what is XORed with a word, what is added to that, and which bytes are looked at first.

    A digit becomes its value, any other byte 0; a sum of 128 or more says that a byte is too high.
    """
    like, reach, seen = bytearray(), bytearray(), bytearray()
    for character in part:
        match character:
            case "?":
                one = (0, 0, 0)
            case "#":
                one = (ord("0"), 0x7F - 9, 0xFF)
            case _ if character.isdigit():
                one = (ord("0"), 0x7F - int(character), 0xFF)
            case _:
                one = (ord(character), 0x7F, 0xFF)
        for mask, byte in zip((like, reach, seen), one, strict=True):
            mask.append(byte)
    found = [np.uint64(int.from_bytes(mask, "little")) for mask in (like, reach, seen)]
    return found[0], found[1], found[2]


def _numbers(word: Words) -> Bytes:
    """Return of each eight bytes, for each two neighbours, the number that they are as digits.

    Shape (words, 8). Only pairs of digits have a meaning.
    """
    digits = word & np.uint64(0x0F0F0F0F0F0F0F0F)
    pairs = digits * np.uint64(10) + (digits >> np.uint64(8))
    return pairs.astype("<u8", copy=False).view(np.uint8).reshape(-1, _WORD)


def _calendar(loaded: Words) -> tuple[Flags, Bytes, Bytes, Bytes, Bytes]:
    """Return which texts begin with a date that exists; century, year of it, month and day."""
    head, tail = _numbers(loaded[:, 0]), _numbers(loaded[:, 1])
    century, year, month, day = head[:, 0], head[:, 2], head[:, 5], tail[:, 0]
    exists = (day > 0) & (day <= _DAYS[month])
    leap_days = (day == 29) & (month == 2)  # noqa: PLR2004 - 29 February
    if leap_days.any():
        of_four = np.where(year == 0, century, year)
        exists |= leap_days & (of_four & 3 == 0)
    exists &= (century | year) != 0
    return exists, century, year, month, day


@dataclass(frozen=True, slots=True)
class DateBounds:
    """Between which days a date must lie."""

    gt: date | None = None
    ge: date | None = None
    lt: date | None = None
    le: date | None = None

    def hold(self, days: Places) -> Flags:
        """Say of each day, as a number like 20240131, whether it is within the bounds."""
        found = np.ones(len(days), np.bool_)
        if self.gt is not None:
            found &= days > _as_number(self.gt)
        if self.ge is not None:
            found &= days >= _as_number(self.ge)
        if self.lt is not None:
            found &= days < _as_number(self.lt)
        if self.le is not None:
            found &= days <= _as_number(self.le)
        return found


def _as_number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


class Dates:
    """The rule of `date`.

    Args:
        bounds: Between which days they must lie.
    """

    def __init__(self, bounds: DateBounds) -> None:
        self._bounds = bounds
        self._has_bounds = bounds != DateBounds()
        self._layout = _Layout(_DATE)

    def __call__(self, texts: Texts) -> Flags:
        """Say of each text whether it is certainly good."""
        loaded = texts.words(texts.first, 2)
        found: Flags = (texts.length == self._layout.length) & self._layout.match(loaded)
        exists, century, year, month, day = _calendar(loaded)
        found &= exists
        if self._has_bounds:
            days = century.astype(np.int64) * 1_000_000 + year.astype(np.int64) * 10_000
            found &= self._bounds.hold(days + month.astype(np.int64) * 100 + day)
        return found


class Instants:
    """The rule of `datetime`.

    Args:
        naive: Whether one without an offset is good.
        aware: Whether one with an offset is good.
    """

    def __init__(self, *, naive: bool, aware: bool) -> None:
        self._layouts: dict[int, list[_TimeLayout]] = {}
        for layout in _time_layouts():
            if aware if layout.zone else naive:
                self._layouts.setdefault(layout.length, []).append(layout)

    def __call__(self, texts: Texts) -> Flags:
        """Say of each text whether it is certainly good."""
        found = np.zeros(len(texts.first), np.bool_)
        if not len(found):
            return found
        first = int(texts.length[0])
        if first in self._layouts and (texts.length == first).all():
            return _any_of(self._layouts[first], texts, texts.first)
        lengths = np.bincount(texts.length.clip(0, 64))
        for length in np.flatnonzero(lengths):
            if layouts := self._layouts.get(int(length)):
                rows = np.flatnonzero(texts.length == length)
                found[rows] = _any_of(layouts, texts, texts.first[rows])
        return found


@dataclass(frozen=True, slots=True)
class _TimeLayout:
    layout: _Layout
    zone: str

    @property
    def length(self) -> int:
        return self.layout.length

    def match(self, loaded: Words) -> Flags:
        found = self.layout.match(loaded)
        if self.zone.startswith("?"):
            data = loaded.view(np.uint8)
            at = self.length - len(self.zone)
            sign = data[:, at]
            hours = (data[:, at + 1] & 15) * 10 + (data[:, at + 2] & 15)
            found &= ((sign == ord("+")) | (sign == ord("-"))) & (hours <= 23)  # noqa: PLR2004
        return found


@cache
def _time_layouts() -> tuple[_TimeLayout, ...]:
    return tuple(_every_layout())


def _every_layout() -> Iterator[_TimeLayout]:
    for time, zone in product(_TIMES, ("", *_ZONES)):
        yield _TimeLayout(_Layout(f"{_DATE}?{time}{zone}"), zone)


def _any_of(layouts: list[_TimeLayout], texts: Texts, first: Places) -> Flags:
    """Say of texts of one length whether they have one of its layouts, and exist."""
    loaded = texts.words(first, (layouts[0].length + _WORD - 1) // _WORD)
    found = layouts[0].match(loaded)
    for layout in layouts[1:]:
        if found.all():
            break
        found |= layout.match(loaded)
    data = loaded.view(np.uint8)
    mark = data[:, 10]
    hours = (data[:, 11] & 15) * 10 + (data[:, 12] & 15)
    found &= ((mark == ord("T")) | (mark == ord(" "))) & (hours <= 23)  # noqa: PLR2004 - of a day
    return found & _calendar(loaded)[0]
