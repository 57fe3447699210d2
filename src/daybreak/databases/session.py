"""A session with one database: connect, run statements, begin and end transactions.

Sessions are for one thread at a time. Outside `begin` and its end every statement commits by
itself. Errors of the drivers leave here as ours: `DataRefused`, `TransientError`, `SinkError`,
`DatabaseUnreachable`, `RightsMissing`, `SchemaMismatch`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from typing import Any, Protocol, runtime_checkable

from ..errors import DatabaseUnreachable
from ..model.raw import RawRecords
from ..model.row import Row, values_of
from .dialect import DUCKDB, MYSQL, SQLITE, Dialect, dialect_of
from .looking import lent
from .url import parse

LOCK_WAIT_S = 30.0
"""How long a statement waits for somebody else's lock before it is a `TransientError`."""


class Session(Protocol):
    """One open connection."""

    dialect: str
    """The name of its `Dialect`."""

    connection: Any
    """The driver's own connection."""

    is_never_in_doubt: bool
    """Whether a COMMIT that raised was certainly not executed, and the session can still be asked:
    there is no connection that could lose the answer."""

    def execute(self, sql: str, /, **bind: object) -> int:
        """Run one statement; return the rows it touched."""
        ...

    def executemany(self, sql: str, binds: Sequence[Mapping[str, object]], /) -> int:
        """Run one statement for every set of binds; return the rows it touched."""
        ...

    def query(self, sql: str, /, **bind: object) -> list[Row]:
        """Run a query; return all its rows."""
        ...

    def script(self, sql: str, /) -> None:
        """Run several statements without binds."""
        ...

    def copy(self, table: str, rows: Sequence[Sequence[object]], columns: Sequence[str]) -> int:
        """Write rows the fastest way; return how many the database counted.

        Raises:
            DataRefused: With the row at fault, where that is known.
        """
        ...

    def begin(self) -> None:
        """Begin at a stated level: READ COMMITTED, or SQLite's BEGIN IMMEDIATE."""
        ...

    def begin_first(self) -> None:
        """Begin before all who have not begun yet, where the database's lock knows no queue."""
        ...

    def begin_with(self, sql: str, /, **bind: object) -> list[Row]:
        """Begin, and run the transaction's first query in the same round trip, if there are any.

        If it raises, a transaction may be open: roll it back.
        """
        ...

    def commit(self) -> None:
        """Commit."""
        ...

    def commit_with(self, sql: str, /, **bind: object) -> bool:
        """Run the transaction's last statement, which must touch one row, and commit.

        Both take one round trip, if there are any. On a server the statement itself must fail,
        by dividing by zero, if it finds no such row.

        Returns:
            False if it did not touch one row: then nothing was committed.
        """
        ...

    def rollback(self) -> None:
        """Roll back; never raises for a connection that is gone."""
        ...

    def savepoint(self) -> str:
        """Set the savepoint `daybreak`; return the transaction's number, empty if it has none."""
        ...

    def release_savepoint(self) -> None:
        """Keep what happened since the savepoint, and give it up."""
        ...

    def back_to_savepoint(self) -> None:
        """Undo what happened since the savepoint, and give it up."""
        ...

    def force_constraints(self) -> None:
        """Check deferred constraints now, as far as the savepoint's transaction broke them.

        Raises:
            DataRefused: If one is broken.
        """
        ...

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open, by the driver's word."""
        ...

    @property
    def is_usable(self) -> bool:
        """Whether the connection still works, as far as the driver knows."""
        ...

    def guarded(self) -> AbstractContextManager[None]:
        """Refuse statements that begin or end transactions, as far as the database can."""
        ...

    def close(self) -> None:
        """End the session; an open transaction is rolled back."""
        ...


@runtime_checkable
class TupleSession(Protocol):
    """What a `Session` may be besides: one that gives rows as the driver does, which is cheaper."""

    def tuples(self, sql: str, /, **bind: object) -> list[tuple[Any, ...]]:
        """Run a query; return the values of all its rows."""
        ...


@runtime_checkable
class DatedSession(Protocol):
    """What a `Session` may be besides: one that says what was committed before it read."""

    def dated(self, sql: str, /, **bind: object) -> tuple[str, list[tuple[Any, ...]]]:
        """Run a query; return the values of all its rows, and a transaction's number.

        Every transaction with a lower number had ended before: what it committed is in them.
        """
        ...


