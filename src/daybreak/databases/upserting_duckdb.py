"""Writing rows over those with the same key on DuckDB: one MERGE.

DuckDB deletes and inserts a row of which it changes a column that stands in an index, and then
refuses it if other rows refer to it. So such columns are changed in those rows only in which they
differ; its `on conflict … do update` could not tell them apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..abc import Transaction
from ..errors import SchemaMismatch
from ..model.row import Row
from .session import Session
from .sqlite import quoted
from .statement import load
from .upsert import Upsert


class DuckdbUpserting:
    """One list for each column, merged into the table."""

    def __init__(self) -> None:
        self._known: Mapping[str, Row] | None = None

    def write(self, tx: Transaction, upsert: Upsert, rows: Sequence[Sequence[Any]]) -> int:
        from .duckdb import plain  # noqa: PLC0415 - its driver is there only if it is used

        if self._known is None:
            self._known = _columns(tx, upsert)
        columns = zip(*rows, strict=True)
        binds = {f"c{n}": [plain(one) for one in column] for n, column in enumerate(columns)}
        lists = ", ".join(
            f"unnest(:c{n}::{self._known[name].type}[]) as {quoted(name)}"
            for n, name in enumerate(upsert.columns)
        )
        written = tx.execute(_merging(upsert, f"select {lists}", self._known), **binds)
        return written if _counts_all(upsert, self._known) else len(rows)

    def probe(self, session: Session, upsert: Upsert) -> None:
        known = _columns(session, upsert)
        if any(known[column].is_collated for column in upsert.key):
            raise SchemaMismatch(
                "by the collation of its key DuckDB finds rows that its index takes for others"
            )
        nobody = f"select {upsert.names} from {quoted(upsert.table)} limit 0"  # noqa: S608 - quoted
        session.query(f"explain {_merging(upsert, nobody, known)}")


def _columns(asked: Transaction | Session, upsert: Upsert) -> Mapping[str, Row]:
    rows = asked.query(load("duckdb", "columns_in_indexes"), table=upsert.table)
    return {row.name: row for row in rows}


def _counts_all(upsert: Upsert, columns: Mapping[str, Row]) -> bool:
    """Whether DuckDB counts every row: not one that is left as it is."""
    return any(not columns[name].is_indexed for name in upsert.changed)


def _merging(upsert: Upsert, given: str, columns: Mapping[str, Row]) -> str:
    indexed = [name for name in upsert.changed if columns[name].is_indexed]
    others = [name for name in upsert.changed if name not in indexed]
    same = "".join(f" and {_same(columns[name])}" for name in indexed)
    rest = f" when matched then update set {_told(upsert.changed)}" if indexed else ""
    values = ", ".join(f"given.{quoted(name)}" for name in upsert.columns)
    return (
        f"merge into {quoted(upsert.table)} as known using ({given}) as given"  # noqa: S608 - quoted
        f" on {upsert.same_key}"
        f" when matched{same} then {f'update set {_told(others)}' if others else 'do nothing'}"
        f"{rest} when not matched then insert ({upsert.names}) values ({values})"
    )


def _told(names: Sequence[str]) -> str:
    return ", ".join(f"{quoted(name)} = given.{quoted(name)}" for name in names)


def _same(column: Row) -> str:
    """Return a condition: a column's value is the new one to the last byte, if it is a text."""
    known, given = f"known.{quoted(column.name)}", f"given.{quoted(column.name)}"
    if column.is_nested:
        return f"{known} is not distinct from {given}"
    return f"encode({known}::varchar) is not distinct from encode({given}::varchar)"
