"""Winning a run: entering it in the ledger, and becoming its owner by compare-and-set.

A run that nobody works at is taken at once; so is one whose recorded lock this process holds, for
the kernel gave it that lock because the owner is dead. For any other the **beat** decides: every
sign of life of an owner counts it up, and the would-be owner watches it for the length of the
owner's lease, on its own monotonic clock. No two clocks are compared and no wall clock is asked,
neither a machine's nor a database server's: a clock that jumps by a day makes no live owner's run
takeable, and no dead owner's immortal. The price is a wait of one lease before a dead owner's run
changes hands without a common lock. A take is won by one UPDATE that repeats the epoch and the
beat that were seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from ..errors import LedgerError, RunOwned
from ..model.identity import Identity
from ..model.row import Row
from ..model.status import RunStatus, check_takeable, takeable_from
from .rows import AuditRow, Owner, RunRow, as_json, run_of, storable
from .session import LedgerSession, LedgerTransaction

LOOKS_A_LEASE: Final = 10
"""How often a watcher looks at the beat during one lease."""

_NOBODYS: Final = frozenset({RunStatus.STOPPED, RunStatus.FAILED, RunStatus.DONE})


@dataclass(frozen=True, slots=True)
class NewRun:
    """What a run is entered with."""

    identity: Identity
    parameters: Mapping[str, Any]
    """All parameters as JSON data, the operational ones too; secret ones are left out."""

    job_file: str
    runs_folder: Path
    """The run's own folder is the one of its number in this one."""

    who: str
    """Who starts it, for the audit."""


def start(session: LedgerSession, new: NewRun, *, is_again: bool) -> RunRow:
    """Return the run of an identity, entered now unless it exists; nobody owns it by that.

    Of several at once one enters it, and all get the same.

    Args:
        session: The ledger.
        new: What the run is entered with. Of an existing run nothing is changed.
        is_again: Enter a new run with the next number, whatever exists.
    """
    note_id = uuid4().hex
    now = session.patience.clock.now()

    def enter(tx: LedgerTransaction) -> RunRow:
        tx.execute("lock_meta")
        entered = tx.query("select_note", note_id=note_id) if tx.is_repeated else []
        if entered:
            return run_of(row_of(tx, entered[0].run_id))
        newest = _newest(tx, new.identity)
        if newest is not None and not is_again:
            return newest
        number = newest.number + 1 if newest else 1
        run_id = _insert(tx, new, replace(new.identity, number=number), now)
        note(tx, run_id, note_id, AuditRow(now, new.who, "entered", {}))
        return run_of(row_of(tx, run_id))

    return session.write(enter)


def _insert(tx: LedgerTransaction, new: NewRun, identity: Identity, now: datetime) -> int:
    run_id: int = tx.query("next_run_id")[0].id
    tx.execute(
        "insert_run",
        id=run_id,
        job=identity.job,
        job_file=storable(new.job_file),
        identity_key=identity.key,
        family_key=identity.family,
        number=identity.number,
        night=identity.night,
        parameters=as_json(dict(new.parameters)),
        databases=as_json(dict(identity.databases)),
        folder=storable(str(new.runs_folder / str(run_id))),
        created_at=now,
    )
    return run_id


def _newest(tx: LedgerTransaction, identity: Identity) -> RunRow | None:
    rows = tx.query("select_newest_of_night", family_key=identity.family, night=identity.night)
    return run_of(rows[0]) if rows else None


