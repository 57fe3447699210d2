"""Starting a run, or resuming it: the same command does both (PROTOCOL.md 2 and 4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..abc import Clock, Target
from ..databases import Database
from ..databases.looking import looking_around
from ..errors import DatabaseBusy, DaybreakError, InvalidTransition, PreflightError
from ..execution.chunked_step import Surroundings
from ..execution.conductor import Conductor, Result
from ..execution.in_flight import InFlight
from ..execution.patience import Patience
from ..execution.stop_request import StopRequest
from ..execution.targets import Targets
from ..ledger.clock import SystemClock
from ..ledger.owned import OwnedRun
from ..ledger.rows import PlannedStep, RunRow
from ..ledger.store import LedgerStore
from ..model.identity import Identity
from ..model.job import Job
from ..model.knobs import Knobs
from ..model.parameters import read_parameters
from ..model.status import RunStatus, StepStatus
from ..telemetry import RunEnded, RunStarted, Said, Telemetry
from .attempt import Attempt
from .bodies import StepBodies, target_of
from .critical import surely_enough
from .deaths import in_flight_of, process_died, tell_of_death
from .disk import disk_findings, places_of
from .ended_before import verify_ended
from .load import LoadedJob
from .naming import identity_of, named_or_unfinished
from .owning import freed_ledger, owned_run
from .past import Past, past_of
from .places import ledger_url, runs_folder
from .preflight import bounded, preflight, refuse
from .register import REGISTER, register_database
from .restarting import Begun, Restarting
from .run_lock import who
from .settings import Settings, bound_databases, ending_of, knobs_of, night_of
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

    done_alone: str | None = None
    """The step that the command asked for alone, if it is done while others are still missing."""


def start(
    loaded: LoadedJob,
    settings: Settings,
    telemetry: Telemetry,
    attempt: Attempt | None = None,
    clock: Clock | None = None,
) -> Outcome:
    """Start the run that the settings mean, or resume it; return when it has ended.

    Args:
        loaded: The job.
        settings: Which run, and how.
        telemetry: Who wants to hear of it.
        attempt: Which attempt of a supervised command this process is; None if nobody would
            start it again.
        clock: Of nights and durations; that of the machine unless it is given.

    Raises:
        DefinitionError: If a parameter, a knob or a database's name is wrong.
        PreflightError: If a database or the ledger cannot be used.
        LedgerBehind: If the run is done, and a target does not know that any more.
        OwnershipError: If another process owns the run, or took it over meanwhile.
    """
    clock = clock or SystemClock()
    job = loaded.job
    attempt = attempt or Attempt()
    settings = _gone_on(settings, attempt)
    parameters = read_parameters(loaded.parameters, settings.parameters)
    knobs: Mapping[str, Knobs] = knobs_of(job, settings.knobs)
    databases = bound_databases(loaded, settings)
    url = ledger_url(settings.ledger, loaded.path)
    runs = runs_folder(url, loaded.path)
    refuse(disk_findings(places_of(url, runs, databases), settings.disk_free_bytes_min))
    reached = _reaching(settings, clock)
    store = freed_ledger(url, runs, settings, telemetry, clock)
    try:
        night = night_of(job, settings, clock)
        places = {**databases, REGISTER: register_database(url)}
        restarting = _restarting(job, settings, places, reached)
        identity = identity_of(loaded, parameters, databases, night)
        forced = None
        if attempt.run is None:  # one that follows a death has begun already
            forced = surely_enough(
                store, job, identity, settings, now=clock.now(), file=loaded.path.name
            )
        run = _run_of(store, loaded, settings, identity=identity, restarting=restarting)
        attempt.works_at(run.id)
        if run.is_final and not _begins(settings):
            return _ended_before(store, run, job, places, reached)
        with (
            owned_run(
                store, run, settings, telemetry, clock, look=_look(store, restarting)
            ) as owned,
            in_flight_of(run, attempt) as in_flight,
        ):
            store.be_patient(settings.patience_s)
            if forced is not None:
                forced.note(owned)
            targets = Targets(owned.ownership)
            begun = restarting.begin(store, owned, run, targets) if restarting else Begun()
            attempt.began_again()
            knobs = _preflight(job, owned, knobs, databases, store, lock_wait_s=settings.takeover_s)
            around = _surroundings(
                owned,
                settings,
                parameters=parameters,
                knobs=knobs,
                databases=databases,
                targets=targets,
                in_flight=in_flight,
                telemetry=telemetry,
                clock=clock,
                register=url,
                past=past_of(store, owned.run),
            )
            return _conduct(job, owned, around, settings, attempt=attempt, begun=begun)
    except InvalidTransition:
        run = store.run(run.id)
        if not run.is_final or _begins(settings):
            raise
        # By another process, while this one wanted it.
        return _ended_before(store, run, job, places, reached)
    finally:
        store.close()


def _gone_on(settings: Settings, attempt: Attempt) -> Settings:
    """Return the settings of an attempt that follows a death: what the first began is begun."""
    if attempt.run is None:
        return settings
    restart = settings.restart
    if restart is not None and attempt.has_begun_again:
        restart = replace(restart, has_begun=True)
    return replace(settings, run=attempt.run, again=False, restart=restart)


def _begins(settings: Settings) -> bool:
    """Say whether steps are to begin again that have not yet."""
    return settings.restart is not None and not settings.restart.has_begun


def _surroundings(
    owned: OwnedRun,
    settings: Settings,
    *,
    parameters: Mapping[str, Any],
    knobs: Mapping[str, Knobs],
    databases: Mapping[str, Database],
    targets: Targets,
    in_flight: InFlight,
    telemetry: Telemetry,
    clock: Clock,
    register: str,
    past: Past,
) -> Surroundings:
    """Return what every step of the run shares."""
    run = owned.run
    bodies = StepBodies(
        run_id=str(run.id),
        folder=Path(run.folder),
        night=run.night,
        started_at=run.started_at or clock.now(),
        parameters=parameters,
        knobs=knobs,
        databases=databases,
        takeover_s=settings.takeover_s,
        lease_s=settings.lease_s,
        telemetry=telemetry,
        clock=clock,
        passes={name: row.pass_number for name, row in owned.steps().items()},
        accepts_changes=settings.accepts_changes,
        register=register,
        disk_free_bytes_min=settings.disk_free_bytes_min,
    )
    return Surroundings(
        bodies=bodies,
        ledger=owned,
        targets=targets,
        clock=clock,
        telemetry=telemetry,
        stop=StopRequest(),
        patience=Patience(clock, settings.patience_s, telemetry),
        accepts_changes=settings.accepts_changes,
        in_flight=in_flight,
        growths=past.growths,
        typical=past.typical,
        records=past.records,
    )


def _ended_before(
    store: LedgerStore,
    run: RunRow,
    job: Job,
    databases: Mapping[str, Database],
    reached: Callable[[Database], Target],
) -> Outcome:
    if run.status is RunStatus.DONE:
        verify_ended(store, run, job, databases, reached)
    quarantined = sum(row.counts.quarantined for row in store.steps(run.id))
    return Outcome(str(run.id), run.status, quarantined, was_done=True)


def _run_of(
    store: LedgerStore,
    loaded: LoadedJob,
    settings: Settings,
    *,
    identity: Identity,
    restarting: Restarting | None,
) -> RunRow:
    """Find the run that the command means, or enter it."""
    run = named_or_unfinished(store, identity, settings)
    if run is not None:
        return run
    if restarting is not None:
        restarting.look(store, None if settings.again else store.newest(identity))
    return store.start(
        identity,
        parameters=identity.parameters,
        job_file=str(loaded.path),
        runs_folder=runs_folder(ledger_url(settings.ledger, loaded.path), loaded.path),
        who=who(),
        is_again=settings.again,
    )


def _preflight(
    job: Job,
    owned: OwnedRun,
    knobs: Mapping[str, Knobs],
    databases: Mapping[str, Database],
    store: LedgerStore,
    *,
    lock_wait_s: float,
) -> Mapping[str, Knobs]:
    """Look at the surroundings as the run's owner: whoever does not own it is told only that.

    Returns:
        The knobs, with the bounds that the surroundings set to those that adapt.

    Raises:
        PreflightError: The run has failed, resumable; nothing else was written.
    """
    known = owned.steps()
    is_done = {name for name, row in known.items() if row.status is StepStatus.DONE}
    try:
        steps = [step for step in job.steps if step.name not in is_done]
        with looking_around():
            preflight(steps, knobs, databases, store, lock_wait_s=lock_wait_s)
            return bounded(steps, knobs, databases, store)
    except DatabaseBusy:
        return knobs  # who holds the lock is said when the first step joins its target
    except PreflightError as error:
        owned.become(RunStatus.FAILED, error=str(error))
        raise


def _reaching(settings: Settings, clock: Clock) -> Callable[[Database], Target]:
    """Return what gives a database as a target."""

    def reached(database: Database) -> Target:
        return target_of(database, clock, takeover_s=settings.takeover_s, lease_s=settings.lease_s)

    return reached


def _restarting(
    job: Job,
    settings: Settings,
    databases: Mapping[str, Database],
    reached: Callable[[Database], Target],
) -> Restarting | None:
    if settings.restart is None:
        return None
    return Restarting(job, settings.restart, databases, reached, who())


def _look(store: LedgerStore, restarting: Restarting | None) -> Callable[[RunRow], None]:
    return lambda run: None if restarting is None else restarting.look(store, run)


def _conduct(
    job: Job,
    owned: OwnedRun,
    around: Surroundings,
    settings: Settings,
    *,
    attempt: Attempt,
    begun: Begun,
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
    if begun.said:
        telemetry.publish(Said(clock.now(), None, begun.said, {}))
    tell_of_death(around.in_flight, telemetry, clock)
    if attempt.gives_up:
        outcome = _given_up(owned, around.in_flight, attempt)
    else:
        conductor = Conductor(
            job.steps,
            around,
            lease_s=settings.lease_s,
            only=begun.only,
            ending=ending_of(job, clock, around.typical),
        )
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
        done_alone=result.done_alone,
    )
