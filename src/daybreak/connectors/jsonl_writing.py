"""JSON Lines as they are written: one object a line, its names in the model's order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from .csv_schema import schema_of
from .file_writing import ReadBack, fields_getter
from .text_writing import LineWriter, plain_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .jsonl_format import JsonLinesFormat

    _Say: TypeAlias = Callable[[Any], str]


def jsonl_writer(form: JsonLinesFormat, model: type | None, file: str) -> LineWriter:
    """Return what writes JSON Lines; without a model every record is a dict."""
    said = json.JSONEncoder(ensure_ascii=form.encoding != "utf-8").encode
    pairs = _pairs(model)

    def line(record: Any) -> bytes:
        return (_object(pairs(record), said) + "\n").encode(form.encoding)

    return LineWriter(b"", line, ReadBack(form, model, file))


def _pairs(model: type | None) -> Callable[[Any], Mapping[str, Any]]:
    if model is None:
        return _mapping
    names = [column.name for column in schema_of(model).columns]
    get = fields_getter(model)
    return lambda record: dict(zip(names, get(record), strict=True))


def _mapping(record: Any) -> Mapping[str, Any]:
    if not isinstance(record, Mapping):
        raise TypeError(f"expected a dict, got a {type(record).__name__}; or give a model")
    return record


def _object(pairs: Mapping[str, Any], said: _Say) -> str:
    inner = ", ".join(f"{_name(name, said)}: {_value(one, said)}" for name, one in pairs.items())
    return "{" + inner + "}"


def _name(name: object, said: _Say) -> str:
    if not isinstance(name, str):
        raise TypeError(f"expected names that are texts, got {name!r}")
    return said(name)


def _value(value: Any, said: _Say) -> str:
    """Return a value as JSON; a Decimal is a number with all its digits."""
    if value is None:
        return "null"
    for of in type(value).__mro__:
        if of in _BARE:
            return text_of(value)
        if of in _QUOTED:
            return said(text_of(value))
        if of is Enum:
            return _value(value.value, said)
    return _nested(value, said)


def _nested(value: Any, said: _Say) -> str:
    if isinstance(value, Mapping):
        return _object(value, said)
    if isinstance(value, list | tuple | set | frozenset):
        return "[" + ", ".join(_value(one, said) for one in value) + "]"
    return _value(plain_of(value), said)


_BARE: Final = frozenset({bool, int, float, Decimal})
_QUOTED: Final = frozenset({str, date, time, bytes})
