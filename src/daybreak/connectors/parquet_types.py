"""What the types of Parquet columns are here, which fields they fit, and their values as JSON.

A *kind* is a word for a plain type, and JSON text for a nested one, so that an index can keep it.
The grammar of a field of a model, given the kind of its column:

| field | columns that fit |
| --- | --- |
| int | int of any width, signed or not; decimal, if the value is whole |
| float | float of any width; int, if the value is exact as a float; no NaN, no infinity |
| Decimal | decimal with its places as they stand; int; never a float |
| bool | bool |
| str | text (also as a dictionary); must be UTF-8 |
| bytes | binary |
| date | date |
| datetime | timestamp: with a zone it is aware, in UTC; without one naive; nothing is lost |
| time, timedelta | time, duration, of whole microseconds |
| dict | a map with unlike keys, or a struct |
| anything else | as it is (a map is a list of pairs, a struct a dict); the model has its say |

A column that does not fit is a finding of the file; a value that does not, of its row.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from .csv_grammar import Ungrammatical
from .csv_schema import Column

if TYPE_CHECKING:
    import pyarrow as pa

UNKNOWN_KIND: Final = "unknown"

FITS: Final[Mapping[str, frozenset[str]]] = {
    "int": frozenset({"int", "decimal"}),
    "float": frozenset({"float", "int"}),
    "decimal": frozenset({"decimal", "int"}),
    "bool": frozenset({"bool"}),
    "str": frozenset({"text"}),
    "bytes": frozenset({"bytes"}),
    "date": frozenset({"date"}),
    "datetime": frozenset({"datetime", "instant"}),
    "time": frozenset({"time"}),
    "timedelta": frozenset({"duration"}),
}
"""From a field's kind to those of the columns that fit it; a field that is not here takes all."""

NOT_EXACT: Final = "not exact as a float"
NOT_FINITE: Final = "not a number (NaN or infinity)"
NOT_WHOLE: Final = "not a whole number"
NO_DAY: Final = "outside the calendar (years 1 to 9999)"
TOO_FINE: Final = "finer than a microsecond"
NOT_UTF8: Final = "bytes that are not utf-8"

TICKS_A_SECOND: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def kind_of(of: pa.DataType) -> str:
    """Return the kind of an Arrow type; `UNKNOWN_KIND` if its values are not read."""
    kind = _kind(of)
    return kind if isinstance(kind, str) else json.dumps(kind, ensure_ascii=False)


def _kind(of: pa.DataType) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - heavy

    is_a = pa.types
    if isinstance(of, pa.BaseExtensionType):
        return _kind(of.storage_type)
    if is_a.is_dictionary(of):
        return _kind(of.value_type)
    if is_a.is_nested(of):
        return _nested(of)
    plain = (
        (is_a.is_integer, "int"),
        (is_a.is_floating, "float"),
        (is_a.is_decimal, "decimal"),
        (is_a.is_boolean, "bool"),
        (_is_text, "text"),
        (_is_bytes, "bytes"),
        (is_a.is_date, "date"),
        (is_a.is_timestamp, "instant" if getattr(of, "tz", None) else "datetime"),
        (is_a.is_time, "time"),
        (is_a.is_duration, "duration"),
        (is_a.is_null, "null"),
    )
    return next((kind for is_one, kind in plain if is_one(of)), UNKNOWN_KIND)


def _is_text(of: Any) -> bool:
    import pyarrow.types as is_a  # noqa: PLC0415 - heavy

    return bool(is_a.is_string(of) or is_a.is_large_string(of) or is_a.is_string_view(of))


def _is_bytes(of: Any) -> bool:
    import pyarrow.types as is_a  # noqa: PLC0415 - heavy

    is_plain = is_a.is_binary(of) or is_a.is_large_binary(of) or is_a.is_binary_view(of)
    return bool(is_plain or is_a.is_fixed_size_binary(of))


def _nested(of: Any) -> Any:
    """Return a nested kind, unless there is something in it that is not read."""
    import pyarrow.types as is_a  # noqa: PLC0415 - heavy

    kind: dict[str, Any] = {}
    if is_a.is_struct(of):
        inner = [of.field(at) for at in range(of.num_fields)]
        fields = {field.name: _kind(field.type) for field in inner}
        parts = list(fields.values())
        if len(fields) == len(inner):
            kind = {"struct": fields}
    elif is_a.is_map(of):
        parts = [_kind(of.key_type), _kind(of.item_type)]
        kind = {"map": parts}
    elif is_a.is_list(of) or is_a.is_large_list(of) or is_a.is_fixed_size_list(of):
        parts = [_kind(of.value_type)]
        kind = {"list": parts[0]}
    return UNKNOWN_KIND if not kind or UNKNOWN_KIND in parts else kind


def fits(kind: str, column: Column) -> bool:
    """Say whether a column of the file can be a field of the model."""
    return kind == "null" or kind in FITS.get(column.kind or "", {kind})


def decoder(kind: str, field: str | None = None) -> Callable[[Any], Any]:
    """Return what makes values of cells: raises `Ungrammatical` for one that is none.

    Args:
        kind: The column's.
        field: The kind of the field of the model; None takes the values as they are.
    """
    decode = _decoder(json.loads(kind) if kind.startswith("{") else kind)
    adapt = _ADAPT.get((kind, field or ""))
    if field == "dict" and kind.startswith('{"map"'):
        adapt = _mapping
    if adapt is None:
        return decode
    return lambda cell: adapt(decode(cell))


def _decoder(kind: Any) -> Callable[[Any], Any]:
    if isinstance(kind, str):
        return _DECODERS[kind]
    (shape, of), *_ = kind.items()
    if shape == "struct":
        return _struct({name: _decoder(one) for name, one in of.items()})
    if shape == "map":
        return _list(_pair(_decoder(of[0]), _decoder(of[1])))
    return _list(_decoder(of))


