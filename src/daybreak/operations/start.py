"""Starting a run, or resuming it: the same command does both (PROTOCOL.md 2 and 4)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ..databases import Database
from ..databases.url import without_credentials
from ..errors import DaybreakError, InvalidTransition
from ..execution.chunked_step import Surroundings
from ..execution.conductor import Conductor, Result
from ..execution.in_flight import InFlight
from ..execution.stop_request import StopRequest
from ..execution.targets import Targets
from ..ledger.clock import SystemClock
from ..ledger.owned import OwnedRun, PlannedStep
from ..ledger.rows import RunRow
from ..ledger.store import LedgerStore
from ..model.identity import Identity
from ..model.job import Job
from ..model.parameters import read_parameters
from ..model.status import RunStatus
from ..telemetry import RunEnded, RunStarted, Telemetry
from .attempt import Attempt
from .bodies import StepBodies
from .deaths import in_flight_of, process_died, tell_of_death
from .load import LoadedJob
from .owning import opened_ledger, owned_run
from .places import ledger_url, runs_folder
from .run_lock import host_name
from .settings import Settings, bound_databases, knobs_of, night_of
from .signals import stopped_by_signals


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


def start(
    loaded: LoadedJob, settings: Settings, telemetry: Telemetry, attempt: Attempt | None = None
) -> Outcome:
    """Start the run that the settings mean, or resume it; return when it has ended.

    Args:
        loaded: The job.
        settings: Which run, and how.
        telemetry: Who wants to hear of it.
        attempt: Which attempt of a supervised command this process is; None if nobody would
            start it again.

    Raises:
        DefinitionError: If a parameter, a knob or a database's name is wrong.
        PreflightError: If a database or the ledger cannot be used.
        OwnershipError: If another process owns the run, or took it over meanwhile.
    """
    clock = SystemClock()
    job = loaded.job
    parameters = read_parameters(loaded.parameters, settings.parameters)
    knobs = knobs_of(job, settings.knobs)
    databases = bound_databases(loaded, settings)
    store = opened_ledger(ledger_url(settings.ledger, loaded.path), settings)
    try:
        night = night_of(job, settings, clock)
        run = _run_of(
            store, loaded, settings, night=night, parameters=parameters, databases=databases
        )
        if run.is_final:
            return _ended_before(store, run)
        attempt = attempt or Attempt()
        with (
            owned_run(store, run, settings, telemetry, clock) as owned,
            in_flight_of(run, attempt) as in_flight,
        ):
            bodies = StepBodies(
                run_id=str(run.id),
                folder=Path(run.folder),
                night=run.night,
                started_at=owned.run.started_at or clock.now(),
                parameters=parameters,
                knobs=knobs,
                databases=databases,
                takeover_s=settings.takeover_s,
                lease_s=settings.lease_s,
                telemetry=telemetry,
                clock=clock,
            )
            around = Surroundings(
                bodies=bodies,
                ledger=owned,
                targets=Targets(owned.ownership),
                clock=clock,
                telemetry=telemetry,
                stop=StopRequest(),
                in_flight=in_flight,
            )
            return _conduct(job, owned, around, settings, attempt)
    except InvalidTransition:
        run = store.run(run.id)
        if not run.is_final:
            raise
        return _ended_before(store, run)  # by another process, while this one wanted it
    finally:
        store.close()


def _ended_before(store: LedgerStore, run: RunRow) -> Outcome:
    quarantined = sum(row.counts.quarantined for row in store.steps(run.id))
    return Outcome(str(run.id), run.status, quarantined, was_done=True)


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


def _who() -> str:
    return f"{os.environ.get('USER', 'somebody')}@{host_name()}"


def _conduct(
    job: Job, owned: OwnedRun, around: Surroundings, settings: Settings, attempt: Attempt
) -> Outcome:
    clock, telemetry = around.clock, around.telemetry
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
    tell_of_death(around.in_flight, telemetry, clock)
    if attempt.gives_up:
        outcome = _given_up(owned, around.in_flight, attempt)
    else:
        conductor = Conductor(job.steps, around, lease_s=settings.lease_s)
        with stopped_by_signals(conductor.stop, attempt):
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


def _given_up(owned: OwnedRun, in_flight: InFlight, attempt: Attempt) -> Outcome:
    """End a run whose process dies whenever it is started."""
    error = process_died(in_flight, attempt)
    owned.become(RunStatus.FAILED, error=str(error))
    quarantined = sum(row.counts.quarantined for row in owned.steps().values())
    return Outcome(str(owned.run.id), RunStatus.FAILED, quarantined, error=error)


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
