"""A table as a sink whose records are written over the rows with the same keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..abc import RecordRefused, Transaction
from ..databases.equal_keys import EqualKeys
from ..databases.nodes import Table
from ..databases.rights import temporary_right_missing
from ..databases.rules import Asking
from ..databases.session import opened
from ..databases.upsert import Upsert
from ..databases.upserting import UPSERTING
from ..errors import DataRefused, DaybreakError, RightsMissing, SchemaMismatch, TransientError
from ..model.chunk import Written
from ..model.row import Row
from .row_values import RowValues, conversions
from .table import TableSink


class UpsertSink(TableSink):
    """`abc.Sink` over a table, and `abc.RivalSink`: of equal keys in a chunk the last one stands.

    The others are superseded: they are not written, and nobody asks the database about them.
    """

    def __init__(self, table: Table[Any]) -> None:
        super().__init__(table)
        self._upserting = UPSERTING[self._dialect]()
        self._equal = EqualKeys(table.name, table.key, self._dialect)
        self._keys = RowValues(table.name, table.key, conversions(table.model, None, self._dialect))

    def preflight(self) -> None:
        super().preflight()
        self._refuse_what_cannot_be_upserted()

    def _rights_missing(self) -> list[Row]:
        missing = super()._rights_missing()
        return [*missing, *temporary_right_missing(self._table.database.url)]

    def _refuse_what_cannot_be_upserted(self) -> None:
        """Have the database prepare the statement, unless its table is still to be made."""
        table = self._table
        if table.create or not self._columns:
            return
        with opened(table.database.url) as session:
            try:
                self._upserting.probe(session, self._upsert)
            except (TransientError, RightsMissing):
                raise
            except DaybreakError as refused:
                raise SchemaMismatch(
                    f"table {table.name} cannot be written over by ({', '.join(table.key)}):"
                    f" {refused}",
                    hint="give it a primary key, or a unique constraint that is not deferrable;"
                    ' or use mode="insert"',
                ) from refused

    @property
    def _upsert(self) -> Upsert:
        return Upsert(self._table.name, self._columns, self._table.key)

    def _upsert_in(self, tx: Transaction) -> Upsert:
        return replace(self._upsert, is_by_number=self._equal.is_one_number(tx))

    def goes_in_pieces(self, tx: Transaction) -> bool:
        """Say no: of equal keys in a chunk the last one stands, which one call sees."""
        del tx
        return False

    def write(self, tx: Transaction, records: Sequence[Any]) -> Written:
        beaten = [place for group in self.rivals(tx, records) for place in group[:-1]]
        if not beaten:
            return self.write_compared(tx, records)
        gone = set(beaten)
        kept = [place for place in range(len(records)) if place not in gone]
        try:
            written = self.write_compared(tx, [records[place] for place in kept])
        except RecordRefused as refused:
            raise RecordRefused(kept[refused.position], refused.cause) from refused
        return Written(written.rows, sorted(beaten))

    def write_compared(self, tx: Transaction, records: Sequence[Any]) -> Written:
        return super().write(tx, records)

    def _send(self, tx: Transaction, rows: Sequence[Sequence[Any]]) -> int:
        upsert = self._upsert_in(tx)
        parts = self._statements(tx, rows)
        return sum(self._upserting.write(tx, upsert, some) for some in parts)

    def rivals(self, tx: Transaction, records: Sequence[Any]) -> Sequence[Sequence[int]]:
        """Return the places of records with equal keys, as the database sees them."""
        try:
            return self._equal.groups(tx, self._keys.rows(records))
        except DataRefused as refused:
            if refused.row is None:
                raise
            raise RecordRefused(refused.row, refused) from refused

    def _asking(self, tx: Transaction, columns: Mapping[str, Sequence[Any]]) -> Asking:
        rules = self._known_rules(tx)
        key = set(self._table.key)
        own = (rule for rule in rules if rule.kind == "unique" and set(rule.columns) == key)
        return Asking(tx, self._table.name, self._dialect, columns, next(own, None))


def sink_of_table(table: Table[Any]) -> TableSink:
    """Return the sink that a table's mode asks for."""
    return UpsertSink(table) if table.mode == "upsert" else TableSink(table)
