"""What a step will take at another number of records: by rehearsals, by its past runs, or by both.

The mathematics is `daybreak.forecast`; here is what it is fed with, and what is asked of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from random import Random
from typing import Any, Final, Literal

from ..errors import DefinitionError, PreflightError
from ..forecast import Forecast, fit
from ..ledger.clock import SystemClock
from ..ledger.forecasts import KeptForecast
from ..ledger.history import StepTime
from ..model.identity import Identity
from ..model.job import Step, StepKind
from ..model.parameters import read_parameters
from ..telemetry import Said, Telemetry
from .history import history_of
from .load import LoadedJob
from .naming import identity_of
from .owning import opened_ledger
from .places import ledger_url
from .rehearsal_words import said_in_place, said_in_scratch
from .sample_sizes import Tried, first_size, next_size
from .samples import Sample, sampled
from .settings import Settings, knobs_of, named_databases, night_of

Basis = Literal["rehearsals", "runs", "both"]

BUDGET_S: Final = 120.0
ROOM: Final = 0.7
"""What of the machine's memory a step may take before its forecast means nothing."""

RECORDS_MOST: Final = 10**13
"""Beyond so many records nobody looks for the end of a window."""

_CGROUP_LIMIT: Final = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True, slots=True)
class Ends:
    """At which number of records something is used up; None: not below `RECORDS_MOST`."""

    window: int | None
    """From there on the safe bound passes the window."""

    memory: int | None
    """From there on the step takes more than `ROOM` of the machine's memory."""


@dataclass(frozen=True, slots=True)
class StepForecast:
    """How the time and the memory of a step grow, and what they come to."""

    job: str
    step: str
    impact: str
    records: int
    """What was asked for."""

    samples: Sequence[Sample]
    """The rehearsals, in the order in which they were made."""

    runs: Sequence[StepTime]
    """The past runs that count, the oldest first."""

    time: Forecast
    """Its seconds."""

    memory: Forecast | None
    """Its bytes; None without rehearsals: the ledger does not know what a run held."""

    parallel: int
    """How many workers a run of the step has."""

    window: str | None
    window_s: float | None
    """How long the job's window is; None without one."""

    memory_bytes: int
    """What the machine has."""

    ends: Ends
    caveats: Sequence[str]


def forecast_step(
    loaded: LoadedJob,
    step_name: str,
    settings: Settings,
    words: Sequence[str],
    telemetry: Telemetry,
    *,
    records: int | None = None,
    basis: Basis = "both",
    is_scratch: bool = False,
    budget_s: float = BUDGET_S,
    sample_most: int | None = None,
    seed: int = 0,
) -> StepForecast:
    """Forecast one step in chunks.

    Args:
        loaded: The job.
        step_name: Which step.
        settings: As for a rehearsal.
        words: The same as words behind `daybreak rehearse`: each sample has a process of its own.
        telemetry: Is told what will be done and what it costs, then of each sample.
        records: For how many records; by default as many as the source holds.
        basis: What to learn from. `both` takes runs only where they had the workers of a rehearsal.
        is_scratch: Rehearse in databases made for it, with the workers of a run, not in place.
        budget_s: What all rehearsals may take together.
        sample_most: No larger sample is taken.
        seed: Of the order of the samples.

    Raises:
        DefinitionError: If the step is none in chunks, or an option is wrong.
        PreflightError: If there is nothing to learn from.
        RunError: If a rehearsal does not end well.
    """
    step = loaded.job.step_named(step_name)
    _refuse_without_records(step)
    knobs = knobs_of(loaded.job, settings.knobs).get(step.name, step.knobs)
    identity = _identity(loaded, settings)
    ledger = ledger_url(settings.ledger, loaded.path)
    runs = [] if basis == "rehearsals" else _past_runs(identity, step, ledger, knobs.parallel)
    samples: list[Sample] = []
    if basis != "runs":
        _say(
            telemetry, step, _what_it_costs(loaded, step, settings, budget_s, is_scratch=is_scratch)
        )
        for sample in _samples(words, knobs.chunk, sample_most, budget_s, Random(seed)):  # noqa: S311
            samples.append(sample)
            _say(telemetry, step, [_told(sample)])
    workers = 1 if samples and not is_scratch else knobs.parallel
    if workers != knobs.parallel:
        runs = []  # of other workers: no points of one curve
    asked = records or _source_records(samples, runs)
    time = fit(_enough([*_seconds(samples), *((run.records, run.seconds) for run in runs)], step))
    memory = fit([(s.records, s.rss_bytes) for s in samples], unit="bytes") if samples else None
    _keep(time, identity, step, ledger, settings, workers=workers)
    window_s = _length_s(loaded)
    return StepForecast(
        job=loaded.job.name,
        step=step.name,
        impact=step.impact,
        records=asked,
        samples=samples,
        runs=runs,
        time=time,
        memory=memory,
        parallel=knobs.parallel,
        window=str(loaded.job.window) if loaded.job.window else None,
        window_s=window_s,
        memory_bytes=(machine := machine_memory_bytes()),
        ends=Ends(
            None if window_s is None else first_beyond(time.safe_bound, window_s),
            None if memory is None else first_beyond(memory.predict, ROOM * machine),
        ),
        caveats=list(_caveats(samples, runs, workers, knobs.parallel, asked)),
    )


