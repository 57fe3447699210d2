"""What a step will take at another number of records: by rehearsals, by its past runs, or by both.

The mathematics is `daybreak.forecast`; here is what it is fed with, and what is asked of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import isqrt
from pathlib import Path
from random import Random
from typing import Any, Final, Literal

from ..errors import DefinitionError, PreflightError, ProcessDied
from ..forecast import Forecast, fit
from ..ledger.clock import SystemClock
from ..ledger.forecasts import KeptForecast
from ..ledger.history import StepTime
from ..model.identity import Identity
from ..model.job import Step, StepKind
from ..model.parameters import read_parameters
from ..telemetry import Said, Telemetry
from .dangers import Danger, DangerKind, SeenDanger, seen_in
from .forecast_caveats import WITHIN_A_CHUNK, beyond_a_chunk, caveats_of
from .history import history_of
from .load import LoadedJob
from .naming import identity_of
from .owning import opened_ledger
from .places import ledger_url
from .rehearsal_words import records_text, said_in_place, said_in_scratch
from .sample_sizes import SIZES_MIN, Tried, first_size, next_size
from .samples import Sample, sampled
from .settings import Settings, knobs_of, named_databases, night_of

Basis = Literal["rehearsals", "runs", "both"]

BUDGET_S: Final = 120.0
ROOM: Final = 0.7
"""What of the machine's memory a step may take before its forecast means nothing."""

RECORDS_MOST: Final = 10**13
"""Beyond so many records nobody looks for the end of a window."""

_NOT_COUNTED: Final = (
    "its source holds no records, or cannot say how many: the forecast is for as many as the"
    " largest sample has, or the newest run had; ask with --records"
)
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
    """Its bytes; None without rehearsals of two sizes: the ledger does not know what a run held."""

    parallel: int
    """How many workers a run of the step has."""

    window: str | None
    window_s: float | None
    """How long the job's window is; None without one."""

    memory_bytes: int
    """What the machine has."""

    ends: Ends
    caveats: Sequence[str]
    dangers: Sequence[SeenDanger] = ()
    """What the rehearsals met: spills, waits, deadlocks, want of memory."""

    sample_most: int | None = None
    """No larger sample was wanted."""


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
    taken = Samples(words, most=sample_most, budget_s=budget_s, chance=Random(seed))  # noqa: S311
    if basis != "runs":
        _say(
            telemetry, step, _what_it_costs(loaded, step, settings, budget_s, is_scratch=is_scratch)
        )
        for sample in taken.each(knobs.chunk):
            samples.append(sample)
            _say(telemetry, step, [_told(sample)])
    workers = 1 if samples and not is_scratch else knobs.parallel
    if workers != knobs.parallel:
        runs = []  # of other workers: no points of one curve
    asked = records or _source_records(samples, runs)
    points = [*_seconds(samples), *((run.records, run.seconds) for run in runs)]
    time = fit(_enough(points, step, samples))
    held = beyond_a_chunk(samples, knobs.chunk) or samples
    is_growth = len({one.records for one in held}) >= SIZES_MIN
    memory = fit([(s.records, s.rss_bytes) for s in held], unit="bytes") if is_growth else None
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
            _first_beyond(time, time.safe_bound, window_s),
            None if memory is None else _first_beyond(memory, memory.predict, ROOM * machine),
        ),
        caveats=[
            *([_NOT_COUNTED] if records is None and not _is_counted(samples) else []),
            *([WITHIN_A_CHUNK.format(knobs.chunk)] if is_growth and held is samples else []),
            *caveats_of(samples, runs, workers, knobs.parallel, asked),
        ],
        dangers=_dangers(samples, taken.killed),
        sample_most=sample_most,
    )


