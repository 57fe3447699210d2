"""JSON as RFC 8259 says, and nothing beyond: texts to values, values to the types of a model.

| type | JSON |
| --- | --- |
| int | a number without point and exponent |
| float | a number that a float can hold |
| Decimal | a number, with all its digits |
| bool | `true` or `false` |
| date, datetime, ... | a string, by the grammar of texts (`csv_grammar`) |
| text | a string |
| NULL | `null` |

`"1"` is no number and `1` is no text. Numbers are taken from their text: whole ones as int, others
as Decimal, so that nothing is rounded before a model asks for a float. Objects and arrays inside a
record go to the model as they are.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn

from .csv_grammar import Convert, Ungrammatical, decimal_number, number, truth, whole_number
from .file_refusals import shorten
from .named_values import Grammar, show_fault
from .row import Malformed

NESTING_MAX: Final = 100
"""Objects and arrays inside each other in one record."""

NO_JSON: Final = "no JSON: "
NOT_AN_OBJECT: Final = "not an object"
TOO_DEEP: Final = f"nested more than {NESTING_MAX} levels deep"
TWICE: Final = "an object has one name twice"
NOT_A_NUMBER: Final = NO_JSON + "NaN or Infinity"
NUMBER_IN_QUOTES: Final = "a number in quotes, which make it a text"
TOO_MANY_DIGITS: Final = "a number with more digits than can be read"
MARK_INSIDE: Final = "a byte order mark that is not at the beginning"
LONE_SURROGATE: Final = "an escape for half a character"

_WORDS: Final[Mapping[str, str]] = {
    "Expecting value": "a value is missing",
    "Expecting property name enclosed in double quotes": "a name in double quotes is missing",
    "Expecting ':' delimiter": "a colon is missing",
    "Expecting ',' delimiter": "a comma is missing",
    "Extra data": "more than one value",
    "Unterminated string starting at": "a string that is never closed",
    "Invalid control character at": "a control character inside a string",
    "Invalid \\escape": "an escape that JSON does not have",
    "Invalid \\uXXXX escape": "an escape that JSON does not have",
}
"""What the parser says, in words that stay the same when it changes its own."""

_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch
_ESCAPE: Final = re.compile(r"(?:\\u[0-9a-fA-F]{4})+|\\.", re.DOTALL)
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


class _Refused(ValueError):  # noqa: N818 - a verdict, raised and caught here
    """The parser's own code refuses; `shown` is the part at fault."""

    def __init__(self, reason: str, shown: str) -> None:
        super().__init__(reason)
        self.shown = shown


def _constant(text: str) -> NoReturn:
    raise _Refused(NOT_A_NUMBER, text)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as exc:
        raise _Refused(TOO_MANY_DIGITS, shorten(text)) from exc


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as exc:
        raise _Refused(TOO_MANY_DIGITS, shorten(text)) from exc


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for at, name in enumerate(names) if name in names[:at])
        raise _Refused(TWICE, shorten(twice))
    return found


_DECODER: Final = json.JSONDecoder(
    parse_constant=_constant, parse_float=_decimal, parse_int=_whole, object_pairs_hook=_object
)


def object_of(raw: bytes, codec: str) -> dict[str, Any]:
    """Return the object whose text these bytes are.

    Raises:
        Malformed: If they are no JSON, more than one value, or no object.
    """
    try:
        text = raw.decode(codec).rstrip(" \t\r\n")
    except UnicodeDecodeError as exc:
        reason = f"bytes that are not {codec}"
        raise Malformed(reason, show_fault(raw, exc.start)) from exc
    if raw.count(b"[") + raw.count(b"{") > NESTING_MAX and _depth(text) > NESTING_MAX:
        raise Malformed(TOO_DEEP)
    try:
        found = _DECODER.decode(text)
    except json.JSONDecodeError as exc:
        words = _WORDS.get(exc.msg.rstrip(": "), exc.msg)
        words = MARK_INSIDE if text.startswith("\ufeff", exc.pos) else words
        at = len(text[: exc.pos].encode(codec, "replace"))
        raise Malformed(NO_JSON + words, show_fault(raw, at)) from exc
    except _Refused as exc:
        raise Malformed(str(exc), exc.shown) from exc
    if b"\\u" in raw and _SURROGATE.search(text):
        _refuse_lone_surrogates(text)
    if not isinstance(found, dict):
        raise Malformed(NOT_AN_OBJECT)
    return found


def _depth(text: str) -> int:
    depth = deepest = 0
    for one in re.finditer(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if one.group() in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _refuse_lone_surrogates(text: str) -> None:
    for escapes in _ESCAPE.findall(text):
        if escapes[1] == "u":
            units = bytes.fromhex(escapes.replace("\\u", ""))
            try:
                units.decode("utf-16-be")
            except UnicodeDecodeError as exc:
                raise Malformed(LONE_SURROGATE, shorten(escapes)) from exc


# ---------------------------------------------------------------- values to types


def _to_int(value: Any) -> int:
    if type(value) is not int:
        raise _no_number(value, "not a whole number")
    return value


def _to_float(value: Any) -> float:
    if type(value) is not int and not isinstance(value, Decimal):
        raise _no_number(value, "not a number")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if math.isinf(found):
        raise Ungrammatical("too large for a float")
    return found


def _to_decimal(value: Any) -> Decimal:
    if type(value) is not int and not isinstance(value, Decimal):
        raise _no_number(value, "not a decimal number")
    return Decimal(value)


def _no_number(value: Any, reason: str) -> Ungrammatical:
    """Return why a value is no number: `not a number  1.50` alone would be a riddle."""
    is_quoted = isinstance(value, str) and _NUMBER(value) is not None
    return Ungrammatical(NUMBER_IN_QUOTES if is_quoted else reason)


def _to_bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Ungrammatical("not true or false")
    return value


_OWN: Final[Mapping[Convert, Grammar]] = {
    whole_number: _to_int,
    number: _to_float,
    decimal_number: _to_decimal,
    truth: _to_bool,
}


def grammar_of(convert: Convert) -> Grammar:
    """Return the grammar of JSON values for a type, given that of its texts."""
    return _OWN.get(convert) or _text_only(convert)


def _text_only(convert: Convert) -> Grammar:
    def read(value: Any) -> Any:
        if not isinstance(value, str):
            raise Ungrammatical("not a text")
        return convert(value)

    return read
