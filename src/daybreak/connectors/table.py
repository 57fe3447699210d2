"""A table as a sink: created, compared and filled inside the chunk's transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from operator import attrgetter, itemgetter
from typing import Any, Final

from ..abc import RecordRefused, Transaction
from ..databases.catalogue import facts_of
from ..databases.column_types import create_statement
from ..databases.dialect import Dialect, dialect_of
from ..databases.drift import refuse_drift, writable
from ..databases.nodes import Table
from ..databases.outside import refuse_outside
from ..databases.parents_first import generations, parents_first
from ..databases.raw_reading import are_read_equally
from ..databases.rights import rights_missing, table_rights_missing
from ..databases.rules import Asking, Rule, rules_of
from ..databases.session import opened
from ..databases.sqlite import quoted
from ..databases.statement import load
from ..databases.transaction import OpenTransaction
from ..errors import DataRefused, DefinitionError, ProofFailed, SchemaMismatch
from ..model.chunk import Written
from ..model.fields import fields_of
from ..model.raw import RawRecords
from ..model.row import Row
from .row_values import RowValues, conversions

PRIVILEGES: Final[Mapping[str, Sequence[str]]] = {
    "insert": ("INSERT",),
    "append": ("INSERT",),
    "upsert": ("INSERT", "UPDATE", "SELECT"),
    "replace": ("INSERT", "DELETE", "SELECT"),  # it counts the rows for its proof
}
"""What each mode needs."""

RAW_MODES: Final[Collection[str]] = ("insert", "replace", "append")
"""The modes in which every record becomes a row of its own, by COPY alone."""


class TableSink:
    """`abc.Sink` over a table: COPY on PostgreSQL, one prepared INSERT on SQLite, a large one else.

    It is an `abc.RuledSink` and an `abc.RawSink`, too.
    """

    def __init__(self, table: Table[Any]) -> None:
        self._table = table
        self._columns: tuple[str, ...] = ()
        self._rules: Sequence[Rule] | None = None
        self._types: Mapping[str, str] | None = None
        self._is_plain: bool | None = None
        if table.model is not None:
            self._columns = tuple(field.name for field in fields_of(table.model))
            self._refuse_unknown_key()
        self._values = RowValues(
            table.name, self._columns, conversions(table.model, None, self._dialect)
        )

    def _refuse_unknown_key(self) -> None:
        missing = [column for column in self._table.key if column not in self._columns]
        if missing:
            raise DefinitionError(
                f"key {', '.join(missing)} of table {self._table.name} is no field of its model",
                hint=f"the model has: {', '.join(self._columns)}",
            )

    @property
    def name(self) -> str:
        return self._table.name

    def facts(self) -> Mapping[str, Any]:
        """Return what must not change between two attempts at a run."""
        table = self._table
        return {
            "table": table.name,
            "key": list(table.key),
            "mode": table.mode,
            "columns": list(self._columns),
        }

    def preflight(self) -> None:
        table = self._table
        facts = facts_of(table.database.url, table.name)
        if facts is None and self._makes_table_before:
            self._make_table()
            facts = facts_of(table.database.url, table.name)
        if facts is None:
            self._refuse_missing()
        else:
            refuse_drift(table, facts, self._dialect)
            if table.model is None:
                self._columns = tuple(writable(facts))
            converted = conversions(table.model, facts, self._dialect)
            self._values = RowValues(table.name, self._columns, converted)
        refuse_outside(table.database.url, table.name)
        missing = rights_missing(self._rights_missing(), table.database.name)
        if missing is not None:
            raise missing

    @property
    def _makes_table_before(self) -> bool:
        """Whether the table must be made outside of any transaction, for making it ends one."""
        return self._table.create and not self._kind.has_transactional_ddl

    def _make_table(self) -> None:
        table = self._table
        assert table.model is not None, "a table that is created has a model"
        with opened(table.database.url) as session:
            made = create_statement(table.name, table.model, table.key, self._dialect)
            session.execute(made)

    def _refuse_missing(self) -> None:
        if not self._table.create:
            raise SchemaMismatch(
                f"table {self._table.name} does not exist in {self._table.database.name}",
                hint="create it, or say create=True to have it made from the model",
            )

    def _rights_missing(self) -> list[Row]:
        table = self._table
        return table_rights_missing(
            table.database.url, table.name, PRIVILEGES[table.mode], self._columns
        )

    def prepare(self, tx: Transaction) -> None:
        table = self._table
        if table.create and table.model is not None and not self._makes_table_before:
            tx.execute(create_statement(table.name, table.model, table.key, self._dialect))
        if table.mode == "replace":
            tx.execute(f"delete from {quoted(table.name)}")  # noqa: S608 - a quoted name

    def write(self, tx: Transaction, records: Sequence[Any]) -> Written:
        return Written(self._put(tx, self._values.rows(records)))

    def goes_in_pieces(self, tx: Transaction) -> bool:
        """Say no where a row may come before its parent, which one call puts in order."""
        return not any(rule.is_own_parent for rule in self._known_rules(tx))

    def is_row_by_row(self, tx: Transaction) -> bool:
        """Say yes on SQLite, unless more happens there than that a row is written.

        Triggers may change other rows, or swallow this one; `on conflict` may, too; and rows with
        parents in their own table are not written in their own order.
        """
        if self._kind.name != "sqlite":
            return False
        if self._is_plain is None:
            bare = self._table.name.rpartition(".")[2]
            found = tx.query(load("sqlite", "acts_of_its_own"), table=bare)
            self._is_plain = not found[0].acts and not self._own_parents(tx)
        return self._is_plain

    def _put(self, tx: Transaction, rows: Sequence[Sequence[Any]]) -> int:
        """Write rows; return how many the database counted.

        Raises:
            RecordRefused: With the place of the row at fault, where that is known.
        """
        order = self._order(tx, rows)
        try:
            written = self._send(tx, rows if order is None else [rows[place] for place in order])
        except DataRefused as refused:
            if (row := refused.row) is None:
                raise
            stays = order is None and refused.stayed == row and self.is_row_by_row(tx)
            place = row if order is None else order[row]
            raise RecordRefused(place, refused, row if stays else None) from refused
        self._refuse_swallowed(written, len(rows))
        return written

    def write_raw(self, tx: Transaction, raw: RawRecords) -> Written | None:
        """Hand records as bytes to COPY, where it reads them as it reads their values."""
        if not (isinstance(tx, OpenTransaction) and self._takes(tx, raw)) or raw.blocks is None:
            return None
        try:
            written = tx.copy_raw(self._table.name, raw)
        except DataRefused as refused:
            if refused.row is None:
                raise
            raise RecordRefused(refused.row, refused) from refused
        self._refuse_swallowed(written, len(raw))
        return Written(written)

    def _takes(self, tx: Transaction, raw: RawRecords) -> bool:
        """Whether records go to the table as bytes."""
        fields = [field.name for field in raw.shape.fields]
        return (
            self._table.mode in RAW_MODES
            and self._dialect == "postgresql"
            and sorted(fields) == sorted(self._columns)
            and are_read_equally(raw.shape, self._known_types(tx))
        )

    def _known_types(self, tx: Transaction) -> Mapping[str, str]:
        if self._types is None:
            asked = load(self._dialect, "column_types")
            rows = tx.query(asked, table=quoted(self._table.name))
            self._types = {row.name: row.type for row in rows}
        return self._types

    def _refuse_swallowed(self, written: int, given: int) -> None:
        if written != given:
            raise ProofFailed(
                f"table {self._table.name} took {written} rows of {given}",
                hint="look for triggers or rules that swallow rows",
            )

    def _send(self, tx: Transaction, rows: Sequence[Sequence[Any]]) -> int:
        copied = 0
        for some in self._statements(tx, rows):
            copied += tx.copy(self._table.name, some, columns=self._columns)
        return copied

    def _statements(
        self, tx: Transaction, rows: Sequence[Sequence[Any]]
    ) -> Iterable[Sequence[Sequence[Any]]]:
        """Divide rows where one refers to another that must be there when its statement begins."""
        own = self._own_parents(tx) if self._kind.parents == "statement" else ()
        return generations(own, rows, self._columns) if own else (rows,)

    def _own_parents(self, tx: Transaction) -> Sequence[Rule]:
        return [rule for rule in self._known_rules(tx) if rule.is_own_parent]

    def _order(self, tx: Transaction, rows: Sequence[Sequence[Any]]) -> Sequence[int] | None:
        """Return in which order to write rows, if it is not their own.

        PostgreSQL looks for the parents at the end of them all, the others when they write a row.
        """
        if self._kind.parents == "end":
            return None
        own = self._own_parents(tx)
        return parents_first(own, self._by_column(rows)) if own else None

    def _known_rules(self, tx: Transaction) -> Sequence[Rule]:
        if self._rules is None:
            self._rules = rules_of(tx, self._table.name, self._dialect)
        return self._rules

    def _by_column(self, rows: Sequence[Sequence[Any]]) -> Mapping[str, Sequence[Any]]:
        return dict(zip(self._columns, zip(*rows, strict=True), strict=True))

    def suspects(
        self, tx: Transaction, records: Sequence[Any], refusal: DataRefused
    ) -> Sequence[int]:
        """Return the places of the records that break the rules of the kind that was broken.

        All unique keys are asked about together: who excludes whom goes through several of them.
        """
        get = itemgetter if records and isinstance(records[0], Mapping) else attrgetter
        return self._suspects(tx, lambda column: list(map(get(column), records)), refusal)

    def raw_suspects(self, tx: Transaction, raw: RawRecords, refusal: DataRefused) -> Sequence[int]:
        """Return the same of records that are bytes.

        Where nothing is compared, their texts will do: no values are made.
        """
        if refusal.rule == "check" and self._takes(tx, raw):
            texts = raw.texts
            return self._suspects(tx, lambda name: texts(name) or raw.column(name), refusal)
        return self._suspects(tx, raw.column, refusal)

    def _suspects(
        self, tx: Transaction, values_of: Callable[[str], Sequence[Any]], refusal: DataRefused
    ) -> Sequence[int]:
        broken_rules = [
            rule
            for rule in self._known_rules(tx)
            if rule.is_meant_by(refusal) or rule.kind == refusal.rule == "unique"
        ]
        if not broken_rules:
            return ()
        needed = {column for rule in broken_rules for column in (*rule.columns, *rule.own_keys)}
        needed.update(self._table.key)
        columns = {column: values_of(column) for column in needed.intersection(self._columns)}
        asking = self._asking(tx, columns)
        return sorted(set[int]().union(*map(asking.broken, broken_rules)))

    def _asking(self, tx: Transaction, columns: Mapping[str, Sequence[Any]]) -> Asking:
        return Asking(tx, self._table.name, self._dialect, columns)

    @property
    def _dialect(self) -> str:
        return self._kind.name

    @cached_property
    def _kind(self) -> Dialect:
        return dialect_of(self._table.database.url)

    def rows_expected(self, written: int) -> tuple[str, int] | None:
        if self._table.mode != "replace":
            return None
        return f"select count(*) from {quoted(self._table.name)}", written  # noqa: S608 - quoted
