"""A target: the database in which a step's data lives, with its epochs, markers and quarantine.

How ownership changes hands here, and why announcing comes before closing, is PROTOCOL.md 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..abc import Clock
from ..errors import (
    DatabaseBusy,
    DataRefused,
    ForeignLedger,
    LedgerBehind,
    TransientError,
)
from ..faultpoints import hit
from ..model.chunk import Kept, Marker
from ..model.fate import Counts
from ..model.limits import LEASE_S
from ..model.ownership import Ownership, Pass
from ..model.ranges import Range
from ..model.row import Row
from .dialect import DIALECTS, MYSQL
from .markers import marker_of
from .replaying import ReplayWriter, replayed_of
from .rights import rights_missing, target_rights_missing
from .session import LOCK_WAIT_S, Connect, Session, connect, opened, transaction
from .statement import load
from .writer import Writer, fenced_off


@dataclass(frozen=True)
class DatabaseTarget:
    """`abc.Target` over any database that has a `Dialect`.

    Args:
        url: Where it is.
        name: What people call it.
        clock: For the instants that people read.
        lock_wait_s: How long everything but a chunk's transaction waits for locks of others.
        lease_s: Of the run: no session of a worker waits, or is idle in a transaction, much longer.
        opens: How sessions are opened; a rehearsal keeps all of them inside one transaction.
        holds_parts: Whether the parts of files are entered here, besides markers.
    """

    url: str
    name: str
    clock: Clock
    lock_wait_s: float = LOCK_WAIT_S
    lease_s: float = LEASE_S
    opens: Connect = connect
    holds_parts: bool = False

    def install(self) -> None:
        with self._session() as session:
            missing = rights_missing(target_rights_missing(session), self.name)
            if missing is not None:
                raise missing
            missing_tables = [] if _is_there(session, "replays") else ["install"]
            if self.holds_parts and not _is_there(session, "publications"):
                missing_tables.append("parts_install")
            if missing_tables:
                with transaction(session):
                    for script in missing_tables:
                        session.script(load(session.dialect, script))

    def preflight(self) -> None:
        """Raise unless the user may use Daybreak's own tables, or make them.

        Raises:
            RightsMissing: With all that is missing, and what to grant; nothing was written.
        """
        with self._session() as session:
            missing = rights_missing(target_rights_missing(session), self.name)
        if missing is not None:
            raise missing

    def announce(self, ownership: Ownership) -> None:
        hit("epoch.before_announce")
        with self._session() as session, transaction(session, goes_first=True):
            self._announce(session, ownership)
        hit("epoch.after_announce")

    def _announce(self, session: Session, ownership: Ownership) -> None:
        rows = session.query(load(session.dialect, "epoch_newest"), run_key=ownership.run_key)
        if rows:
            self._refuse_stranger(rows[0], ownership)
        announced = 0
        with suppress(DataRefused):  # MariaDB's word for one who announced it a moment ago
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
        except DatabaseBusy:
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

    def _end_sessions(self, ownership: Ownership) -> None:
        """End what older epochs left open, where the database lets us; a file cannot."""
        with self._session() as session:
            for pid in _older_sessions(session, ownership):
                session.query(load(session.dialect, "session_end"), pid=pid)

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

    def kept(self, run_key: str, of: Pass) -> list[Kept]:
        with self._session() as session:
            sql = load(session.dialect, "quarantine_of_pass")
            rows = session.query(sql, run_key=run_key, step=of.step, pass_=of.number)
        return [
            Kept(
                Range(row.range_after, row.range_upto),
                row.origin,
                row.place,
                row.reason,
                bytes(row.raw),
                bool(row.by_check),
            )
            for row in rows
        ]

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

    @contextmanager
    def replay_writer(self, ownership: Ownership) -> Iterator[ReplayWriter]:
        with self.writer(ownership) as writer:
            yield ReplayWriter(writer, ownership, self.clock)

    def replays(self, run_key: str, of: Pass) -> list[tuple[datetime, Counts]]:
        with self._session() as session:
            sql = load(session.dialect, "replay_list")
            rows = session.query(sql, run_key=run_key, step=of.step, pass_=of.number)
        return [replayed_of(row) for row in rows]

    def erase(self, ownership: Ownership, of: Pass, records: Sequence[Mapping[str, Any]]) -> None:
        """Remove what records in quarantine say about a person, in one fenced transaction.

        Args:
            ownership: Of the run.
            of: The pass in which they were set aside.
            records: Of each `range_after` and `origin`, and the `place` and `reason` that stay.

        Raises:
            LeaseLost: If the run has another owner. Nothing was written.
        """
        key = {"run_key": ownership.run_key}
        binds = [{**key, "step": of.step, "pass_": of.number, "raw": b"", **r} for r in records]
        with self._session() as session:
            if session.dialect == "sqlite":
                # Else the bytes would stay in the free parts of the file.
                session.script("pragma secure_delete = on")
            with transaction(session):
                hold = load(session.dialect, "epoch_hold")
                if not session.query(hold, **key, epoch=ownership.epoch):
                    raise fenced_off(ownership)
                session.executemany(load(session.dialect, "quarantine_erase"), binds)
                hit("erase.before_commit")
        hit("erase.after_commit")

    def count(self, sql: str) -> int:
        with self._session() as session:
            return int(next(iter(session.query(sql)[0].values())))

    def _session(self) -> AbstractContextManager[Session]:
        if self.opens is connect:
            return opened(self.url, lock_wait_s=self.lock_wait_s)
        # A rehearsal's, inside its transaction: nobody else may have it.
        return closing(self.opens(self.url, lock_wait_s=self.lock_wait_s))


def _application(ownership: Ownership) -> str:
    return f"daybreak:{ownership.run_key[:12]}:{ownership.epoch}"


def _older_sessions(session: Session, ownership: Ownership) -> list[int]:
    """Return the numbers of the sessions that older epochs of a run still have."""
    if DIALECTS[session.dialect].is_file:
        return []
    sql, run_key = load(session.dialect, "sessions_of_older_epochs"), ownership.run_key
    if session.dialect == MYSQL.name:
        found = session.query(sql, run_key=run_key, epoch=ownership.epoch)
        return [row.pid for row in found]
    return [
        row.pid
        for row in session.query(sql, pattern=f"daybreak:{run_key[:12]}:%")
        if int(row.application.rsplit(":", 1)[1]) < ownership.epoch
    ]


def _is_there(session: Session, table: str) -> bool:
    return bool(session.query(DIALECTS[session.dialect].finds_own, name=table)[0].found)
