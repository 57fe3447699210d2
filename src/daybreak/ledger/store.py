"""A ledger that is open: what is read of it, and the two verbs by which a run is won.

`daybreak status` reads here; an owner writes through the `OwnedRun` that `take` gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ..databases.dialect import LEDGER, dialect_of
from ..model.identity import Identity
from ..model.limits import LEASE_S
from ..model.progress import Measurement
from .clock import Patience
from .forecasts import KeptForecast, keep_forecast, kept_forecasts
from .history import RUNS_MOST, StepTime, history
from .migration import is_missing_file, make_folder, missing, prepare, readable
from .owned import OwnedRun
from .ownership import NewRun, Taking, no_such_run, start
from .rows import (
    AuditRow,
    ClaimRow,
    LimitRow,
    Owner,
    RunRow,
    StepDetails,
    audit_of,
    claim_of,
    instant,
    limit_of,
    measurement_of,
    run_of,
    step_of,
    storable,
)
from .session import LedgerSession, LedgerTransaction


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
            DefinitionError: If it is no database that holds ledgers.
            PreflightError: If it cannot be reached, made or written; the hint says what to do.
            LedgerVersionError: If a newer release wrote it; for a reader, also if an older one did.
        """
        dialect_of(url).refuse(LEDGER, "--ledger")
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

    def be_patient(self, most_s: float) -> None:
        """Try for that long, from now on, what the database cannot do now."""
        self._session.patience = replace(self._session.patience, most_s=most_s)

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
        is_gone: Callable[[RunRow], bool] = lambda _run: False,
        reopens: bool = False,
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
            is_gone: Whether the kernel of this machine says that another run's owner is dead:
                what it had of shared limits is free at once.
            reopens: Take a run that is done, too: steps of it begin again, or are replayed.

        Raises:
            RunOwned: If another process owns it: who, where, and until when.
            InvalidTransition: If the run is final.
            LedgerError: If there is no such run.
        """
        taking = Taking(
            self._session, run_id, owner, lease_s, is_locked, patience_s, on_watch, reopens
        )
        return OwnedRun(self._session, taking.win(), self.ledger_id, is_gone)

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
        """Return the chunks of a step's present pass, in the order in which they were committed."""
        rows = self._session.read("select_measurements", run_id=run_id, step=step)
        return [measurement_of(row) for row in rows]

    def history(
        self,
        job: str,
        *,
        step: str | None = None,
        databases: Mapping[str, str] | None = None,
        runs_most: int = RUNS_MOST,
    ) -> list[StepTime]:
        """Return what the steps of a job took in its past runs; see `history.history`."""
        return history(self._session, job, step=step, databases=databases, runs_most=runs_most)

    def keep_forecast(self, job: str, kept: KeptForecast) -> None:
        """Write down what was forecast for a step of a job."""
        keep_forecast(self._session, job, kept)

    def forecasts(self, job: str) -> list[KeptForecast]:
        """Return what was forecast for the steps of a job, the oldest first."""
        return kept_forecasts(self._session, job)

    def audit(self, run_id: int) -> list[AuditRow]:
        """Return what was done to a run, the oldest first."""
        return [audit_of(row) for row in self._session.read("select_audit", run_id=run_id)]

    def limits(self) -> list[LimitRow]:
        """Return the limits that the runs of this ledger share, by name."""
        return [limit_of(row) for row in self._session.read("select_limits")]

    def claims(self) -> list[ClaimRow]:
        """Return what steps have and want of them, in the order in which they came."""
        return [claim_of(row) for row in self._session.read("select_claims")]

    def set_limit(self, name: str, units: int, *, who: str) -> None:
        """Set a limit, or change it, for all runs of this ledger, those at work included.

        Who has more by now keeps it until its step ends; nobody else begins before.
        """
        now = self._session.patience.clock.now()
        binds = {"limit_name": name, "units": units, "set_by": storable(who), "set_at": now}

        def change(tx: LedgerTransaction) -> None:
            tx.query("lock_claims")
            tx.execute("set_limit", **binds)

        self._session.write(change)

    def remove_limit(self, name: str) -> bool:
        """Remove a limit; return whether there was one."""

        def remove(tx: LedgerTransaction) -> int:
            tx.query("lock_claims")
            return tx.execute("delete_limit", limit_name=name)

        return self._session.write(remove) > 0

    def newest_restart(self, run_id: int) -> AuditRow | None:
        """Return what was written down when steps of a run last began again."""
        rows = self._session.read("select_newest_restart", run_id=run_id)
        return audit_of(rows[0]) if rows else None

    def _first(self, name: str, **bind: object) -> RunRow | None:
        rows = self._session.read(name, **bind)
        return run_of(rows[0]) if rows else None
