"""A back-fill's write on MariaDB and MySQL: lock, read again, compare here, and update by a join.

The new values go into a temporary table. The rows that they are meant for are locked by a join with
it, and read again in the same statement if the query's condition can be said of the table's rows
alone: a locking read sees the newest version of a row, also of one for which it has waited. For any
other query the rows are locked first, and read by the next statement: at READ COMMITTED it sees
what was committed up to then, and what is locked stays as it is seen. An UPDATE with the query in
it would not do: of tables that it only reads it takes the versions of its beginning, and of the
table that it writes none.

What was read and what is there now come from one driver in the same way, so that they are compared
as they are, letter by letter, whatever their types; nothing that was read is sent back but the key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from ..abc import RecordRefused, Transaction
from ..databases.equal_keys import first_refused, temporary
from ..databases.plain_query import PlainQuery
from ..databases.session import Session
from ..databases.sqlite import quoted
from ..databases.statement import binds_of
from ..databases.upserting_mysql import lists_of
from ..errors import DataRefused, ProofFailed
from ..model.chunk import Written
from ..model.row import values_of
from .update_changes import Changes

_PLACE: Final = "daybreak_place"
_GIVEN: Final = "daybreak_given"
_KNOWN: Final = "daybreak_known"
"""How the temporary table and the table are called; the condition of a query may stand beside."""


@dataclass(frozen=True, slots=True)
class MysqlReading:
    """What is read of a table to be updated."""

    query: str
    binds: Mapping[str, object]
    columns: tuple[str, ...]
    """Of the query."""

    plain: PlainQuery | None
    """The query, if the condition can be said of the table's rows alone."""


