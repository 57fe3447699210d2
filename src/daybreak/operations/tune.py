"""How many workers and how large chunks a step needs: few measurements, a law, a recommendation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..errors import DefinitionError, PreflightError
from ..forecast.scaling import (
    Scaling,
    Setting,
    Timing,
    fastest,
    fastest_chunk,
    fit_scaling,
    smallest,
)
from ..ledger.clock import SystemClock
from ..model.job import Step, StepKind
from ..telemetry import Said, Telemetry
from .load import LoadedJob
from .rehearsal_words import said_in_scratch
from .samples import Sample, sampled
from .settings import Settings, knobs_of, named_databases

PARALLELS: Final = (1, 2, 3, 4, 6, 8)
"""Chunks in flight that are chosen from, unless others are named."""

CHUNK_FACTORS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
"""Chunk sizes that are chosen from, times the step's own."""

BUDGET_S: Final = 180.0
SHARE: Final = 9
"""One measurement may take so manieth part of the budget: more are not made."""

GAIN_MIN: Final = 1.05
"""Twice the workers must be at least so many times as fast for still more to be tried."""

LONG_CHUNK_S: Final = 2.0
"""Whoever holds locks for longer than that is noticed by others."""

PROBABILITY: Final = 0.95


@dataclass(frozen=True, slots=True)
class Measured:
    """One rehearsal at one setting."""

    setting: Setting
    sample: Sample

    @property
    def timing(self) -> Timing:
        """What the law is fitted to."""
        return Timing(self.setting, self.sample.records, self.sample.seconds)


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was measured, the law behind it, and what follows from it."""

    job: str
    step: str
    records: int
    """For how many records it is tuned."""

    now: Setting
    """The knobs that the step has."""

    measured: Sequence[Measured]
    scaling: Scaling
    settings: Sequence[Setting]
    """What was chosen from."""

    recommended: Setting
    fastest: Setting
    is_in_time: bool | None
    """Whether the recommended setting ends in the window with the wanted probability; None without
    a window."""

    probability: float
    """The wanted one."""

    window: str | None
    window_s: float | None
    caveats: Sequence[str]

    def seconds(self, setting: Setting) -> float:
        """Return what all records likely take with a setting."""
        return self.scaling.seconds(setting, self.records)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the one who tunes wants."""

    records: int | None = None
    """For how many records; None: as many as the source holds."""

    parallels: Sequence[int] = PARALLELS
    chunks: Sequence[int] | None = None
    budget_s: float = BUDGET_S
    probability: float = PROBABILITY


def tune_step(
    loaded: LoadedJob,
    step_name: str,
    settings: Settings,
    words: Sequence[str],
    telemetry: Telemetry,
    *,
    wishes: Wishes,
) -> Tuning:
    """Find a setting for the knobs of one step, by rehearsals in scratch databases.

    Args:
        loaded: The job.
        step_name: Which step.
        settings: As for a rehearsal.
        words: The same as words behind `daybreak rehearse`, but for the knobs of this step.
        telemetry: Is told what will be done and what it costs, then of each measurement.
        wishes: What is wanted.

    Raises:
        DefinitionError: If the step is none in chunks, or an option is wrong.
        PreflightError: If there are too few records to measure with.
        RunError: If a rehearsal does not end well.
    """
    step = loaded.job.step_named(step_name)
    if step.kind is not StepKind.STEP:
        raise DefinitionError(
            f"step {step.name} works as a whole: it has no knobs",
            hint="divide it: a step in chunks can have several workers",
        )
    knobs = knobs_of(loaded.job, settings.knobs).get(step.name, step.knobs)
    now = Setting(knobs.parallel, knobs.chunk)
    bench = _Bench(step, words, telemetry)
    bench.say(_what_it_costs(loaded, settings, step, wishes))
    whole, records = bench.begin(now.chunk, wishes)
    chunks = _chunks(now.chunk, wishes, records)
    parallels = [p for p in sorted(set(wishes.parallels)) if p * min(chunks) * 2 <= records]
    bench.measure_all(parallels, chunks, records)
    scaling = fit_scaling([one.timing for one in bench.measured])
    choices = [Setting(parallel, chunk) for parallel in parallels for chunk in chunks]
    asked = wishes.records or whole
    window = loaded.job.window
    window_s = None if window is None else window.length_s
    quickest = fastest(scaling, choices, asked)
    fitting = (
        None
        if window_s is None
        else smallest(scaling, choices, asked, window_s, wishes.probability)
    )
    return Tuning(
        job=loaded.job.name,
        step=step.name,
        records=asked,
        now=now,
        measured=bench.measured,
        scaling=scaling,
        settings=choices,
        recommended=fitting or quickest,
        fastest=quickest,
        is_in_time=None if window_s is None else fitting is not None,
        probability=wishes.probability,
        window=str(window) if window else None,
        window_s=window_s,
        caveats=list(_caveats(bench.measured, asked)),
    )


