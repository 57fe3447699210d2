"""MariaDB and MySQL: their session, over PyMySQL, and what it sets so that their traps are shut.

The session says how it wants to be spoken to, whatever the server's defaults are: strict, in
standard SQL (double quotes quote names, a backslash is a backslash), in utf8mb4, in UTC, at READ
COMMITTED. So every statement sees what was committed before it: at REPEATABLE READ the fence would
be read in a snapshot that may be older than the lock it was waited for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import pymysql
from pymysql.constants import CLIENT, SERVER_STATUS

from ..errors import (
    DatabaseUnreachable,
    DataRefused,
    DaybreakError,
    DefinitionError,
    TransactionEnded,
    TransientError,
)
from ..model.row import Row
from .mysql_errors import ours
from .mysql_guard import refuse_in_transaction
from .mysql_types import types_of
from .mysql_values import plain, single
from .sqlite import quoted
from .statement import check_binds, in_percent_style, load, statements_of
from .url import Url

if TYPE_CHECKING:
    from pymysql.cursors import Cursor

SQL_MODE: Final = (
    "ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ZERO_DATE,"
    "NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION"
)
CONNECT_S: Final = 10
ANSWER_LOCK_WAITS: Final = 2.0
"""Our own short statements are answered within so many lock waits, or not at all."""

ANSWER_S_MIN: Final = 10.0
STATEMENT_BYTES: Final = 1_000_000
"""One INSERT takes as many rows as fit into so much, or into half of what the server takes."""

SORTED_BYTES: Final = 65_536
"""Of a text so much is sorted by, which is more than an index holds; by default it is 1,024, and
texts that begin alike come in any order."""

SORT_BYTES: Final = 2**21
"""A sort needs room for fifteen such texts; MariaDB has it by default, MySQL an eighth of it."""

PACKET_MARGIN: Final = 1024
"""Bytes of a packet that are not the statement's own."""

_MARK: Final = "daybreak_chunk"
"""A savepoint that is set behind BEGIN and given up before COMMIT: it dies with its transaction, so
that it is there only if the transaction is the one that was begun."""


