"""DuckDB: its session, and the savepoints that it does not have.

One process at a time has the file; its transactions take turns (`turns`). A transaction sees what
was committed when it began, and is refused when it changes a value that another one has changed
meanwhile: so the fence counts in the row of its epoch. The first error ends a transaction. What was
written in it is therefore noted down, and going back to a savepoint means: roll back, begin, and
write again what was written before the savepoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

import duckdb

from ..errors import (
    DatabaseUnreachable,
    DataRefused,
    DaybreakError,
    TransactionEnded,
    TransientError,
)
from ..model.row import Row
from .duckdb_errors import ours
from .sqlite import quoted
from .statement import binds_of, check_binds, in_dollar_style, shortened, statements_of
from .url import Url

_READS: Final = frozenset({"SELECT", "EXPLAIN", "PREPARE", "RELATION", "LOGICAL_PLAN"})
_REFUSED_IN_TRANSACTION: Final = frozenset({"TRANSACTION", "ATTACH", "DETACH", "CALL"})


def plain(value: Any) -> Any:
    """Return a value as the driver takes it."""
    match value:
        case Enum():
            return plain(value.value)
        case Path():
            return str(value)
        case memoryview() | bytearray():
            return bytes(value)
        case _:
            return value


@dataclass(frozen=True, slots=True)
class _Written:
    """One statement that wrote something in the open transaction."""

    again: Callable[[], int]
    rows: int


class DuckdbSession:
    """A session with a DuckDB file."""

    dialect = "duckdb"
    is_never_in_doubt = True

    def __init__(self, url: Url) -> None:
        self._path = url.database or ":memory:"
        self._written: list[_Written] = []
        self._kept: int | None = None
        self._transaction_id: int | None = None
        self._is_guarded = False
        self._known_kinds: dict[str, frozenset[str]] = {}
        folder = Path(self._path).parent
        if self._path != ":memory:" and not folder.is_dir():
            raise DatabaseUnreachable(
                f"cannot open {self._path}: folder {folder} does not exist",
                hint=f"make the folder, or name another file: mkdir -p {folder}",
            )
        with self._translated("opening"):
            self.connection = duckdb.connect(self._path)

    def execute(self, sql: str, /, **bind: object) -> int:
        check_binds(sql, set(bind))
        return self._noted(sql, lambda: self._count(sql, bind))

    def query(self, sql: str, /, **bind: object) -> list[Row]:
        check_binds(sql, set(bind))
        if self._is_read(sql):
            return self._rows(sql, bind)
        found: list[Row] = []

        def run() -> int:
            found[:] = self._rows(sql, bind)
            return len(found)

        self._noted(sql, run)
        return found

    def tuples(self, sql: str, /, **bind: object) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.query(sql, **bind)]

    def _is_read(self, sql: str) -> bool:
        return bool(kinds := self._kinds(sql)) and kinds <= _READS

    def _kinds(self, sql: str) -> frozenset[str]:
        """Return of which kinds the statements are; a text that is none tells when it is run."""
        if sql not in self._known_kinds:
            try:
                found = self.connection.extract_statements(in_dollar_style(sql))
            except duckdb.Error:
                return frozenset()
            self._known_kinds[sql] = frozenset(one.type.name for one in found)
        return self._known_kinds[sql]

    def _noted(self, sql: str, run: Callable[[], int]) -> int:
        """Run something that may write; in a transaction note down how to do it again."""
        if self._is_guarded:
            self._refuse_ending(sql)
        rows = run()
        if self.in_transaction and not self._is_read(sql):
            self._written.append(_Written(run, rows))
        return rows

    def _refuse_ending(self, sql: str) -> None:
        if found := self._kinds(sql) & _REFUSED_IN_TRANSACTION:
            raise TransactionEnded(
                f"a statement tried to begin or end the transaction it was given, or to leave its"
                f" file ({', '.join(sorted(found))}): {shortened(sql)}",
                hint="leave BEGIN, COMMIT, ROLLBACK, ATTACH and CHECKPOINT out of the function",
            )

    def _count(self, sql: str, bind: Mapping[str, object]) -> int:
        with self._translated(sql):
            ran = self.connection.execute(in_dollar_style(sql), _spelled(bind))
            rows = ran.fetchall() if ran.rowcount < 0 else []
            return max(ran.rowcount, len(rows))

    def _rows(self, sql: str, bind: Mapping[str, object]) -> list[Row]:
        with self._translated(sql):
            ran = self.connection.execute(in_dollar_style(sql), _spelled(bind))
            names = tuple(column[0] for column in ran.description or ())
            return [Row(names, values) for values in ran.fetchall()]

    def executemany(self, sql: str, binds: Sequence[Mapping[str, object]], /) -> int:
        rows = 0
        for place, bind in enumerate(binds):
            try:
                rows += self.execute(sql, **bind)
            except DataRefused as refused:
                refused.row = place
                raise
        return rows

    def script(self, sql: str, /) -> None:
        for statement in statements_of(sql):
            self.execute(statement)

    def copy(self, table: str, rows: Sequence[Sequence[object]], columns: Sequence[str]) -> int:
        """Write rows as one list for each column; the driver binds single rows much slower."""
        if not rows:
            return 0
        names = ", ".join(quoted(column) for column in columns)
        types = enumerate(self._types(table, names), start=1)
        lists = ", ".join(f"unnest(${n}::{spoken}[])" for n, spoken in types)
        sql = f"insert into {quoted(table)} ({names}) select {lists}"
        values = [[plain(value) for value in column] for column in zip(*rows, strict=True)]

        def run() -> int:
            with self._translated(sql):
                return self.connection.execute(sql, values).rowcount

        return self._noted(sql, run)

    def _types(self, table: str, names: str) -> list[str]:
        """Return the types of columns; a query without rows tells sooner than the catalogue."""
        sql = f"select {names} from {quoted(table)} limit 0"  # noqa: S608 - quoted names
        with self._translated(sql):
            return [str(column[1]) for column in self.connection.execute(sql).description]

    def begin(self) -> None:
        with self._translated("begin"):
            self.connection.execute("begin transaction")
            self._transaction_id = self._number()
        self._written, self._kept = [], None

    def begin_first(self) -> None:
        self.begin()

    def begin_with(self, sql: str, /, **bind: object) -> list[Row]:
        """Begin, and run a script of ours, whose last statement returns the row that it wrote."""
        self.begin()
        return self._run_script(sql, bind)

    def _run_script(self, sql: str, bind: Mapping[str, object]) -> list[Row]:
        found: list[Row] = []
        for statement in statements_of(sql):
            found = self.query(
                statement, **{name: bind[name] for name in bind if name in binds_of(statement)}
            )
        return found

    def commit(self) -> None:
        with self._translated("commit"):
            self.connection.execute("commit")
        self._forget()

    def commit_with(self, sql: str, /, **bind: object) -> bool:
        if not self._is_the_one_begun() or self.execute(sql, **bind) != 1:
            return False
        self.commit()
        return True

    def rollback(self) -> None:
        if self.in_transaction:
            with suppress(duckdb.Error):
                self.connection.execute("rollback")
        self._forget()

    def _forget(self) -> None:
        self._transaction_id, self._written, self._kept = None, [], None

    def savepoint(self) -> str:
        if not self._is_the_one_begun():
            return "another"
        self._kept = len(self._written)
        return ""

    def release_savepoint(self) -> None:
        self._kept = None

    def back_to_savepoint(self) -> None:
        """Roll back, begin anew, and write again what was written before the savepoint.

        Raises:
            TransientError: If the same did not come of it: somebody took the run over, for one. The
                transaction must be rolled back.
        """
        assert self._kept is not None, "savepoint() first"
        again = self._written[: self._kept]
        self.rollback()
        self.begin()
        try:
            for written in again:
                if written.again() != written.rows:
                    raise _other_outcome("a statement touched other rows than before")
        except (DataRefused, TransactionEnded) as error:
            raise _other_outcome(str(error)) from error
        self._written = again

    def force_constraints(self) -> None:
        return  # every constraint is checked at once

    def _number(self) -> int:
        return int(self.connection.execute("select txid_current()").fetchall()[0][0])

    def _is_the_one_begun(self) -> bool:
        with self._translated("select txid_current()"):
            return self._number() == self._transaction_id

    @property
    def in_transaction(self) -> bool:
        return self._transaction_id is not None

    @property
    def is_usable(self) -> bool:
        return True

    @contextmanager
    def guarded(self) -> Iterator[None]:
        self._is_guarded = True
        try:
            yield
        finally:
            self._is_guarded = False

    def close(self) -> None:
        self.rollback()
        with suppress(duckdb.Error):
            self.connection.close()

    @contextmanager
    def _translated(self, sql: str) -> Iterator[None]:
        try:
            yield
        except (duckdb.Error, UnicodeEncodeError, OverflowError, TypeError) as error:
            raise ours(error, sql, self._path) from error


def _spelled(bind: Mapping[str, object]) -> dict[str, Any]:
    return {name: plain(value) for name, value in bind.items()}


def _other_outcome(why: str) -> DaybreakError:
    return TransientError(
        f"what a chunk had written could not be written again: {why}",
        hint="the chunk was rolled back, and is tried again; see who else writes to the file",
    )