class _Bench:
    """Measures settings of one step, one rehearsal each."""

    def __init__(self, step: Step[Any], words: Sequence[str], telemetry: Telemetry) -> None:
        self._step = step
        self._words = words
        self._telemetry = telemetry
        self.measured: list[Measured] = []

    def begin(self, chunk: int, wishes: Wishes) -> tuple[int, int]:
        """Look at the source; return how many records it holds, and how many to measure with.

        Raises:
            PreflightError: If there are too few.
        """
        first = self._rehearsed(Setting(1, chunk), 2 * chunk)
        whole = first.source_records or first.records
        fewest = 8
        if first.records < fewest:
            raise PreflightError(
                f"step {self._step.name} read {first.records:,} records in a scratch database:"
                " too few to measure with",
                hint="a step that reads a table of the scratch database finds it empty: tune it on"
                " a copy of its database, by runs with --set",
            )
        per_s = first.records / max(first.seconds, 1e-3)
        affordable = round(per_s * wishes.budget_s / SHARE)
        return whole, min(whole, max(affordable, first.records))

    def measure_all(self, parallels: Sequence[int], chunks: Sequence[int], records: int) -> None:
        """Measure one worker with three chunk sizes, then more workers with the best of them."""
        usable = [chunk for chunk in chunks if chunk * 2 <= records] or [min(chunks)]
        for chunk in dict.fromkeys((usable[len(usable) // 2], usable[0], usable[-1])):
            self._measure(Setting(1, chunk), records)
        alone = fit_scaling([one.timing for one in self.measured])
        best = fastest_chunk(alone, [Setting(1, chunk) for chunk in usable], records).chunk
        before_s = min(one.sample.seconds for one in self.measured)
        for parallel in _doubling(parallels):
            small_enough = [c for c in usable if c <= best and c * parallel * 2 <= records]
            taken = self._measure(Setting(parallel, max(small_enough or usable[:1])), records)
            if before_s < GAIN_MIN * taken.seconds:
                break
            before_s = taken.seconds

    def say(self, sentences: Sequence[str]) -> None:
        """Tell whoever listens."""
        for sentence in sentences:
            self._telemetry.publish(Said(SystemClock().now(), self._step.name, sentence, {}))

    def _measure(self, setting: Setting, records: int) -> Sample:
        sample = self._rehearsed(setting, records)
        self.measured.append(Measured(setting, sample))
        knobs = f"parallel={setting.parallel} chunk={setting.chunk:,}"
        self.say([f"{knobs}: {sample.records:,} records took {sample.seconds:.3f} s"])
        return sample

    def _rehearsed(self, setting: Setting, records: int) -> Sample:
        name = self._step.name
        knobs = (
            f"--set={name}.parallel={setting.parallel}",
            f"--set={name}.chunk={setting.chunk}",
        )
        return sampled([*self._words, *knobs, "--scratch"], records)


def _doubling(parallels: Sequence[int]) -> Iterator[int]:
    """Yield numbers of workers that are about twice the one before, the largest last."""
    last = 1
    for number in parallels:
        if number >= 2 * last or (number == parallels[-1] and number > last):
            yield number
            last = number


def _chunks(now: int, wishes: Wishes, records: int) -> list[int]:
    named = wishes.chunks or [round(now * factor) for factor in CHUNK_FACTORS]
    usable = sorted({max(1, chunk) for chunk in named if chunk <= records})
    return usable or [min(max(1, chunk) for chunk in named)]


def _what_it_costs(
    loaded: LoadedJob, settings: Settings, step: Step[Any], wishes: Wishes
) -> list[str]:
    databases = named_databases(loaded, settings).values()
    what = (
        f"step {step.name} is rehearsed a few times with other knobs, each in a process of its own"
        f" and in scratch databases; all in about {wishes.budget_s:,.0f} s (--budget-s)"
    )
    said = said_in_scratch(0, databases)
    return [what, *(sentence for sentence in said if "--records" not in sentence)]


def _caveats(measured: Sequence[Measured], asked: int) -> Iterator[str]:
    longest = max(measured, key=lambda one: one.sample.chunk_s_max)
    if longest.sample.chunk_s_max > LONG_CHUNK_S:
        yield (
            f"a chunk of {longest.setting.chunk:,} took up to {longest.sample.chunk_s_max:.1f} s:"
            " whoever wants the same rows waits as long"
        )
    records = max(one.sample.records for one in measured)
    if records < asked:
        yield (
            f"{records:,} records were measured; for {asked:,} each is taken to cost as much:"
            " whether that is so, daybreak forecast says"
        )
    yield "nobody else was at work in the scratch databases, and their tables began empty"
