"""The rules of a table, as its catalogue declares them, asked of many rows at once.

NOT NULL, lengths and keys that come twice among the rows are looked at here; keys that are in the
table already, missing parents and CHECK are asked of the database, each distinct value once.
Nothing is written, and no answer is a verdict: what is equal is up to the database, and it has the
last word when the rows are written.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from ..abc import Transaction
from ..errors import DataRefused
from ..model.row import Row
from .keys_as_rows import KEYS_AS_ROWS, as_given, comparable
from .sqlite import quoted
from .statement import load

FEW: Final = 10
"""One in so many of the keys: up to that, those in the table are read, and not each asked about."""

_WHOLE: Final = (("smallint",), ("integer",), ("bigint",))
"""The types, in PostgreSQL's catalogue, that Python orders and compares as it does."""

Places: TypeAlias = set[int]
Key: TypeAlias = Any
"""The value of one column as it is, those of several as a tuple: a chunk has many, and to make a
tuple of each takes longer than all else that is done with them."""

Columns: TypeAlias = Mapping[str, Sequence[Any]]
"""The values of many rows by column: what stands at one place of each belongs to one row."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a table."""

    kind: str
    """As in `DataRefused.rule`."""

    columns: tuple[str, ...]
    name: str = ""
    """Of the constraint, where it has one."""

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

    @property
    def own_keys(self) -> tuple[str, ...]:
        """The columns by which rows of the same table are referred to."""
        return self.parent_columns if self.is_own_parent else ()

    def is_meant_by(self, refusal: DataRefused) -> bool:
        """Whether a refusal speaks of this rule, or may do so."""
        is_named = refusal.constraint in ("", self.name) and refusal.column in ("", *self.columns)
        return self.kind == refusal.rule and is_named


def rules_of(tx: Transaction, table: str, dialect: str) -> tuple[Rule, ...]:
    """Read the rules of a table from the catalogue, through an open transaction."""
    schema, _, bare = table.rpartition(".")
    named = {"postgresql": quoted(table), "duckdb": f"{schema or 'main'}.{bare}"}
    table = named.get(dialect, bare)
    return tuple(_rule(row, dialect) for row in tx.query(load(dialect, "rules"), table=table))


