"""Rehearsing one step in place: real work in one transaction that is rolled back (PROTOCOL.md 10).

The step runs as in a run: with markers, quarantine, isolation and proof. Its ledger is one in
memory, its run one that nobody else can mean, its sessions are all inside one transaction
(`databases.rehearsal`). Rolled back chunk by chunk instead, a quadratic step would read as linear.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from ..abc import Clock
from ..databases import Database
from ..databases.commit_price import CommitPrice, commit_price
from ..databases.dialect import REHEARSAL, dialect_of
from ..databases.rehearsal import APPLICATION, RehearsalTransaction
from ..databases.target import DatabaseTarget
from ..errors import DaybreakError
from ..execution.atomic_step import run_atomic
from ..execution.chunked_step import ChunkedStep, Surroundings
from ..execution.patience import Patience
from ..execution.step_failure import failure_of
from ..execution.stop_request import StopRequest
from ..execution.targets import Targets
from ..ledger.clock import SystemClock
from ..ledger.owned import OwnedRun
from ..ledger.rows import Owner
from ..ledger.store import LedgerStore
from ..model.fate import Counts
from ..model.identity import Identity
from ..model.job import Step, StepKind
from ..model.limits import REHEARSAL_RECORDS
from ..model.parameters import read_parameters
from ..model.status import StepStatus
from ..telemetry import Said, StepStarted, Telemetry
from .bodies import StepBodies
from .earlier_run import EarlierRun, earlier_run, refuse_files
from .load import LoadedJob
from .naming import identity_of
from .places import ledger_url
from .quarantine import QuarantineCause, causes_in
from .register import REGISTER, writes_files
from .rehearsal import NAME, Rehearsal, RehearsedStep, rss_bytes_max
from .rehearsal_folder import rehearsal_folder
from .rehearsal_hearing import Hearing
from .rehearsal_watch import RehearsalWatch, rehearsal_watched
from .rehearsal_words import said_in_place, which_records
from .rehearsed_bodies import RehearsedBodies
from .run_lock import host_name
from .settings import Settings, knobs_of, named_databases, night_of
from .signals import stopped_by_signals

GAVE_WAY: Final = "others wait for its locks"


def rehearse(
    loaded: LoadedJob,
    step_name: str,
    settings: Settings,
    telemetry: Telemetry,
    *,
    records: int = REHEARSAL_RECORDS,
    run_id: int | None = None,
    is_spread: bool = False,
) -> Rehearsal:
    """Rehearse one step in place; nothing of it is left but what is returned.

    Args:
        loaded: The job.
        step_name: Which step.
        settings: As for a run; `lease_s` is how long to wait for locks of others.
        telemetry: Is told of everything meanwhile, first of what will be done and what it costs.
        records: At most so many records are read.
        is_spread: Whether they are read from everywhere in the source, else from its beginning.
        run_id: The run whose finished steps are built on; by default the newest of the same
            parameters.

    Raises:
        DefinitionError: If a step, a parameter, a knob or a database's name is wrong.
        PreflightError: If a database cannot be used, or the step's input is not there.
        RunOwned: If a run is at work in the same SQLite file.
    """
    clock = SystemClock()
    step = loaded.job.step_named(step_name)
    parameters = read_parameters(loaded.parameters, settings.parameters)
    knobs = knobs_of(loaded.job, settings.knobs)
    databases = named_databases(loaded, settings)
    for name, database in databases.items():
        dialect_of(database.url).refuse(REHEARSAL, f"database {name}")
    night = night_of(loaded.job, settings, clock)
    identity = identity_of(loaded, parameters, databases, night)
    ledger = ledger_url(settings.ledger, loaded.path)
    earlier = earlier_run(ledger, loaded.job, identity, run_id)
    earlier.refuse_missing_input(step)
    if step.kind is not StepKind.TASK:
        refuse_files(databases, ledger)
    chunk = knobs.get(step.name, step.knobs).chunk
    for sentence in said_in_place(step, databases.values(), records, chunk):
        telemetry.publish(Said(clock.now(), None, sentence, {}))
    stop = StopRequest()
    with rehearsal_folder() as folder:
        with _inside(step, databases, settings, stop) as (transactions, watch):
            bodies = StepBodies(
                run_id=NAME,
                folder=folder,
                night=night if earlier.run is None else earlier.run.night,
                started_at=clock.now(),
                parameters=parameters,
                knobs=knobs,
                databases=databases,
                takeover_s=settings.takeover_s,
                lease_s=settings.lease_s,
                telemetry=telemetry,
                clock=clock,
                is_rehearsal=True,
                opens={name: one.opens for name, one in transactions.items()},
                kept_folder=earlier.folder,
            )
            for done in filter(earlier.has_done, step.upstream):
                known = earlier.steps[done.name]
                bodies.done(done, known.value, known.counts)
            heard = RehearsedBodies(bodies, records=records, is_alone=True, is_spread=is_spread)
            attempt = _Attempt(step, heard, telemetry, clock, stop)
            rehearsed = attempt.run(identity, databases)
            begun = watch.look_at(transactions)
            caveats = [
                *_caveats(step, earlier, rehearsed, records),
                *_about_transaction(begun, rehearsed, stop),
            ]
        price = commit_price(begun[0].url, folder) if begun else None
    return Rehearsal(
        job=loaded.job.name,
        is_scratch=False,
        records_max=records,
        steps=[rehearsed],
        commit=price if isinstance(price, CommitPrice) else None,
        caveats=[*caveats, *watch.caveats, *([price] if isinstance(price, str) else [])],
        rss_bytes_max=rss_bytes_max(),
        dangers=watch.dangers,
        sizes=watch.sizes,
    )


@contextmanager
def _inside(
    step: Step[Any], databases: Mapping[str, Database], settings: Settings, stop: StopRequest
) -> Iterator[tuple[dict[str, RehearsalTransaction], RehearsalWatch]]:
    """Have everything that is done in the databases be part of transactions that are rolled back.

    What `Database.query` reads in a stage is read there too: in a run it would see what the chunks
    before have committed. They are watched until they are rolled back; a task, which mostly has no
    use for them, is not.
    """
    ours = f"{APPLICATION}:{secrets.token_hex(4)}"
    watched = {} if step.kind is StepKind.TASK else databases
    transactions: dict[str, RehearsalTransaction] = {}
    with rehearsal_watched(watched, application=ours) as watch:
        try:
            for name, database in databases.items():
                transaction = RehearsalTransaction(
                    database.url,
                    wait_s=settings.lease_s,
                    application=ours,
                    gives_way=partial(stop.request, GAVE_WAY),
                )
                transactions[name] = transaction
                database.bind(database.url, transaction.opens)
            yield transactions, watch
        finally:
            for transaction in transactions.values():
                transaction.rollback()
            for database in databases.values():
                database.bind(database.url)


class _Attempt:
    """The one attempt at the step, by the means of a run."""

    def __init__(
        self,
        step: Step[Any],
        bodies: RehearsedBodies,
        telemetry: Telemetry,
        clock: Clock,
        stop: StopRequest,
    ) -> None:
        self._step = step
        self._bodies = bodies
        self._telemetry = telemetry
        self._clock = clock
        self._stop = stop
        self._hearing = Hearing()
        telemetry.subscribe(self._hearing.hear)

    def run(self, identity: Identity, databases: Mapping[str, Database]) -> RehearsedStep:
        """Do the step; whatever happens comes back as a value."""
        began_s = self._clock.monotonic_s()
        with _ledger_of(identity) as (store, owned):
            around = Surroundings(
                bodies=self._bodies,
                ledger=owned,
                targets=Targets(owned.ownership),
                clock=self._clock,
                telemetry=self._telemetry,
                stop=self._stop,
                patience=Patience(self._clock, telemetry=self._telemetry),
            )
            status, value, error = self._ended(around)
            duration_s = self._clock.monotonic_s() - began_s
            causes = self._causes(store, owned, databases)
        step = self._step
        return RehearsedStep(
            step=step.name,
            kind=step.kind,
            impact=step.impact,
            status=status,
            duration_s=duration_s - self._bodies.aside_s(step),
            counts=self._hearing.counts(step.name),
            chunks=self._hearing.chunks(step.name),
            causes=causes,
            source_records=self._bodies.totals.get(step.name),
            source_about=self._bodies.abouts.get(step.name),
            places=self._bodies.places(step),
            chunk=self._bodies.knobs(step).chunk if step.kind is StepKind.STEP else None,
            value=value,
            error=error,
        )

    def _ended(self, around: Surroundings) -> tuple[StepStatus, str | None, DaybreakError | None]:
        try:
            with stopped_by_signals(self._asked_to_stop):
                if self._step.kind is StepKind.STEP:
                    counts = ChunkedStep(self._step, around).run(None)
                    return (StepStatus.STOPPED if counts is None else StepStatus.DONE), None, None
                return StepStatus.DONE, self._whole(around), None
        except KeyboardInterrupt:
            return StepStatus.STOPPED, None, None
        except Exception as error:  # noqa: BLE001 - a user's function may raise anything
            return StepStatus.FAILED, None, failure_of(self._step, error)

    def _asked_to_stop(self, reason: str) -> None:
        """End between two chunks; what has none is broken off, for nothing of it is kept."""
        self._stop.request(reason)
        if self._step.kind is not StepKind.STEP:
            raise KeyboardInterrupt

    def _whole(self, around: Surroundings) -> str | None:
        step, now = self._step, self._clock.now()
        self._telemetry.publish(StepStarted(now, step.name, step.kind, step.impact, None, Counts()))
        around.ledger.begin_step(step.name, code="")
        if step.kind is StepKind.TASK:
            return self._bodies.task(step)
        return run_atomic(step, 1, around)

    def _causes(
        self, store: LedgerStore, owned: OwnedRun, databases: Mapping[str, Database]
    ) -> Sequence[QuarantineCause]:
        """Read why records were set aside, as long as the transaction holds it."""
        steps = store.steps(owned.run.id)
        names = [*databases, *([REGISTER] if writes_files(steps) else [])]
        targets = [self._bodies.target_named(name) for name in names]
        ours = [target for target in targets if isinstance(target, DatabaseTarget)]
        with suppress(DaybreakError):  # the transaction is gone, and with it what was set aside
            return causes_in(owned.run, steps, ours)
        return ()


@contextmanager
def _ledger_of(identity: Identity) -> Iterator[tuple[LedgerStore, OwnedRun]]:
    """Own a run in a ledger in memory: one that no other command can mean."""
    store = LedgerStore.open("sqlite://")
    try:
        unique = f"rehearsal {secrets.token_hex(8)} of {identity.job}"
        run = store.start(
            replace(identity, job=unique),
            parameters={},
            job_file="",
            runs_folder=Path(NAME),
            who=NAME,
        )
        owner = Owner(host_name(), os.getpid(), "")
        yield store, store.take(run.id, owner, is_locked=True)
    finally:
        store.close()


# ---------------------------------------------------------------- in what it differs from a run


def _caveats(
    step: Step[Any], earlier: EarlierRun, rehearsed: RehearsedStep, records: int
) -> Iterator[str]:
    if which := which_records(rehearsed, records):
        yield f"these were {which}"
    if rehearsed.kind is StepKind.STEP and step.knobs.parallel > 1:
        yield f"one worker did them; a run has {step.knobs.parallel}"
    known = earlier.steps.get(step.name)
    if earlier.run is not None and known is not None and known.counts.read:
        yield (
            f"run {earlier.run.id} has done {known.counts.read:,} records of this step already:"
            " their rows are there, and the rehearsal began at its first record"
        )
    missing = [one.name for one in step.job.steps if one in step.upstream]
    undone = [name for name in missing if not earlier.has_done(step.job.step_named(name))]
    if undone:
        yield f"steps before it are not done, and their effects are not there: {', '.join(undone)}"


def _about_transaction(
    begun: Sequence[RehearsalTransaction], rehearsed: RehearsedStep, stop: StopRequest
) -> Iterator[str]:
    if rehearsed.status is StepStatus.STOPPED and stop.reason == GAVE_WAY:
        yield "it ended early, for others waited for rows or keys that it had written"
    if not all(transaction.is_sealed for transaction in begun):
        yield (
            "the user may not create temporary tables there, so the transaction was not sealed: a"
            " function that had committed it would have made it durable"
        )