class MysqlUpdate:
    """Writes the changes of one chunk at a time; one for all workers of a step."""

    def __init__(
        self, table: str, key: tuple[str, ...], set_: tuple[str, ...], reading: MysqlReading
    ) -> None:
        self._name = table
        self._table = quoted(table)
        self._read = reading
        self.key_places = [reading.columns.index(column) for column in key]
        """Where the key's columns stand in a row."""

        self._key = key
        self._keys = [f"daybreak_key_{place}" for place in range(len(key))]
        self._set = [f"daybreak_new_{place}" for place in range(len(set_))]
        source = [
            f"{quoted(column)} as {name}"
            for column, name in zip((*key, *set_), (*self._keys, *self._set), strict=True)
        ]
        self._staged = temporary("update", table, ", ".join(source))
        self._create = (
            f"create temporary table if not exists {self._staged}"  # noqa: S608 - quoted names
            f" ({_PLACE} int not null default 0 primary key) engine = InnoDB"
            f" select {', '.join(source)} from {self._table} where false"
        )
        sets = ", ".join(
            f"{_KNOWN}.{quoted(column)} = {_GIVEN}.{name}"
            for column, name in zip(set_, self._set, strict=True)
        )
        known = f"{self._table} as {_KNOWN} on {self._same(_KNOWN)}"
        self._update = f"update {self._staged} as {_GIVEN} straight_join {known} set {sets}"  # noqa: S608 - quoted names
        self._lock = (
            f"select count(*) as locked from {self._staged} as {_GIVEN}"  # noqa: S608 - quoted names
            f" straight_join {known} for update"
        )

    def _same(self, alias: str) -> str:
        return " and ".join(
            f"{alias}.{quoted(column)} = {_GIVEN}.{name}"
            for column, name in zip(self._key, self._keys, strict=True)
        )

    def probe(self, session: Session) -> None:
        """Make the temporary table once: whether the user may is known before the step begins."""
        session.execute(self._create)

    def write(self, tx: Transaction, changes: Changes) -> Written:
        """Write all changes whose rows are as they were read.

        Raises:
            RecordRefused: If a value does not fit its column.
            DataRefused: If a rule of the table refuses one of them.
        """
        self._stage(tx, changes)
        now = self._now(tx, changes.rows.columns[self.key_places[0]])
        superseded = tuple(
            place for place, row in enumerate(changes.rows) if now.get(place) != tuple(row)
        )
        for some in lists_of(superseded):
            tx.execute(f"delete from {self._staged} where {_PLACE} in ({some})")  # noqa: S608 - numbers
        meant = len(changes) - len(superseded)
        written = tx.execute(self._update) if meant else 0
        if written != meant:
            raise ProofFailed(
                f"table {self._name} took {written} rows of {meant}",
                hint="look for triggers or functions that change keys",
            )
        return Written(written, superseded)

    # ---------------------------------------------------------------- what is new

    def _stage(self, tx: Transaction, changes: Changes) -> None:
        """Send the new values, before any row is locked.

        Raises:
            RecordRefused: If a value does not fit its column.
        """
        tx.execute(self._create)
        new = [changes.values] if len(self._set) == 1 else list(zip(*changes.values, strict=True))
        keys = [changes.rows.columns[place] for place in self.key_places]
        rows = list(zip(range(len(changes)), *keys, *new, strict=True))
        try:
            self._send(tx, rows)
        except DataRefused as refused:
            place = refused.row
            if place is None:  # it is said of a row of one statement, and there are several
                place = first_refused(rows, partial(self._send, tx))
            raise RecordRefused(place, refused) from refused

    def _send(self, tx: Transaction, rows: Sequence[Sequence[Any]]) -> None:
        tx.execute(f"delete from {self._staged}")  # noqa: S608 - a name of ours
        tx.copy(self._staged, rows, columns=[_PLACE, *self._keys, *self._set])

    # ---------------------------------------------------------------- what is there

    def _now(self, tx: Transaction, first: Sequence[Any]) -> dict[int, tuple[Any, ...] | None]:
        """Lock the rows, and return what the query gives of them now, by the places of changes.

        Of a place for which it gives several rows there is None.

        Args:
            tx: In which the changes are staged.
            first: The first columns of their keys.
        """
        if self._read.plain is None:
            tx.query(self._lock)
            sql, binds = self._asking(tx, first)
        else:
            sql, binds = self._locking(self._read.plain)
        now: dict[int, tuple[Any, ...] | None] = {}
        for row in tx.query(sql, **binds):
            place, *values = values_of(row)
            now[place] = None if place in now else tuple(values)
        return now

    def _locking(self, plain: PlainQuery) -> tuple[str, dict[str, object]]:
        """Return what locks and reads rows of the one table that the query reads."""
        columns = ", ".join(f"{plain.alias}.{quoted(column)}" for column in self._read.columns)
        condition = f" where ({plain.condition}\n)" if plain.condition else ""
        wanted = binds_of(plain.condition)
        sql = (
            f"select {_GIVEN}.{_PLACE}, {columns} from {self._staged} as {_GIVEN}"  # noqa: S608 - quoted names
            f" straight_join {self._table} as {plain.alias} on {self._same(plain.alias)}"
            f"{condition} for update"
        )
        return sql, {name: value for name, value in self._read.binds.items() if name in wanted}

    def _asking(self, tx: Transaction, first: Sequence[Any]) -> tuple[str, dict[str, object]]:
        """Return what reads rows of any query. The range of their keys is said of that, as well.

        A query that cannot be taken apart (a group) is answered as far as it is in the range.
        """
        if set(map(type, first)) == {int}:
            low, high = min(first), max(first)
        else:  # only the database can put them into order
            ends = f"min({self._keys[0]}) as low, max({self._keys[0]}) as high"
            low, high = values_of(tx.query(f"select {ends} from {self._staged}")[0])  # noqa: S608 - ours
        column = f"daybreak_now.{quoted(self._key[0])}"
        sql = (
            f"select {_GIVEN}.{_PLACE}, daybreak_now.* from {self._staged} as {_GIVEN}"  # noqa: S608 - quoted names
            f" join (\n{self._read.query}) as daybreak_now on {self._same('daybreak_now')}"
            f" where {column} between :daybreak_from and :daybreak_upto"
        )
        return sql, {**self._read.binds, "daybreak_from": low, "daybreak_upto": high}
