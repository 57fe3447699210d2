"""The rules of a table, as its catalogue declares them, asked of many rows at once.

NOT NULL, lengths and keys that come twice among the rows are looked at here; keys that are in the
table already, missing parents and CHECK are asked of the database, each distinct value once.
Nothing is written, and no answer is a verdict: what is equal is up to the database, and it has the
last word when the rows are written.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from ..abc import Transaction
from ..model.row import Row
from .sqlite import plain, quoted
from .statement import load

Places: TypeAlias = set[int]
Columns: TypeAlias = Mapping[str, Sequence[Any]]
"""The values of many rows by column: what stands at one place of each belongs to one row."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a table."""

    kind: str
    """As in `DataRefused.rule`."""

    columns: tuple[str, ...]
    types: tuple[str, ...] = ()
    """Of the columns, without lengths; empty where the database casts by itself."""

    length: int = 0
    """How many characters a `value` may have."""

    expression: str = ""
    """Of a `check`, in the database's words."""

    parent: str = ""
    """The table, as SQL, to which a `foreign key` refers."""

    parent_columns: tuple[str, ...] = ()
    is_own_parent: bool = False
    """Whether rows refer to rows of the same table."""


def rules_of(tx: Transaction, table: str, dialect: str) -> tuple[Rule, ...]:
    """Read the rules of a table from the catalogue, through an open transaction."""
    named = quoted(table) if dialect == "postgresql" else table.rpartition(".")[2]
    return tuple(_rule(row, dialect) for row in tx.query(load(dialect, "rules"), table=named))


def _rule(row: Row, dialect: str) -> Rule:
    parent = row.parent or ""
    return Rule(
        kind=row.kind,
        columns=_names(row.columns),
        types=_names(row.types),
        length=row.length or 0,
        expression=row.expression or "",
        parent=quoted(parent) if parent and dialect == "sqlite" else parent,
        parent_columns=_names(row.parent_columns),
        is_own_parent=bool(row.is_own_parent),
    )


def _names(found: Sequence[str] | str) -> tuple[str, ...]:
    return tuple(json.loads(found) if isinstance(found, str) else found)


class Asking:
    """Asks the rules of one table of many rows.

    Args:
        tx: In which the rows are to be written.
        table: Its name.
        dialect: `sqlite` or `postgresql`.
        columns: The rows' values.
    """

    def __init__(self, tx: Transaction, table: str, dialect: str, columns: Columns) -> None:
        self._tx = tx
        self._table = quoted(table)
        self._dialect = dialect
        self._columns = columns

    def broken(self, rule: Rule) -> Places:
        """Return the places, from 0, of the rows that break a rule."""
        if not all(column in self._columns for column in rule.columns):
            return set()
        match rule.kind:
            case "not null":
                return self._null(rule.columns[0])
            case "value":
                return self._too_long(rule.columns[0], rule.length)
            case "check":
                return self._refused_by_check(rule)
            case "unique":
                return self._taken(rule)
            case _:
                return self._orphans(rule)

    def _null(self, column: str) -> Places:
        return {place for place, value in enumerate(self._columns[column]) if value is None}

    def _too_long(self, column: str, length: int) -> Places:
        values = enumerate(self._columns[column])
        return {place for place, value in values if isinstance(value, str) and len(value) > length}

    def _refused_by_check(self, rule: Rule) -> Places:
        groups = self._groups(rule.columns)
        found = self._found(list(groups), rule, rule.columns, f"({rule.expression}) is false")
        return {place for key in found for place in groups[key]}

    def _taken(self, rule: Rule) -> Places:
        """Find what is in the table already, and what comes twice: the first one in order stays."""
        groups = self._groups(rule.columns, without_null=True)
        found = self._found(
            list(groups), rule, rule.columns, _exists(self._table, rule.columns, rule.columns)
        )
        twice = {place for places in groups.values() for place in places[1:]}
        return twice | {groups[key][0] for key in found}

    def _orphans(self, rule: Rule) -> Places:
        groups = self._groups(rule.columns, without_null=True)
        parents = _exists(rule.parent, rule.parent_columns, rule.columns)
        missing = set(self._found(list(groups), rule, rule.columns, f"not {parents}"))
        if not rule.is_own_parent:
            return {place for key in missing for place in groups[key]}
        is_known = all(column in self._columns for column in rule.parent_columns)
        keys = self._groups(rule.parent_columns) if is_known else {}
        return _without_ancestors(missing, groups, keys)

    def _groups(
        self, columns: Sequence[str], *, without_null: bool = False
    ) -> dict[Hashable, list[int]]:
        """Return, for each distinct key, the places of its rows in order."""
        groups: dict[Hashable, list[int]] = {}
        for place, key in enumerate(zip(*(self._columns[c] for c in columns), strict=True)):
            if not (without_null and None in key):
                groups.setdefault(key, []).append(place)
        return groups

    def _found(
        self, keys: Sequence[Any], rule: Rule, columns: Sequence[str], condition: str
    ) -> list[Any]:
        """Return those keys of which a condition is true; in it they have the columns' names."""
        if not keys:
            return []
        rows = self._tx.query(
            _question(self._dialect, columns, rule.types, condition),
            keys=json.dumps(keys, default=_spelled),
        )
        return [keys[row.daybreak_place] for row in rows]


