"""One session with the ledger's database, shared by threads, patient with transient failures.

Statements are called by their names. What they mean is not known here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ..databases.session import Session, connect
from ..databases.url import parse
from ..errors import DatabaseBusy, DatabaseUnreachable, TransientError
from ..faultpoints import hit
from ..model.row import Row
from .clock import Patience
from .statement import load

LOCK_WAIT_S = 10.0
"""How long one try waits for another process's lock. PostgreSQL ends a session that keeps such a
lock idly for twice as long (a stopped process): sooner than `WRITE_PATIENCE_S`."""

T = TypeVar("T")


class LedgerTransaction:
    """A transaction of the ledger in hand: it is begun and ended by `LedgerSession.write`."""

    def __init__(self, session: Session, *, is_repeated: bool) -> None:
        self._session = session
        self.dialect = session.dialect
        self.is_repeated = is_repeated
        """An earlier try was lost in its COMMIT, and may have been committed."""

    def execute(self, name: str, **bind: object) -> int:
        """Run a statement; return the rows it touched."""
        return self._session.execute(load(self._session.dialect, name), **bind)

    def executemany(self, name: str, binds: Sequence[Mapping[str, object]]) -> int:
        """Run a statement for every set of binds; return the rows it touched."""
        return self._session.executemany(load(self._session.dialect, name), binds)

    def query(self, name: str, **bind: object) -> list[Row]:
        """Run a query; return all its rows."""
        return self._session.query(load(self._session.dialect, name), **bind)

    def script(self, sql: str) -> None:
        """Run the statements of a migration."""
        self._session.script(sql)


Work = Callable[[LedgerTransaction], T]


@dataclass(slots=True)
class _Commit:
    """What is known of a write's earlier tries."""

    is_in_doubt: bool = False


class LedgerSession:
    """One session: its lock lets the conductor and its heartbeat share it.

    A failure that may pass (a lock, a lost connection) is tried again in a new session, with
    growing waits, for `patience.most_s`; the waits are outside the lock.

    Args:
        url: The ledger's database.
        patience: How to wait, and by which clocks.

    Raises:
        DatabaseUnreachable: At once, if there is no connection to begin with.
    """

    def __init__(self, url: str, patience: Patience) -> None:
        self.url = url
        self.patience = patience
        self._lock = threading.Lock()
        self._is_in_memory = is_in_memory(url)
        self._is_closed = False
        session = self._connect()
        self._session: Session | None = session
        self.dialect = session.dialect

    def read(self, name: str, **bind: object) -> list[Row]:
        """Run a query; return all its rows.

        Raises:
            TransientError: If the database still could not answer after `patience.most_s`.
        """
        return self._patiently(lambda: self._read(name, bind))

    def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction, and commit it.

        `work` is called again after a transient failure, the lost COMMIT included: it must
        recognise by `is_repeated` what was committed already. Its first statement must lock the
        run's row, so that it waits for the end of a lost session's transaction.

        Raises:
            TransientError: If the database still could not do it after `patience.most_s`.
                If COMMIT was reached, it is unknown whether it was written.
        """
        commit = _Commit()
        return self._patiently(lambda: self._write(work, commit))

    def close(self) -> None:
        """End the session for good."""
        with self._lock:
            self._is_closed = True
            if self._session is not None:
                self._session.close()
                self._session = None

    def _read(self, name: str, bind: Mapping[str, object]) -> list[Row]:
        with self._lock:
            return self._connected().query(load(self.dialect, name), **bind)

    def _write(self, work: Work[T], commit: _Commit) -> T:
        with self._lock:
            session = self._connected()
            session.begin()
            try:
                hit("ledger.before_write")
                result = work(LedgerTransaction(session, is_repeated=commit.is_in_doubt))
                hit("ledger.after_write")
                hit("ledger.before_commit")
                commit.is_in_doubt = True
                session.commit()
            except BaseException:
                session.rollback()
                raise
            hit("ledger.after_commit")
            return result

    def _patiently(self, act: Callable[[], T]) -> T:
        clock = self.patience.clock
        began_s = clock.monotonic_s()
        tries = 0
        while True:
            try:
                return act()
            except (TransientError, DatabaseUnreachable) as error:
                tries += 1
                if clock.monotonic_s() - began_s >= self.patience.most_s:
                    raise _given_up(error, tries) from error
            with self._lock:
                self._drop()
            self.patience.wait(self.patience.backoff.wait_s(tries, self.patience.chance()))

    def _connected(self) -> Session:
        assert not self._is_closed, "whoever closes the ledger has joined the threads that use it"
        if self._session is None:
            self._session = self._connect()
        return self._session

    def _connect(self) -> Session:
        lock_wait_s = min(LOCK_WAIT_S, self.patience.most_s)
        return connect(
            self.url, application="daybreak:ledger", lock_wait_s=lock_wait_s, is_brief=True
        )

    def _drop(self) -> None:
        # After a failed sync the same handle must not be trusted; a ledger in memory has no other.
        if self._session is not None and not self._is_in_memory:
            self._session.close()
            self._session = None


def is_in_memory(url: str) -> bool:
    """Whether a ledger lives and dies with its session."""
    parsed = parse(url)
    return parsed.kind == "sqlite" and parsed.database in (None, "", ":memory:")


def _given_up(error: TransientError | DatabaseUnreachable, tries: int) -> TransientError:
    # Its kind says whether somebody is in the way: a disk that is full has no owner to be ended.
    kind = DatabaseBusy if isinstance(error, DatabaseBusy) else TransientError
    return kind(
        f"the ledger could not be reached in {tries} tries: {error}",
        hint="see who holds its lock, whether its server is up and its disk has room;"
        " then run the same command again",
        **error.where,
    )
