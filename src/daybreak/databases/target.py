"""A target: the database in which a step's data lives, with its epochs, markers and quarantine.

How ownership changes hands here, and why announcing comes before closing, is PROTOCOL.md 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..abc import Clock
from ..errors import (
    ForeignLedger,
    LedgerBehind,
    RightsMissing,
    TransientError,
)
from ..faultpoints import hit
from ..model.chunk import Marker
from ..model.limits import LEASE_S
from ..model.ownership import Ownership, Pass
from ..model.row import Row
from .holders import said_holders
from .markers import marker_of
from .session import LOCK_WAIT_S, Connect, Session, connect, transaction
from .statement import load
from .url import without_credentials
from .writer import Writer


@dataclass(frozen=True)
class DatabaseTarget:
    """`abc.Target` over SQLite or PostgreSQL.

    Args:
        url: Where it is.
        name: What people call it.
        clock: For the instants that people read.
        lock_wait_s: How long everything but a chunk's transaction waits for locks of others.
        lease_s: Of the run: no session of a worker waits, or is idle in a transaction, much longer.
        opens: How sessions are opened; a rehearsal keeps all of them inside one transaction.
    """

    url: str
    name: str
    clock: Clock
    lock_wait_s: float = LOCK_WAIT_S
    lease_s: float = LEASE_S
    opens: Connect = connect

    def install(self) -> None:
        with self._session() as session:
            if _is_installed(session):
                return
            try:
                with transaction(session):
                    session.script(load(session.dialect, "install"))
            except RightsMissing as error:
                raise RightsMissing(
                    f"cannot make Daybreak's tables in {without_credentials(self.url)}: {error}",
                    hint="grant CREATE on the database to the URL's user; for those who may, the"
                    f" statements are in daybreak/databases/sql/{session.dialect}/install.sql",
                ) from error

    def announce(self, ownership: Ownership) -> None:
        hit("epoch.before_announce")
        with self._session() as session, transaction(session):
            self._announce(session, ownership)
        hit("epoch.after_announce")

    def _announce(self, session: Session, ownership: Ownership) -> None:
        rows = session.query(load(session.dialect, "epoch_newest"), run_key=ownership.run_key)
        if rows:
            self._refuse_stranger(rows[0], ownership)
        announced = session.execute(
            load(session.dialect, "epoch_announce"),
            run_key=ownership.run_key,
            epoch=ownership.epoch,
            ledger_id=ownership.ledger_id,
            run_id=ownership.run_id,
            owner=ownership.owner,
            announced_at=self.clock.now().isoformat(),
        )
        if announced == 0 and (not rows or rows[0].epoch != ownership.epoch):
            raise TransientError("another process announced the same epoch at the same time")

    def _refuse_stranger(self, known: Row, ownership: Ownership) -> None:
        if known.ledger_id != ownership.ledger_id:
            raise ForeignLedger(
                f"this run in {self.name} is owned by ledger {known.ledger_id}"
                f" ({known.owner}); ours is ledger {ownership.ledger_id}",
                hint="use that ledger (--ledger), or start another run with --again",
                database=self.name,
                run=known.run_id,
            )
        is_ours = known.epoch == ownership.epoch and known.owner == ownership.owner
        if known.epoch >= ownership.epoch and not is_ours:
            raise LedgerBehind(
                f"{self.name} knows epoch {known.epoch} of this run ({known.owner}),"
                f" the ledger only {ownership.epoch}: the ledger is an older copy",
                hint="bring back the newest ledger; nothing was written",
                database=self.name,
            )

    def close_older(self, ownership: Ownership) -> None:
        hit("epoch.before_close")
        try:
            self._close(ownership)
        except TransientError:
            self._end_sessions(ownership)
            self._close(ownership)
        hit("epoch.after_close")

    def _close(self, ownership: Ownership) -> None:
        with self._session() as session, transaction(session):
            session.execute(
                load(session.dialect, "epoch_close_older"),
                run_key=ownership.run_key,
                epoch=ownership.epoch,
                closed_at=self.clock.now().isoformat(),
            )

    def holders(self) -> str:
        return said_holders(self.url)

    def _end_sessions(self, ownership: Ownership) -> None:
        """End what older epochs left open, where the database lets us; SQLite cannot."""
        with self._session() as session:
            if session.dialect != "postgresql":
                return
            sql = load(session.dialect, "sessions_of_older_epochs")
            pattern = f"daybreak:{ownership.run_key[:12]}:%"
            for row in session.query(sql, pattern=pattern):
                if int(row.application.rsplit(":", 1)[1]) < ownership.epoch:
                    session.query(load(session.dialect, "session_end"), pid=row.pid)

    def markers(self, run_key: str, of: Pass) -> list[Marker]:
        with self._session() as session:
            rows = session.query(
                load(session.dialect, "marker_list"), run_key=run_key, step=of.step, pass_=of.number
            )
        return [marker_of(row) for row in rows]

    def set_aside(self, run_key: str, of: Pass) -> int:
        with self._session() as session:
            sql = load(session.dialect, "quarantine_count")
            rows = session.query(sql, run_key=run_key, step=of.step, pass_=of.number)
        return int(rows[0].records)

    def quarantine_causes(self, run_key: str) -> list[Row]:
        """Return the causes of a run's quarantined records, most frequent first in each step."""
        with self._session() as session:
            return session.query(load(session.dialect, "quarantine_causes"), run_key=run_key)

    def quarantine_list(self, run_key: str, step: str) -> list[Row]:
        """Return one step's quarantined records with their bytes."""
        with self._session() as session:
            sql = load(session.dialect, "quarantine_list")
            return session.query(sql, run_key=run_key, step=step)

    @contextmanager
    def writer(self, ownership: Ownership) -> Iterator[Writer]:
        writer = Writer(
            self.url,
            ownership,
            application=_application(ownership),
            lock_wait_s=self.lease_s,
            clock=self.clock,
            opens=self.opens,
        )
        try:
            yield writer
        finally:
            writer.close()

    def count(self, sql: str) -> int:
        with self._session() as session:
            return int(next(iter(session.query(sql)[0].values())))

    @contextmanager
    def _session(self) -> Iterator[Session]:
        session = self.opens(self.url, lock_wait_s=self.lock_wait_s)
        try:
            yield session
        finally:
            session.close()


def _application(ownership: Ownership) -> str:
    return f"daybreak:{ownership.run_key[:12]}:{ownership.epoch}"


def _is_installed(session: Session) -> bool:
    if session.dialect == "postgresql":
        sql = "select to_regclass('daybreak.quarantine') is not null as found"
    else:
        sql = "select count(*) as found from sqlite_master where name = 'daybreak_quarantine'"
    return bool(session.query(sql)[0].found)