@dataclass(frozen=True, slots=True)
class Taking:
    """One attempt of a process to become a run's owner."""

    session: LedgerSession
    run_id: int
    owner: Owner
    lease_s: float
    """The length of the lease it will have."""

    is_locked: bool
    """Whether it holds the OS lock that `owner.lock_id` names."""

    patience_s: float | None
    """How long to watch an owner that may be dead; None for as long as its lease."""

    on_watch: Callable[[RunRow], None]
    """Told once, before a watch begins: it may take a whole lease."""

    reopens: bool = False
    """Whether a run that is done is taken too: steps of it begin again, or are replayed."""

    def win(self) -> RunRow:
        """Become the owner; the epoch in the row returned is durable, and nobody else's.

        Raises:
            RunOwned: If another process owns it, or won it just now.
            InvalidTransition: If the run is final.
        """
        won = None
        while won is None:
            seen = self._look()
            won = self._claim(seen if self._is_free(seen) else self.watch(seen))
        return won

    def watch(self, seen: RunRow) -> RunRow:
        """Watch an owner until it was silent for its whole lease; return the run as last seen.

        Silence is counted only while it is watched: of a pause between two looks (this process
        was stopped, the ledger did not answer) no more than two intervals count.

        Raises:
            RunOwned: At its first sign of life, or when patience ends.
            InvalidTransition: If the run became final meanwhile.
        """
        assert seen.lease is not None
        lease_s = seen.lease.length_s
        interval_s = lease_s / LOOKS_A_LEASE
        silent_s = 0.0
        patience_s = lease_s if self.patience_s is None else self.patience_s
        if patience_s > 0:
            self.on_watch(seen)
        while silent_s < lease_s:
            if silent_s >= patience_s:
                raise run_owned(seen)
            silent_s += min(self._wait(interval_s), 2 * interval_s)
            now_seen = self._look()
            if self._is_free(now_seen):
                return now_seen
            if now_seen.lease is None or now_seen.lease.beat != seen.lease.beat:
                raise run_owned(now_seen)
        return seen

    def _wait(self, interval_s: float) -> float:
        patience = self.session.patience
        began_s = patience.clock.monotonic_s()
        patience.wait(interval_s)
        return patience.clock.monotonic_s() - began_s

    def _look(self) -> RunRow:
        rows = self.session.read("select_run", run_id=self.run_id)
        if not rows:
            raise no_such_run(self.run_id)
        seen = run_of(rows[0])
        check_takeable(seen.status, begins_again=self.reopens)
        return seen

    def _is_free(self, seen: RunRow) -> bool:
        if seen.owner is None or seen.status in _NOBODYS or seen.is_final:
            return True
        is_same_lock = self.owner.lock_id == seen.owner.lock_id != ""
        return self.is_locked and is_same_lock

    def _claim(self, seen: RunRow) -> RunRow | None:
        """Take the run if it is as it was seen; None if its owner left it just now."""
        note_id = uuid4().hex
        now = self.session.patience.clock.now()

        def claim(tx: LedgerTransaction) -> RunRow | None:
            has_won = self._compare_and_set(tx, seen, now)
            run = run_of(row_of(tx, seen.id))
            if not has_won and tx.is_repeated and run.epoch == seen.epoch + 1:
                # The try whose COMMIT was not answered has won, if its line stands in the audit.
                has_won = bool(tx.query("select_note", note_id=note_id))
            if not has_won:
                self._refuse_unless_left(seen, run)
                return None
            tx.execute("delete_claims", run_id=run.id)  # of the owner before
            details = {
                "epoch": run.epoch,
                "was": seen.status.value,
                "before": seen.owner and str(seen.owner),
            }
            note(tx, run.id, note_id, AuditRow(now, str(self.owner), "taken", details))
            return run

        return self.session.write(claim)

    def _compare_and_set(self, tx: LedgerTransaction, seen: RunRow, now: datetime) -> bool:
        rows = tx.execute(
            "take_run",
            run_id=seen.id,
            epoch=seen.epoch,
            beat=seen.lease.beat if seen.lease else 0,
            allowed=spaced(takeable_from(begins_again=self.reopens)),
            owner_host=self.owner.host,
            owner_pid=self.owner.pid,
            owner_lock=self.owner.lock_id,
            lease_s=self.lease_s,
            now=now,
        )
        return rows == 1

    def _refuse_unless_left(self, seen: RunRow, run: RunRow) -> None:
        check_takeable(run.status, begins_again=self.reopens)
        if run.epoch != seen.epoch or not self._is_free(run):
            raise run_owned(run)


def row_of(tx: LedgerTransaction, run_id: int) -> Row:
    """Return the row of a run that exists."""
    return tx.query("select_run", run_id=run_id)[0]


def spaced(statuses: frozenset[RunStatus]) -> str:
    """Return statuses as the statements compare them: each between two spaces."""
    return f" {' '.join(sorted(statuses))} "


def note(tx: LedgerTransaction, run_id: int, note_id: str, line: AuditRow) -> None:
    """Add a line to the audit, once for a `note_id`."""
    tx.execute(
        "insert_note",
        note_id=note_id,
        run_id=run_id,
        at=line.at,
        who=storable(line.who),
        what=storable(line.what),
        details=as_json(dict(line.details)),
    )


def no_such_run(run_id: int) -> LedgerError:
    """Return the error for a number that no run has."""
    return LedgerError(
        f"there is no run {run_id} in this ledger",
        hint="see which there are: daybreak status; or name another ledger with --ledger",
    )


def run_owned(run: RunRow) -> RunOwned:
    """Return the error for a run that another process owns, with who and until when."""
    owner = run.owner
    assert owner is not None
    until = run.lease.ends_at if run.lease else None
    return RunOwned(
        f"run {run.id} is owned by process {owner.pid} on {owner.host}",
        hint=f"wait until it ends, or stop it there: kill -TERM {owner.pid};"
        " --kill-owner ends one of this machine that does not answer",
        run=run.id,
        host=owner.host,
        pid=owner.pid,
        epoch=run.epoch,
        lease_ends_at=until.isoformat(timespec="seconds") if until else "unknown",
    )
