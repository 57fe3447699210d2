"""What stands between a table and the records that are to fill it: all of it, before the load.

A finding is what no record, or not every value that the model allows, could pass. What only some
values break (a text too long for its column where the model states no length, NULL where the column
is NOT NULL) costs the records that have them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..errors import SchemaMismatch
from ..model.field_kinds import Kind, bound_of, kind_of
from ..model.fields import ModelField, fields_of
from .families import Family
from .nodes import Table
from .table_facts import ColumnFacts, TableFacts

_ZONED: Final[Family] = "timestamp with time zone"
_HELD: Final[Mapping[Kind, frozenset[Family]]] = {
    "bool": frozenset({"boolean"}),
    "int": frozenset({"integer", "decimal", "text"}),
    "float": frozenset({"float", "decimal", "text"}),
    "decimal": frozenset({"decimal", "text"}),
    "str": frozenset({"text", "enum", "uuid", "json"}),
    "bytes": frozenset({"bytes"}),
    "date": frozenset({"date", "timestamp", "text"}),
    "time": frozenset({"time", "text"}),
    "datetime": frozenset({"timestamp", _ZONED, "text"}),
    "aware datetime": frozenset({_ZONED, "text"}),
    "naive datetime": frozenset({"timestamp", "text"}),
    "timedelta": frozenset({"interval"}),
    "uuid": frozenset({"uuid", "text"}),
    "list": frozenset({"array", "json"}),
    "mapping": frozenset({"json"}),
}
"""In which columns each kind of value can be held exactly."""

_HELD_BESIDES: Final[Mapping[Kind, frozenset[Family]]] = {
    "bool": frozenset({"integer", "decimal"}),
    "str": frozenset({"date", "time", "timestamp"}),
    "aware datetime": frozenset({"timestamp"}),
    "naive datetime": frozenset({"timestamp"}),
    "bytes": frozenset({"text"}),
}
"""In which besides on SQLite, which keeps a text wherever it is no number."""

_NAMES: Final[Mapping[Kind, str]] = {
    "aware datetime": "an aware datetime",
    "decimal": "a Decimal",
    "int": "an int",
    "uuid": "a UUID",
}
_WAYS_OUT: Final[Mapping[tuple[Kind, Family], str]] = {
    ("aware datetime", "timestamp"): "its time zone would be dropped: make the column timestamptz",
    ("naive datetime", _ZONED): "which zone is meant nobody knows: say AwareDatetime in the model",
    ("decimal", "float"): "digits would be lost: make the column numeric",
    ("decimal", "integer"): "digits would be lost: make the column numeric",
    ("int", "float"): "large numbers would be rounded: make the column bigint",
}


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that does not fit."""

    said: str
    way_out: str


def refuse_drift(table: Table[Any], facts: TableFacts, dialect: str) -> None:
    """Raise unless the table can hold the records.

    Raises:
        SchemaMismatch: With all findings, and all ways out.
    """
    found = list(drift(table, facts, dialect))
    if len(found) == 1:
        raise SchemaMismatch(found[0].said, hint=found[0].way_out)
    if found:
        raise SchemaMismatch(
            f"table {table.name} does not fit its records, in {len(found)} ways:"
            f" {'; '.join(one.said for one in found)}",
            hint="; ".join(dict.fromkeys(one.way_out for one in found)),
        )


def drift(table: Table[Any], facts: TableFacts, dialect: str) -> Iterator[Drift]:
    """Yield what does not fit."""
    name = f"table {table.name}"
    fields = () if table.model is None else fields_of(table.model)
    filled = [field.name for field in fields] or list(writable(facts))
    if facts.is_view:
        yield Drift(f"{table.name} is a view", "name the table behind it")
    missing = [column for column in filled if column not in facts.columns]
    if missing:
        yield Drift(
            f"{name} has no column {', '.join(missing)}",
            f"add it, or leave the field out; the table has: {', '.join(facts.columns)}",
        )
    unfilled = [column for column in facts.required if column not in filled]
    if unfilled:
        yield Drift(
            f"{name} wants a value for {', '.join(unfilled)}, which the model does not have",
            "add the field to the model, or give the column a default",
        )
    yield from _of_key(table, facts)
    for field in fields:
        if (column := facts.details.get(field.name)) is not None:
            for found in _of_column(table.model, field, column, dialect):
                yield Drift(f"{name} {found.said}", found.way_out)


def writable(facts: TableFacts) -> Iterable[str]:
    """Return the columns that take a value."""
    for column in facts.columns:
        details = facts.details.get(column)
        if details is None or not details.is_computed:
            yield column


def _of_key(table: Table[Any], facts: TableFacts) -> Iterator[Drift]:
    if table.mode != "append" and not facts.is_view and not facts.is_key(table.key):
        yield Drift(
            f"({', '.join(table.key)}) is no unique key of {table.name}"
            " whose columns are all NOT NULL",
            "add a primary key or a unique constraint on NOT NULL columns",
        )


def _of_column(model: Any, field: ModelField, column: ColumnFacts, dialect: str) -> Iterator[Drift]:
    if column.is_computed:
        yield Drift(f"computes column {field.name} itself", "leave the field out of the model")
        return
    if column.is_always_numbered:
        yield Drift(
            f"numbers column {field.name} itself, always",
            "leave the field out of the model, or make the column generated by default as identity",
        )
    kind = kind_of(field.bare)
    if not _holds(kind, column.family, dialect):
        name = _NAMES.get(kind, f"a {kind}")
        yield Drift(
            f"cannot hold {name} in column {field.name}, which is {column.type}",
            _WAYS_OUT.get((kind, column.family), "change the field's type, or the column's"),
        )
        return
    yield from _of_bounds(model, field, column)


def _holds(kind: Kind, family: Family, dialect: str) -> bool:
    if kind == "other":
        return True
    if dialect == "mysql" and kind == "bool" and family == "integer":
        return True  # its boolean is a small integer
    if dialect == "sqlite":
        if kind == "timedelta":
            return False  # its driver takes none
        if kind in ("list", "mapping"):
            return family == "json"
        if family in ("bytes", "other") or family in _HELD_BESIDES.get(kind, ()):
            return True
    return family == "other" or family in _HELD[kind]


def _of_bounds(model: Any, field: ModelField, column: ColumnFacts) -> Iterator[Drift]:
    length = bound_of(model, field, "max_length") if column.family == "text" else None
    if length is not None and column.length_max is not None and length > column.length_max:
        yield Drift(
            f"holds {column.length_max} characters in column {field.name},"
            f" of which the model allows {length}",
            "widen the column, or lower max_length in the model",
        )
    places = bound_of(model, field, "decimal_places") if column.family == "decimal" else None
    if places is not None and column.scale is not None and places > column.scale:
        yield Drift(
            f"rounds column {field.name} to {column.scale} decimal places,"
            f" of which the model allows {places}",
            "widen the column, or lower decimal_places in the model",
        )
