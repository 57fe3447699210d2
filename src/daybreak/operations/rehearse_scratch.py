"""Rehearsing a whole job in scratch databases, step by step as a run would (PROTOCOL.md 10).

It is a run, with owner, lease, ledger, files and commits; but its ledger, its folder and its
databases are made for it, and removed at the end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..databases import Database
from ..databases.commit_price import CommitPrice, commit_price
from ..databases.dialect import REHEARSAL, dialect_of
from ..databases.scratch import scratch_database
from ..databases.target import DatabaseTarget
from ..errors import DaybreakError, RunError
from ..execution.chunked_step import Surroundings
from ..execution.conductor import Conductor, Result
from ..execution.patience import Patience
from ..execution.stop_request import StopRequest
from ..execution.targets import Targets
from ..ledger.clock import SystemClock
from ..ledger.owned import OwnedRun
from ..ledger.rows import PlannedStep, StepDetails
from ..model.fate import Counts
from ..model.job import Job, Step, StepKind
from ..model.limits import REHEARSAL_RECORDS
from ..model.parameters import read_parameters
from ..model.status import StepStatus
from ..telemetry import Said, Telemetry
from .bodies import StepBodies
from .load import LoadedJob
from .naming import identity_of
from .owning import opened_ledger, owned_run
from .quarantine import causes_in
from .register import REGISTER, writes_files
from .rehearsal import NAME, Rehearsal, RehearsedStep, rss_bytes_max
from .rehearsal_folder import rehearsal_folder
from .rehearsal_hearing import Hearing
from .rehearsal_watch import RehearsalWatch, rehearsal_watched
from .rehearsal_words import said_in_scratch, which_records
from .rehearsed_bodies import RehearsedBodies
from .settings import Settings, knobs_of, named_databases, night_of
from .signals import stopped_by_signals


def rehearse_in_scratch(
    loaded: LoadedJob,
    last_step: str | None,
    settings: Settings,
    telemetry: Telemetry,
    *,
    records: int = REHEARSAL_RECORDS,
    is_spread: bool = False,
) -> Rehearsal:
    """Rehearse a job, or the steps up to one, in databases made for it.

    Args:
        loaded: The job.
        last_step: The last step, with those before it; None for the whole job.
        settings: As for a run; its ledger is not used.
        telemetry: Is told of everything meanwhile, first of what will be done and what it costs.
        records: At most so many records of each step are read.
        is_spread: Whether they are read from everywhere in the source, else from its beginning.

    Raises:
        DefinitionError: If a step, a parameter, a knob or a database's name is wrong.
        PreflightError: If a scratch database cannot be made. Nothing is left.
    """
    steps = _steps_up_to(loaded.job, last_step)
    read_parameters(loaded.parameters, settings.parameters)  # before anything is made
    knobs_of(loaded.job, settings.knobs)
    databases = named_databases(loaded, settings)
    for name, database in databases.items():
        dialect_of(database.url).refuse(REHEARSAL, f"database {name}")
    clock = SystemClock()
    for sentence in said_in_scratch(records, databases.values()):
        telemetry.publish(Said(clock.now(), None, sentence, {}))
    with rehearsal_folder() as folder, _scratch(databases, folder):
        scratch = _Scratch(loaded, settings, telemetry, folder=folder, databases=databases)
        with rehearsal_watched(databases, at_work=lambda: scratch.hearing.at_work) as watch:
            rehearsed = scratch.run(steps, records, watch, is_spread=is_spread)
        first = next(iter(databases.values()), None)
        price = commit_price(first.url, folder) if first else None
    return Rehearsal(
        job=loaded.job.name,
        is_scratch=True,
        records_max=records,
        steps=rehearsed,
        commit=price if isinstance(price, CommitPrice) else None,
        caveats=[
            *_caveats(rehearsed, records),
            *watch.caveats,
            *([price] if isinstance(price, str) else []),
        ],
        rss_bytes_max=rss_bytes_max(),
        dangers=watch.dangers,
    )


def _steps_up_to(job: Job, last: str | None) -> list[Step[Any]]:
    if last is None:
        return list(job.steps)
    step = job.step_named(last)
    return [one for one in job.steps if one is step or one in step.upstream]


@contextmanager
def _scratch(databases: Mapping[str, Database], folder: Path) -> Iterator[None]:
    """Have every database of the job mean a scratch one."""
    with ExitStack() as stack:
        for database in databases.values():
            real = database.url
            scratch = stack.enter_context(scratch_database(real, folder))
            stack.callback(database.bind, real)
            database.bind(scratch)
        yield


class _Scratch:
    """The one run, in the folder made for it."""

    def __init__(
        self,
        loaded: LoadedJob,
        settings: Settings,
        telemetry: Telemetry,
        *,
        folder: Path,
        databases: Mapping[str, Database],
    ) -> None:
        self._loaded = loaded
        self._settings = settings
        self._telemetry = telemetry
        self._folder = folder
        self._databases = databases
        self._parameters = read_parameters(loaded.parameters, settings.parameters)
        self._clock = SystemClock()
        self.hearing = Hearing()
        telemetry.subscribe(self.hearing.hear)

    def run(
        self, steps: Sequence[Step[Any]], records: int, watch: RehearsalWatch, *, is_spread: bool
    ) -> list[RehearsedStep]:
        """Run the steps as far as they go; what fails comes back as a value."""
        store = opened_ledger(f"sqlite:///{self._folder / 'ledger.db'}", self._settings)
        try:
            night = night_of(self._loaded.job, self._settings, self._clock)
            identity = identity_of(self._loaded, self._parameters, self._databases, night)
            run = store.start(
                identity,
                parameters=identity.parameters,
                job_file=str(self._loaded.path),
                runs_folder=self._folder / "runs",
                who=f"{NAME}, pid {os.getpid()}",
            )
            with owned_run(store, run, self._settings, self._telemetry, self._clock) as owned:
                bodies = RehearsedBodies(
                    self._bodies(owned), records=records, is_alone=False, is_spread=is_spread
                )
                result = self._conducted(steps, owned, bodies)
                rows = store.steps(run.id)
                causes = causes_in(owned.run, rows, self._targets(bodies, rows))
            known = {row.step: row for row in rows}
            return [
                replace(
                    self._step(step, known[step.name], bodies, watch),
                    causes=[cause for cause in causes if cause.step == step.name],
                    error=_error_of(step, known[step.name], result),
                )
                for step in steps
            ]
        finally:
            store.close()

    def _bodies(self, owned: OwnedRun) -> StepBodies:
        return StepBodies(
            run_id=NAME,
            folder=Path(owned.run.folder),
            night=owned.run.night,
            started_at=owned.run.started_at or self._clock.now(),
            parameters=self._parameters,
            knobs=knobs_of(self._loaded.job, self._settings.knobs),
            databases=self._databases,
            takeover_s=self._settings.takeover_s,
            lease_s=self._settings.lease_s,
            telemetry=self._telemetry,
            clock=self._clock,
            is_rehearsal=True,
        )

    def _conducted(
        self, steps: Sequence[Step[Any]], owned: OwnedRun, bodies: RehearsedBodies
    ) -> Result:
        owned.plan(PlannedStep(step.name, step.impact) for step in steps)
        around = Surroundings(
            bodies=bodies,
            ledger=owned,
            targets=Targets(owned.ownership),
            clock=self._clock,
            telemetry=self._telemetry,
            stop=StopRequest(),
            patience=Patience(self._clock, telemetry=self._telemetry),
        )
        conductor = Conductor(steps, around, lease_s=self._settings.lease_s)
        with stopped_by_signals(conductor.stop):
            return conductor.run()

    def _targets(
        self, bodies: RehearsedBodies, rows: Sequence[StepDetails]
    ) -> list[DatabaseTarget]:
        names = [*self._databases, *([REGISTER] if writes_files(rows) else [])]
        targets = [bodies.target_named(name) for name in names]
        return [target for target in targets if isinstance(target, DatabaseTarget)]

    def _step(
        self, step: Step[Any], row: StepDetails, bodies: RehearsedBodies, watch: RehearsalWatch
    ) -> RehearsedStep:
        ended, used = self.hearing.ended.get(step.name), self.hearing.used.get(step.name)
        return RehearsedStep(
            step=step.name,
            kind=step.kind,
            impact=step.impact,
            status=StepStatus.WAITING if ended is None else ended.status,
            duration_s=0.0 if ended is None else ended.duration_s - bodies.aside_s(step),
            counts=Counts() if ended is None else ended.counts,
            chunks=self.hearing.chunks(step.name),
            source_records=bodies.totals.get(step.name),
            source_about=bodies.abouts.get(step.name),
            places=bodies.places(step),
            chunk=bodies.knobs(step).chunk if step.kind is StepKind.STEP else None,
            processor_s=None if used is None else used.processor_s,
            machine_busy=None if used is None else used.machine_busy,
            waits=watch.waits(step.name),
            transaction_s_max=watch.transaction_s_max(step.name),
            value=row.value,
        )


def _error_of(step: Step[Any], row: StepDetails, result: Result) -> DaybreakError | None:
    """Return why a step failed; of the others beside the first only the ledger's words are left."""
    failed = result.failed
    if failed is not None and failed.step is step:
        return failed.error
    return RunError(row.error, step=step.name) if row.error else None


def _caveats(steps: Sequence[RehearsedStep], records: int) -> Iterator[str]:
    yield "tables had no rows but those that the steps before had written"
    for step in steps:
        if which := which_records(step, records):
            yield f"step {step.step} did {which}"
