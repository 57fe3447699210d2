"""Owning a run as long as an attempt at it lasts: the ledger, the lock, the lease."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..abc import Clock
from ..databases.holders import holders_of
from ..errors import DatabaseBusy, RunOwned
from ..ledger.clock import Patience
from ..ledger.owned import OwnedRun
from ..ledger.ownership import run_owned
from ..ledger.rows import Owner, RunRow
from ..ledger.store import LedgerStore
from ..telemetry import Said, Telemetry
from .ending import end_owners
from .run_lock import RunLock, host_name, is_given_up
from .settings import Settings


def opened_ledger(url: str, settings: Settings) -> LedgerStore:
    """Open the ledger, or make it.

    Raises:
        RunOwned: If somebody keeps it locked for longer than `takeover_s`.
        TransientError: If it cannot be written for another reason: its disk is full.
        PreflightError, LedgerVersionError: If it cannot be used.
    """
    try:
        return LedgerStore.open(url, patience=Patience(most_s=settings.takeover_s))
    except DatabaseBusy as error:
        raise RunOwned(
            f"the ledger cannot be opened: {error}",
            hint="a process that was stopped while it wrote keeps the lock: continue or end it"
            " (--kill-owner ends one of this machine), then run the same command again",
        ) from error


def freed_ledger(
    url: str, runs: Path, settings: Settings, telemetry: Telemetry, clock: Clock
) -> LedgerStore:
    """Open the ledger, or make it; kill who keeps it locked, if the command says `--kill-owner`.

    Args:
        url: Where it is.
        runs: The folder of its runs' folders.
        settings: What the command says.
        telemetry: Hears of an owner that is killed.
        clock: For the instant at which it was.

    Raises:
        RunOwned: If somebody keeps it locked for longer than `takeover_s`.
        TransientError: If it cannot be written for another reason: its disk is full.
        PreflightError, LedgerVersionError: If it cannot be used.
    """
    try:
        return opened_ledger(url, settings)
    except RunOwned:
        stuck = set(holders_of(url)) if settings.kill_owner else set()
        if not stuck.intersection(_killed(runs.glob("*"), telemetry, clock) if stuck else ()):
            raise
        return opened_ledger(url, settings)


@contextmanager
def owned_run(
    store: LedgerStore,
    run: RunRow,
    settings: Settings,
    telemetry: Telemetry,
    clock: Clock,
    *,
    reopens: bool = False,
    look: Callable[[RunRow], None] = lambda _run: None,
) -> Iterator[OwnedRun]:
    """Own the run as long as the block lasts; one that is done only if it `reopens`.

    Args:
        store: The ledger.
        run: The run.
        settings: What the command says.
        telemetry: Told when there is something to wait for.
        clock: For the instants of events.
        reopens: Whether a run that is done is taken, too.
        look: Called while nobody of this machine owns the run, and before it is taken: what it
            raises leaves the run as it is.

    Raises:
        RunOwned: If another process owns it; nothing was started.
        TransientError: If the ledger cannot be written now; nothing was started.
    """
    folder = Path(run.folder)
    lock = RunLock(folder)
    if settings.kill_owner:
        _killed([folder], telemetry, clock)
    if not lock.acquire():
        raise _owned_here(store.run(run.id))
    try:
        look(store.run(run.id))
        owner = Owner(host_name(), os.getpid(), lock.lock_id)

        def say(watched: RunRow) -> None:
            telemetry.publish(
                Said(
                    clock.now(),
                    None,
                    f"waiting whether {watched.owner} still gives signs of life",
                    {"at_most_s": watched.lease.length_s if watched.lease else 0},
                )
            )

        try:
            owned = store.take(
                run.id,
                owner,
                is_locked=True,
                lease_s=settings.lease_s,
                on_watch=say,
                is_gone=is_given_up,
                reopens=reopens or settings.restart is not None,
            )
        except DatabaseBusy as error:
            raise _ledger_held(run, error) from error
        yield owned
    finally:
        lock.release()


def _killed(runs: Iterable[Path], telemetry: Telemetry, clock: Clock) -> list[int]:
    ended = end_owners(runs)
    for pid in ended:
        said = f"killed process {pid}, which owned the run"
        telemetry.publish(Said(clock.now(), None, said, {}))
    return ended


def _owned_here(run: RunRow) -> RunOwned:
    if run.owner is None:
        return RunOwned(
            f"another process of this machine is just taking run {run.id}",
            hint="see `daybreak status`",
            run=run.id,
        )
    return run_owned(run)


def _ledger_held(run: RunRow, error: DatabaseBusy) -> RunOwned:
    """Say who may hold the ledger's lock: an owner that was stopped while it wrote."""
    owner = run.owner
    who = f"; its owner is process {owner.pid} on {owner.host}" if owner else ""
    return RunOwned(
        f"run {run.id} cannot be taken: {error}{who}",
        hint="continue or end that process (--kill-owner ends one of this machine), then run the"
        " same command again",
        run=run.id,
    )
