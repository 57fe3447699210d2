"""A table as a sink: created, compared and filled inside the chunk's transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import Any, Final

from ..abc import RecordRefused, Transaction
from ..databases.catalogue import TableFacts, create_statement, facts_of
from ..databases.nodes import Table
from ..databases.parents_first import parents_first
from ..databases.rights import rights_missing, table_rights_missing
from ..databases.rules import Asking, Rule, rules_of
from ..databases.sqlite import quoted
from ..errors import DataRefused, DefinitionError, ProofFailed, SchemaMismatch
from ..model.fields import fields_of

PRIVILEGES: Final[Mapping[str, Sequence[str]]] = {
    "insert": ("INSERT",),
    "replace": ("INSERT", "DELETE", "SELECT"),  # it counts the rows for its proof
}
"""What each mode needs."""


class TableSink:
    """`abc.Sink` over a table: COPY on PostgreSQL, one prepared INSERT on SQLite."""

    def __init__(self, table: Table[Any]) -> None:
        self._table = table
        self._columns: tuple[str, ...] = ()
        self._rules: Sequence[Rule] | None = None
        if table.model is not None:
            self._columns = tuple(field.name for field in fields_of(table.model))
            self._refuse_unknown_key()

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
        facts = facts_of(self._table.database.url, self._table.name)
        if facts is None:
            self._refuse_missing()
        else:
            self._refuse_drift(facts)
            if self._table.model is None:
                self._columns = facts.columns
        self._refuse_missing_rights()

    def _refuse_missing(self) -> None:
        if not self._table.create:
            raise SchemaMismatch(
                f"table {self._table.name} does not exist in {self._table.database.name}",
                hint="create it, or say create=True to have it made from the model",
            )

    def _refuse_drift(self, facts: TableFacts) -> None:
        missing = [column for column in self._columns if column not in facts.columns]
        if missing:
            raise SchemaMismatch(
                f"table {self._table.name} has no column {', '.join(missing)}",
                hint=f"add it, or leave the field out; the table has: {', '.join(facts.columns)}",
            )
        filled = set(self._columns or facts.columns)
        unfilled = [column for column in facts.required if column not in filled]
        if unfilled:
            raise SchemaMismatch(
                f"table {self._table.name} wants a value for {', '.join(unfilled)},"
                " which the model does not have",
                hint="add the field to the model, or give the column a default",
            )
        if not facts.is_key(self._table.key):
            raise SchemaMismatch(
                f"({', '.join(self._table.key)}) is no unique key of {self._table.name}"
                " whose columns are all NOT NULL",
                hint="add a primary key or a unique constraint on NOT NULL columns",
            )

    def _refuse_missing_rights(self) -> None:
        table = self._table
        rows = table_rights_missing(
            table.database.url, table.name, PRIVILEGES[table.mode], self._columns
        )
        missing = rights_missing(rows, table.database.name)
        if missing is not None:
            raise missing

    def prepare(self, tx: Transaction) -> None:
        table = self._table
        if table.create and table.model is not None:
            tx.execute(create_statement(table.name, table.model, table.key, self._dialect))
        if table.mode == "replace":
            tx.execute(f"delete from {quoted(table.name)}")  # noqa: S608 - a quoted name

    def write(self, tx: Transaction, records: Sequence[Any]) -> int:
        take = _taking(self._columns, records[0])
        rows = [take(record) for record in records]
        order = self._order(tx, rows)
        try:
            written = tx.copy(
                self._table.name,
                rows if order is None else [rows[place] for place in order],
                columns=self._columns,
            )
        except DataRefused as refused:
            if (row := refused.row) is None:
                raise
            raise RecordRefused(row if order is None else order[row], refused) from refused
        if written != len(rows):
            raise ProofFailed(
                f"table {self._table.name} took {written} rows of {len(rows)}",
                hint="look for triggers or rules that swallow rows",
            )
        return written

    def _order(self, tx: Transaction, rows: Sequence[Sequence[Any]]) -> Sequence[int] | None:
        """Return in which order to write rows, if it is not their own.

        SQLite looks for a row's parent when it writes the row, PostgreSQL at the end of them all.
        """
        if self._dialect != "sqlite":
            return None
        own = [rule for rule in self._known_rules(tx) if rule.is_own_parent]
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
        """Return the places of the records that break the rules of the kind that was broken."""
        broken_rules = [rule for rule in self._known_rules(tx) if rule.is_meant_by(refusal)]
        if not broken_rules:
            return ()
        get = itemgetter if isinstance(records[0], Mapping) else attrgetter
        needed = {column for rule in broken_rules for column in (*rule.columns, *rule.own_keys)}
        columns = {
            column: list(map(get(column), records)) for column in needed.intersection(self._columns)
        }
        asking = Asking(tx, self._table.name, self._dialect, columns)
        return sorted(set[int]().union(*map(asking.broken, broken_rules)))

    @property
    def _dialect(self) -> str:
        return "sqlite" if self._table.database.url.startswith("sqlite") else "postgresql"

    def rows_expected(self, written: int) -> tuple[str, int] | None:
        if self._table.mode != "replace":
            return None
        return f"select count(*) from {quoted(self._table.name)}", written  # noqa: S608 - quoted


def _taking(columns: tuple[str, ...], sample: Any) -> Callable[[Any], Sequence[Any]]:
    if isinstance(sample, Mapping):
        return lambda record: [record[column] for column in columns]
    if len(columns) == 1:
        take = attrgetter(columns[0])
        return lambda record: (take(record),)
    return attrgetter(*columns)
