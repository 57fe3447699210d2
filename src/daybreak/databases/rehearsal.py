"""A rehearsal's transaction: all that is done in a database is part of it (PROTOCOL.md 10).

Whoever opens a session here gets one whose BEGIN is a savepoint of the one transaction, and whose
COMMIT checks what a COMMIT would check and releases it. So the room of execution rehearses by
running as always. At the end the transaction is rolled back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Final

from ..errors import (
    DataRefused,
    DaybreakError,
    PreflightError,
    SinkError,
    TransactionEnded,
    TransientError,
)
from ..faultpoints import hit
from ..model.raw import RawRecords
from ..model.row import Row
from .deferred import deferred_check
from .session import LOCK_WAIT_S, RawSession, Session, connect
from .sizes import Sizes, sizes_touched
from .statement import load
from .url import without_credentials

IDLE_S: Final = 600.0
"""How long a server keeps the transaction of a rehearsal that does nothing: stages compute inside
it, whereas a run computes before it begins."""

APPLICATION: Final = "daybreak:rehearsal"

_CHUNK: Final = "daybreak_chunk"
_READ: Final = "daybreak_read"
_DIVISION_BY_ZERO: Final = "22012"


class RehearsalTransaction:
    """One transaction of one database, begun with the first chunk, rolled back at the end.

    Args:
        url: The database.
        wait_s: How long to wait for locks of others.
        application: By which its session can be told from those of others.
        gives_way: Called between two chunks when others wait for locks of ours; where the database
            says so.
    """

    def __init__(
        self,
        url: str,
        *,
        wait_s: float = LOCK_WAIT_S,
        application: str = APPLICATION,
        gives_way: Callable[[], None] = lambda: None,
    ) -> None:
        self.url = url
        self._wait_s = wait_s
        self._application = application
        self._gives_way = gives_way
        self._session: Session | None = None
        self.is_begun = False
        """Whether there is something to undo."""

        self._check: Callable[[], None] | None = None
        self.lock = threading.RLock()
        """Held for one statement and its savepoint: stages may query from threads of their own."""

        self.is_sealed = True
        """Whether the database itself would refuse a COMMIT; known once it has begun."""

        self.began_in_s = 0.0
        """How long it took to begin: of a file, what it waited for those who wrote to it."""

    def opens(self, _url: str, /, *, application: str = "", lock_wait_s: float = 0) -> Session:
        """Open a session inside the transaction; a `session.Connect`."""
        del application, lock_wait_s  # those of the one connection hold for all
        return NestedSession(self, self._connected())

    def _connected(self) -> Session:
        with self.lock:
            if self._session is None:
                self._session = connect(
                    self.url, application=self._application, lock_wait_s=self._wait_s
                )
            return self._session

    def begin(self) -> None:
        """Begin the transaction unless it was begun; a session inside it may begin now.

        Raises:
            PreflightError: If others hold locks for too long. Nothing was begun.
            TransactionEnded: If it was begun, and somebody has ended it.
        """
        session = self._connected()
        if self.is_begun:
            if not session.in_transaction:
                raise self._ended()
            return
        hit("rehearsal.before_begin")
        self._begin(session)
        self.is_begun = True
        hit("rehearsal.after_begin")

    def _begin(self, session: Session) -> None:
        try:
            if session.dialect == "postgresql":
                session.execute(f"set idle_in_transaction_session_timeout = {int(IDLE_S * 1000)}")
            else:
                # Changed pages stay in memory: a spilled one would lock readers out. As none
                # reaches the file, what would undo it needs no file either, which a kill would
                # leave. A file in WAL mode stays so: uncommitted pages do not reach its log.
                session.execute("pragma cache_spill = off")
                if session.query("pragma journal_mode")[0].journal_mode != "wal":
                    session.execute("pragma journal_mode = memory")
            began_s = time.monotonic()
            session.begin()
            self.began_in_s = time.monotonic() - began_s
        except TransientError as error:
            raise PreflightError(
                f"a rehearsal cannot begin in {without_credentials(self.url)}: {error}",
                hint="wait for those who write to it, or rehearse in a database of its own:"
                " --scratch",
            ) from error
        if session.dialect == "postgresql":
            self._seal(session)
        self._check = deferred_check(session)

    def _seal(self, session: Session) -> None:
        self.is_sealed = bool(session.query(load(session.dialect, "may_seal"))[0].may)
        if self.is_sealed:
            session.script(load(session.dialect, "seal"))

    def check_deferred(self) -> None:
        """Check what COMMIT would check.

        Raises:
            DataRefused: If it would be refused.
        """
        assert self._check is not None, "begin() first"
        self._check()

    def between_chunks(self, session: Session) -> None:
        """Let others go first if they wait."""
        if session.dialect == "postgresql":
            waiting = session.query(load(session.dialect, "waiting_for_me"))[0].sessions
            if waiting:
                self._gives_way()

    def sizes(self, name: str) -> Sizes | None:
        """Return how large what it has touched is; None if it is not begun, or failed.

        Args:
            name: Of the database in the job.
        """
        with self.lock, suppress(DaybreakError):
            if self._session is not None and self.is_begun and self._session.in_transaction:
                return sizes_touched(self._session, name)
        return None

    def rollback(self) -> None:
        """Undo everything, and end the session; a new one is opened when it is used again."""
        if self._session is None:
            return
        hit("rehearsal.before_rollback")
        self._session.close()  # which rolls back
        hit("rehearsal.after_rollback")
        self._session = None
        self.is_begun = False

    def _ended(self) -> TransactionEnded:
        kept = (
            "; the database refuses its COMMIT, so what was done in it is undone"
            if self.is_sealed
            else "; what it committed stays"
        )
        return TransactionEnded(
            "the rehearsal's transaction is not there any more: something in it ended it"
            f"{kept}, and what was done on the connection afterwards is durable",
            hint="look for COMMIT, ROLLBACK or DDL in the step's functions and in triggers",
        )


class NestedSession:
    """A `Session` whose transactions are savepoints of a rehearsal's."""

    is_never_in_doubt = True

    def __init__(self, around: RehearsalTransaction, session: Session) -> None:
        self._around = around
        self._session = session
        self._is_begun = False
        self.dialect = session.dialect
        self.connection = session.connection

    @contextmanager
    def _held(self) -> Iterator[Session]:
        """Have the connection for oneself; if it is lost, so is the rehearsal: no second try."""
        with self._around.lock:
            try:
                yield self._session
            except TransientError as error:
                if self._session.in_transaction or not self._is_begun:
                    raise
                raise SinkError(
                    f"the rehearsal lost its transaction, and with it everything: {error}",
                    hint="nothing was kept; run the same command again",
                ) from error

    def execute(self, sql: str, /, **bind: object) -> int:
        """Run one statement; return the rows it touched."""
        with self._held() as session:
            return session.execute(sql, **bind)

    def executemany(self, sql: str, binds: Sequence[Mapping[str, object]], /) -> int:
        """Run one statement for every set of binds; return the rows it touched."""
        with self._held() as session:
            return session.executemany(sql, binds)

    def query(self, sql: str, /, **bind: object) -> list[Row]:
        """Run a query; outside `begin` a refused one does not spoil the transaction."""
        with self._held() as session:
            if self._is_begun or not session.in_transaction or session.dialect == "sqlite":
                return session.query(sql, **bind)
            with _savepoint(session, _READ):
                return session.query(sql, **bind)

    def script(self, sql: str, /) -> None:
        """Run several statements without binds."""
        with self._held() as session:
            session.script(sql)

    def copy(self, table: str, rows: Sequence[Sequence[object]], columns: Sequence[str]) -> int:
        """Write rows the fastest way; return how many the database counted."""
        with self._held() as session:
            return session.copy(table, rows, columns)

    def copy_raw(self, table: str, raw: RawRecords) -> int:
        """Write records as bytes; return how many the database counted."""
        with self._held() as session:
            assert isinstance(session, RawSession), "whoever offers bytes knows the dialect"
            return session.copy_raw(table, raw)

    def savepoint(self) -> str:
        """Set the savepoint `daybreak` within the chunk's; return the transaction's number."""
        with self._held() as session:
            return session.savepoint()

    def release_savepoint(self) -> None:
        """Keep what happened since the savepoint, and give it up."""
        with self._held() as session:
            session.release_savepoint()

    def back_to_savepoint(self) -> None:
        """Undo what happened since the savepoint, and give it up."""
        with self._held() as session:
            session.back_to_savepoint()

    def force_constraints(self) -> None:
        """Check deferred constraints now."""
        with self._held() as session:
            session.force_constraints()

    def begin(self) -> None:
        """Set a savepoint."""
        self._around.begin()
        with self._held() as session:
            session.execute(f"savepoint {_CHUNK}")
        self._is_begun = True

    def begin_first(self) -> None:
        """Set a savepoint; the transaction around it has begun."""
        self.begin()

    def begin_with(self, sql: str, /, **bind: object) -> list[Row]:
        """Set a savepoint, and run the first query behind it."""
        self.begin()
        return self.query(sql, **bind)

    def commit(self) -> None:
        """Check what COMMIT would check, and release the savepoint."""
        with self._held() as session:
            self._around.check_deferred()
            session.execute(f"release savepoint {_CHUNK}")
            self._is_begun = False
            self._around.between_chunks(session)

    def commit_with(self, sql: str, /, **bind: object) -> bool:
        """Run the last statement, which must touch one row, and do as `commit`."""
        with self._held() as session:
            try:
                if session.execute(sql, **bind) != 1:
                    return False
            except DataRefused as error:
                if getattr(error.__cause__, "sqlstate", None) == _DIVISION_BY_ZERO:
                    return False
                raise
            self.commit()
            return True

    def rollback(self) -> None:
        """Go back to the savepoint; never raises."""
        if not self._is_begun:
            return
        self._is_begun = False
        with self._around.lock, suppress(DaybreakError):
            if self._session.in_transaction:
                self._session.execute(f"rollback to savepoint {_CHUNK}")
                self._session.execute(f"release savepoint {_CHUNK}")

    @property
    def in_transaction(self) -> bool:
        """Whether the savepoint stands in an open transaction, by the driver's word."""
        return self._is_begun and self._session.in_transaction

    @property
    def is_usable(self) -> bool:
        """Always: a connection that broke is not opened anew, for its rehearsal is gone."""
        return True

    def guarded(self) -> AbstractContextManager[None]:
        """Refuse statements that begin or end transactions, as far as the database can."""
        return self._session.guarded()

    def close(self) -> None:
        """Go back to the savepoint if there is one; the connection stays."""
        self.rollback()


@contextmanager
def _savepoint(session: Session, name: str) -> Iterator[None]:
    session.execute(f"savepoint {name}")
    try:
        yield
    except BaseException:
        with suppress(DaybreakError):
            session.execute(f"rollback to savepoint {name}")
            session.execute(f"release savepoint {name}")
        raise
    session.execute(f"release savepoint {name}")