def first_beyond(amount: Callable[[float], float], limit: float) -> int | None:
    """Return the least number of records whose amount passes a limit, to a thousandth.

    Args:
        amount: Never falls with the number of records.
        limit: In its unit.

    Returns:
        None if `RECORDS_MOST` records stay below the limit.
    """
    low, high = 0, RECORDS_MOST
    if amount(high) <= limit:
        return None
    while high - low > max(1, low // 1_000):
        middle = max(isqrt(low * high), low + 1)
        low, high = (low, middle) if amount(middle) > limit else (middle, high)
    return high


def machine_memory_bytes() -> int:
    """Return how much memory this process may have: the machine's, or its control group's."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(whole, int(_CGROUP_LIMIT.read_text()))
    except (OSError, ValueError):  # none, or "max"
        return whole


# ---------------------------------------------------------------- what there is to learn from


def _refuse_without_records(step: Step[Any]) -> None:
    if step.kind is not StepKind.STEP:
        raise DefinitionError(
            f"step {step.name} works as a whole: it has no records by which its time could grow",
            hint="measure its function with daybreak.measure(function, sizes=…); what its runs took"
            " is in daybreak plan",
        )


def _identity(loaded: LoadedJob, settings: Settings) -> Identity:
    parameters = read_parameters(loaded.parameters, settings.parameters)
    night = night_of(loaded.job, settings, SystemClock())
    return identity_of(loaded, parameters, named_databases(loaded, settings), night)


def _past_runs(identity: Identity, step: Step[Any], ledger: str, parallel: int) -> list[StepTime]:
    """Return the runs whose time is that of one go over so many records, with these workers."""
    known = history_of(identity.job, step.name, ledger=ledger, databases=identity.databases)
    return [run for run in known if run.records and run.parallel == parallel]


def _keep(
    time: Forecast,
    identity: Identity,
    step: Step[Any],
    ledger: str,
    settings: Settings,
    *,
    workers: int,
) -> None:
    """Keep what was forecast, so that the runs to come can be compared with it."""
    kept = KeptForecast(step.name, identity.databases, workers, SystemClock().now(), time.to_json())
    store = opened_ledger(ledger, settings)
    try:
        store.keep_forecast(identity.job, kept)
    finally:
        store.close()


def _samples(
    words: Sequence[str], chunk: int, most: int | None, budget_s: float, chance: Random
) -> Iterator[Sample]:
    size: int | None = first_size(chunk, most)
    tried: list[Tried] = []
    while size is not None:
        sample = sampled(words, size)
        yield sample
        tried.append(Tried(sample.records, sample.cost_s))
        there = [n for n in (sample.source_records, most) if n is not None]
        if sample.records < size:  # the source could not say how little it holds
            there.append(sample.records)
        most = min(there, default=None)
        size = next_size(tried, most=most, budget_s=budget_s, chance=chance)


def _seconds(samples: Iterable[Sample]) -> list[tuple[int, float]]:
    return [(sample.records, sample.seconds) for sample in samples]


def _enough(
    points: Sequence[tuple[int | None, float]], step: Step[Any]
) -> list[tuple[float, float]]:
    kept = [(float(records), seconds) for records, seconds in points if records]
    if len({records for records, _ in kept}) > 1:
        return kept
    raise PreflightError(
        f"there is too little to learn from: step {step.name} was measured at"
        f" {len({records for records, _ in kept})} numbers of records, a forecast needs two",
        hint="let it rehearse (--basis both), with a larger --budget-s, over a source with more"
        " records",
    )


def _source_records(samples: Sequence[Sample], runs: Sequence[StepTime]) -> int:
    whole = next((s.source_records for s in samples if s.source_records), None)
    known = [*(run.records or 0 for run in runs[-1:]), *(sample.records for sample in samples)]
    return whole or max(known, default=1)


def _length_s(loaded: LoadedJob) -> float | None:
    window = loaded.job.window
    return None if window is None else window.length_s


# ---------------------------------------------------------------- what is said


def _what_it_costs(
    loaded: LoadedJob, step: Step[Any], settings: Settings, budget_s: float, *, is_scratch: bool
) -> list[str]:
    databases = named_databases(loaded, settings).values()
    said = said_in_scratch(0, databases) if is_scratch else said_in_place(step, databases, 0, 0)
    what = (
        f"step {step.name} is rehearsed on samples of growing size, spread over its source, each"
        f" in a process of its own and undone; all in about {budget_s:,.0f} s (--budget-s)"
    )
    return [what, *(sentence for sentence in said if "--records" not in sentence)]


def _told(sample: Sample) -> str:
    return f"{sample.records:,} records took {sample.seconds:.3f} s"


def _say(telemetry: Telemetry, step: Step[Any], sentences: Iterable[str]) -> None:
    for sentence in sentences:
        telemetry.publish(Said(SystemClock().now(), step.name, sentence, {}))


def _caveats(
    samples: Sequence[Sample], runs: Sequence[StepTime], workers: int, parallel: int, asked: int
) -> Iterator[str]:
    if samples:
        if workers < parallel:
            yield (
                f"one worker was measured; a run has {parallel}, and takes at least 1/{parallel} of"
                " it"
            )
        largest = max(sample.records for sample in samples)
        if largest < asked:
            yield (
                f"the largest sample has {largest:,} records: its pages fit into caches that those"
                f" of {asked:,} may not fit into"
            )
        yield "tables and indexes were as large as they are in these databases today"
    elif runs:
        yield "only past runs were looked at: a data set of another kind was not"
    seen = dict.fromkeys(caveat for sample in samples for caveat in sample.caveats)
    yield from (caveat for caveat in seen if "spread over them" not in caveat)
