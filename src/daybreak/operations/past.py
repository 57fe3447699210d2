"""What past runs of a job say of the time that its steps will take, for a run that begins.

How a step grew on its way is seen in the chunks of its newest finished run; how sure that is, in
how far the last few runs differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from ..ledger.rows import RunRow, StepDetails
from ..ledger.store import LedgerStore
from ..model.eta import Growth, growth_of
from ..model.overrun import Left
from ..model.status import RunStatus, StepStatus
from .inspect import busy

RUNS_BACK: Final = 50
"""The newest runs of the ledger, of any job, among which those of this one are looked for."""

RUNS_MOST: Final = 5
"""Runs of the job that are looked at."""

SPREAD: Final = 0.2
"""The deviation of the logarithm of a step's time from run to run, as long as there are too few."""

SAFE: Final = 1.2
"""The safe bound is at least so many times the likely time."""

RUNS_FOR_SPREAD: Final = 3


@dataclass(frozen=True, slots=True)
class Past:
    """What past runs say of steps, by name."""

    growths: Mapping[str, Growth] = field(default_factory=dict)
    """Of steps in chunks: how they grow on their way."""

    typical: Mapping[str, Left] = field(default_factory=dict)
    """Of all steps that were done: how long one takes."""


@dataclass(frozen=True, slots=True)
class _Took:
    """What a step took in one run."""

    run: int
    seconds: float
    records: int


def past_of(store: LedgerStore, run: RunRow) -> Past:
    """Return what the finished runs of the same job, on the same databases, say of its steps."""
    took: dict[str, list[_Took]] = {}
    runs = [one for one in store.runs(RUNS_BACK) if _is_like(one, run)]
    for one in runs[:RUNS_MOST]:
        for step in store.steps(one.id):
            seconds = _seconds_of(store, one, step)
            if seconds is not None:
                took.setdefault(step.step, []).append(_Took(one.id, seconds, step.counts.read))
    growths = {name: _growth(store, name, found) for name, found in took.items()}
    return Past(
        growths={name: growth for name, growth in growths.items() if growth is not None},
        typical={name: _typical(found) for name, found in took.items()},
    )


def _is_like(one: RunRow, run: RunRow) -> bool:
    is_same = one.job == run.job and dict(one.databases) == dict(run.databases)
    return is_same and one.id != run.id and one.status is RunStatus.DONE


def _seconds_of(store: LedgerStore, run: RunRow, step: StepDetails) -> float | None:
    """Return how long a step was at work; None where pauses cannot be told from work."""
    if step.status is not StepStatus.DONE:
        return None
    if step.counts.read:
        return busy(store.measurements(run.id, step.step))
    if run.epoch == 1 and step.started_at is not None and step.ended_at is not None:
        return (step.ended_at - step.started_at).total_seconds()
    return None


def _typical(took: Sequence[_Took]) -> Left:
    likely_s = median(one.seconds for one in took)
    return Left(likely_s, max(likely_s * SAFE, *(one.seconds for one in took)))


def _growth(store: LedgerStore, step: str, took: Sequence[_Took]) -> Growth | None:
    newest = took[0]
    if not newest.records or not newest.seconds:
        return None
    costs = [one.seconds / one.records for one in took if one.records and one.seconds]
    logs = [math.log(cost) for cost in costs]
    middle = sum(logs) / len(logs)
    spread = math.sqrt(sum((one - middle) ** 2 for one in logs) / max(len(logs) - 1, 1))
    chunks = store.measurements(newest.run, step)
    return growth_of(
        ((one.counts.read, one.committed_at, one.duration_s) for one in chunks),
        spread=max(spread, SPREAD if len(logs) < RUNS_FOR_SPREAD else 0.0),
        safe=max(SAFE, max(costs) / costs[0]),
    )
