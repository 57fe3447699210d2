"""Columns of Arrow become lines of JSON: column by column, without a value changing on the way.

Decimals are texts with their places; dates and times are ISO texts with all their digits, UTC
where they have a zone; bytes are base64; durations are `1500us`; maps are lists of pairs; NaN and
the infinities are texts. Bytes that are no UTF-8 in a column of text are lone surrogates.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import TYPE_CHECKING, Any, Final

from .parquet_types import kind_of

if TYPE_CHECKING:
    import pyarrow as pa

_NULL: Final = "null"


def lines(batch: pa.RecordBatch) -> list[bytes]:
    """Return a line for every row of a batch."""
    keys = [f"{encode_basestring(name)}: " for name in batch.schema.names]
    columns = [_fragments(column) for column in batch.columns]
    return [
        ("{" + ", ".join(map(str.__add__, keys, cells)) + "}\n").encode()
        for cells in zip(*columns, strict=True)
    ]


def _fragments(array: Any) -> list[str]:
    """Return the values of an array as JSON texts."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    kind = kind_of(array.type)
    if kind.startswith("{"):
        return _NESTED[next(iter(json.loads(kind)))](array)
    return _PLAIN[kind](array)


def _each(show: Callable[[Any], str]) -> Callable[[Any], list[str]]:
    return lambda array: [_NULL if value is None else show(value) for value in array.to_pylist()]


def _show_float(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return '"NaN"' if math.isnan(value) else '"Infinity"' if value > 0 else '"-Infinity"'


def _show_bytes(value: bytes) -> str:
    return f'"{base64.b64encode(value).decode()}"'


def _text(array: Any) -> list[str]:
    import pyarrow as pa  # noqa: PLC0415 - heavy

    try:
        return _each(encode_basestring)(array)
    except UnicodeDecodeError:
        return [
            _NULL
            if value is None
            else encode_basestring_ascii(value.decode("utf-8", "surrogateescape"))
            for value in array.cast(pa.large_string()).cast(pa.large_binary()).to_pylist()
        ]


def _by_arrow(array: Any) -> list[str]:
    """Return what Arrow writes: it knows every digit, and every year."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    return [
        _NULL if text is None else encode_basestring(text.replace(" ", "T", 1))
        for text in array.cast(pa.string()).to_pylist()
    ]


def _naive(array: Any) -> Any:
    """Return the ticks of instants as date and time in UTC, so that no zone is looked up."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    return array.view(pa.int64()).view(pa.timestamp(array.type.unit))


def _instants(array: Any) -> list[str]:
    return [text if text == _NULL else f'{text[:-1]}Z"' for text in _by_arrow(_naive(array))]


def _durations(array: Any) -> list[str]:
    import pyarrow as pa  # noqa: PLC0415 - heavy

    unit = array.type.unit
    ticks = array.view(pa.int64()).to_pylist()
    return [_NULL if one is None else f'"{one}{unit}"' for one in ticks]


_PLAIN: Final[Mapping[str, Callable[[Any], list[str]]]] = {
    "int": _each(str),
    "float": _each(_show_float),
    "decimal": _by_arrow,
    "bool": _each(lambda value: "true" if value else "false"),
    "text": _text,
    "bytes": _each(_show_bytes),
    "date": _by_arrow,
    "datetime": _by_arrow,
    "instant": _instants,
    "time": _by_arrow,
    "duration": _durations,
    "null": lambda array: [_NULL] * len(array),
}


# ---------------------------------------------------------------- nested


def _cut(lengths: Sequence[int | None], inner: Sequence[str]) -> Iterator[str]:
    """Put the values of lists together again."""
    at = 0
    for length in lengths:
        if length is None:
            yield _NULL
            continue
        yield "[" + ", ".join(inner[at : at + length]) + "]"
        at += length


def _lists(array: Any) -> list[str]:
    import pyarrow.compute as pc  # noqa: PLC0415 - heavy

    lengths = pc.list_value_length(array).to_pylist()
    return list(_cut(lengths, _fragments(array.flatten())))


def _maps(array: Any) -> list[str]:
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.compute as pc  # noqa: PLC0415 - heavy

    pair = pa.struct([("key", array.type.key_type), ("value", array.type.item_type)])
    pairs = array.cast(pa.list_(pair))
    inner = pairs.flatten()
    keys, values = _fragments(inner.field(0)), _fragments(inner.field(1))
    texts = [f"[{key}, {value}]" for key, value in zip(keys, values, strict=True)]
    return list(_cut(pc.list_value_length(pairs).to_pylist(), texts))


def _structs(array: Any) -> list[str]:
    of = array.type
    keys = [f"{encode_basestring(of.field(at).name)}: " for at in range(of.num_fields)]
    columns = [_fragments(array.field(at)) for at in range(of.num_fields)]
    rows = zip(*columns, strict=True) if columns else iter([()] * len(array))
    return [
        "{" + ", ".join(map(str.__add__, keys, cells)) + "}" if is_there else _NULL
        for is_there, cells in zip(array.is_valid().to_pylist(), rows, strict=True)
    ]


_NESTED: Final[Mapping[str, Callable[[Any], list[str]]]] = {
    "list": _lists,
    "map": _maps,
    "struct": _structs,
}
