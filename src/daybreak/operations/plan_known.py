"""What the ledger knows of a job whose night is planned, and of the run that would go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import log

from ..abc import Clock
from ..errors import DefinitionError
from ..forecast.past import Guess
from ..ledger.forecasts import KeptForecast
from ..ledger.history import StepTime
from ..ledger.store import LedgerStore
from ..model.eta import LEVEL_TIMES, eta_of
from ..model.job import Job
from ..model.parameters import read_parameters
from ..model.progress import Measurement
from ..model.status import StepStatus
from .load import LoadedJob
from .naming import identity_of, run_meant
from .plan_basis import DEVIATION_MIN
from .settings import Settings, named_databases, night_of


@dataclass(frozen=True)
class Unfinished:
    """How far the run is that would go on."""

    run: int
    done: frozenset[str] = frozenset()
    left: Mapping[str, float] = field(default_factory=dict)
    """Of steps that have begun, the share of their records that is still to be done."""

    guesses: Mapping[str, Guess] = field(default_factory=dict)
    """What these take in all, by their chunks so far."""

    def __str__(self) -> str:
        parts = [f"{', '.join(sorted(self.done))} done already"] if self.done else []
        parts += [f"{share:.0%} of {name} left" for name, share in self.left.items()]
        how_far = f": {'; '.join(parts)}" if parts else ""
        return f"run {self.run} goes on{how_far}".replace("%", " %")


@dataclass(frozen=True)
class Known:
    """What the ledger knows of a job, and of the run that is to be planned."""

    history: Sequence[StepTime] = ()
    forecasts: Sequence[KeptForecast] = ()
    limits: Mapping[str, int] = field(default_factory=dict)
    """Those that all runs of the ledger share."""

    unfinished: Unfinished | None = None
    """What has been done of the run that is planned."""


def known_of(
    store: LedgerStore, job: Job, databases: Mapping[str, str], run_id: int | None = None
) -> Known:
    """Read what a ledger knows of a job.

    Args:
        store: The ledger.
        job: The job.
        databases: Name to URL without credentials: runs on others tell nothing.
        run_id: The run that is to go on, if any: what it has done is not planned again.
    """
    return Known(
        history=store.history(job.name, databases=databases),
        forecasts=[one for one in store.forecasts(job.name) if one.databases == databases],
        limits={limit.name: limit.units for limit in store.limits()},
        unfinished=None if run_id is None else _unfinished(store, run_id),
    )


def unfinished_run(
    store: LedgerStore, loaded: LoadedJob, settings: Settings, clock: Clock
) -> int | None:
    """Return the run that the same `daybreak run` would go on with; None if it would begin one."""
    # Where a parameter is missing that must be given, any run may be meant.
    with suppress(DefinitionError):
        parameters = read_parameters(loaded.parameters, settings.parameters)
        databases = named_databases(loaded, settings)
        night = night_of(loaded.job, settings, clock)
        run = run_meant(store, identity_of(loaded, parameters, databases, night), settings)
        steps = store.steps(run.id) if run is not None and not run.is_final else []
        if run is not None and any(step.status is not StepStatus.DONE for step in steps):
            return run.id
    return None


def _unfinished(store: LedgerStore, run_id: int) -> Unfinished:
    done: set[str] = set()
    left: dict[str, float] = {}
    guesses: dict[str, Guess] = {}
    for row in store.steps(run_id):
        if row.status is StepStatus.DONE:
            done.add(row.step)
        elif row.total:
            left[row.step] = max(1 - row.counts.read / row.total, 0.0)
            guess = _guess(store.measurements(run_id, row.step), row.total, left[row.step])
            if guess is not None:
                guesses[row.step] = guess
    return Unfinished(run_id, frozenset(done), left, guesses)


def _guess(chunks: Sequence[Measurement], total: int, left: float) -> Guess | None:
    """Return what all of a step takes that has begun, from what its chunks took."""
    estimate = eta_of(
        total, ((one.counts.read, one.committed_at, one.duration_s) for one in chunks)
    ).estimate()
    if estimate is None or not left or not estimate.remaining_s:
        return None
    whole_s = estimate.remaining_s / left
    return Guess(
        seconds=whole_s,
        deviation=max(log(estimate.high_s / estimate.remaining_s) / LEVEL_TIMES, DEVIATION_MIN),
        records=total,
        is_begun=True,
        chunk_share=min(max(one.duration_s for one in chunks) / whole_s, 1.0),
    )