def _list(item: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decode(cell: Any) -> list[Any]:
        if not isinstance(cell, list):
            raise Ungrammatical("not a list")
        return [None if one is None else item(one) for one in cell]

    return decode


def _pair(key: Callable[[Any], Any], value: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decode(cell: Any) -> tuple[Any, Any]:
        if not isinstance(cell, list) or len(cell) != 2 or cell[0] is None:  # noqa: PLR2004
            raise Ungrammatical("not a pair of key and value")
        return key(cell[0]), None if cell[1] is None else value(cell[1])

    return decode


def _struct(of: Mapping[str, Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def decode(cell: Any) -> dict[str, Any]:
        if not isinstance(cell, dict) or cell.keys() != of.keys():
            raise Ungrammatical("not a struct of these fields")
        return {name: None if one is None else of[name](one) for name, one in cell.items()}

    return decode


# ---------------------------------------------------------------- plain kinds


def _int(cell: Any) -> int:
    if type(cell) is not int:
        raise Ungrammatical(NOT_WHOLE)
    return cell


def _float(cell: Any) -> float:
    if type(cell) in {int, float}:
        return float(cell)
    if cell in {"NaN", "Infinity", "-Infinity"}:
        return float(cell)
    raise Ungrammatical("not a number")


_DECIMAL: Final = re.compile(
    r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:E[+-]?[0-9]{1,4})?"
).fullmatch


def _decimal(cell: Any) -> Decimal:
    if not isinstance(cell, str) or not _DECIMAL(cell):
        raise Ungrammatical("not a decimal number")
    return Decimal(cell)


def _bool(cell: Any) -> bool:
    if type(cell) is not bool:
        raise Ungrammatical("not true or false")
    return cell


def _text(cell: Any) -> str:
    if not isinstance(cell, str):
        raise Ungrammatical("not a text")
    if not cell.isascii() and any("\ud800" <= one <= "\udfff" for one in cell):
        raise Ungrammatical(NOT_UTF8)
    return cell


def _bytes(cell: Any) -> bytes:
    try:
        return base64.b64decode(cell, validate=True)
    except (ValueError, TypeError) as exc:
        raise Ungrammatical("not bytes in base64") from exc


def _date(cell: Any) -> date:
    try:
        return date.fromisoformat(cell)
    except (ValueError, TypeError) as exc:
        raise Ungrammatical(NO_DAY) from exc


def _exact(cell: Any) -> str:
    """Return a text with at most six digits of a second; those behind them must be zeros."""
    if not isinstance(cell, str):
        raise Ungrammatical(NO_DAY)
    whole, point, digits = cell.partition(".")
    if digits[6:].strip("0"):
        raise Ungrammatical(TOO_FINE)
    return whole + point + digits[:6]


def _datetime(cell: Any) -> datetime:
    try:
        found = datetime.fromisoformat(_exact(cell))
    except ValueError as exc:
        raise exc if isinstance(exc, Ungrammatical) else Ungrammatical(NO_DAY) from exc
    if found.tzinfo is not None:
        raise Ungrammatical("not a date and time without a zone")
    return found


def _instant(cell: Any) -> datetime:
    if not isinstance(cell, str) or not cell.endswith("Z"):
        raise Ungrammatical(NO_DAY)
    return _datetime(cell[:-1]).replace(tzinfo=UTC)


def _time(cell: Any) -> time:
    try:
        return time.fromisoformat(_exact(cell))
    except ValueError as exc:
        raise exc if isinstance(exc, Ungrammatical) else Ungrammatical("not a time") from exc


_DURATION: Final = re.compile(r"(-?[0-9]{1,19})(s|ms|us|ns)").fullmatch


def _duration(cell: Any) -> timedelta:
    found = _DURATION(cell) if isinstance(cell, str) else None
    if found is None:
        raise Ungrammatical("not a duration")
    micros = Fraction(int(found[1]) * 10**6, TICKS_A_SECOND[found[2]])
    if micros.denominator != 1:
        raise Ungrammatical(TOO_FINE)
    try:
        return timedelta(microseconds=int(micros))
    except OverflowError as exc:
        raise Ungrammatical("too long a duration") from exc


def _null(_cell: Any) -> None:
    raise Ungrammatical("a value in a column that has none")


_DECODERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "int": _int,
    "float": _float,
    "decimal": _decimal,
    "bool": _bool,
    "text": _text,
    "bytes": _bytes,
    "date": _date,
    "datetime": _datetime,
    "instant": _instant,
    "time": _time,
    "duration": _duration,
    "null": _null,
}


# ---------------------------------------------------------------- from a column's to a field's


def _whole(value: Decimal) -> int:
    if value != value.to_integral_value():
        raise Ungrammatical(NOT_WHOLE)
    return int(value)


def _exact_float(value: int) -> float:
    try:
        found = float(value)
    except OverflowError as exc:
        raise Ungrammatical(NOT_EXACT) from exc
    if int(found) != value:
        raise Ungrammatical(NOT_EXACT)
    return found


def _mapping(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    try:
        found = dict(pairs)
    except TypeError as exc:
        raise Ungrammatical("a key that no dict can have") from exc
    if len(found) != len(pairs):
        raise Ungrammatical("two values for one key")
    return found


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise Ungrammatical(NOT_FINITE)
    return value


_ADAPT: Final[Mapping[tuple[str, str], Callable[[Any], Any]]] = {
    ("decimal", "int"): _whole,
    ("int", "float"): _exact_float,
    ("float", "float"): _finite,
    ("int", "decimal"): Decimal,
}
