"""What is known of one column from the values that were looked at; its size is bounded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from math import isinf
from typing import Any, Final

from ...connectors.csv_grammar import Ungrammatical, calendar_date, instant
from .shape import Shape

INT_DIGITS_MAX: Final = 18
"""A longer number is an identifier rather than a quantity, and fits no 64 bits."""

DISTINCT_MAX: Final = 12
"""Different values of a column that may be an enumeration."""

UNIQUE_MAX: Final = 100_000
"""Values of a column that are compared with each other."""

WHOLE: Final = rf"-?(?:0|[1-9][0-9]{{0,{INT_DIGITS_MAX - 1}}})"
DECIMAL: Final = r"-?(?:(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?|\.[0-9]{1,18})"
_FLOAT: Final = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?"
EMAIL: Final = r"[^@ ]+@[^@ ]+\.[^@ ]+"
_NULL_WORDS: Final = frozenset({"na", "n/a", "null", "none", "nil", "nan", "-", "--", "\\n", "?"})
_EPOCHS: Final = ((10**9, 2 * 10**9, "seconds"), (10**12, 2 * 10**12, "milliseconds"))

_is_whole: Final = re.compile(WHOLE).fullmatch
_is_decimal: Final = re.compile(DECIMAL).fullmatch
_is_float: Final = re.compile(_FLOAT).fullmatch
_is_email: Final = re.compile(EMAIL).fullmatch
_is_zero_led: Final = re.compile(r"[+-]?0[0-9]+(?:\.[0-9]*)?").fullmatch
_is_plus_led: Final = re.compile(r"\+[0-9]+(?:\.[0-9]*)?").fullmatch
_is_long: Final = re.compile(rf"[+-]?[0-9]{{{INT_DIGITS_MAX + 1},}}").fullmatch


def _is_date(text: str) -> bool:
    return _reads(calendar_date, text) is not None


def _instant_in(text: str) -> datetime | None:
    found = _reads(instant, text)
    return found if isinstance(found, datetime) else None


def _reads(read: Callable[[str], date], text: str) -> date | None:
    if text[4:5] != "-":  # most texts are no dates, and exceptions are dear
        return None
    try:
        return read(text)
    except Ungrammatical:
        return None


_FITS: Final[Mapping[str, Callable[[str], bool]]] = {
    "bool": lambda text: text in ("true", "false"),
    "int": lambda text: bool(_is_whole(text)),
    "decimal": lambda text: bool(_is_decimal(text)),
    "float": lambda text: bool(_is_float(text)) and not isinf(float(text)),
    "date": _is_date,
    "datetime": lambda text: _instant_in(text) is not None,
    "email": lambda text: bool(_is_email(text)),
}
_OF_TEXTS: Final = frozenset({"date", "datetime", "email"})
"""What a text may be where numbers are written otherwise than texts, as in JSON."""

_DOUBTS: Final[Mapping[str, Callable[[str], bool]]] = {
    "has leading zeros": lambda text: bool(_is_zero_led(text)),
    "begins with a plus sign": lambda text: bool(_is_plus_led(text)),
    f"has more than {INT_DIGITS_MAX} digits": lambda text: bool(_is_long(text)),
    "has blanks around it": lambda text: text != text.strip(),
    "may mean NULL": lambda text: text.lower() in _NULL_WORDS,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A value, and where it was."""

    text: str
    line: int | None
    """None where lines were not counted."""


@dataclass(slots=True)
class Evidence:
    """One column, as far as it was looked at."""

    name: str
    values: int = 0
    """Values that are not NULL."""

    nulls: int = 0
    missing: int = 0
    """Records that do not have it at all."""

    nested: int = 0
    """Values that are lists or objects."""

    texts: int = 0
    """Values that are texts, where numbers are written otherwise; else all of them."""

    fits: Counter[str] = field(default_factory=Counter)
    """How many values could be of each type."""

    misfits: dict[str, Seen] = field(default_factory=dict)
    """The first value that is none of a type."""

    doubts: dict[str, Seen] = field(default_factory=dict)
    """The first value that raises a doubt."""

    aware: int = 0
    """Instants with an offset from UTC."""

    places: int = 0
    """Decimal places, at most."""

    points: int = 0
    """Numbers with a decimal point."""

    length_max: int = 0
    least: Decimal | None = None
    most: Decimal | None = None
    distinct: Counter[str] | None = field(default_factory=Counter)
    """How often each value came; None if they are more than `DISTINCT_MAX`."""

    shape: Shape = field(default_factory=Shape)
    unique: set[str] | None = field(default_factory=set)
    """The values, as long as none came twice; None afterwards."""

    def add(self, value: Any, line: int | None, *, null: str, is_typed: bool) -> None:
        """Take in one value.

        Args:
            value: A text, or what a format of typed values gives.
            line: Where it is.
            null: The text that means NULL.
            is_typed: Whether the format writes numbers otherwise than texts.
        """
        if value is None or (value == null and not is_typed):
            self.nulls += 1
            self.unique = None
        elif isinstance(value, str):
            self.texts += 1
            self._add_text(value, line, _OF_TEXTS if is_typed else frozenset(_FITS))
        elif isinstance(value, bool | int | float | Decimal | date | datetime):
            self.texts += not is_typed
            self._add_text(_written(value), line, frozenset(_FITS))
        else:
            self.values += 1
            self.nested += 1
            self.unique = None

    def _add_text(self, text: str, line: int | None, kinds: frozenset[str]) -> None:
        self.values += 1
        for kind, fits in _FITS.items():
            if kind in kinds and fits(text):
                self.fits[kind] += 1
            elif kind not in self.misfits:
                self.misfits[kind] = Seen(text, line)
        for doubt, raises in _DOUBTS.items():
            if doubt not in self.doubts and raises(text):
                self.doubts[doubt] = Seen(text, line)
        self._measure(text)
        self.length_max = max(self.length_max, len(text))
        self.shape.add(text)
        self._compare(text)

    def _measure(self, text: str) -> None:
        if _is_decimal(text):
            number = Decimal(text)
            self.least = number if self.least is None else min(self.least, number)
            self.most = number if self.most is None else max(self.most, number)
            self.places = max(self.places, len(text.partition(".")[2]))
        if "." in text and _is_float(text):
            self.points += 1
        if (at := _instant_in(text)) is not None:
            self.aware += at.tzinfo is not None

    def _compare(self, text: str) -> None:
        if self.distinct is not None:
            self.distinct[text] += 1
            if len(self.distinct) > DISTINCT_MAX:
                self.distinct = None
        if self.unique is not None:
            if text in self.unique or len(self.unique) >= UNIQUE_MAX:
                self.unique = None
            else:
                self.unique.add(text)

    def all_fit(self, kind: str) -> bool:
        """Say whether every value could be of a type; not if there is none."""
        return 0 < self.values == self.fits[kind]

    @property
    def is_mixed(self) -> bool:
        """Whether no one type has all values: lists among others, texts among numbers."""
        return bool(self.nested) or 0 < self.texts < self.values

    @property
    def is_key(self) -> bool:
        """Whether it has a value in every record, and none twice."""
        return self.unique is not None and self.values > 1 and not self.missing

    @property
    def epoch(self) -> str:
        """The unit in which its numbers may count since 1970; empty if they do not look like it."""
        if not self.all_fit("int") or self.least is None or self.most is None:
            return ""
        near = (unit for low, high, unit in _EPOCHS if low <= self.least and self.most < high)
        return next(near, "")


def _written(value: float | Decimal | date) -> str:
    """Write a typed value as a text file would."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case date():
            return value.isoformat()
        case _:
            return repr(value)
