"""The shape that texts of one length have in common: two capital letters, three digits, a dash."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

LENGTH_MAX: Final = 64
"""Longer texts are said to have no shape."""

_CLASSES: Final = ("0-9", "a-f", "g-z", "A-F", "G-Z")
_SEPARATORS: Final = frozenset("-_/.:#+* ()")
_ESCAPED: Final = {letter: f"\\{letter}" for letter in ".+*()"}
"""What regular expressions would take for something else."""


@dataclass(slots=True)
class Shape:
    """What stands at each place of all texts: one separator, or letters and digits of classes."""

    places: list[str | int] | None = field(default_factory=list)
    """A separator, or a set of classes as bits; None once texts have nothing in common."""

    texts: int = 0

    def add(self, text: str) -> None:
        """Take in one text."""
        self.texts += 1
        if self.places is None:
            return
        found = [_place(letter) for letter in text] if 0 < len(text) <= LENGTH_MAX else []
        if self.texts == 1 and found:
            self.places = [one or "" for one in found]
        if len(found) != len(self.places) or not found:
            self.places = None
            return
        joined = [_join(old, new) for old, new in zip(self.places, found, strict=True)]
        self.places = None if None in joined else [one for one in joined if one is not None]

    @property
    def pattern(self) -> str:
        """The shape as a regular expression from end to end; empty if there is none to speak of."""
        if not self.places or not any(isinstance(one, int) for one in self.places):
            return ""
        parts = []
        for place, same in groupby(self.places):
            number = len(list(same))
            one = _class_text(place) if isinstance(place, int) else _ESCAPED.get(place, place)
            parts.append(one if number == 1 else f"{one}{{{number}}}")
        return f"^{''.join(parts)}$"

    @property
    def is_code(self) -> bool:
        """Whether it is of capital letters, digits and separators only, and longer than one."""
        codes = _bits("0-9") | _bits("A-F") | _bits("G-Z")
        return (
            self.places is not None
            and len(self.places) > 1
            and all(isinstance(one, str) or not one & ~codes for one in self.places)
        )


def _bits(name: str) -> int:
    return 1 << _CLASSES.index(name)


def _place(letter: str) -> str | int | None:
    """Return what a letter is: classes as bits, itself as a separator, or None for all others."""
    if letter in _SEPARATORS:
        return letter
    for number, name in enumerate(_CLASSES):
        low, _, high = name.partition("-")
        if low <= letter <= high:
            return 1 << number
    return None


def _join(old: str | int, new: str | int | None) -> str | int | None:
    if isinstance(old, int) and isinstance(new, int):
        return old | new
    return old if old == new else None


def _class_text(bits: int) -> str:
    """Write classes as one set of a regular expression, in few words."""
    names = [name for number, name in enumerate(_CLASSES) if bits >> number & 1]
    digits = "0-9" if "0-9" in names else ""
    return f"[{digits}{_letters(names, 'a-f', 'g-z', 'a-z')}{_letters(names, 'A-F', 'G-Z', 'A-Z')}]"


def _letters(names: list[str], first: str, rest: str, whole: str) -> str:
    """Write letters: only up to f if they stand for hexadecimal digits, else all."""
    if rest in names or (first in names and "0-9" not in names):
        return whole
    return first if first in names else ""
