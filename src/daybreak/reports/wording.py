"""How numbers, spans of time, instants and foreign text are written for people.

Pure functions. Foreign text (names, values, raw bytes) may hold anything: what a terminal would
obey or hide is shown escaped.
"""

from __future__ import annotations

from datetime import datetime
from math import ceil, floor
from typing import Final

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400
_SHORT_S: Final = 9.95
_SHOWN_MAX: Final = 200
_RATE_DECIMAL_BELOW: Final = 9.95
_FROM_TO_MOST: Final = 90
_FROM_TO: Final = (
    (1, "s", 0),
    (_MINUTE_S, "min", 0),
    (_HOUR_S, "h", 1),
    (_DAY_S, "d", 1),
)
"""Units of spans: seconds of one, its name, and with how many decimals it is written."""

_UNITS: Final = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def span(seconds: float) -> str:
    """Write a span of time: `0.3 s`, `14 s`, `2 min 05 s`, `1 h 02 min`, `3 d 04 h`."""
    seconds = max(seconds, 0.0)
    if seconds < _SHORT_S:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S:02d} s"
    minutes = whole // _MINUTE_S
    if whole < _DAY_S:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60:02d} h"


def between(low_s: float, high_s: float) -> str:
    """Write between which spans of time something lies: `(9 min 10 s to 14 min 00 s)`."""
    low, high = span(low_s), span(high_s)
    return f"({low})" if low == high else f"({low} to {high})"


def from_to(low_s: float, high_s: float) -> str:
    """Write the same where there is little room: `8 to 18 min`, `1.5 to 2.3 h`; never narrower."""
    one_s, unit, digits = next(
        (fit for fit in _FROM_TO if high_s < fit[0] * _FROM_TO_MOST), _FROM_TO[-1]
    )
    step = one_s / 10**digits
    low, high = floor(low_s / step) / 10**digits, ceil(high_s / step) / 10**digits
    if low == high:
        return f"{high:.{digits}f} {unit}"
    return f"{low:.{digits}f} to {high:.{digits}f} {unit}"


def rate(per_s: float) -> str:
    """Write records per second, with a decimal where there are few."""
    return f"{per_s:.1f}/s" if per_s < _RATE_DECIMAL_BELOW else f"{per_s:,.0f}/s"


def records(number: int) -> str:
    """Write a number of records with its noun."""
    return f"{number:,} record" if number == 1 else f"{number:,} records"


def about(number: int) -> str:
    """Write a number that nobody knows for certain, with two digits that count."""
    places = max(len(str(number)) - 2, 0)
    return f"about {round(number, -places):,}"


def size(size_bytes: int) -> str:
    """Write a number of bytes: `812 bytes`, `3.4 kB`, `185.0 MB`, `1.2 GB`."""
    for unit, name in _UNITS:
        if size_bytes >= unit:
            return f"{size_bytes / unit:,.1f} {name}"
    return "1 byte" if size_bytes == 1 else f"{size_bytes} bytes"


def waiting(waits_for: str) -> str:
    """Say at which shared limit a step waits."""
    return f"waiting for {visible(waits_for)}"


def instant(at: datetime | None) -> str:
    """Write an instant in the reader's own time zone; nothing for none."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}" if at else ""


def visible(text: str, most: int = _SHOWN_MAX) -> str:
    r"""Return foreign text on one line, at most `most` long, with control characters escaped.

    Printable letters of any language stay; a line feed becomes `\n`, an escape `\x1b`.
    """
    shown = "".join(letter if letter.isprintable() else _escaped(letter) for letter in text)
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")


def visible_bytes(raw: bytes, most: int = _SHOWN_MAX) -> str:
    r"""Return raw bytes as `visible` text; bytes that are no UTF-8 are shown as `\xNN`."""
    kept = bytes(raw[: most * 4])
    return visible(kept.decode("utf-8", "backslashreplace"), most)
