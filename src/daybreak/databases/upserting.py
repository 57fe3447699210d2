"""Writing rows over those with the same key: each database's own statement for it.

The rows of one call have keys that differ: of equal ones somebody has chosen (`equal_keys`). Where
they do not, PostgreSQL refuses the statement; it is never guessed which of them is the newer one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ..abc import Transaction
from ..errors import DataRefused, SchemaMismatch
from .equal_keys import temporary
from .session import Session
from .sqlite import quoted
from .statement import load
from .upsert import Upsert, Upserting
from .upserting_duckdb import DuckdbUpserting
from .upserting_mysql import MysqlUpserting

ROWS_AT_ONCE: Final = 500


class PostgresqlUpserting:
    """COPY into a temporary table, then one INSERT from there.

    In the order of the key: two writers that meet the same rows take their locks in one order, so
    that none waits for the other. Where the table holds no row between the lowest and the highest
    key, COPY goes straight into it, which is quicker by a quarter. A row that somebody else puts
    there meanwhile makes it fail; the chunk is then written the other way.
    """

    def write(self, tx: Transaction, upsert: Upsert, rows: Sequence[Sequence[Any]]) -> int:
        if upsert.is_by_number and self._is_all_new(tx, upsert, rows):
            return tx.copy(upsert.table, rows, columns=upsert.columns)
        return self._write_over(tx, upsert, rows)

    def _is_all_new(self, tx: Transaction, upsert: Upsert, rows: Sequence[Sequence[Any]]) -> bool:
        place = upsert.columns.index(upsert.key[0])
        keys = [row[place] for row in rows]
        if set(map(type, keys)) != {int}:
            return False
        key = quoted(upsert.key[0])
        asked = (  # in order: without statistics, the whole table would be read otherwise
            f"select {key} as found from {quoted(upsert.table)}"  # noqa: S608 - quoted
            f" where {key} between :low and :high order by {key} limit 1"
        )
        return not tx.query(asked, low=min(keys), high=max(keys))

    def _write_over(self, tx: Transaction, upsert: Upsert, rows: Sequence[Sequence[Any]]) -> int:
        staged = temporary("rows", upsert.table, upsert.names)
        tx.execute(
            f"create temp table if not exists {staged} on commit delete rows"  # noqa: S608 - quoted
            f" as select {upsert.names} from {quoted(upsert.table)} with no data"
        )
        tx.execute(f"truncate pg_temp.{staged}")
        tx.copy(f"pg_temp.{staged}", rows, columns=upsert.columns)
        return tx.execute(
            f"insert into {quoted(upsert.table)} ({upsert.names})"  # noqa: S608 - quoted
            f" select {upsert.names} from pg_temp.{staged} order by {upsert.keys}"
            f" {upsert.on_conflict}"
        )

    def probe(self, session: Session, upsert: Upsert) -> None:
        table, names = quoted(upsert.table), upsert.names
        session.query(
            f"explain insert into {table} ({names}) select {names} from {table} where false"  # noqa: S608 - quoted
            f" {upsert.on_conflict}"
        )
        keys = session.query(load("postgresql", "keys_checked_at_once"), table=table)
        if not any(set(key.columns) == set(upsert.key) for key in keys):
            raise SchemaMismatch("its constraint may be broken until COMMIT")


class SqliteUpserting:
    """One prepared statement, run for every row.

    A few rows at a time: what is spelled for those behind a bad one is spelled for nothing.
    """

    def write(self, tx: Transaction, upsert: Upsert, rows: Sequence[Sequence[Any]]) -> int:
        binds = [f"c{number}" for number in range(len(upsert.columns))]
        marks = ", ".join(f":{bind}" for bind in binds)
        statement = (
            f"insert into {quoted(upsert.table)} ({upsert.names}) values ({marks})"  # noqa: S608 - quoted
            f" {upsert.on_conflict}"
        )
        written = 0
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[start : start + ROWS_AT_ONCE]
            try:
                written += tx.executemany(
                    statement, [dict(zip(binds, row, strict=True)) for row in some]
                )
            except DataRefused as refused:
                if refused.row is not None:
                    refused.row += start
                if refused.stayed is not None:
                    refused.stayed += written
                raise
        return written

    def probe(self, session: Session, upsert: Upsert) -> None:
        nothing = ", ".join("null" for _ in upsert.columns)
        session.query(
            f"explain insert into {quoted(upsert.table)} ({upsert.names}) values ({nothing})"  # noqa: S608 - quoted
            f" {upsert.on_conflict}"
        )


UPSERTING: Final[Mapping[str, Callable[[], Upserting]]] = {
    "duckdb": DuckdbUpserting,
    "mysql": MysqlUpserting,
    "postgresql": PostgresqlUpserting,
    "sqlite": SqliteUpserting,
}
"""By dialect."""
