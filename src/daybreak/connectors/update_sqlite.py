"""A back-fill's write on SQLite: read again, compare, and update what is as it was.

The chunk's transaction holds the only write lock from its beginning: what is read in it, nobody
changes before it commits. So the rows are compared here, in order, and by what the query gives now,
whatever query it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter, length_hint
from typing import Any

from ..abc import RecordRefused, Transaction
from ..databases.sqlite import plain, quoted
from ..databases.sqlite_errors import ours
from ..errors import DataRefused, ProofFailed
from ..model.chunk import Written
from .update_changes import Changes

Key = tuple[Any, ...]


class SqliteUpdate:
    """Writes the changes of one chunk at a time; one for all workers of a step."""

    def __init__(
        self,
        *,
        table: str,
        key: tuple[str, ...],
        set_: tuple[str, ...],
        query: str,
        binds: Mapping[str, object],
        columns: Sequence[str],
    ) -> None:
        self._table = table
        self._is_single = len(set_) == 1
        self.key_places = [columns.index(column) for column in key]
        """Where the key's columns stand in a row."""

        take = itemgetter(*self.key_places)
        self._key_of = take if len(key) > 1 else lambda row: (take(row),)
        self._binds = {name: plain(value) for name, value in binds.items()}
        keys = [quoted(column) for column in key]
        self._reads = f"select * from ({query}) as daybreak_now where "  # noqa: S608 - the user's own
        first = keys[0]
        self._range = f"{first} >= :daybreak_from and {first} <= :daybreak_upto"
        self._one = " and ".join(f"{one} = :daybreak_{place}" for place, one in enumerate(keys))
        sets = ", ".join(f"{quoted(column)} = ?" for column in set_)
        where = " and ".join(f"{one} = ?" for one in keys)
        self._update = f"update {quoted(table)} set {sets} where {where}"  # noqa: S608 - quoted names

    def write(self, tx: Transaction, changes: Changes) -> Written:
        """Write all changes whose rows are as they were read.

        Raises:
            RecordRefused: If the database refuses one of them.
        """
        keys = list(map(self._key_of, changes.rows))
        superseded = self._changed(tx.connection, keys, changes.rows)
        left = set(superseded)
        places = [place for place in range(len(changes)) if place not in left]
        written = self._written(tx.connection, keys, changes.values, places)
        if written != len(places):
            raise ProofFailed(
                f"table {self._table} took {written} rows of {len(places)}",
                hint="look for triggers that swallow rows",
            )
        return Written(written, superseded)

    def _changed(
        self, connection: sqlite3.Connection, keys: Sequence[Key], rows: Sequence[Sequence[Any]]
    ) -> tuple[int, ...]:
        """Return the places of the rows that are not what they were when they were read."""
        bounds = {"daybreak_from": keys[0][0], "daybreak_upto": keys[-1][0]}
        now = {
            self._key_of(row): row
            for row in _asked(connection, self._reads + self._range, self._binds | bounds)
        }
        return tuple(
            place
            for place, (key, row) in enumerate(zip(keys, rows, strict=True))
            if now.get(key) != tuple(row) and self._alone(connection, key) != tuple(row)
        )

    def _alone(self, connection: sqlite3.Connection, key: Key) -> tuple[Any, ...] | None:
        """Ask for one row: a column may put its values into another order than the chunk's."""
        bounds = {f"daybreak_{place}": value for place, value in enumerate(key)}
        found = list(_asked(connection, self._reads + self._one, self._binds | bounds))
        return found[0] if len(found) == 1 else None

    def _written(
        self,
        connection: sqlite3.Connection,
        keys: Sequence[Key],
        values: Sequence[Any],
        places: Sequence[int],
    ) -> int:
        rest = iter(places)
        rows = self._bound(keys, values, rest)
        try:
            return max(connection.executemany(self._update, rows).rowcount, 0)
        except (sqlite3.Error, OverflowError, UnicodeEncodeError) as error:
            refused = ours(error, self._update, self._table)
            if not isinstance(refused, DataRefused):
                raise refused from error
            at = places[len(places) - length_hint(rest) - 1]  # the one that was taken last
            raise RecordRefused(at, refused) from refused

    def _bound(
        self, keys: Sequence[Key], values: Sequence[Any], places: Iterator[int]
    ) -> Iterator[Sequence[Any]]:
        if self._is_single:
            return ((plain(values[place]), *keys[place]) for place in places)
        return ((*map(plain, values[place]), *keys[place]) for place in places)


def _asked(
    connection: sqlite3.Connection, sql: str, binds: Mapping[str, Any]
) -> Iterator[tuple[Any, ...]]:
    try:
        yield from connection.execute(sql, binds)
    except sqlite3.Error as error:
        raise ours(error, sql, "the database") from error
