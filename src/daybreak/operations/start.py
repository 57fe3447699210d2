"""Starting a run, or resuming it: the same command does both (PROTOCOL.md 2 and 4)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from ..abc import Clock
from ..databases import Database
from ..databases.holders import said_holders
from ..databases.session import connect
from ..databases.url import resolve, without_credentials
from ..errors import DaybreakError, DefinitionError, RunOwned, TransientError
from ..execution.chunked_step import Surroundings
from ..execution.conductor import Conductor, Result
from ..execution.stop_request import StopRequest
from ..execution.targets import Targets
from ..ledger.clock import Patience, SystemClock
from ..ledger.owned import OwnedRun, PlannedStep
from ..ledger.ownership import run_owned
from ..ledger.rows import Owner, RunRow
from ..ledger.store import LedgerStore
from ..model.identity import Identity
from ..model.job import Job, Knobs
from ..model.limits import LEASE_S, TAKEOVER_S
from ..model.parameters import read_parameters
from ..model.status import RunStatus
from ..telemetry import RunEnded, RunStarted, Said, Telemetry
from .bodies import StepBodies
from .load import LoadedJob
from .places import database_from_environment, ledger_url, runs_folder
from .run_lock import RunLock, host_name
from .signals import stopped_by_signals


@dataclass(frozen=True)
class Settings:
    """What a command says about a run."""

    parameters: Mapping[str, object] = field(default_factory=dict)
    """The job's parameters as given: texts, or values."""

    knobs: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By step: `{"load": {"parallel": 4}}`."""

    databases: Mapping[str, str] = field(default_factory=dict)
    """URL by name; the name "" means the job's only database."""

    ledger: str | None = None
    night: date | None = None
    """Which night, for jobs with a window; else the present one, or that of an unfinished run."""

    again: bool = False
    """Begin a new run, although there is one."""

    lease_s: float = LEASE_S
    takeover_s: float = TAKEOVER_S


@dataclass(frozen=True)
class Outcome:
    """How an attempt at a run ended."""

    run: str
    status: RunStatus
    quarantined: int = 0
    step: str | None = None
    """The step that failed."""

    impact: str = ""
    """What its failure means, and for whom."""

    error: DaybreakError | None = None
    was_done: bool = False
    """Whether the run was done before: nothing was started."""


def start(loaded: LoadedJob, settings: Settings, telemetry: Telemetry) -> Outcome:
    """Start the run that the settings mean, or resume it; return when it has ended.

    Raises:
        DefinitionError: If a parameter, a knob or a database's name is wrong.
        PreflightError: If a database or the ledger cannot be used.
        OwnershipError: If another process owns the run, or took it over meanwhile.
    """
    clock = SystemClock()
    job = loaded.job
    parameters = read_parameters(loaded.parameters, settings.parameters)
    knobs = _knobs(job, settings.knobs)
    databases = _bound(loaded, settings)
    store = _opened_ledger(ledger_url(settings.ledger, loaded.path), settings)
    try:
        night = _night(job, settings, clock)
        run = _run_of(
            store, loaded, settings, night=night, parameters=parameters, databases=databases
        )
        if run.is_final:
            quarantined = sum(row.counts.quarantined for row in store.steps(run.id))
            return Outcome(str(run.id), run.status, quarantined, was_done=True)
        with _owned(store, run, settings, telemetry, clock) as owned:
            bodies = StepBodies(
                run_id=str(run.id),
                folder=Path(run.folder),
                night=run.night,
                started_at=owned.run.started_at or clock.now(),
                parameters=parameters,
                knobs=knobs,
                databases=databases,
                takeover_s=settings.takeover_s,
                telemetry=telemetry,
                clock=clock,
            )
            return _conduct(job, owned, bodies, settings, telemetry=telemetry, clock=clock)
    finally:
        store.close()


# ---------------------------------------------------------------- what the command means


def _knobs(job: Job, given: Mapping[str, Mapping[str, int]]) -> dict[str, Knobs]:
    knobs = {}
    for name, settings in given.items():
        step = job.step_named(name)
        known = {"chunk": step.knobs.chunk, "parallel": step.knobs.parallel}
        for knob in settings:
            if knob not in known:
                raise DefinitionError(
                    f"step {name} has no knob {knob!r}", hint="the knobs are chunk and parallel"
                )
        knobs[name] = Knobs(**{**known, **settings})
    return knobs


def _bound(loaded: LoadedJob, settings: Settings) -> dict[str, Database]:
    """Bind the job's databases to their URLs, and prove that each answers."""
    given = settings.databases
    databases = {database.name: database for database in loaded.databases}
    for name in given:
        if name and name not in databases:
            raise DefinitionError(
                f"the job has no database {name!r}",
                hint=f"it has: {', '.join(databases) or 'none'}",
            )
    if "" in given and len(databases) != 1:
        raise DefinitionError(
            f"--database does not say which of {len(databases)} databases it means",
            hint=f"write --database NAME=URL with one of: {', '.join(databases) or 'none'}",
        )
    for name, database in databases.items():
        url = (
            given.get(name)
            or given.get("")
            or database_from_environment(name)
            or database.default_url
        )
        if url is None:
            raise DefinitionError(
                f"database {name!r} has no URL", hint=f"give --database {name}=URL"
            )
        database.bind(resolve(url, loaded.path.parent))
        with suppress(TransientError):  # busy is not unreachable
            connect(database.url, lock_wait_s=settings.takeover_s).close()
    return databases


