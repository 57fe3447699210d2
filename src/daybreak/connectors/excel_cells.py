"""What a cell of a sheet must be for each type of field; nothing is turned into something else.

| field | cell |
| --- | --- |
| int | a whole number up to 2**53: beyond that Excel's numbers are not exact; or a text of digits |
| float | a number; or a text of one |
| Decimal | a number up to 2**53, by the shortest text that means the same float; or a text of one |
| bool | TRUE or FALSE; or the text `true` or `false` |
| date | a date without a time of day; or an ISO text |
| datetime | a date, with or without a time of day, never with a zone; or an ISO text |
| time, timedelta | a time of day, a duration |
| str | a text, never a number: 00123 is not what a number remembers |
| anything else | what stands there: a whole number is an int, the model has its say |

Texts go by the grammar of text files: so an exact number of many digits can be given as a text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from .csv_grammar import GRAMMARS, Ungrammatical

EXACT_MAX: Final = 2**53
"""The largest whole number below which every one has a float of its own."""

NOT_EXACT: Final = "cannot be exact in Excel: beyond 2**53; have it stored as text"
NO_DAY: Final = "no day of Excel's calendar"
NO_VALUE: Final = "a formula without a value: have the file saved by Excel"
MERGED: Final = "part of a merged cell: its value stands in another"
ERROR: Final = "an error of Excel"

_WRONG_TAGS: Final = {"no day": NO_DAY, "formula": NO_VALUE, "merged": MERGED, "error": ERROR}


def converter(kind: str | None) -> Callable[[Any], Any]:
    """Return what makes a field's value of a cell; it raises `Ungrammatical`."""
    return _CONVERTERS.get(kind or "", natural)


def natural(cell: Any) -> Any:
    """Return what stands in a cell: a number, a text, a truth, a date, a time, a duration."""
    if not isinstance(cell, dict):
        _refuse_lists(cell)
        return int(cell) if _is_number(cell) and _is_exact_whole(cell) else cell
    tag, value = _tagged(cell)
    return _READ[tag](value)


def _refuse_lists(cell: Any) -> None:
    if isinstance(cell, list):
        raise Ungrammatical("not a cell")


def _tagged(cell: dict[str, Any]) -> tuple[str, Any]:
    """Return the tag of a cell that has a value, and what it tags."""
    (tag, value), *others = [*cell.items(), ("", None)]
    if tag in _WRONG_TAGS:
        raise Ungrammatical(_WRONG_TAGS[tag])
    if tag not in _READ or len(others) != 1:
        raise Ungrammatical("not a cell")
    return tag, value


def _is_number(cell: Any) -> bool:
    return type(cell) in {int, float}


def _is_exact_whole(number: float) -> bool:
    return abs(number) <= EXACT_MAX and number == int(number)


def _day_or_moment(value: Any) -> date | datetime:
    try:
        return datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
    except (ValueError, TypeError) as exc:
        raise Ungrammatical(NO_DAY) from exc


def _time(value: Any) -> time:
    try:
        return time.fromisoformat(value)
    except (ValueError, TypeError) as exc:
        raise Ungrammatical("not a time of day") from exc


def _duration(value: Any) -> timedelta:
    try:
        return timedelta(milliseconds=round(value * 1000))
    except (OverflowError, TypeError) as exc:
        raise Ungrammatical("not a duration") from exc


_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "date": _day_or_moment,
    "time": _time,
    "duration": _duration,
}


# ---------------------------------------------------------------- by the field's type


def _of(kind: str, take: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a converter that takes texts by the grammar of text files, and others by `take`."""
    grammar = GRAMMARS.get(kind)

    def convert(cell: Any) -> Any:
        if isinstance(cell, str):
            return cell if grammar is None else grammar(cell)
        return take(cell)

    return convert


def _number(cell: Any, wanted: str) -> float:
    if not _is_number(cell):
        natural(cell)  # it may have a reason of its own
        raise Ungrammatical(f"not {wanted}")
    number: float = cell
    return number


def _int(cell: Any) -> int:
    number = _number(cell, "a whole number")
    if abs(number) > EXACT_MAX:
        raise Ungrammatical(NOT_EXACT)
    if number != int(number):
        raise Ungrammatical("not a whole number")
    return int(number)


def _float(cell: Any) -> float:
    try:
        return float(_number(cell, "a number"))
    except OverflowError as exc:
        raise Ungrammatical("too large for a float") from exc


def _decimal(cell: Any) -> Decimal:
    number = _number(cell, "a decimal number")
    if abs(number) > EXACT_MAX:
        raise Ungrammatical(NOT_EXACT)
    return Decimal(int(number)) if number == int(number) else Decimal(repr(number))


def _bool(cell: Any) -> bool:
    if type(cell) is not bool:
        natural(cell)
        raise Ungrammatical("not TRUE or FALSE")
    return cell


def _date(cell: Any) -> date:
    found = natural(cell)
    if isinstance(found, datetime):
        if found.time() != time():
            raise Ungrammatical("a date with a time of day")
        return found.date()
    if not isinstance(found, date):
        raise Ungrammatical("not a date")
    return found


def _datetime(cell: Any) -> datetime:
    found = natural(cell)
    if not isinstance(found, date):
        raise Ungrammatical("not a date")
    return found if isinstance(found, datetime) else datetime.combine(found, time())


def _one_of(of: type, words: str) -> Callable[[Any], Any]:
    def take(cell: Any) -> Any:
        found = natural(cell)
        if not isinstance(found, of):
            raise Ungrammatical(f"not {words}")
        return found

    return take


_CONVERTERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "int": _of("int", _int),
    "float": _of("float", _float),
    "decimal": _of("decimal", _decimal),
    "bool": _of("bool", _bool),
    "date": _of("date", _date),
    "datetime": _of("datetime", _datetime),
    "str": _one_of(str, "a text"),
    "time": _of("time", _one_of(time, "a time of day")),
    "timedelta": _of("timedelta", _one_of(timedelta, "a duration")),
}
