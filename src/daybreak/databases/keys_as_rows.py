"""Many keys as rows of a query, so that a database is asked about all of them at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from .sqlite import plain

if TYPE_CHECKING:
    from .rules import Key, Rule

AsRows: TypeAlias = tuple[str, list[str], str, dict[str, Any]]
"""The place of a key, from 0, and its values, as SQL; from where they come; the binds of that."""


def _in_sqlite(rule: Rule, keys: Sequence[Key]) -> AsRows:
    values = [f"json_extract(value, '$[{n}]')" for n in range(len(rule.columns))]
    return "key", values, "json_each(:keys)", {"keys": _json(keys)}


def _in_postgresql(rule: Rule, keys: Sequence[Key]) -> AsRows:
    # One array a column: that is what PostgreSQL takes apart fastest.
    binds = {f"keys_{n}": _json(column) for n, column in enumerate(zip(*keys, strict=True))}
    values = [f"value_{n}::{type_}" for n, type_ in enumerate(rule.types)]
    arrays = ", ".join(f"json_array_elements_text(:{name}::json)" for name in binds)
    named = ", ".join(f"value_{n}" for n in range(len(rule.columns)))
    source = f"rows from ({arrays}) with ordinality as key ({named}, number)"
    return "number - 1", values, source, binds


def _in_mysql(rule: Rule, keys: Sequence[Key]) -> AsRows:
    # What is no value of the column becomes NULL, of which no condition is true.
    named = ", ".join(
        f"value_{n} {type_} path '$[{n}]' null on empty null on error"
        for n, type_ in enumerate(rule.types)
    )
    columns = f"number for ordinality, {named}"
    source = f"json_table(:keys, '$[*]' columns ({columns})) as given"
    values = [f"value_{n}" for n in range(len(rule.columns))]
    return "number - 1", values, source, {"keys": _json(keys)}


def _in_duckdb(rule: Rule, keys: Sequence[Key]) -> AsRows:
    binds = {f"keys_{n}": list(column) for n, column in enumerate(zip(*keys, strict=True))}
    lists = ", ".join(
        f"unnest(:keys_{n}::{type_}[]) as value_{n}" for n, type_ in enumerate(rule.types)
    )
    numbered = "generate_subscripts(:keys_0, 1) as number"
    values = [f"value_{n}" for n in range(len(rule.columns))]
    return "number - 1", values, f"(select {lists}, {numbered}) as given", binds


KEYS_AS_ROWS: Final[Mapping[str, Callable[[Rule, Sequence[Key]], AsRows]]] = {
    "duckdb": _in_duckdb,
    "mysql": _in_mysql,
    "postgresql": _in_postgresql,
    "sqlite": _in_sqlite,
}
"""By dialect, for the columns of a rule."""


def _json(values: Sequence[Any]) -> str:
    return json.dumps(values, default=_spelled)


def _spelled(value: Any) -> Any:
    """Return a value that JSON does not know as the databases read it from text."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"\\x{bytes(value).hex()}"
    stored = plain(value)
    return stored if isinstance(stored, (str, int, float)) else str(stored)