def _run_of(
    store: LedgerStore,
    loaded: LoadedJob,
    settings: Settings,
    *,
    night: date | None,
    parameters: Mapping[str, Any],
    databases: Mapping[str, Database],
) -> RunRow:
    """Find the run that the command means, or enter it."""
    shown = {
        name: parameter.to_json(parameters[name])
        for name, parameter in loaded.parameters.items()
        if not parameter.is_secret
    }
    identity = Identity(
        job=loaded.job.name,
        parameters=shown,
        databases={name: without_credentials(db.url) for name, db in databases.items()},
        night=night,
    )
    if settings.night is None and not settings.again:
        unfinished = store.newest_unfinished(identity.family)
        if unfinished is not None:
            return unfinished
    return store.start(
        identity,
        parameters=shown,
        job_file=str(loaded.path),
        runs_folder=runs_folder(ledger_url(settings.ledger, loaded.path), loaded.path),
        who=_who(),
        is_again=settings.again,
    )


def _night(job: Job, settings: Settings, clock: Clock) -> date | None:
    if settings.night is not None and job.window is None:
        raise DefinitionError(
            f"job {job.name} has no window, so it has no nights", hint="leave --night out"
        )
    if job.window is None or job.once:
        return None
    return settings.night or job.window.night_at(clock.now())


def _who() -> str:
    return f"{os.environ.get('USER', 'somebody')}@{host_name()}"


# ---------------------------------------------------------------- owning and conducting


def _opened_ledger(url: str, settings: Settings) -> LedgerStore:
    try:
        return LedgerStore.open(url, patience=Patience(most_s=settings.takeover_s))
    except TransientError as error:
        raise RunOwned(
            f"the ledger cannot be opened: {error}{said_holders(url)}",
            hint="a process that was stopped while it wrote keeps the lock: continue or end it,"
            " then run the same command again",
        ) from error


@contextmanager
def _owned(
    store: LedgerStore, run: RunRow, settings: Settings, telemetry: Telemetry, clock: Clock
) -> Iterator[OwnedRun]:
    """Own the run as long as the block lasts."""
    lock = RunLock(Path(run.folder))
    if not lock.acquire():
        raise _owned_here(store.run(run.id))
    try:
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
                run.id, owner, is_locked=True, lease_s=settings.lease_s, on_watch=say
            )
        except TransientError as error:
            raise _ledger_held(run, error) from error
        yield owned
    finally:
        lock.release()


def _owned_here(run: RunRow) -> RunOwned:
    if run.owner is None:
        return RunOwned(
            f"another process of this machine is just taking run {run.id}",
            hint="see `daybreak status`",
            run=run.id,
        )
    return run_owned(run)


def _ledger_held(run: RunRow, error: TransientError) -> RunOwned:
    """Say who may hold the ledger's lock: an owner that was stopped while it wrote."""
    owner = run.owner
    who = f"; its owner is process {owner.pid} on {owner.host}" if owner else ""
    return RunOwned(
        f"run {run.id} cannot be taken: {error}{who}",
        hint="continue or end that process, then run the same command again",
        run=run.id,
    )


def _conduct(
    job: Job,
    owned: OwnedRun,
    bodies: StepBodies,
    settings: Settings,
    *,
    telemetry: Telemetry,
    clock: Clock,
) -> Outcome:
    began_s = clock.monotonic_s()
    run = owned.run
    owned.plan(PlannedStep(step.name, step.impact) for step in job.steps)
    telemetry.publish(
        RunStarted(
            at=clock.now(),
            run=str(run.id),
            job=job.name,
            epoch=run.epoch,
            night=run.night,
            folder=run.folder,
            is_resumed=run.epoch > 1,
            steps=[step.name for step in job.steps],
        )
    )
    around = Surroundings(
        bodies=bodies,
        ledger=owned,
        targets=Targets(owned.ownership),
        clock=clock,
        telemetry=telemetry,
        stop=StopRequest(),
    )
    conductor = Conductor(job.steps, around, lease_s=settings.lease_s)
    with stopped_by_signals(conductor.stop):
        result = conductor.run()
    outcome = _outcome(run, result)
    telemetry.publish(
        RunEnded(
            at=clock.now(),
            run=outcome.run,
            status=outcome.status,
            quarantined=outcome.quarantined,
            duration_s=clock.monotonic_s() - began_s,
            error=None if outcome.error is None else str(outcome.error),
        )
    )
    return outcome


def _outcome(run: RunRow, result: Result) -> Outcome:
    failed = result.failed
    return Outcome(
        run=str(run.id),
        status=result.status,
        quarantined=result.quarantined,
        step=None if failed is None else failed.step.name,
        impact="" if failed is None else failed.step.impact,
        error=None if failed is None else failed.error,
    )
