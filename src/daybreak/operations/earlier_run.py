"""The run whose finished steps a rehearsal builds on; it is only looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..databases import Database
from ..databases.url import parse, without_credentials
from ..errors import DefinitionError, PreflightError, RunOwned
from ..ledger.rows import RunRow, StepDetails
from ..ledger.store import LedgerStore
from ..model.identity import Identity
from ..model.job import Job, Step
from ..model.status import RunStatus, StepStatus
from .inspect import is_owner_gone, reading
from .kept_values import not_done
from .mentions import steps_mentioned
from .places import is_missing_file

_AT_WORK = frozenset({RunStatus.RUNNING, RunStatus.STOPPING, RunStatus.PAUSED})


@dataclass(frozen=True)
class EarlierRun:
    """A run in the ledger, or nothing if there is none."""

    run: RunRow | None = None
    steps: Mapping[str, StepDetails] = field(default_factory=dict)

    def has_done(self, step: Step[Any]) -> bool:
        """Say whether the run has done a step."""
        known = self.steps.get(step.name)
        return known is not None and known.status is StepStatus.DONE

    @property
    def folder(self) -> Path | None:
        """Where its files are."""
        return None if self.run is None else Path(self.run.folder)

    def refuse_missing_input(self, step: Step[Any]) -> None:
        """Raise if a step asks for what was never done, as far as its code shows it.

        Raises:
            PreflightError: Naming all of it.
        """
        asked = dict.fromkeys(steps_mentioned(step.function))
        missing = [one.name for one in asked if not self.has_done(one)]
        if missing:
            raise not_done(missing)


def earlier_run(ledger: str, job: Job, identity: Identity, run_id: int | None) -> EarlierRun:
    """Find the newest run of the same parameters, or the one that is named.

    Raises:
        DefinitionError: If the one that is named is another job's.
        LedgerError: If there is none of that number.
        PreflightError: If one is named, and there is no ledger; or it cannot be read.
    """
    if is_missing_file(ledger) and run_id is None:
        return EarlierRun()
    with reading(ledger) as store:
        run = _run_meant(store, job, identity, run_id)
        if run is None:
            return EarlierRun()
        return EarlierRun(run, {step.step: step for step in store.steps(run.id)})


def _run_meant(
    store: LedgerStore, job: Job, identity: Identity, run_id: int | None
) -> RunRow | None:
    if run_id is None:
        return store.newest_unfinished(identity.family) or store.newest(identity)
    run = store.run(run_id)
    if run.job != job.name:
        raise DefinitionError(
            f"run {run_id} is of job {run.job}, not of {job.name}",
            hint="see daybreak status for the runs of this job",
        )
    return run


def refuse_files(databases: Mapping[str, Database], ledger: str) -> None:
    """Raise if a SQLite file is not there, or a run is at work in it: it has one writer only.

    Raises:
        PreflightError: If one is not there: a rehearsal in place makes none.
        RunOwned: If a run is at work in one.
    """
    files = [db for db in databases.values() if parse(db.url).kind == "sqlite"]
    for database in files:
        if is_missing_file(database.url):
            raise PreflightError(
                f"there is no file {parse(database.url).database}, and a rehearsal in place makes"
                " none",
                hint="rehearse in a scratch database: --scratch",
                database=database.name,
            )
    if not files or is_missing_file(ledger):
        return
    urls = {without_credentials(database.url) for database in files}
    with reading(ledger) as store:
        for run in store.runs(limit=100):
            is_there = run.status in _AT_WORK and not urls.isdisjoint(run.databases.values())
            if is_there and not is_owner_gone(run, store.now()):
                raise RunOwned(
                    f"run {run.id} is at work in the same SQLite file, which has one writer at a"
                    " time: a rehearsal would hold it up to its end",
                    hint="wait for the run to end, or rehearse in a scratch database: --scratch",
                    run=run.id,
                )
