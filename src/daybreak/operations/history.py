"""What the steps of a job took in its past runs, for those who look ahead. Nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..ledger.history import RUNS_MOST, StepTime
from .inspect import reading
from .places import is_missing_file


def history_of(
    job: str,
    step: str | None = None,
    *,
    ledger: str,
    databases: Mapping[str, str] | None = None,
    runs_most: int = RUNS_MOST,
) -> Sequence[StepTime]:
    """Return what a step took in the past runs of its job, the oldest first.

    Args:
        job: The job's name.
        step: The step's; of all steps if it is left out, run by run.
        ledger: Its URL; one that is not there yet knows of no runs.
        databases: Only of runs on these databases, name to URL without credentials.
        runs_most: How many runs are looked back at.

    Raises:
        PreflightError: If the ledger cannot be read.
    """
    if is_missing_file(ledger):
        return []
    with reading(ledger) as store:
        return store.history(job, step=step, databases=databases, runs_most=runs_most)
