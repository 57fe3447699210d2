"""PostgreSQL: its session, over psycopg 3."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Final

import psycopg
from psycopg import sql as composing
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from ..errors import DatabaseUnreachable, TransactionEnded
from ..model.raw import RawRecords
from ..model.row import Row
from .answering import AnsweringConnection
from .copying import RowRefused, copy_raw, copy_rows, copy_statement, names_of, raw_options
from .postgresql_errors import ours
from .statement import check_binds, in_percent_style, load
from .url import Url

# What the driver warns of is raised as well; on standard error it would only puzzle.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

ANSWER_LOCK_WAITS: Final = 2.0
"""Our own short statements are answered within so many lock waits, or not at all."""

ANSWER_S_MIN: Final = 10.0
"""A busy server may take so long in any case."""

PROBED_AFTER_S: Final = 10
PROBED_EVERY_S: Final = 5
PROBES: Final = 3
"""How a silent network is noticed, at either end."""

BEGIN: Final = "begin isolation level read committed"


class PostgresqlSession:
    """A session with a PostgreSQL server."""

    dialect = "postgresql"
    is_never_in_doubt = False

    def __init__(
        self, url: Url, *, application: str, lock_wait_s: float, is_brief: bool = False
    ) -> None:
        self._name = url.database or ""
        conninfo = str(replace(url, scheme="postgresql"))
        lock_ms, idle_ms = int(lock_wait_s * 1000), int(lock_wait_s * 2000)
        try:
            self.connection: AnsweringConnection = AnsweringConnection.connect(
                conninfo,
                autocommit=True,
                application_name=application,
                connect_timeout=10,
                keepalives_idle=PROBED_AFTER_S,
                keepalives_interval=PROBED_EVERY_S,
                keepalives_count=PROBES,
                tcp_user_timeout=lock_ms,
                row_factory=tuple_row,
                options=(
                    f"-c lock_timeout={lock_ms}"
                    f" -c idle_in_transaction_session_timeout={idle_ms}"
                    " -c client_min_messages=warning"
                    f" {_noticed_by_server(lock_ms)}"
                ),
            )
        except psycopg.OperationalError as error:
            raise DatabaseUnreachable(
                f"cannot connect to {url.without_credentials()}: {' '.join(str(error).split())}",
                hint="check that the server runs, the address, the name and the user's rights",
            ) from error

        self._answer_s = max(ANSWER_S_MIN, ANSWER_LOCK_WAITS * lock_wait_s)
        if is_brief:
            self.connection.answer_s = self._answer_s
        self.backend_pid = self.connection.info.backend_pid
        """The server process that serves this session; known when the connection is lost, too."""

        # One cursor for all statements: it keeps what it learned about types. Their results are
        # read before the next one runs; BEGIN and COMMIT, which share round trips, have their own,
        # and so has COPY. To make one takes as long as to send a row.
        self._cursor = self.connection.cursor()
        self._ends = self.connection.cursor()
        self._copies = self.connection.cursor()

    def execute(self, sql: str, /, **bind: object) -> int:
        return max(self._run(sql, bind).rowcount, 0)

    def query(self, sql: str, /, **bind: object) -> list[Row]:
        cursor = self._run(sql, bind)
        with self._translated(sql):
            return _rows(cursor)

    def tuples(self, sql: str, /, **bind: object) -> list[tuple[Any, ...]]:
        cursor = self._run(sql, bind)
        with self._translated(sql):
            return cursor.fetchall()

    def dated(self, sql: str, /, **bind: object) -> tuple[str, list[tuple[Any, ...]]]:
        with self._translated(sql):
            with self.connection.pipeline():
                self._ends.execute(load(self.dialect, "ended_before").encode())
                cursor = self._run(sql, bind)
            ended = self._ends.fetchone()
            assert ended is not None, "it always gives a row"
            return ended[0], cursor.fetchall()

    def _run(self, sql: str, bind: Mapping[str, object]) -> psycopg.Cursor[Any]:
        check_binds(sql, set(bind))
        with self._translated(sql):
            return self._cursor.execute(in_percent_style(sql).encode(), bind)

    def executemany(self, sql: str, binds: Sequence[Mapping[str, object]], /) -> int:
        if not binds:
            return 0
        check_binds(sql, set(binds[0]))
        with self._translated(sql), self.connection.cursor() as cursor:
            cursor.executemany(in_percent_style(sql).encode(), binds)
            return max(cursor.rowcount, 0)

    def script(self, sql: str, /) -> None:
        with self._translated(sql):
            self._ends.execute(sql.encode())

    def copy(self, table: str, rows: Sequence[Sequence[object]], columns: Sequence[str]) -> int:
        with self._translated(f"copy {table}"):
            return copy_rows(self._copies, copy_statement(table, tuple(columns)), rows)

    def copy_raw(self, table: str, raw: RawRecords) -> int:
        """Write records as bytes; return how many the server counted."""
        statement = composing.SQL("copy {} ({}) from stdin {}").format(
            composing.Identifier(*table.split(".")),
            names_of([field.name for field in raw.shape.fields]),
            raw_options(raw.shape),
        )
        with self._translated(f"copy {table}"):
            return copy_raw(self._copies, statement, raw)

    def begin(self) -> None:
        with self._translated("begin"), self.connection.answering(self._answer_s):
            self._ends.execute(BEGIN)

    def begin_first(self) -> None:
        self.begin()  # who waits for a row is served in the order of arrival

    def begin_with(self, sql: str, /, **bind: object) -> list[Row]:
        with self._translated(sql), self.connection.answering(self._answer_s):
            with self.connection.pipeline():
                self._ends.execute(BEGIN)
                cursor = self._run(sql, bind)
            return _rows(cursor)

    def commit(self) -> None:
        with self._translated("commit"), self.connection.answering(self._answer_s):
            told = self._ends.execute("commit")
        self._refuse_rollback(told)

    def commit_with(self, sql: str, /, **bind: object) -> bool:
        with self._translated("commit"), self.connection.answering(self._answer_s):
            try:
                with self.connection.pipeline():
                    self._run(sql, bind)
                    told = self._ends.execute("commit")
            except psycopg.errors.DivisionByZero:
                return False
        self._refuse_rollback(told)
        return True

    def _refuse_rollback(self, committed: psycopg.Cursor[Any]) -> None:
        """Raise unless a COMMIT was answered as one."""
        told = committed.statusmessage
        if told != "COMMIT":
            raise TransactionEnded(
                f"COMMIT was answered by {told}: a statement in the transaction had failed",
                hint="let the function's database errors leave the function",
            )

    def rollback(self) -> None:
        try:
            if self.in_transaction:
                self.connection.execute("rollback")
        except psycopg.Error:
            self.close()  # whatever it is doing: the next chunk needs a session that listens

    def savepoint(self) -> str:
        asked = load(self.dialect, "transaction_id")
        with self._translated("savepoint"):
            told = self._ends.execute(f"savepoint daybreak; {asked}".encode())
            told.nextset()
            row = told.fetchone()
        return row[0] if row else ""

    def release_savepoint(self) -> None:
        self.script("release savepoint daybreak")

    def back_to_savepoint(self) -> None:
        self.script("rollback to savepoint daybreak; release savepoint daybreak")

    def force_constraints(self) -> None:
        # Those that are immediate by themselves stay so: only then does an error name its row.
        deferred = self.query(load(self.dialect, "constraints_deferred"))[0].names
        again = f"; set constraints {deferred} deferred" if deferred else ""
        self.script(f"set constraints all immediate{again}")

    @property
    def in_transaction(self) -> bool:
        return self.connection.info.transaction_status in (
            TransactionStatus.INTRANS,
            TransactionStatus.INERROR,
            TransactionStatus.ACTIVE,
        )

    @property
    def is_usable(self) -> bool:
        return not (self.connection.closed or self.connection.broken)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        # PostgreSQL cannot refuse COMMIT to one user of a session: the transaction's number is
        # compared before the marker is completed (writer.py).
        yield

    def close(self) -> None:
        with suppress(psycopg.Error):
            self.connection.close()

    @contextmanager
    def _translated(self, sql: str) -> Iterator[None]:
        try:
            yield
        except RowRefused as refused:
            raise ours(refused.cause, sql, self._name, refused.row) from refused.cause
        except (psycopg.Error, UnicodeEncodeError) as error:
            raise ours(error, sql, self._name) from error


def _noticed_by_server(user_timeout_ms: int) -> str:
    """Return the options by which a server notices that nobody hears it any more.

    Who waits in the middle of a COPY is not idle to it: without these it would wait, and keep its
    locks, for as long as its machine believes in a connection, which is hours.
    """
    return (
        f"-c tcp_keepalives_idle={PROBED_AFTER_S} -c tcp_keepalives_interval={PROBED_EVERY_S}"
        f" -c tcp_keepalives_count={PROBES} -c tcp_user_timeout={user_timeout_ms}"
    )


def _rows(cursor: psycopg.Cursor[Any]) -> list[Row]:
    names = tuple(column.name for column in cursor.description or ())
    return [Row(names, values) for values in cursor.fetchall()]
