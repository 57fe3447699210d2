"""The statements by which the rows of a query are walked, read and counted: SQL, nothing else.

Only the database compares keys. They are bound in their own type, so that it uses the key's index
and the column's own collation; composite keys are compared as rows, or column by column where rows
would use no index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from ..abc import Transaction
from ..databases.dialect import Dialect, dialect_of
from ..databases.nodes import RESERVED, RowsRoot
from ..databases.session import Session
from ..databases.sqlite import quoted
from ..errors import SourceError
from ..model.row import Row

KeyValues: TypeAlias = tuple[Any, ...]
"""The values of a key's columns, in their order."""

Statement: TypeAlias = tuple[str, dict[str, Any]]
"""SQL, and a value for each of its binds."""

ALIAS: Final = f"{RESERVED}q"
_TYPE_OF: Final = {"postgresql": "pg_typeof({})::text", "duckdb": "typeof({})"}
"""What gives the type of an expression, by dialect."""

BINDS_MAX: Final = 30_000
"""The most values in one statement: less than any database's own limit."""


@dataclass(frozen=True, slots=True)
class KeyedQuery:
    """A query whose rows are told apart by a key."""

    root: RowsRoot
    types: tuple[str, ...] = ()
    """Of the key's columns, where the database wants to be told what a value is."""

    @property
    def dialect(self) -> Dialect:
        """The kind of database that is asked."""
        return dialect_of(self.root.database.url)

    @property
    def key(self) -> list[str]:
        """The key's columns, as the statements name them."""
        return [f"{ALIAS}.{quoted(name)}" for name in self.root.key]

    def names(self) -> Statement:
        """Give one row, of whatever values, with the query's columns."""
        return self._empty_row("")

    def key_types(self) -> Statement:
        """Give one row that ends with the types of the key's columns, in the database's words."""
        spelled = _TYPE_OF[self.dialect.name]
        asked = (f", {spelled.format(one)} as {RESERVED}{n}" for n, one in enumerate(self.key))
        return self._empty_row("".join(asked))

    def no_row(self) -> Statement:
        """Give no row, but the query's columns in their own types."""
        return self._with(f"select * from {self._inner} limit 0")  # noqa: S608 - the user's own query

    def _empty_row(self, more: str) -> Statement:
        none, _ = self.no_row()
        return self._with(
            f"select {ALIAS}.*{more} from (select 1 as {RESERVED}one) {RESERVED}o"  # noqa: S608 - as above
            f" left join ({none}) {ALIAS} on 1 = 1"
        )

    def walk(self, after: KeyValues | None, upto: KeyValues, records: int) -> Statement:
        """Give the key of the row that is `records` rows behind a key, if there are as many."""
        where, binds = self._between(after, upto)
        return self._with(
            f"select {self._keys} from {self._inner}{where}"  # noqa: S608 - as above
            f" order by {', '.join(self.key)} limit 1 offset {records - 1}",
            binds,
        )

    def first_keys(self, rows: int) -> Statement:
        """Give the keys of the first rows."""
        order = ", ".join(self.key)
        return self._with(
            f"select {self._keys} from {self._inner} order by {order} limit {rows}"  # noqa: S608 - as above
        )

    def last_key(self) -> Statement:
        """Give the key of the last row, if there is one."""
        order = ", ".join(f"{one} desc" for one in self.key)
        return self._with(
            f"select {self._keys} from {self._inner} order by {order} limit 1"  # noqa: S608 - as above
        )

    def rows(self, after: KeyValues | None, upto: KeyValues) -> Statement:
        """Give the rows of a range, in the order of their keys."""
        where, binds = self._between(after, upto)
        return self._with(
            f"select {ALIAS}.* from {self._inner}{where} order by {', '.join(self.key)}",  # noqa: S608 - as above
            binds,
        )

    def count(self) -> Statement:
        """Give how many rows there are."""
        return self._with(f"select count(*) as records from {self._inner}")  # noqa: S608 - as above

    def explained(self, after: KeyValues | None, upto: KeyValues | None) -> Statement:
        """Give PostgreSQL's plan for the rows of a range: with how many it expects."""
        where, binds = self._between(after, upto)
        return self._with(
            f"explain (format json) select {ALIAS}.* from {self._inner}{where}",  # noqa: S608 - as above
            binds,
        )

    def at(self, keys: Sequence[KeyValues]) -> Statement:
        """Give the rows with these keys, in any order."""
        if len(self.types) == 1:  # a list is read and planned in a third of the time
            listed = f"{self.key[0]} = any(cast(:{RESERVED}k as {self.types[0]}[]))"
            return self._with(
                f"select {ALIAS}.* from {self._inner} where {listed}",  # noqa: S608 - as above
                {f"{RESERVED}k": [key[0] for key in keys]},
            )
        binds: dict[str, Any] = {}
        either = " or ".join(
            f"({' and '.join(f'{c} = {self._bound(binds, n, p, v)}' for p, (c, v) in parts)})"
            for n, key in enumerate(keys)
            for parts in [list(enumerate(zip(self.key, key, strict=True)))]
        )
        return self._with(f"select {ALIAS}.* from {self._inner} where {either}", binds)  # noqa: S608 - as above

    def nulls(self) -> Statement:
        """Give the key of a row in which a part of it is NULL, if there is one."""
        either = " or ".join(f"{one} is null" for one in self.key)
        return self._with(f"select {self._keys} from {self._inner} where {either} limit 1")  # noqa: S608 - as above

    def doubles(self) -> Statement:
        """Give a key that several rows have, and how many, if there is one."""
        names = ", ".join(self.key)
        return self._with(
            f"select {self._keys}, count(*) as records from {self._inner}"  # noqa: S608 - as above
            f" group by {names} having count(*) > 1 limit 1"
        )

    def ordered(self, keys: Sequence[KeyValues]) -> Statement:
        """Give the places, from 0, of some keys in the order in which the query's rows come.

        The columns of the query come first, though no row of theirs does: theirs is the collation.

        Raises:
            SourceError: If there are too many for one statement.
        """
        if len(keys) * len(self.root.key) > BINDS_MAX:
            raise SourceError(
                f"too many places of {self.root.name} to be put into order: {len(keys):,}",
                hint="do less at a time",
            )
        binds: dict[str, Any] = {}
        columns = [f"{RESERVED}{n}" for n in range(len(self.root.key))]
        first = ", ".join(f"{one} as {name}" for one, name in zip(self.key, columns, strict=True))
        values = [
            f"{n}, {', '.join(self._bound(binds, n, p, v) for p, v in enumerate(key))}"
            for n, key in enumerate(keys)
        ]
        return self._with(
            f"select {RESERVED}n as place from (select 0 as {RESERVED}n, {first}"  # noqa: S608 - as above
            f" from {self._inner} where 1 = 0 union all {self._listed(values)}) {RESERVED}s"
            f" order by {', '.join(columns)}",
            binds,
        )

    def _listed(self, rows: Sequence[str]) -> str:
        """Return a query that gives rows whose values these are."""
        if not self.dialect.lists_rows:
            return " union all ".join(f"select {one}" for one in rows)
        return f"select * from (values {', '.join(f'({one})' for one in rows)}) {RESERVED}v"  # noqa: S608 - as above

    @property
    def _inner(self) -> str:
        return f"(\n{self.root.query}) {ALIAS}"

    @property
    def _keys(self) -> str:
        named = enumerate(self.key)
        return ", ".join(f"{column} as {RESERVED}{n}" for n, column in named)

    def _between(
        self, after: KeyValues | None, upto: KeyValues | None
    ) -> tuple[str, dict[str, Any]]:
        binds: dict[str, Any] = {}
        wanted = [
            self._compared(binds, sign, place, key)
            for place, (sign, key) in enumerate(((">", after), ("<=", upto)))
            if key is not None
        ]
        return f" where {' and '.join(wanted)}" if wanted else "", binds

    def _compared(self, binds: dict[str, Any], sign: str, place: int, key: KeyValues) -> str:
        bound = [self._bound(binds, place, part, value) for part, value in enumerate(key)]
        if len(key) == 1 or not self.dialect.compares_rows:
            return _compared_in_turn(self.key, sign, bound)
        return f"({', '.join(self.key)}) {sign} ({', '.join(bound)})"

    def _bound(self, binds: dict[str, Any], place: int, part: int, value: Any) -> str:
        name = f"{RESERVED}k{place}_{part}"
        binds[name] = value
        return f"cast(:{name} as {self.types[part]})" if self.types else f":{name}"

    def _with(self, sql: str, binds: dict[str, Any] | None = None) -> Statement:
        return sql, {**dict(self.root.binds), **(binds or {})}


def _compared_in_turn(columns: Sequence[str], sign: str, values: Sequence[str]) -> str:
    """Compare as rows are compared, in words of which a range of an index can be made."""
    column, value = columns[0], values[0]
    if len(columns) == 1:
        return f"{column} {sign} {value}"
    strictly = sign[0]
    rest = _compared_in_turn(columns[1:], sign, values[1:])
    return (
        f"{column} {strictly}= {value}"
        f" and ({column} {strictly} {value} or ({column} = {value} and {rest}))"
    )


def ask(session: Session | Transaction, statement: Statement) -> list[Row]:
    """Run a query."""
    sql, binds = statement
    return session.query(sql, **binds)