def _exists(table: str, columns: Sequence[str], asked: Sequence[str]) -> str:
    pairs = zip(columns, asked, strict=True)
    same = " and ".join(f"other.{quoted(one)} = asked.{quoted(two)}" for one, two in pairs)
    return f"exists (select 1 from {table} as other where {same})"  # noqa: S608 - quoted names


def _question(dialect: str, columns: Sequence[str], types: Sequence[str], condition: str) -> str:
    """Return a query for the places of the keys, given as JSON, of which a condition is true."""
    if dialect == "sqlite":
        values = [f"json_extract(value, '$[{n}]')" for n in range(len(columns))]
        place, source = "key", "json_each(:keys)"
    else:
        values = [f"(value ->> {n})::{type_}" for n, type_ in enumerate(types)]
        place = "number - 1"
        source = "json_array_elements(:keys::json) with ordinality as key (value, number)"
    named = ", ".join(
        f"{value} as {quoted(column)}" for value, column in zip(values, columns, strict=True)
    )
    asked = f"select {place} as daybreak_place, {named} from {source}"  # noqa: S608 - quoted names
    return f"select daybreak_place from ({asked}) as asked where {condition}"  # noqa: S608 - as above


def _spelled(value: Any) -> Any:
    """Return a value that JSON does not know as the databases read it from text."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"\\x{bytes(value).hex()}"
    stored = plain(value)
    return stored if isinstance(stored, (str, int, float)) else str(stored)


def _without_ancestors(
    missing: set[Hashable],
    children: Mapping[Hashable, Sequence[int]],
    keys: Mapping[Hashable, Sequence[int]],
) -> Places:
    """Return the rows whose line of parents ends at none, in the table or among the rows.

    Rows that refer to each other in a ring have parents.

    Args:
        missing: The keys of parents that are not in the table.
        children: The places of the rows that refer to a key.
        keys: The places of the rows that have a key.
    """
    alive = {key: len(places) for key, places in keys.items()}
    key_of = {place: key for key, places in keys.items() for place in places}
    lost: Places = set()
    waiting = deque(key for key in missing if not alive.get(key))
    while waiting:
        for place in _not_in(lost, children.get(waiting.popleft(), ())):
            lost.add(place)
            key = key_of.get(place)
            if key is None:
                continue
            alive[key] -= 1
            if not alive[key] and key in missing:
                waiting.append(key)
    return lost


def _not_in(lost: Places, places: Sequence[int]) -> Iterator[int]:
    return (place for place in places if place not in lost)
