"""Many keys as rows of a query, so that a database is asked about all of them at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from .sqlite import plain

if TYPE_CHECKING:
    from .rules import Rule

_JSON: Final = (bool, int, float, list, tuple, dict)
"""What has a spelling of its own in JSON, which is that of PostgreSQL's text."""

AsRows: TypeAlias = tuple[str, list[str], str, dict[str, Any]]
"""The place of a key, from 0, and its values, as SQL; from where they come; the binds of that."""

Columns: TypeAlias = Sequence[Sequence[Any]]
"""The keys by column: what stands at one place of each belongs to one key."""


@dataclass(frozen=True, slots=True)
class Alike:
    """A value without a hash, such as a list, as part of a key: equal to what reads like it."""

    value: Any = field(compare=False)
    text: str


def comparable(values: Sequence[Any]) -> Sequence[Any]:
    """Return the values of a column as they are, or each with a hash if one of them has none."""
    try:
        set(values)
    except TypeError:
        return [None if value is None else Alike(value, repr(value)) for value in values]
    return values


def as_given(values: Sequence[Any]) -> Sequence[Any]:
    """Return the values of a column that `comparable` may have changed as they were."""
    return [value.value if isinstance(value, Alike) else value for value in values]


def _in_sqlite(rule: Rule, columns: Columns) -> AsRows:
    values = [f"json_extract(value, '$[{n}]')" for n in range(len(rule.columns))]
    return "key", values, "json_each(:keys)", {"keys": _json_of_rows(columns)}


def _in_postgresql(rule: Rule, columns: Columns) -> AsRows:
    # One array a column: that is what PostgreSQL takes apart fastest. Its length is hidden from the
    # planner, which would read the whole table otherwise, and not the index, key by key.
    binds = {
        f"keys_{n}": _array(list(map(_as_array, column)) if type_.endswith("[]") else column)
        for n, (column, type_) in enumerate(zip(columns, rule.types, strict=True))
    }
    values = [f"value_{n}::{type_}" for n, type_ in enumerate(rule.types)]
    arrays = ", ".join(f"unnest((select :{name}::text[]))" for name in binds)
    named = ", ".join(f"value_{n}" for n in range(len(rule.columns)))
    source = f"rows from ({arrays}) with ordinality as key ({named}, number)"
    return "number - 1", values, source, binds


def _in_mysql(rule: Rule, columns: Columns) -> AsRows:
    # What is no value of the column becomes NULL, of which no condition is true.
    named = ", ".join(
        f"value_{n} {type_} path '$[{n}]' null on empty null on error"
        for n, type_ in enumerate(rule.types)
    )
    source = f"json_table(:keys, '$[*]' columns (number for ordinality, {named})) as given"
    values = [f"value_{n}" for n in range(len(rule.columns))]
    return "number - 1", values, source, {"keys": _json_of_rows(columns)}


def _in_duckdb(rule: Rule, columns: Columns) -> AsRows:
    binds = {f"keys_{n}": list(column) for n, column in enumerate(columns)}
    lists = ", ".join(
        f"unnest(:keys_{n}::{type_}[]) as value_{n}" for n, type_ in enumerate(rule.types)
    )
    numbered = "generate_subscripts(:keys_0, 1) as number"
    values = [f"value_{n}" for n in range(len(rule.columns))]
    return "number - 1", values, f"(select {lists}, {numbered}) as given", binds


KEYS_AS_ROWS: Final[Mapping[str, Callable[[Rule, Columns], AsRows]]] = {
    "duckdb": _in_duckdb,
    "mysql": _in_mysql,
    "postgresql": _in_postgresql,
    "sqlite": _in_sqlite,
}
"""By dialect, for the columns of a rule."""


def _json_of_rows(columns: Columns) -> str:
    return json.dumps(list(zip(*columns, strict=True)), default=_spelled)


def _array(values: Sequence[Any]) -> str:
    """Return values as the text of PostgreSQL's array of texts.

    JSON takes the server twice as long.
    """
    kinds = set(map(type, values))
    if kinds == {int}:
        return f"{{{','.join(map(str, values))}}}"
    if kinds == {str}:
        joined = '","'.join(values)
        if "\\" not in joined and joined.count('"') == 2 * (len(values) - 1):
            return f'{{"{joined}"}}'
    return f"{{{','.join(map(_element, values))}}}"


def _as_array(value: Any) -> Any:
    """Return a list as the text of an array, which may hold further ones."""
    return _nested(value) if isinstance(value, (list, tuple)) else value


def _nested(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"{{{','.join(map(_nested, value))}}}"
    return _element(value)


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    while not isinstance(value, (str, *_JSON)):
        value = _spelled(value)
    text = value if isinstance(value, str) else json.dumps(value, default=_spelled)
    if '"' in text or "\\" in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _spelled(value: Any) -> Any:
    """Return a value that JSON does not know as the databases read it from text."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"\\x{bytes(value).hex()}"
    stored = plain(value)
    return stored if isinstance(stored, (str, int, float)) else str(stored)
