"""Which rows have the same key, as the database that holds them sees it.

Python may be asked only where its equality is proven to be the database's: whole numbers, texts in
a collation that compares bytes, UUIDs, dates, bytes, each in a column of just that type. Elsewhere
1.0 may equal 1.00, and `Ann` may equal `ann`: then the database groups the keys, in a temporary
table that has the types and collations of the key's own columns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from ..abc import Transaction
from ..errors import DataRefused
from ..model.row import Row
from .sqlite import quoted
from .statement import load

T = TypeVar("T")

_PLACE: Final = "daybreak_place"


def first_refused(rows: Sequence[T], takes: Callable[[Sequence[T]], object]) -> int:
    """Return the place of the first row that cannot be taken, of which one is there."""
    low, high = 0, len(rows)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            takes(rows[low:middle])
        except DataRefused:
            high = middle
        else:
            low = middle
    return low


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """One column of a key."""

    name: str
    spelled: str
    """Its type and collation, as SQL that declares a column."""

    is_plain: bool
    """Whether it compares byte by byte, and stores what it is given unchanged."""

    kind: str
    """What it holds: `integer`, `text`, `uuid`, `date`, `bytes`; anything else is not known."""


_PROVEN: Final[Mapping[str, Mapping[str, type]]] = {
    "postgresql": {"integer": int, "text": str, "uuid": UUID, "date": date, "bytes": bytes},
    "sqlite": {"integer": int, "text": str},
    "mysql": {"integer": int, "date": date},  # a text may lose blanks at its end
    "duckdb": {"integer": int, "text": str, "uuid": UUID, "date": date, "bytes": bytes},
}
"""By dialect and kind of column, of which type all values must be: then equal is equal."""


_NAMES_NO_ROW: Final = ("mysql", "duckdb")
"""Where a refusal does not say which row it means, and the question can be asked again."""


class EqualKeys:
    """Compares the keys of one table's rows.

    Args:
        table: Its name.
        key: The key's columns.
        dialect: The name of its `Dialect`.
    """

    def __init__(self, table: str, key: Sequence[str], dialect: str) -> None:
        self._table = table
        self._key = tuple(key)
        self._dialect = dialect
        self._known: tuple[KeyColumn, ...] | None = None

    def groups(self, tx: Transaction, keys: Sequence[Sequence[Any]]) -> list[list[int]]:
        """Return the places, from 0 and in order, of keys that are equal, group by group.

        A key with NULL in it is equal to none.

        Raises:
            DataRefused: If the database cannot take a key, with its place where that is known.
        """
        columns = list(zip(*keys, strict=True))
        if self._is_proven(tx, columns):
            return _equal_in_python(keys)
        whole = [place for place, key in enumerate(keys) if None not in key]
        rows = [(number, *keys[place]) for number, place in enumerate(whole)]
        if len(rows) <= 1:
            return []
        try:
            found = self._asked(tx, rows)
        except DataRefused as refused:
            if refused.row is None and self._dialect in _NAMES_NO_ROW:
                refused.row = first_refused(rows, partial(self._asked, tx))
            if refused.row is not None:
                refused.row = whole[refused.row]
            raise
        return [[whole[number] for number in group] for group in found]

    def _asked(self, tx: Transaction, rows: Sequence[Sequence[Any]]) -> list[list[int]]:
        return _ASKED[self._dialect](tx, self._table, self._columns(tx), rows)

    def is_one_number(self, tx: Transaction) -> bool:
        """Whether the key is a single column of whole numbers, which Python orders as well."""
        columns = self._columns(tx)
        return len(columns) == 1 and columns[0].kind == "integer"

    def _is_proven(self, tx: Transaction, columns: Sequence[Sequence[Any]]) -> bool:
        proven = _PROVEN.get(self._dialect, {})
        return all(
            column.is_plain and set(map(type, values)) <= {proven.get(column.kind)}
            for column, values in zip(self._columns(tx), columns, strict=True)
        )

    def _columns(self, tx: Transaction) -> tuple[KeyColumn, ...]:
        if self._known is None:
            rows = tx.query(load(self._dialect, "key_columns"), table=self._named)
            facts = {row.name: row for row in rows}
            self._known = tuple(_column(facts[name]) for name in self._key)
        return self._known

    @property
    def _named(self) -> str:
        if self._dialect == "postgresql":
            return quoted(self._table)
        return self._table.rpartition(".")[2] if self._dialect == "sqlite" else self._table


def _column(row: Row) -> KeyColumn:
    return KeyColumn(row.name, row.spelled, bool(row.is_plain), row.kind)


def _equal_in_python(keys: Sequence[Sequence[Any]]) -> list[list[int]]:
    tuples = list(map(tuple, keys))
    if len(set(tuples)) == len(tuples):
        return []
    places: dict[tuple[Any, ...], list[int]] = {}
    for place, key in enumerate(tuples):
        places.setdefault(key, []).append(place)
    return [group for group in places.values() if len(group) > 1]


def _asked_postgresql(
    tx: Transaction, table: str, columns: Sequence[KeyColumn], rows: Sequence[Sequence[Any]]
) -> list[list[int]]:
    names = ", ".join(quoted(column.name) for column in columns)
    staged = temporary("keys", table, names)
    tx.execute(
        f"create temp table if not exists {staged} on commit delete rows"  # noqa: S608 - quoted
        f" as select 0::bigint as {_PLACE}, {names} from {quoted(table)} with no data"
    )
    tx.execute(f"truncate pg_temp.{staged}")
    tx.copy(f"pg_temp.{staged}", rows, columns=(_PLACE, *(column.name for column in columns)))
    asked = (
        f"select array_agg({_PLACE} order by {_PLACE}) as places from pg_temp.{staged}"  # noqa: S608 - quoted
        f" group by {names} having count(*) > 1"
    )
    return [row.places for row in tx.query(asked)]


def _asked_sqlite(
    tx: Transaction, table: str, columns: Sequence[KeyColumn], rows: Sequence[Sequence[Any]]
) -> list[list[int]]:
    names = ", ".join(quoted(column.name) for column in columns)
    declared = ", ".join(f"{quoted(column.name)} {column.spelled}" for column in columns)
    staged = temporary("keys", table, declared)
    tx.execute(f"create temp table if not exists {staged} ({_PLACE} integer, {declared})")
    tx.execute(f"delete from temp.{staged}")  # noqa: S608 - a name of ours
    tx.copy(f"temp.{staged}", rows, columns=(_PLACE, *(column.name for column in columns)))
    asked = (
        f"select group_concat({_PLACE}) as places from temp.{staged}"  # noqa: S608 - quoted names
        f" group by {names} having count(*) > 1"
    )
    return [sorted(map(int, row.places.split(","))) for row in tx.query(asked)]


def _asked_mysql(
    tx: Transaction, table: str, columns: Sequence[KeyColumn], rows: Sequence[Sequence[Any]]
) -> list[list[int]]:
    names = ", ".join(quoted(column.name) for column in columns)
    staged = temporary("keys", table, names)
    tx.execute(
        f"create temporary table if not exists {staged} ({_PLACE} int not null default 0)"  # noqa: S608 - quoted
        f" engine = InnoDB select {names} from {quoted(table)} where false"
    )
    tx.execute(f"delete from {staged}")  # noqa: S608 - a name of ours
    tx.copy(staged, rows, columns=(_PLACE, *(column.name for column in columns)))
    return _grouped(tx.query(_places_of_equals(names, staged)))


def _asked_duckdb(
    tx: Transaction, table: str, columns: Sequence[KeyColumn], rows: Sequence[Sequence[Any]]
) -> list[list[int]]:
    """Ask without a table, and without an error, which would end the transaction.

    What is no value of its column becomes NULL, which is equal to nothing.
    """
    from .duckdb import plain  # noqa: PLC0415 - its driver is there only if it is used

    del table
    places, *values = zip(*rows, strict=True)
    binds = {f"k{n}": [plain(one) for one in column] for n, column in enumerate(values)}
    cast = ", ".join(
        f"try_cast(unnest(:k{n}) as {column.spelled}) as {quoted(column.name)}"
        for n, column in enumerate(columns)
    )
    names = ", ".join(quoted(column.name) for column in columns)
    whole = " and ".join(f"{quoted(column.name)} is not null" for column in columns)
    given = f"(select unnest(:places) as {_PLACE}, {cast}) as given where {whole}"
    asked = _places_of_equals(names, given)
    return _grouped(tx.query(asked, places=list(places), **binds))


def _places_of_equals(names: str, given: str) -> str:
    """Return a query for the places of rows whose equals are there, each with the first of them."""
    return (
        f"select daybreak_first, {_PLACE} from (select {_PLACE},"  # noqa: S608 - quoted names
        f" min({_PLACE}) over (partition by {names}) as daybreak_first,"
        f" count(*) over (partition by {names}) as daybreak_count from {given}) as compared"
        f" where daybreak_count > 1 order by {_PLACE}"
    )


def _grouped(found: Sequence[Row]) -> list[list[int]]:
    groups: dict[int, list[int]] = {}
    for row in found:
        groups.setdefault(row.daybreak_first, []).append(row.daybreak_place)
    return list(groups.values())


_ASKED: Final[
    Mapping[
        str,
        Callable[[Transaction, str, Sequence[KeyColumn], Sequence[Sequence[Any]]], list[list[int]]],
    ]
] = {
    "duckdb": _asked_duckdb,
    "mysql": _asked_mysql,
    "postgresql": _asked_postgresql,
    "sqlite": _asked_sqlite,
}


def temporary(duty: str, table: str, columns: str) -> str:
    """Name a temporary table: one for each duty, table and list of columns."""
    told = hashlib.sha256(f"{table}\0{columns}".encode()).hexdigest()[:12]
    return f"daybreak_{duty}_{told}"
