"""Excel's dates: numbers that a format shows as days, with two calendars and a day that never was.

In the calendar of 1900 day 60 is the 29th of February 1900, which Excel took over from an older
program's mistake; day 61 is the 1st of March. In the calendar of 1904 day 0 is its first day.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any, Final


class Look(Enum):
    """As what a cell's format shows its number."""

    NUMBER = "number"
    DATE = "date"
    INSTANT = "date and time"
    TIME = "time"
    DURATION = "duration"


_BUILT_IN: Final = {
    **dict.fromkeys(map(str, (14, 15, 16, 17)), Look.DATE),
    **dict.fromkeys(map(str, (18, 19, 20, 21, 32, 33, 45, 47)), Look.TIME),
    **dict.fromkeys(map(str, (*range(27, 32), *range(34, 37), *range(50, 59))), Look.DATE),
    "22": Look.INSTANT,
    "46": Look.DURATION,
}
"""By their numbers the formats that no file spells out; 27 to 58 are those of East Asia."""

_LITERAL: Final = re.compile(r'"[^"]*"|\\.|_.|\*.')
_ELAPSED: Final = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_BRACKET: Final = re.compile(r"\[[^\]]*\]")
_DIGITS: Final = re.compile(r"e[+-]|general|am/pm|a/p", re.IGNORECASE)


def look_of(number: str, code: str | None) -> Look:
    """Return as what a number format shows a number.

    Args:
        number: The format's.
        code: How it is spelled; None if it is built in.
    """
    if code is None:
        return _BUILT_IN.get(number, Look.NUMBER)
    first = _LITERAL.sub("", code).partition(";")[0]
    if _ELAPSED.search(first):
        return Look.DURATION
    letters = set(_DIGITS.sub("", _BRACKET.sub("", first)).lower())
    has_time = bool(letters & set("hs"))
    has_day = bool(letters & set("ydge")) or ("m" in letters and not has_time)
    if has_day:
        return Look.INSTANT if has_time else Look.DATE
    return Look.TIME if has_time else Look.NUMBER


NEVER_WAS: Final = 60
"""The 29th of February 1900."""

LAST_DAY: Final = {False: 2958465, True: 2957003}
"""The 31st of December 9999, in the calendar of 1900 and of 1904."""

_DAY_MS: Final = 24 * 60 * 60 * 1000


def cell_of(serial: float, look: Look, *, uses_1904: bool) -> Any:
    """Return a number as the cell that its format shows, to the millisecond.

    Excel holds days as floats, so that there is nothing to read behind that. What is no day of its
    calendar stays a number, marked as one.
    """
    ms = round(serial * _DAY_MS)
    if look is Look.DURATION:
        return {"duration": ms / 1000}
    if look is Look.TIME and 0 <= ms < _DAY_MS:
        moment = datetime.combine(date.min, time()) + timedelta(milliseconds=ms)
        return {"time": moment.time().isoformat()}
    day = _day(ms // _DAY_MS, uses_1904=uses_1904)
    if day is None:
        return {"no day": serial}
    rest = ms % _DAY_MS
    if look is Look.DATE and rest == 0:
        return {"date": day.isoformat()}
    moment = datetime.combine(day, time()) + timedelta(milliseconds=rest)
    return {"date": moment.isoformat()}


def _day(number: int, *, uses_1904: bool) -> date | None:
    if not int(not uses_1904) <= number <= LAST_DAY[uses_1904]:
        return None
    if uses_1904:
        return date(1904, 1, 1) + timedelta(days=number)
    if number == NEVER_WAS:
        return None
    return date(1899, 12, 31 if number < NEVER_WAS else 30) + timedelta(days=number)
