"""A back-fill's write on PostgreSQL: COPY into a temporary table, and one UPDATE from it.

Where it can be told at a glance that rows are as they were read, `update_at_once` writes them.

The UPDATE repeats the range of the keys, so that the table is read by its index once and not once
a row, repeats the query's condition, and compares every column that was read.

While it waits for a row that somebody else has changed, PostgreSQL looks at the row's newest
version, but at the condition again only where that speaks of the table itself: a subquery is still
answered by the snapshot of the statement's beginning. So the condition of a plain query stands in
the UPDATE as it is. For any other query the rows are locked first, and a second statement, whose
snapshot is younger than the locks, compares them with what the query gives then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

from ..abc import RecordRefused, Transaction
from ..databases.sqlite import quoted
from ..databases.statement import binds_of
from ..errors import DataRefused, ProofFailed
from ..model.chunk import Written
from ..model.rows_by_column import RowsByColumn
from .update_at_once import AtOnce
from .update_changes import Changes
from .update_comparison import Comparison


class PostgresqlUpdate:
    """Writes the changes of one chunk at a time; one for all workers of a step."""

    def __init__(self, comparison: Comparison) -> None:
        self._of = comparison
        names = [column.name for column in comparison.columns]
        self.key_places = [names.index(column) for column in comparison.key]
        """Where the key's columns stand in a row."""

        self._old = [f"old_{place}" for place in range(len(names))]
        self._set = [f"new_{place}" for place in range(len(comparison.set))]
        columns = self._columns()
        self._name = f"daybreak_update_{blake2b(columns.encode(), digest_size=4).hexdigest()}"
        self._new = f"pg_temp.{self._name}"
        self._create = (
            f"create temporary table if not exists {self._name} ({columns}) on commit delete rows"
        )
        self._wraps = self._wrapping()
        self._at_once = AtOnce.of(comparison)

    def prepare(self, changes: Changes) -> None:
        """Spell changes before their transaction begins, if they can be written at once."""
        if self._at_once is not None:
            self._at_once.prepare(changes)

    def write(self, tx: Transaction, changes: Changes) -> Written:
        """Write all changes whose rows are as they were read.

        Raises:
            RecordRefused: If a value does not fit its column.
            DataRefused: If a rule of the table refuses one of them.
        """
        if self._at_once is None or changes.spelled is None:
            return self._by_comparison(tx, changes)
        left = self._at_once.write(tx, changes)
        if not left:
            return Written(len(changes))
        rest = self._by_comparison(tx, changes.chosen(left))
        superseded = tuple(left[place] for place in rest.superseded)
        return Written(len(changes) - len(left) + rest.rows, superseded)

    def _by_comparison(self, tx: Transaction, changes: Changes) -> Written:
        rows = self._rows(changes)
        keys = [rows.columns[place] for place in self.key_places]
        tx.execute(self._create)
        tx.execute(f"delete from {self._new}")  # noqa: S608 - a name of ours; of an earlier attempt
        try:
            tx.copy(self._new, rows, columns=[*self._old, *self._set])
        except DataRefused as refused:
            if refused.row is None:
                raise
            raise RecordRefused(refused.row, refused) from refused
        statement, binds = self._statement(keys[0])
        if self._of.plain is None:
            tx.query(self._lock())
        written = tx.execute(statement, **binds)
        if written == len(rows):
            return Written(written)
        return self._partly(tx, keys, written)

    def _rows(self, changes: Changes) -> RowsByColumn:
        new = [changes.values] if len(self._set) == 1 else zip(*changes.values, strict=True)
        columns = [*changes.rows.columns, *new]
        for place, wrap in self._wraps:
            columns[place] = list(map(wrap, columns[place]))
        return RowsByColumn(columns)

    def _wrapping(self) -> list[tuple[int, Callable[[Any], Any]]]:
        """Return by place what makes JSON of lists and dicts."""
        read = [column.is_document for column in self._of.columns]
        new = [self._of.types[column].is_document for column in self._of.set]
        return [(place, _as_json) for place, is_document in enumerate(read + new) if is_document]

    def _columns(self) -> str:
        """Return the columns of the temporary table.

        Its name is made of them, for a session may write for several steps.
        """
        of = self._of
        old = [
            of.types[column.name].sql if column.name in of.key else column.type
            for column in of.columns
        ]
        new = [of.types[column].sql for column in of.set]
        names = [*self._old, *self._set]
        return ", ".join(f"{name} {type_}" for name, type_ in zip(names, [*old, *new], strict=True))

    def _statement(self, first: Sequence[Any]) -> tuple[str, dict[str, object]]:
        """Return the UPDATE, and its binds, of rows whose keys begin with these values."""
        of = self._of
        alias = quoted(of.table.rpartition(".")[2]) if of.plain is None else of.plain.alias
        sets = ", ".join(
            f"{quoted(column)} = daybreak_new.{name}"
            for column, name in zip(of.set, self._set, strict=True)
        )
        within, binds = self._within(first)
        where = [self._joined(alias), *(f"{alias}.{one}" for one in within)]
        source = f"{self._new} as daybreak_new"
        if of.plain is None:
            source += f", ({of.query}) as daybreak_now"
            where += [self._joined("daybreak_now"), *(f"daybreak_now.{one}" for one in within)]
            where += self._compared("daybreak_now")
            binds |= of.binds
        else:
            where += self._compared(alias)
            if of.plain.condition:
                where.append(f"({of.plain.condition}\n)")
            wanted = binds_of(of.plain.condition)
            binds |= {name: value for name, value in of.binds.items() if name in wanted}
        update = f"update {quoted(of.table)} as {alias} set {sets} from {source}"  # noqa: S608 - quoted names
        return f"{update} where {' and '.join(where)}", binds

    def _joined(self, alias: str) -> str:
        return " and ".join(
            f"{alias}.{quoted(column)} = daybreak_new.{self._old[place]}"
            for column, place in zip(self._of.key, self.key_places, strict=True)
        )

    def _compared(self, alias: str) -> list[str]:
        return [
            column.same(f"{alias}.{quoted(column.name)}", f"daybreak_new.{old}")
            for column, old in zip(self._of.columns, self._old, strict=True)
            if column.name not in self._of.key
        ]

    def _within(self, keys: Sequence[Any]) -> tuple[list[str], dict[str, object]]:
        """Return the range of the first column of the key, to be said of a table, and its binds.

        Whole numbers are compared here; anything else only the database can put into order.
        """
        place = self.key_places[0]
        column, old = quoted(self._of.key[0]), self._old[place]
        if set(map(type, keys)) == {int}:
            binds: dict[str, object] = {"daybreak_from": min(keys), "daybreak_upto": max(keys)}
            return [f"{column} between :daybreak_from and :daybreak_upto"], binds
        return [
            f"{column} {sign} (select {old} from {self._new} order by {old} {order} limit 1)"  # noqa: S608 - names of ours
            for sign, order in ((">=", "asc"), ("<=", "desc"))
        ], {}

    def _lock(self) -> str:
        table = quoted(self._of.table)
        alias = "daybreak_locked"
        keys = ", ".join(f"{alias}.{quoted(column)}" for column in self._of.key)
        return (
            f"select count(*) as locked from (select 1 from {table} as {alias}"  # noqa: S608 - quoted names
            f" join {self._new} as daybreak_new on {self._joined(alias)}"
            f" order by {keys} for no key update of {alias}) as held"
        )

    def _partly(self, tx: Transaction, keys: Sequence[Sequence[Any]], written: int) -> Written:
        """Find out which rows were left alone: those that no one has written with their new values.

        The UPDATE and the COPY have the number of one transaction, or of one savepoint.
        """
        alias = "daybreak_written"
        names = ", ".join(f"daybreak_new.{self._old[place]}" for place in self.key_places)
        left = tx.query(
            f"select {names} from {self._new} as daybreak_new where not exists"  # noqa: S608 - quoted names
            f" (select from {quoted(self._of.table)} as {alias}"
            f" where {self._joined(alias)} and {alias}.xmin = daybreak_new.xmin)"
        )
        places = {key: place for place, key in enumerate(zip(*keys, strict=True))}
        superseded = tuple(sorted(places[tuple(row.values())] for row in left))
        if written + len(superseded) != len(places):
            raise ProofFailed(
                f"table {self._of.table} took {written} rows of {len(places)},"
                f" and {len(superseded)} were left alone",
                hint="look for triggers or rules that write or swallow rows",
            )
        return Written(written, superseded)


def _as_json(value: Any) -> Any:
    from psycopg.types.json import Jsonb  # noqa: PLC0415 - only the driver in use is imported

    return None if value is None else Jsonb(value)