def first_beyond(amount: Callable[[float], float], limit: float, *, begin: float = 0) -> int | None:
    """Return the least number of records whose amount passes a limit, to a thousandth.

    Args:
        amount: Never falls with the number of records, from `begin` on.
        limit: In its unit.
        begin: The least number that was measured. What is said of fewer is unsure, the more so the
            fewer: a bound may be higher there. If it is below the limit here, nobody asks for less.

    Returns:
        None if `RECORDS_MOST` records stay below the limit.
    """
    low, high = 0, RECORDS_MOST
    if amount(high) <= limit:
        return None
    if begin >= 1:
        low, high = (int(begin), high) if amount(begin) <= limit else (0, int(begin))
    while high - low > max(1, low // 1_000):
        middle = max(isqrt(low * high), low + 1)
        low, high = (low, middle) if amount(middle) > limit else (middle, high)
    return high


def _first_beyond(
    forecast: Forecast, amount: Callable[[float], float], limit: float | None
) -> int | None:
    return None if limit is None else first_beyond(amount, limit, begin=forecast.points.sizes[0])


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


@dataclass(slots=True)
class Samples:
    """Takes one sample after the other, as large as budget, source and memory allow."""

    words: Sequence[str]
    most: int | None
    budget_s: float
    chance: Random
    killed: list[int] = field(default_factory=list)
    """The sizes at which a rehearsal was killed; none as large is tried again."""

    def each(self, chunk: int) -> Iterator[Sample]:
        """Yield them.

        Args:
            chunk: How many records a chunk of the step has.

        Raises:
            ProcessDied: If one of the first two was killed.
            RunError: If one does not end well otherwise.
        """
        size: int | None = first_size(chunk, self.most)
        tried: list[Tried] = []
        while size is not None:
            try:
                sample = sampled(self.words, size)
            except ProcessDied:
                if len(tried) < SIZES_MIN:
                    raise
                self.killed.append(size)
                self.most = max(one.records for one in tried)
            else:
                yield sample
                tried.append(Tried(sample.records, sample.cost_s))
                self._bound(sample, size)
            size = next_size(tried, most=self.most, budget_s=self.budget_s, chance=self.chance)

    def _bound(self, sample: Sample, size: int) -> None:
        there = [n for n in (sample.source_records, self.most) if n is not None]
        if sample.records < size:  # the source could not say how little it holds
            there.append(sample.records)
        self.most = min(there, default=None)


def _dangers(samples: Sequence[Sample], killed: Sequence[int]) -> list[SeenDanger]:
    ends = [(size, [Danger(DangerKind.KILLED, "a rehearsal", 1)]) for size in killed]
    return seen_in([*((one.records, one.dangers) for one in samples), *ends])


def _seconds(samples: Iterable[Sample]) -> list[tuple[int, float]]:
    return [(sample.records, sample.seconds) for sample in samples]


def _enough(
    points: Sequence[tuple[int | None, float]], step: Step[Any], samples: Sequence[Sample]
) -> list[tuple[float, float]]:
    """Return the points that count.

    Raises:
        PreflightError: If they are of fewer than two numbers of records.
    """
    kept = [(float(records), seconds) for records, seconds in points if records]
    sizes = {records for records, _ in kept}
    if len(sizes) >= SIZES_MIN:
        return kept
    what = (
        f"a forecast needs two numbers of records, and step {step.name} was measured at"
        f" {'one' if sizes else 'none'}"
    )
    if not samples:
        raise PreflightError(f"{what} in past runs", hint="let it rehearse: --basis both")
    holds = samples[-1].source_records or samples[-1].records
    if holds > samples[-1].records:
        raise PreflightError(what, hint="allow larger samples: --sample")
    raise PreflightError(
        f"{what}: its source holds {records_text(holds)}",
        hint="forecast it over a source with more records",
    )


def _is_counted(samples: Sequence[Sample]) -> bool:
    return not samples or any(s.source_records or s.source_about for s in samples)


def _source_records(samples: Sequence[Sample], runs: Sequence[StepTime]) -> int:
    whole = next((n for s in samples if (n := s.source_records or s.source_about)), None)
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
    return f"{records_text(sample.records)} took {sample.seconds:.3f} s"


def _say(telemetry: Telemetry, step: Step[Any], sentences: Iterable[str]) -> None:
    for sentence in sentences:
        telemetry.publish(Said(SystemClock().now(), step.name, sentence, {}))
