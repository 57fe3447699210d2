"""Replaying what a run set aside: unchanged, after a repair of the code, or repaired in an export.

The run is owned meanwhile, as by any other owner: a lease, an epoch of its own, targets that were
told. A run that was done is done again once its steps have proved themselves anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from ..databases import Database
from ..databases.target import DatabaseTarget
from ..databases.url import resolve, without_credentials
from ..errors import DefinitionError
from ..execution.chunked_step import Surroundings
from ..execution.patience import Patience
from ..execution.stop_request import StopRequest
from ..execution.targets import Targets
from ..ledger.clock import SystemClock
from ..ledger.rows import RunRow
from ..ledger.store import LedgerStore
from ..model.parameters import read_parameters
from ..model.status import RunStatus
from ..telemetry import Telemetry
from .attempt import Attempt
from .bodies import StepBodies
from .choice import Choice, Wanted
from .load import LoadedJob
from .owning import opened_ledger, owned_run
from .places import database_from_environment, ledger_url
from .quarantine import RunQuarantine, targets_of
from .register import targets_besides
from .repairs import read_repairs
from .replaying import Replaying, Stale, StepReplay
from .settings import Settings

_AT_REST: Final = frozenset({RunStatus.DONE, RunStatus.FAILED, RunStatus.STOPPED})


@dataclass(frozen=True, slots=True)
class ReplayOutcome:
    """How a replay ended."""

    run: str
    status: RunStatus
    quarantined: int
    """How many records of the run are in quarantine now."""

    steps: Sequence[StepReplay] = field(default=())
    erased: int = 0
    """Records that were meant and cannot be replayed: nothing is left of them but their fate."""

    killers: int = 0
    """Records left out because they had killed their process, as somebody did in this replay."""

    gone: int = 0
    """Records of the edited export that left quarantine before: replayed already."""

    stale: Sequence[Stale] = field(default=())


def replay(
    loaded: LoadedJob,
    run_id: int,
    wanted: Wanted,
    settings: Settings,
    telemetry: Telemetry,
    *,
    attempt: Attempt | None = None,
) -> ReplayOutcome:
    """Process quarantined records of a run again; exactly once, however often it is killed.

    Args:
        loaded: The run's job, as its file declares it now.
        run_id: The run.
        wanted: Which records.
        settings: Secret parameters, URLs with credentials, the ledger, lease and patience.
        telemetry: Hears what is done.
        attempt: Which attempt of a supervised command this process is.

    Raises:
        DefinitionError: If the command or the edited export is wrong; nothing was written.
        RunOwned: If another process owns the run; nothing was written.
        RunError, LedgerError: What was committed stays; the same command goes on.
    """
    clock = SystemClock()
    repairs = None if wanted.repaired is None else read_repairs(wanted.repaired)
    ledger = ledger_url(settings.ledger, loaded.path)
    store = opened_ledger(ledger, settings)
    try:
        run = store.run(run_id)
        _refuse_other_job(loaded, run)
        databases = _bound(loaded, run, settings)
        parameters = _parameters(loaded, run, settings)
        read = partial(_quarantine, store, run_id, databases, ledger)
        choice = Choice(run, wanted, repairs, read)
        choice.look()
        for step in choice.meant:
            loaded.job.step_named(step)  # it may have been renamed since
        if not choice.meant and run.status in _AT_REST:
            return _outcome(store, run, choice, run.status)
        with owned_run(store, run, settings, telemetry, clock, reopens=True) as owned:
            bodies = StepBodies(
                run_id=str(run.id),
                folder=Path(run.folder),
                night=run.night,
                started_at=owned.run.started_at or clock.now(),
                parameters=parameters,
                knobs={},
                databases=databases,
                takeover_s=settings.takeover_s,
                lease_s=settings.lease_s,
                telemetry=telemetry,
                clock=clock,
                passes={name: row.pass_number for name, row in owned.steps().items()},
                register=ledger,
            )
            around = Surroundings(
                bodies=bodies,
                ledger=owned,
                targets=Targets(owned.ownership),
                clock=clock,
                telemetry=telemetry,
                stop=StopRequest(),
                patience=Patience(clock, telemetry=telemetry),
            )
            replaying = Replaying(
                loaded.job.steps,
                owned,
                around,
                choice,
                lease_s=settings.lease_s,
                attempt=attempt or Attempt(),
            )
            return _outcome(store, run, choice, replaying.run(), replaying)
    finally:
        store.close()


def _refuse_other_job(loaded: LoadedJob, run: RunRow) -> None:
    if loaded.job.name != run.job:
        raise DefinitionError(
            f"run {run.id} is one of job {run.job}, {loaded.path.name} declares {loaded.job.name}",
            hint=f"give the job's file: --file {run.job_file}",
        )


def _bound(loaded: LoadedJob, run: RunRow, settings: Settings) -> dict[str, Database]:
    """Bind the job's databases to those of the run."""
    given = dict(settings.databases)
    for database in loaded.databases if "" not in given else ():
        stored, default = run.databases.get(database.name), database.default_url
        if default is None or database_from_environment(database.name) is not None:
            continue
        url = resolve(default, loaded.path.parent)
        if without_credentials(url) == stored:
            given.setdefault(database.name, url)
    urls = {target.name: target.url for target in targets_of(run, given)}
    databases = {one.name: one for one in loaded.databases if one.name in urls}
    for name, database in databases.items():
        database.bind(urls[name])
    return databases


def _parameters(loaded: LoadedJob, run: RunRow, settings: Settings) -> Mapping[str, Any]:
    """Return the run's parameters; secret ones, which no ledger keeps, as they are given."""
    for name in settings.parameters:
        if name not in loaded.parameters or not loaded.parameters[name].is_secret:
            raise DefinitionError(
                f"{name!r} is no secret parameter of job {loaded.job.name}",
                hint="leave it out: the ledger keeps all parameters of the run but secret ones",
            )
    for name, parameter in loaded.parameters.items():
        if parameter.is_secret and parameter.is_required and name not in settings.parameters:
            raise DefinitionError(
                f"the secret parameter {name} is missing: no ledger keeps it",
                hint=f"give it again: --parameter {name}=VALUE",
            )
    kept = {name: value for name, value in run.parameters.items() if name in loaded.parameters}
    return read_parameters(loaded.parameters, {**kept, **settings.parameters})


def _quarantine(
    store: LedgerStore, run_id: int, databases: Mapping[str, Database], ledger: str
) -> RunQuarantine:
    run = store.run(run_id)
    clock = SystemClock()
    targets = [
        DatabaseTarget(databases[name].url, name, clock)
        for name in run.databases
        if name in databases
    ]
    steps = store.steps(run_id)
    return RunQuarantine(run, steps, [*targets, *targets_besides(ledger, steps, clock)])


def _outcome(
    store: LedgerStore,
    run: RunRow,
    choice: Choice,
    status: RunStatus,
    replaying: Replaying | None = None,
) -> ReplayOutcome:
    return ReplayOutcome(
        run=str(run.id),
        status=status,
        quarantined=sum(row.counts.quarantined for row in store.steps(run.id)),
        steps=() if replaying is None else replaying.replayed,
        erased=choice.erased,
        killers=choice.killers,
        gone=choice.gone,
        stale=() if replaying is None else replaying.stale,
    )
