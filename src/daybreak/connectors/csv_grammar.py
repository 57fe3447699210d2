"""The grammar of each type in text files, stricter than Python's and pydantic's own.

| type | text |
| --- | --- |
| int | ASCII digits with an optional sign |
| float | ASCII digits with an optional sign, point and exponent; no `nan`, no `inf` |
| Decimal | ASCII digits with an optional sign and point |
| bool | `true` or `false` |
| date | `2013-01-31` |
| datetime | `2013-01-31T05:00` or with a blank; seconds, up to 6 decimals of them and an offset
  (`Z`, `+09`, `+0900`, `+09:00`) may follow |

No underscores, no blanks around, no full-width digits, no epoch numbers for dates: pydantic alone
takes all of these. Lengths, ranges, patterns and the like are pydantic's, after this.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias


class Ungrammatical(ValueError):  # noqa: N818 - a verdict on a text, raised and caught in this room
    """A text is none of its type; the message is the reason, in stable words."""


Convert: TypeAlias = Callable[[str], Any]

_DIGITS_QUICK: Final = 20
"""Whole numbers with fewer digits need no pattern, and most have."""

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,4300}").fullmatch  # Python converts no longer ones
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)").fullmatch
_FLOAT: Final = re.compile(
    r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?"
).fullmatch
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_DATETIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
).fullmatch


def whole_number(text: str) -> int:
    """Read an int."""
    if text.isascii() and text.isdigit() and len(text) < _DIGITS_QUICK:  # six times as fast
        return int(text)
    if not _WHOLE(text):
        raise Ungrammatical("not a whole number")
    return int(text)


def number(text: str) -> float:
    """Read a float."""
    if not _FLOAT(text):
        raise Ungrammatical("not a number")
    value = float(text)
    if math.isinf(value):
        raise Ungrammatical("too large for a float")
    return value


def decimal_number(text: str) -> Decimal:
    """Read a Decimal, with as many places as the text has."""
    if not _DECIMAL(text):
        raise Ungrammatical("not a decimal number")
    return Decimal(text)


def truth(text: str) -> bool:
    """Read a bool."""
    if text not in {"true", "false"}:
        raise Ungrammatical("not true or false")
    return text == "true"


def calendar_date(text: str) -> date:
    """Read a date."""
    try:
        if _DATE(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # of the right shape, but the 31st of a short month
    raise Ungrammatical("not a date (YYYY-MM-DD)")


def instant(text: str) -> datetime:
    """Read a datetime, naive or aware as it is written."""
    try:
        if _DATETIME(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise Ungrammatical("not a date and time (YYYY-MM-DDTHH:MM:SS)")


GRAMMARS: Final[Mapping[str, Convert]] = {
    "int": whole_number,
    "float": number,
    "decimal": decimal_number,
    "bool": truth,
    "date": calendar_date,
    "datetime": instant,
}
"""By pydantic-core's names of the types. A type that is not here gets its text as it stands."""
