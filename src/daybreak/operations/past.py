"""What past runs of a job say of the time that its steps will take, for a run that begins.

What a step took in them is `ledger.history`; how it grew on its way is seen in the chunks of the
newest of them; how sure that is, in how far the last few differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from ..ledger.history import StepTime
from ..ledger.rows import RunRow
from ..ledger.store import LedgerStore
from ..model.eta import Growth, growth_of
from ..model.overrun import Left

RUNS_BACK: Final = 20
"""The newest runs of the job, among which those on the same databases are looked for."""

RUNS_MOST: Final = 5
"""Runs of a step that count."""

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

    records: Mapping[str, int] = field(default_factory=dict)
    """Of steps in chunks: how many records the newest run read."""


def past_of(store: LedgerStore, run: RunRow) -> Past:
    """Return what earlier runs of the same job, on the same databases, say of its steps."""
    known = store.history(run.job, databases=run.databases, runs_most=RUNS_BACK)
    took: dict[str, list[StepTime]] = {}
    for one in reversed(known):
        times = took.setdefault(one.step, [])
        if one.run != run.id and len(times) < RUNS_MOST:
            times.append(one)
    took = {name: times for name, times in took.items() if times}
    growths = {name: _growth(store, times) for name, times in took.items()}
    return Past(
        growths={name: growth for name, growth in growths.items() if growth is not None},
        typical={name: _typical(times) for name, times in took.items()},
        records={name: times[0].records for name, times in took.items() if times[0].records},
    )


def _typical(took: Sequence[StepTime]) -> Left:
    likely_s = median(one.seconds for one in took)
    return Left(likely_s, max(likely_s * SAFE, *(one.seconds for one in took)))


def _growth(store: LedgerStore, took: Sequence[StepTime]) -> Growth | None:
    """Return how a step grows on its way.

    Args:
        store: The ledger.
        took: What its runs took, the newest first; at least one.
    """
    newest = took[0]
    costs = [one.seconds / one.records for one in took if one.records and one.seconds]
    if not newest.records or not newest.seconds:
        return None
    logs = [math.log(cost) for cost in costs]
    middle = sum(logs) / len(logs)
    spread = math.sqrt(sum((one - middle) ** 2 for one in logs) / max(len(logs) - 1, 1))
    chunks = store.measurements(newest.run, newest.step)
    return growth_of(
        ((one.counts.read, one.committed_at, one.duration_s) for one in chunks),
        spread=max(spread, SPREAD if len(logs) < RUNS_FOR_SPREAD else 0.0),
        safe=max(SAFE, max(costs) / costs[0]),
    )
