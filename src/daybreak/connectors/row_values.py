"""A record as a row of a table: its values in the order of the columns, as drivers take them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time
from enum import Enum
from functools import partial
from operator import attrgetter
from typing import Any, Final, TypeAlias

from ..abc import RecordRefused
from ..databases.table_facts import TableFacts
from ..errors import DataRefused, SchemaMismatch
from ..model.field_kinds import is_enum, kind_of
from ..model.fields import fields_of

Convert: TypeAlias = Callable[[Any], Any]

_MOMENTS: Final = ("timestamp", "timestamp with time zone", "time")
_MICRO: Final = 6
"""Decimal places of a second that a value may have."""


class RowValues:
    """Makes rows of records.

    Args:
        table: Its name, for people.
        columns: Of the table, which the records fill.
        converted: What becomes of the values of some of them.
    """

    def __init__(
        self, table: str, columns: tuple[str, ...], converted: Mapping[str, Convert]
    ) -> None:
        self._table = table
        self._columns = columns
        self._converted = [
            (number, converted[column])
            for number, column in enumerate(columns)
            if column in converted
        ]

    def rows(self, records: Sequence[Any]) -> list[Sequence[Any]]:
        """Return a row for each record.

        Raises:
            RecordRefused: If a value cannot be one of its column, or a mapping has none for it.
            SchemaMismatch: If the first record is a mapping of other columns than the table's.
        """
        first = records[0]
        if isinstance(first, Mapping):
            return self._rows_of_mappings(records, first)
        take = _taking(self._columns)
        if not self._converted:
            return [take(record) for record in records]
        return [self._row(place, take(record)) for place, record in enumerate(records)]

    def _rows_of_mappings(
        self, records: Sequence[Mapping[str, Any]], first: Mapping[str, Any]
    ) -> list[Sequence[Any]]:
        self._refuse_other_columns(first)
        rows: list[Sequence[Any]] = []
        for place, record in enumerate(records):
            try:
                taken = [record[column] for column in self._columns]
            except KeyError as error:
                refused = DataRefused(f"the record has no value for column {error}", rule="value")
                raise RecordRefused(place, refused) from refused
            rows.append(self._row(place, taken) if self._converted else taken)
        return rows

    def _refuse_other_columns(self, record: Mapping[str, Any]) -> None:
        """Refuse a mapping that says less than the table holds; nobody says what else is meant."""
        missing = [column for column in self._columns if column not in record]
        if missing:
            raise SchemaMismatch(
                f"the records have no value for {', '.join(missing)} of table {self._table};"
                f" they have: {', '.join(map(str, record))}",
                hint="name the columns in a model: db.table(name, Model, …), or let a stage add"
                " them",
            )

    def _row(self, place: int, taken: Sequence[Any]) -> list[Any]:
        row = list(taken)
        for number, convert in self._converted:
            try:
                row[number] = convert(row[number])
            except DataRefused as refused:
                raise RecordRefused(place, refused) from refused
        return row


def conversions(
    model: type[Any] | None, facts: TableFacts | None, dialect: str
) -> dict[str, Convert]:
    """Return what becomes of values that drivers would not take, or would take for another.

    Args:
        model: The class of the records, if there is one.
        facts: What the catalogue says of the table; None if it is not known yet.
        dialect: The name of its `Dialect`.
    """
    bare = {} if model is None else {field.name: field.bare for field in fields_of(model)}
    found: dict[str, Convert] = {name: _value for name, kind in bare.items() if is_enum(kind)}
    for name, column in {} if facts is None else facts.details.items():
        if column.family == "json":
            is_text = name in bare and kind_of(bare[name]) == "str"
            found[name] = found.get(name, _same) if is_text else partial(_as_json, name)
        elif column.family == "timestamp" and dialect != "sqlite":
            found[name] = partial(_naive, name)
        if dialect == "mysql" and column.family in _MOMENTS and (column.scale or 0) < _MICRO:
            found[name] = partial(_coarse, name, column.scale or 0, found.get(name, _same))
    return found


def _same(value: Any) -> Any:
    return value


def _value(value: Any) -> Any:
    """Return what a member of an enumeration stands for; drivers would take its name."""
    return value.value if isinstance(value, Enum) else value


def _as_json(column: str, value: Any) -> Any:
    """Spell what is no text yet; a text is JSON already, and None is NULL."""
    if value is None or isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise DataRefused(
            f"column {column} cannot hold it as JSON: {error}", rule="value"
        ) from error


def _naive(column: str, value: Any) -> Any:
    """Refuse a moment with a time zone, which the database would drop without a word."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        raise DataRefused(
            f"column {column} has no time zone, and the value has one",
            details={"column": column, "value": value.isoformat()},
            rule="value",
        )
    return value


def _coarse(column: str, places: int, convert: Convert, value: Any) -> Any:
    """Refuse a moment whose fraction the column would cut off without a word."""
    if isinstance(value, datetime | time) and value.microsecond % 10 ** (_MICRO - places):
        raise DataRefused(
            f"column {column} keeps {places} decimal places of a second, and the value has more",
            details={"column": column, "value": value.isoformat()},
            rule="value",
        )
    return convert(value)


def _taking(columns: tuple[str, ...]) -> Callable[[Any], Sequence[Any]]:
    """Return what takes the values of a record that is no mapping."""
    if len(columns) == 1:
        take = attrgetter(columns[0])
        return lambda record: (take(record),)
    return attrgetter(*columns)