@runtime_checkable
class TypedSession(Protocol):
    """What a `Session` may be besides: one whose driver tells of which types a query's columns are.

    Others have a function of SQL that does.
    """

    def types(self, sql: str, /, **bind: object) -> list[str]:
        """Run a query; return the types of its columns, in the database's words."""
        ...


def tuples_of(session: Session, sql: str, **bind: object) -> list[tuple[Any, ...]]:
    """Run a query; return the values of all its rows, in the cheapest way that the session has."""
    if isinstance(session, TupleSession):
        return session.tuples(sql, **bind)
    return [tuple(values_of(row)) for row in session.query(sql, **bind)]


@runtime_checkable
class RawSession(Protocol):
    """What a `Session` may be besides: one whose database reads records from bytes itself."""

    def copy_raw(self, table: str, raw: RawRecords) -> int:
        """Write records as bytes; return how many the database counted.

        Raises:
            DataRefused: If it refused some of them; their names are the columns'.
        """
        ...


class Connect(Protocol):
    """Opens sessions; `connect` does, and a rehearsal in its own way."""

    def __call__(self, url: str, /, *, application: str = ..., lock_wait_s: float = ...) -> Session:
        """Open a session with a database, as `connect`."""
        ...


def connect(
    url: str,
    /,
    *,
    application: str = "daybreak",
    lock_wait_s: float = LOCK_WAIT_S,
    is_brief: bool = False,
) -> Session:
    """Open a session.

    Args:
        url: As `Database` takes it.
        application: Name shown to the database's administrator, where it shows one.
        lock_wait_s: How long to wait for locks of others.
        is_brief: Whether all its statements are short: a server that does not answer one in twice
            that time, or in ten seconds, is given up. Otherwise only beginning and ending a
            transaction is short.

    Raises:
        DatabaseUnreachable: With the cause and, for files, the folder that is missing.
        DatabaseBusy: If another process has a file open that only one at a time can have.
    """
    parsed = parse(url)
    # Only the driver in use is imported.
    dialect = dialect_of(url)
    if dialect is SQLITE:
        from .sqlite import SqliteSession  # noqa: PLC0415 - as said above

        return SqliteSession(parsed, lock_wait_s=lock_wait_s)
    if dialect is DUCKDB:
        with _driver_of(dialect):
            from .duckdb import DuckdbSession  # noqa: PLC0415 - as said above

        return DuckdbSession(parsed)
    server: dict[str, Any] = {
        "application": application,
        "lock_wait_s": lock_wait_s,
        "is_brief": is_brief,
    }
    if dialect is MYSQL:
        with _driver_of(dialect):
            from .mysql import MysqlSession  # noqa: PLC0415 - as said above

        return MysqlSession(parsed, **server)
    from .postgresql import PostgresqlSession  # noqa: PLC0415 - as said above

    return PostgresqlSession(parsed, **server)


@contextmanager
def _driver_of(dialect: Dialect) -> Iterator[None]:
    """Say which extra brings a driver that is missing."""
    try:
        yield
    except ImportError as error:
        raise DatabaseUnreachable(
            f"the driver of {dialect.product} is not installed: {error}",
            hint=f"pip install 'daybreak[{dialect.name}]'",
        ) from error


@contextmanager
def opened(
    url: str, *, application: str = "daybreak", lock_wait_s: float = LOCK_WAIT_S
) -> Iterator[Session]:
    """Have a session for a look: one of the block's own, or that of the thread that looks around.

    A file is opened for each look: that takes no time, and some let only one in at a time.
    """
    opens = partial(connect, url, application=application, lock_wait_s=lock_wait_s)
    is_file = dialect_of(url).is_file
    with closing(opens()) if is_file else lent(url, (application, lock_wait_s), opens) as session:
        yield session


@contextmanager
def transaction(session: Session, *, goes_first: bool = False) -> Iterator[Session]:
    """Commit what happens in the block, or roll it back on an exception.

    Args:
        session: Not in a transaction.
        goes_first: Whether it passes all who have not begun yet.
    """
    if goes_first:
        session.begin_first()
    else:
        session.begin()
    try:
        yield session
    except BaseException:
        session.rollback()
        raise
    session.commit()
