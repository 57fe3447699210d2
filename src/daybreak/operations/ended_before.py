"""A run that was done before: its targets are asked whether they still know that.

Nobody owns the run meanwhile, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..abc import Target
from ..databases import Database
from ..errors import SchemaMismatch
from ..execution.verify_done import refuse_lost
from ..ledger.rows import RunRow
from ..ledger.store import LedgerStore
from ..model.chunk import Marker
from ..model.job import Job, Step, StepKind
from ..model.ownership import Pass
from ..model.progress import StepRow
from ..model.status import StepStatus


def verify_ended(
    store: LedgerStore,
    run: RunRow,
    job: Job,
    databases: Mapping[str, Database],
    reached: Callable[[Database], Target],
) -> None:
    """Compare what the ledger says of every finished step with the markers in its database.

    Args:
        store: The ledger.
        run: The run.
        job: Its job.
        databases: The job's, bound, by name.
        reached: Gives a database as a target.

    Raises:
        LedgerBehind: If a target knows less: a failover or a restored backup lost commits.
        DatabaseUnreachable: If one cannot be asked.
    """
    steps = {step.name: step for step in job.steps}
    for row in store.steps(run.id):
        step = steps.get(row.step)
        if step is None or row.status is not StepStatus.DONE:
            continue
        database = _database_of(step, row, databases)
        if database is not None:
            markers = _markers(reached(database), run.identity_key, row)
            refuse_lost(step, row, markers, database.name)


def _database_of(
    step: Step[Any], row: StepRow, databases: Mapping[str, Database]
) -> Database | None:
    if step.kind is StepKind.ATOMIC:
        return step.database and databases.get(step.database.name)
    if step.kind is StepKind.STEP and row.fingerprint is not None:
        return databases.get(str(row.fingerprint["database"]))
    return None


def _markers(target: Target, run_key: str, row: StepRow) -> list[Marker]:
    try:
        return target.markers(run_key, Pass(row.step, row.pass_number))
    except SchemaMismatch:  # not even the table is there any more
        return []