def _rule(row: Row, dialect: str) -> Rule:
    parent = row.parent or ""
    return Rule(
        kind=row.kind,
        columns=_names(row.columns),
        name=row.name or "",
        types=_names(row.types),
        length=int(row.length or 0),
        expression=row.expression or "",
        parent=quoted(parent) if parent and dialect != "postgresql" else parent,
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
        dialect: The name of its `Dialect`.
        columns: The rows' values.
        replaced: The rule of the key by which rows replace those in the table; None if they are
            added to it.
    """

    def __init__(
        self,
        tx: Transaction,
        table: str,
        dialect: str,
        columns: Columns,
        replaced: Rule | None = None,
    ) -> None:
        self._tx = tx
        self._table = quoted(table)
        self._dialect = dialect
        self._columns = columns
        self._replaced = replaced

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
        keys = self._keys(rule.columns)
        return _places(keys, self._found(keys, rule, f"({rule.expression}) is false"))

    def _taken(self, rule: Rule) -> Places:
        """Find what is in the table already, and what comes twice: the first one in order stays."""
        if self._replaced is not None:
            return self._taken_by_others(rule, self._replaced)
        keys = self._keys(rule.columns)
        found = self._between(keys, rule)
        if found is None:
            known = _exists(self._table, rule.columns, rule.columns)
            found = self._found(keys, rule, known)
        return _places(keys, found) | _later_of_equals(keys)

    def _between(self, keys: Sequence[Key], rule: Rule) -> set[Key] | None:
        """Return the keys in the table from the lowest to the highest, if they are few numbers.

        Most files are in the order of their key, or all new: then this takes nearly nothing.
        """
        is_asked = self._dialect == "postgresql" and rule.types in _WHOLE
        if not is_asked or set(map(type, keys)) != {int}:
            return None
        key, low, high, most = quoted(rule.columns[0]), min(keys), max(keys), len(keys) // FEW + 1
        if low < -(2**63) or high >= 2**63:
            return None  # another type's: no index would be used
        found = self._tx.query(  # in order: without statistics, the whole table would be read
            f"select {key} as found from {self._table}"  # noqa: S608 - quoted names
            f" where {key} between :low and :high order by {key} limit :most",
            low=low,
            high=high,
            most=most,
        )
        return {row.found for row in found} if len(found) < most else None

    def _taken_by_others(self, rule: Rule, replaced: Rule) -> Places:
        """Find the same where rows replace those with their key: that one is not in their way."""
        if set(rule.columns) == set(replaced.columns):
            return set()
        own = [column for column in replaced.columns if column not in rule.columns]
        types = dict(zip(replaced.columns, replaced.types, strict=False))
        both = replace(
            rule,
            columns=(*rule.columns, *own),
            types=(*rule.types, *(types[column] for column in own)) if rule.types else (),
        )
        keys = self._keys(both.columns)
        known = _exists(self._table, rule.columns, rule.columns, but=replaced.columns)
        return _places(keys, self._found(keys, both, known)) | _later_of_equals(
            self._keys(rule.columns)
        )

    def _orphans(self, rule: Rule) -> Places:
        keys = self._keys(rule.columns)
        known = _exists(rule.parent, rule.parent_columns, rule.columns)
        missing = {key for key in self._found(keys, rule, f"not {known}") if not _has_null(key)}
        if not rule.own_keys or not set(rule.own_keys) <= set(self._columns):
            return _places(keys, missing)
        return _without_ancestors(missing, _by_key(keys), self._keys(rule.own_keys))

    def _keys(self, columns: Sequence[str]) -> Sequence[Key]:
        """Return each row's key."""
        values = [comparable(self._columns[column]) for column in columns]
        return values[0] if len(values) == 1 else list(zip(*values, strict=True))

    def _found(self, keys: Sequence[Key], rule: Rule, condition: str) -> set[Key]:
        """Return those keys of which a condition is true; its columns have the rule's names."""
        distinct = list(dict.fromkeys(keys))
        if not distinct:
            return set()
        columns = [distinct] if len(rule.columns) == 1 else list(zip(*distinct, strict=True))
        given = list(map(as_given, columns))
        question, binds = _question(self._dialect, rule, given, condition)
        return {distinct[row.daybreak_place] for row in self._tx.query(question, **binds)}


def _places(keys: Iterable[Key], wanted: set[Key]) -> Places:
    return {place for place, key in enumerate(keys) if key in wanted} if wanted else set()


def _later_of_equals(keys: Sequence[Key]) -> Places:
    """Return the places of all but the first of equal keys; NULL is equal to nothing."""
    if len(set(keys)) == len(keys):
        return set()
    counts = Counter(keys)
    several = [place for place, key in enumerate(keys) if counts[key] > 1]
    seen: set[Key] = set()
    later: Places = set()
    for place in several:
        if keys[place] in seen:
            later.add(place)
        seen.add(keys[place])
    return {place for place in later if not _has_null(keys[place])}


def _has_null(key: Key) -> bool:
    return key is None or (isinstance(key, tuple) and None in key)


def _by_key(keys: Iterable[Key]) -> dict[Key, list[int]]:
    """Return the places of each key in order."""
    found: dict[Key, list[int]] = {}
    for place, key in enumerate(keys):
        found.setdefault(key, []).append(place)
    return found


def _exists(
    table: str, columns: Sequence[str], asked: Sequence[str], but: Sequence[str] = ()
) -> str:
    """Return a condition: a row of the table has these values; not the one with the key `but`."""
    same = _same(columns, asked)
    if but:
        same = f"{same} and not ({_same(but, but)})"
    return f"exists (select 1 from {table} as other where {same})"  # noqa: S608 - quoted names


def _same(columns: Sequence[str], asked: Sequence[str]) -> str:
    pairs = zip(columns, asked, strict=True)
    return " and ".join(f"other.{quoted(one)} = asked.{quoted(two)}" for one, two in pairs)


def _question(
    dialect: str, rule: Rule, columns: Sequence[Sequence[Any]], condition: str
) -> tuple[str, dict[str, Any]]:
    """Return a query for the places of the keys of which a condition is true, and its binds."""
    place, values, source, binds = KEYS_AS_ROWS[dialect](rule, columns)
    spelled = ", ".join(
        f"{value} as {quoted(column)}" for value, column in zip(values, rule.columns, strict=True)
    )
    asked = f"select {place} as daybreak_place, {spelled} from {source}"  # noqa: S608 - quoted
    query = f"select daybreak_place from ({asked}) as asked where {condition}"  # noqa: S608 - ditto
    return query, binds


def _without_ancestors(
    missing: set[Key], children: Mapping[Key, Sequence[int]], keys: Sequence[Key]
) -> Places:
    """Return the rows whose line of parents ends at none, in the table or among the rows.

    Rows that refer to each other in a ring have parents.

    Args:
        missing: The keys of parents that are not in the table.
        children: The places of the rows that refer to a key.
        keys: The rows' own keys.
    """
    alive = Counter(keys)
    lost: Places = set()
    waiting = deque(key for key in missing if not alive[key])
    while waiting:
        for place in children.get(waiting.popleft(), ()):
            if place in lost:
                continue
            lost.add(place)
            key = keys[place]
            alive[key] -= 1
            if not alive[key] and key in missing:
                waiting.append(key)
    return lost
