"""A ledger that is open: what is read of it, and the two verbs by which a run is won.

`daybreak status` reads here; an owner writes through the `OwnedRun` that `take` gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ..model.identity import Identity
from ..model.limits import LEASE_S
from ..model.progress import Measurement
from .clock import Patience
from .migration import is_missing_file, make_folder, missing, prepare, readable
from .owned import OwnedRun
from .ownership import NewRun, Taking, no_such_run, start
from .rows import (
    AuditRow,
    Owner,
    RunRow,
    StepDetails,
    audit_of,
    instant,
    measurement_of,
    run_of,
    step_of,
)
from .session import LedgerSession


class LedgerStore:
    """An open ledger; `open` makes one. For several threads at once."""

    def __init__(self, session: LedgerSession, ledger_id: str) -> None:
        self._session = session
        self.ledger_id = ledger_id
        """Made when the ledger was; targets know their runs' ledger by it."""

    @classmethod
    def open(
        cls, url: str, *, patience: Patience | None = None, is_reader: bool = False
    ) -> LedgerStore:
        """Open a ledger; make it, its folder included, or migrate it if need be.

        Args:
            url: `sqlite:///file` of the ledger's own, or `postgresql://…`.
            patience: How to wait and by which clocks; the machine's by default.
            is_reader: Only look: nothing is made, migrated or proven writable.

        Raises:
            PreflightError: If it cannot be reached, made or written; the hint says what to do.
            LedgerVersionError: If a newer release wrote it; for a reader, also if an older one did.
        """
        if is_reader and is_missing_file(url):
            raise missing(url)
        if not is_reader:
            make_folder(url)
        session = LedgerSession(url, patience or Patience())
        try:
            meta = readable(session) if is_reader else prepare(session)
        except BaseException:
            session.close()
            raise
        return cls(session, meta.ledger_id)

    def close(self) -> None:
        """End its session, and with it those of all runs taken from it."""
        self._session.close()

    def start(
        self,
        identity: Identity,
        *,
        parameters: Mapping[str, Any],
        job_file: str,
        runs_folder: Path,
        who: str,
        is_again: bool = False,
    ) -> RunRow:
        """Return the run of an identity, entered now unless it exists; it must then be taken.

        Args:
            identity: Which run; its number is ignored.
            parameters: All parameters as JSON data; secret ones left out.
            job_file: Where the job is written.
            runs_folder: The run's folder is the one of its number in this one.
            who: Who starts it, for the audit.
            is_again: Enter a new run with the next number, whatever exists.
        """
        new = NewRun(identity, parameters, job_file, runs_folder, who)
        return start(self._session, new, is_again=is_again)

    def take(
        self,
        run_id: int,
        owner: Owner,
        *,
        is_locked: bool,
        lease_s: float = LEASE_S,
        patience_s: float | None = None,
        on_watch: Callable[[RunRow], None] = lambda _run: None,
        begins_again: bool = False,
    ) -> OwnedRun:
        """Become the owner of a run; of several at once exactly one does.

        A run that nobody works at is taken at once, and so is one whose recorded lock is ours.
        Any other owner is watched until it was silent for its whole lease.

        Args:
            run_id: The run.
            owner: This process.
            is_locked: Whether this process holds the OS lock that `owner.lock_id` names.
            lease_s: How long others must wait for a sign of life of ours; `renew` gives one.
            patience_s: How long to watch an owner; None for its lease, 0 for not at all.
            on_watch: Told before a watch begins, for it may take a whole lease.
            begins_again: Whether steps are going to begin again: only that opens a run that is
                done.

        Raises:
            RunOwned: If another process owns it: who, where, and until when.
            InvalidTransition: If the run is final.
            LedgerError: If there is no such run.
        """
        taking = Taking(
            self._session,
            run_id,
            owner,
            lease_s,
            is_locked,
            patience_s,
            on_watch,
            begins_again=begins_again,
        )
        return OwnedRun(self._session, taking.win(), self.ledger_id)

    def now(self) -> datetime:
        """Return the instant by the clock that lease ends are written by."""
        return instant(self._session.read("now")[0].now)

    def run(self, run_id: int) -> RunRow:
        """Return a run by its number.

        Raises:
            LedgerError: If there is none.
        """
        run = self._first("select_run", run_id=run_id)
        if run is None:
            raise no_such_run(run_id)
        return run

    def runs(self, limit: int = 20) -> list[RunRow]:
        """Return at most `limit` runs, the newest first."""
        return [run_of(row) for row in self._session.read("select_runs", limit=limit)]

    def newest(self, identity: Identity) -> RunRow | None:
        """Return the run with the highest number of an identity; what `start` would return."""
        return self._first(
            "select_newest_of_night", family_key=identity.family, night=identity.night
        )

    def newest_unfinished(self, family_key: str) -> RunRow | None:
        """Return the newest run of a family, of whatever night, that can still be resumed."""
        return self._first("select_newest_unfinished", family_key=family_key)

    def by_key(self, identity_key: str) -> RunRow | None:
        """Return the run with exactly this identity, number included."""
        return self._first("select_run_by_key", identity_key=identity_key)

    def steps(self, run_id: int) -> list[StepDetails]:
        """Return the steps of a run, in order; while one has not ended, counts are its chunks'."""
        return [step_of(row) for row in self._session.read("select_steps", run_id=run_id)]

    def measurements(self, run_id: int, step: str) -> list[Measurement]:
        """Return the committed chunks of a step, in the order in which they were committed."""
        rows = self._session.read("select_measurements", run_id=run_id, step=step)
        return [measurement_of(row) for row in rows]

    def audit(self, run_id: int) -> list[AuditRow]:
        """Return what was done to a run, the oldest first."""
        return [audit_of(row) for row in self._session.read("select_audit", run_id=run_id)]

    def newest_restart(self, run_id: int) -> AuditRow | None:
        """Return what was written down when steps of a run last began again."""
        rows = self._session.read("select_newest_restart", run_id=run_id)
        return audit_of(rows[0]) if rows else None

    def _first(self, name: str, **bind: object) -> RunRow | None:
        rows = self._session.read(name, **bind)
        return run_of(rows[0]) if rows else None