class MysqlSession:
    """A session with a MariaDB or MySQL server."""

    dialect = "mysql"
    is_never_in_doubt = False

    def __init__(
        self, url: Url, *, application: str, lock_wait_s: float, is_brief: bool = False
    ) -> None:
        self._name = url.database or ""
        self._answer_s = max(ANSWER_S_MIN, ANSWER_LOCK_WAITS * lock_wait_s)
        self._is_guarded = False
        self._lost: DaybreakError | None = None
        self._has_mark = False
        if not self._name:
            raise DefinitionError(
                "a URL of MariaDB or MySQL must name the database",
                hint="write mariadb://user@host/name",
            )
        try:
            connection: Any = pymysql.connect(
                **_place(url),
                database=self._name,
                charset="utf8mb4",
                autocommit=True,
                connect_timeout=CONNECT_S,
                read_timeout=self._answer_s if is_brief else None,
                client_flag=CLIENT.FOUND_ROWS,  # an UPDATE counts the rows it found, as elsewhere
                program_name=application,
            )
        except pymysql.Error as error:
            shown = url.without_credentials()
            raise DatabaseUnreachable(
                f"cannot connect to {shown}: {error.args[-1]}",
                hint="check that the server runs, the address, the name and the user's rights",
            ) from error
        self.connection: Any = connection
        self._speller: Cursor = connection.cursor()
        self.backend_pid = self.connection.thread_id()
        """The server's thread for this session; known when the connection is lost, too."""

        try:
            self._configure(application, lock_wait_s)
        except BaseException:
            self.close()
            raise

    def _configure(self, application: str, lock_wait_s: float) -> None:
        wait_s = max(1, round(lock_wait_s))  # these databases wait for whole seconds
        self.script(
            "set session transaction isolation level read committed;\n"
            f"set session sql_mode = '{SQL_MODE}', time_zone = '+00:00', foreign_key_checks = 1,"
            f" unique_checks = 1, innodb_lock_wait_timeout = {wait_s},"
            f" lock_wait_timeout = {wait_s}, group_concat_max_len = 1000000,"
            f" max_sort_length = {SORTED_BYTES},"
            f" sort_buffer_size = greatest(@@sort_buffer_size, {SORT_BYTES});\n"
        )
        if "MariaDB" in self.connection.get_server_info():
            self.script(f"set session idle_transaction_timeout = {2 * wait_s};\n")
        # By this lock the sessions of older epochs are told from others: no right is needed to
        # ask who holds it.
        lock = f"{application}:{self.backend_pid}"
        self.query("select get_lock(:lock, 0) as held", lock=lock[-64:])

    @cached_property
    def _packet_bytes_max(self) -> int:
        return int(self.query("select @@max_allowed_packet as bytes")[0].bytes) - PACKET_MARGIN

    @cached_property
    def _outside(self) -> frozenset[str]:
        """The tables of this database that take no part in transactions, in lower case."""
        return frozenset(row.name for row in self.query(load(self.dialect, "outside")))

    def execute(self, sql: str, /, **bind: object) -> int:
        return max(self._run(sql, bind).rowcount, 0)

    def query(self, sql: str, /, **bind: object) -> list[Row]:
        cursor = self._run(sql, bind)
        names = tuple(column[0] for column in cursor.description or ())
        return [Row(names, values) for values in cursor.fetchall()] if names else []

    def tuples(self, sql: str, /, **bind: object) -> list[tuple[Any, ...]]:
        return list(self._run(sql, bind).fetchall())

    def types(self, sql: str, /, **bind: object) -> list[str]:
        return types_of(self._run(sql, bind))

    def _run(self, sql: str, bind: Mapping[str, object]) -> Cursor:
        check_binds(sql, set(bind))
        return self._send(self._spelled(sql, bind), sql)

    def _spelled(self, sql: str, bind: Mapping[str, object]) -> str:
        """Return a statement with the values in it: that is how the driver binds."""
        with self._translated(sql):
            values = {name: plain(value) for name, value in bind.items()}
            return self._speller.mogrify(in_percent_style(sql), values)

    def _send(self, statement: str, said: str) -> Cursor:
        """Send a statement as it is; `said` is what errors show of it."""
        if self._lost is not None:
            raise self._lost  # nothing may follow in a transaction that the server has ended
        if self._is_guarded:
            refuse_in_transaction(said, self._outside)
        self._refuse_too_large(statement, said)
        cursor: Cursor = self.connection.cursor()
        with self._translated(said):
            cursor.execute(statement)
        return cursor

    def _refuse_too_large(self, statement: str, said: str) -> None:
        """Refuse what the server would not take: it would end the connection instead."""
        if len(statement) * 4 < STATEMENT_BYTES:
            return
        size = len(statement.encode(errors="surrogateescape"))
        if size > self._packet_bytes_max:
            raise DataRefused(
                f"the statement has {size} bytes with its values, of which the server takes"
                f" {self._packet_bytes_max} (max_allowed_packet)",
                rule="value",
                database=self._name,
                statement=said[:120],
            )

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
            self._send(statement, statement)

    def copy(self, table: str, rows: Sequence[Sequence[object]], columns: Sequence[str]) -> int:
        names = ", ".join(quoted(column) for column in columns)
        begin = f"insert into {quoted(table)} ({names}) values "  # noqa: S608 - quoted names
        said = begin + "…"
        size_max = min(STATEMENT_BYTES, self._packet_bytes_max // 2)
        written, pending, size = 0, list[str](), 0
        for place, row in enumerate(rows):
            one = self._row(row, said, place)
            if pending and size + len(one) > size_max // 2:  # in characters; most have one byte
                written += self._send(begin + ",".join(pending), said).rowcount
                pending, size = [], 0
            pending.append(one)
            size += len(one)
        if pending:
            written += self._send(begin + ",".join(pending), said).rowcount
        return written

    def _row(self, row: Sequence[object], said: str, place: int) -> str:
        try:
            with self._translated(said):
                marks = ",".join(["%s"] * len(row))
                return self._speller.mogrify(f"({marks})", [single(value) for value in row])
        except DataRefused as refused:
            refused.row = place
            raise

    def begin(self) -> None:
        with self._answering():
            self._send("start transaction", "start transaction")

    def begin_first(self) -> None:
        self.begin()  # who waits for a row is served in the order of arrival

    def begin_with(self, sql: str, /, **bind: object) -> list[Row]:
        """Begin, lock by the script's first statements, and insert the row of its last one."""
        self.begin()
        self._send(f"savepoint {_MARK}", "savepoint")
        self._has_mark = True
        *first, last = statements_of(sql)
        for statement in first:
            self._bound(statement, bind)
        try:
            is_marked = self._bound(last, bind).rowcount == 1
        except DataRefused as refused:
            if refused.rule != "unique":
                raise
            is_marked = False
        return [Row(("transaction_id",), ("",))] if is_marked else []

    def _bound(self, sql: str, bind: Mapping[str, object]) -> Cursor:
        """Run one statement of a script, whose binds are those of all of them."""
        return self._send(self._spelled(sql, bind), sql)

    def commit(self) -> None:
        with self._answering():
            self._send("commit", "commit")
        self._has_mark = False

    def commit_with(self, sql: str, /, **bind: object) -> bool:
        """Commit, if the transaction is the one that was begun.

        What else is seen than its marker, `savepoint`, tells: a COMMIT in between, or one that DDL
        implies, makes an end of it.
        """
        if not self._gives_up_mark():
            return False
        if self.execute(sql, **bind) != 1:
            return False
        self.commit()
        return True

    def _gives_up_mark(self) -> bool:
        try:
            self._send(f"release savepoint {_MARK}", "release savepoint")
        except TransactionEnded:
            return False
        return True

    def rollback(self) -> None:
        self._lost, self._has_mark = None, False
        try:
            if self.connection.open:
                self.connection.rollback()
        except pymysql.Error:
            self.close()  # whatever it is doing: the next chunk needs a session that listens

    def savepoint(self) -> str:
        self._send("savepoint daybreak", "savepoint")
        return ""

    def release_savepoint(self) -> None:
        self._send("release savepoint daybreak", "release savepoint")

    def back_to_savepoint(self) -> None:
        self._send("rollback to savepoint daybreak", "rollback to savepoint")
        self._send("release savepoint daybreak", "release savepoint")

    def force_constraints(self) -> None:
        return  # these databases check every constraint at once

    @property
    def in_transaction(self) -> bool:
        if not self.connection.open:
            return False
        # A transaction that the server has ended is not over for us: every statement says so.
        is_open = self.connection.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS
        return bool(is_open) or self._lost is not None

    @property
    def is_usable(self) -> bool:
        return bool(self.connection.open)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        self._outside  # noqa: B018 - asked before somebody's statements are looked at
        self._is_guarded = True
        try:
            yield
        finally:
            self._is_guarded = False

    def close(self) -> None:
        with suppress(pymysql.Error, OSError):
            self.connection.close()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Let no answer take longer than a short statement may, inside the block."""
        before = self.connection._read_timeout  # noqa: SLF001 - it has no public name
        self.connection._read_timeout = self._answer_s  # noqa: SLF001 - ditto
        try:
            yield
        finally:
            self.connection._read_timeout = before  # noqa: SLF001 - ditto

    @contextmanager
    def _translated(self, sql: str) -> Iterator[None]:
        was_begun = self.in_transaction
        try:
            yield
        except (pymysql.Error, UnicodeEncodeError, OverflowError, TypeError, OSError) as error:
            found = ours(error, sql, self._name)
            if was_begun and isinstance(error, pymysql.Error):
                self._note_end(found)
            raise found from error

    def _note_end(self, error: DaybreakError) -> None:
        """Ask whether the transaction is still open; a deadlock, for one, has ended it."""
        with suppress(pymysql.Error, OSError):
            self.connection.ping(reconnect=False)  # its answer carries the flag, an error does not
        is_open = self.connection.open and self.in_transaction
        if not is_open and isinstance(error, TransientError):
            self._lost = error


def _place(url: Url) -> dict[str, Any]:
    """Return where the server is, and who asks, as the driver wants it."""
    given: dict[str, Any] = {"host": url.host or "localhost", "user": url.username or ""}
    if url.port is not None:
        given["port"] = url.port
    if url.password is not None:
        given["password"] = url.password
    known = ("unix_socket", "ssl_ca", "ssl_cert", "ssl_key", "read_default_file")
    unknown = set(url.query) - {*known, "charset"}
    if unknown:
        raise DefinitionError(
            f"a URL of MariaDB or MySQL knows no {', '.join(sorted(unknown))}",
            hint=f"it knows {', '.join(known)}; charset is always utf8mb4",
        )
    given |= {name: url.query[name][-1] for name in known if name in url.query}
    if "unix_socket" in given and not any(name.startswith("ssl_") for name in given):
        given["ssl_disabled"] = True  # else the driver reads all certificates of the machine: 28 ms
    return given
