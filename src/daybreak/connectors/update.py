"""An update of a table's rows as a sink: the back-fill (PROTOCOL.md 8).

What is written was computed of a row that was read before; the application goes on working
meanwhile. So each write compares what was read with what is there now, and leaves alone what has
changed: no update of the application is lost. The rows of the source are compared as the database
gave them, whatever stages stand in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import cached_property
from itertools import islice
from operator import eq
from typing import Any, Final, TypeAlias

from ..abc import RecordRefused, Transaction
from ..databases.catalogue import facts_of
from ..databases.dialect import MYSQL, Dialect, dialect_of
from ..databases.nodes import RowsRoot
from ..databases.outside import refuse_outside
from ..databases.plain_query import PlainQuery, plain_query
from ..databases.read_columns import read_columns
from ..databases.rights import rights_missing, update_rights_missing
from ..databases.rules import Asking, Rule, rules_of
from ..databases.session import Session
from ..databases.sql_tokens import is_standard
from ..databases.sqlite import quoted
from ..databases.statement import load
from ..databases.table_facts import TableFacts
from ..databases.update_node import Update
from ..errors import DataRefused, DefinitionError, SchemaMismatch
from ..model.chunk import Written
from ..model.chunk_size import BRIEF_TRANSACTION_S, TRANSACTION_S
from ..model.rows_by_column import RowsByColumn
from ..pipeline import Map, Stage
from .rows_source_query import KeyedQuery, ask
from .update_changes import Changes, changes_of
from .update_comparison import Comparison, types_of
from .update_mysql import MysqlReading, MysqlUpdate
from .update_postgresql import PostgresqlUpdate
from .update_sqlite import SqliteUpdate

_Writing: TypeAlias = PostgresqlUpdate | SqliteUpdate | MysqlUpdate


class UpdateSink:
    """`abc.Sink` over columns of a table's rows.

    Args:
        update: What is set.
        root: Where the records come from.

    Raises:
        DefinitionError: If what is overwritten could not be compared with what was read.
    """

    def __init__(self, update: Update[Any], root: RowsRoot) -> None:
        self._update = update
        self._root = root
        if root.database is not update.database:
            raise DefinitionError(
                f"table {update.table} is in database {update.database.name}, the records come from"
                f" {root.database.name}: what is overwritten could not be compared with them",
                hint="read the rows from the database in which they are updated",
            )
        if root.key != update.key:
            raise DefinitionError(
                f"the rows are told apart by {', '.join(root.key)}, those of {update.table} by"
                f" {', '.join(update.key)}: nobody could tell which row a record was",
                hint="give db.rows and db.update the same key",
            )

    @property
    def name(self) -> str:
        return self._update.table

    @cached_property
    def said(self) -> str:
        """What is to be said of it when a run begins: what fires; empty for nothing."""
        table = self._update.table
        named = {"postgresql": quoted(table), "sqlite": table.rpartition(".")[2]}
        with closing(self._update.database.session()) as session:
            triggers = load(session.dialect, "update_triggers")
            rows = session.query(triggers, table=named.get(session.dialect, table))
        if not rows:
            return ""
        names = ", ".join(row.name for row in rows)
        return f"each row that is updated in {self.name} fires: {names}"

    @property
    def sweeps(self) -> bool:
        """Whether the query is to be read again: not if it gives every row, written or not."""
        if self._root.table:
            return False
        plain = _plain(self._update, self._root)
        return plain is None or bool(plain.condition)

    @property
    def tries_again(self) -> bool:
        """Whether rows that were changed meanwhile are tried once more at once: no sweep does."""
        return not self.sweeps

    @property
    def transaction_s(self) -> float:
        """How long a transaction should take: the application waits for rows that it writes."""
        return TRANSACTION_S if self._dialect.is_file else BRIEF_TRANSACTION_S

    @property
    def reads_ahead(self) -> bool:
        """Whether the next chunk may be read while one is written: a server has several hands."""
        return not self._dialect.is_file

    @property
    def stages(self) -> Sequence[Stage]:
        """What computes the new values of one record, as the last stages of the step."""
        update = self._update
        if update.set_chunk:
            return ()
        functions = tuple(update.set.values())
        name = f"set {', '.join(update.set)}"
        if len(functions) == 1:
            return (Map(name, functions[0]),)
        return (Map(name, lambda record: tuple(function(record) for function in functions)),)

    def computed(self, records: Sequence[Any], rows: Sequence[Sequence[Any]]) -> Sequence[Any]:
        """Join each row, as it was read, with its new values."""
        update = self._update
        if not update.set_chunk:
            return self._prepared(Changes(rows, records))
        columns = [
            *([function(record) for record in records] for function in update.set.values()),
            *(_all(column, function(records), records) for column, function in _items(update)),
        ]
        values = columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))
        return self._prepared(Changes(rows, values))

    def _prepared(self, changes: Changes) -> Changes:
        if isinstance(self._writing, PostgresqlUpdate):
            self._writing.prepare(changes)
        return changes

    def facts(self) -> Mapping[str, Any]:
        """Return what must not change between two attempts at a run."""
        update = self._update
        return {"update": update.table, "key": list(update.key), "set": list(update.columns)}

    # ---------------------------------------------------------------- preflight

    def preflight(self) -> None:
        update = self._update
        facts = facts_of(update.database.url, update.table)
        if facts is None:
            raise SchemaMismatch(
                f"table {update.table} does not exist in {update.database.name}",
                hint="create it; an update changes rows that are there",
            )
        self._refuse_drift(facts)
        refuse_outside(update.database.url, update.table)
        missing = rights_missing(
            update_rights_missing(update.database.url, update.table, update.columns),
            update.database.name,
        )
        if missing is not None:
            raise missing
        self._writing  # noqa: B018 - its queries are tried now

    def _refuse_drift(self, facts: TableFacts) -> None:
        update = self._update
        wanted = (*update.key, *update.columns)
        if missing := [column for column in wanted if column not in facts.columns]:
            raise SchemaMismatch(
                f"table {update.table} has no column {', '.join(missing)}",
                hint=f"add it, or correct the name; the table has: {', '.join(facts.columns)}",
            )
        if computed := [column for column in update.columns if column in facts.generated]:
            raise SchemaMismatch(
                f"column {', '.join(computed)} of table {update.table} is computed by the database",
                hint="leave it out of what is set",
            )
        if not facts.is_key(update.key):
            raise SchemaMismatch(
                f"({', '.join(update.key)}) is no unique key of {update.table}"
                " whose columns are all NOT NULL",
                hint="add a primary key or a unique constraint on NOT NULL columns",
            )

    @cached_property
    def _writing(self) -> _Writing:
        with closing(self._update.database.session()) as session:
            return _WRITING[session.dialect](self._update, self._root, session)

    # ---------------------------------------------------------------- writing

    def prepare(self, tx: Transaction) -> None:
        return None

    def write(self, tx: Transaction, records: Sequence[Any]) -> Written:
        changes = changes_of(records)
        self._refuse_two_for_one(changes.rows)
        return self._writing.write(tx, changes)

    def goes_in_pieces(self, tx: Transaction) -> bool:
        """Say yes: what is written was computed before."""
        del tx
        return self._dialect.is_file

    def _refuse_two_for_one(self, rows: RowsByColumn) -> None:
        """Raise if two records came from one row: neither is the row's new value.

        What came from one row stands side by side, and has one key.
        """
        keys = [rows.columns[place] for place in self._writing.key_places]
        is_same = [list(map(eq, column, islice(column, 1, None))) for column in keys]
        twice = is_same[0] if len(is_same) == 1 else list(map(all, zip(*is_same, strict=True)))
        if any(twice):
            refusal = DataRefused(TWO_FOR_ONE, hint=TWO_FOR_ONE_HINT)
            raise RecordRefused(twice.index(True) + 1, refusal)

    def suspects(
        self, tx: Transaction, records: Sequence[Any], refusal: DataRefused
    ) -> Sequence[int]:
        """Return the places of the records that break the rules of the kind that was broken."""
        broken = [rule for rule in self._rules(tx) if rule.is_meant_by(refusal)]
        if not broken or not records:
            return ()
        names = self._update.columns
        rows = [values if len(names) > 1 else (values,) for _, values in records]
        columns = dict(zip(names, zip(*rows, strict=True), strict=True))
        asking = Asking(tx, self._update.table, self._dialect.name, columns)
        return sorted(set[int]().union(*map(asking.broken, broken)))

    def _rules(self, tx: Transaction) -> Sequence[Rule]:
        return rules_of(tx, self._update.table, self._dialect.name)

    @property
    def _dialect(self) -> Dialect:
        return dialect_of(self._update.database.url)

    def rows_expected(self, written: int) -> tuple[str, int] | None:
        return None


TWO_FOR_ONE = "two records came from one row, and neither is its new value"
TWO_FOR_ONE_HINT = "let no flat_map make several records of a row that is updated"


def _items(update: Update[Any]) -> Sequence[tuple[str, Any]]:
    return list(update.set_chunk.items())


def _all(column: str, values: Sequence[object], records: Sequence[Any]) -> Sequence[object]:
    if len(values) != len(records):
        raise DefinitionError(
            f"the function for column {column} gave {len(values)} values"
            f" for {len(records)} records",
            hint="return one value for each record, in the same order",
        )
    return values


def _postgresql(update: Update[Any], root: RowsRoot, session: Session) -> PostgresqlUpdate:
    binds = dict(root.binds)
    columns = read_columns(session, root.query, binds)
    types = types_of(session, update.table)
    _refuse_lost_key([column.name for column in columns], root)
    plain = _plain(update, root)
    if plain is not None and not types.keys() >= {column.name for column in columns}:
        plain = None  # a word that looks like a column, such as current_date
    return PostgresqlUpdate(
        Comparison(
            update.table,
            update.key,
            update.columns,
            root.query,
            binds,
            tuple(columns),
            types,
            plain,
        )
    )


def _sqlite(update: Update[Any], root: RowsRoot, session: Session) -> SqliteUpdate:
    columns = _columns(root, session)
    return SqliteUpdate(
        table=update.table,
        key=update.key,
        set_=update.columns,
        query=root.query,
        binds=dict(root.binds),
        columns=columns,
    )


def _mysql(update: Update[Any], root: RowsRoot, session: Session) -> MysqlUpdate:
    columns = _columns(root, session)
    facts = facts_of(update.database.url, update.table)
    plain = _plain(update, root)
    if facts is None or not set(columns) <= set(facts.columns):
        plain = None
    reading = MysqlReading(root.query, dict(root.binds), columns, plain)
    writing = MysqlUpdate(update.table, update.key, update.columns, reading)
    writing.probe(session)
    return writing


_WRITING: Final[Mapping[str, Callable[[Update[Any], RowsRoot, Session], _Writing]]] = {
    "postgresql": _postgresql,
    "sqlite": _sqlite,
    "mysql": _mysql,
}


def _plain(update: Update[Any], root: RowsRoot) -> PlainQuery | None:
    """Return the query, if it is seen to be one over columns of the table that is updated."""
    if dialect_of(root.database.url) is MYSQL and not is_standard(root.query, update.table):
        return None
    return plain_query(root.query, update.table)


def _columns(root: RowsRoot, session: Session) -> tuple[str, ...]:
    columns = tuple(ask(session, KeyedQuery(root).names())[0])
    _refuse_lost_key(columns, root)
    return columns


def _refuse_lost_key(columns: Sequence[str], root: RowsRoot) -> None:
    if missing := [column for column in root.key if column not in columns]:
        raise SchemaMismatch(
            f"the query does not give {', '.join(missing)}, by which its rows are told apart",
            hint="select the key as well",
        )
