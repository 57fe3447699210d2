"""How many workers and how large chunks a step needs: few measurements, a law, a recommendation.

Which settings are measured and what is recommended is decided in `forecast.exploring`. Here they
are measured, each by a rehearsal in a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..errors import DefinitionError, PreflightError
from ..forecast.exploring import Aim, explored, measurements_for, recommended
from ..forecast.scaling import Scaling, Timing
from ..forecast.scaling_laws import Setting
from ..ledger.clock import SystemClock
from ..model.job import Step, StepKind
from ..model.knobs import AUTO, Knobs, refuse_side_by_side
from ..telemetry import Said, Telemetry
from .load import LoadedJob
from .rehearsal_words import records_text, said_in_place, said_in_scratch
from .samples import Sample, sampled
from .settings import Settings, knobs_of, named_databases

PARALLELS: Final = (1, 2, 3, 4, 6, 8)
"""Chunks in flight that are chosen from, unless others are named."""

CHUNK_FACTORS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
"""Chunk sizes that are chosen from, times the step's own."""

BUDGET_S: Final = 180.0
LONGEST_SHARE: Final = 3
"""No setting is measured that likely takes more than so manieth part of the budget."""

RECORDS_MIN: Final = 8
PROBABILITY: Final = 0.95


@dataclass(frozen=True, slots=True)
class Measured:
    """One rehearsal at one setting."""

    setting: Setting
    sample: Sample

    @property
    def timing(self) -> Timing:
        """What the laws are weighed by."""
        return Timing(self.setting, self.sample.records, self.sample.seconds)

    @property
    def transaction_s_max(self) -> float:
        """Its longest transaction; where nobody saw one, its slowest chunk, which is no shorter."""
        seen_s = self.sample.transaction_s_max
        return self.sample.chunk_s_max if seen_s is None else seen_s

    @property
    def locked(self) -> float:
        """The share of its workers that waited for each other's locks, on average: 0 to 1."""
        waiting = sum(wait.workers for wait in self.sample.waits if wait.is_lock)
        return min(waiting / self.setting.parallel, 1.0)


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was measured, the law behind it, and what follows from it."""

    job: str
    step: str
    records: int
    """For how many records it is tuned."""

    now: Setting
    """The knobs that the step has; of one that adapts the number that a rehearsal has."""

    measured: Sequence[Measured]
    scaling: Scaling
    settings: Sequence[Setting]
    """What was chosen from."""

    recommended: Setting
    fastest: Setting
    is_in_time: bool | None
    """Whether the recommended setting ends in the window with the wanted probability; None without
    a window, or where the fastest was asked for."""

    probability: float
    """The wanted one."""

    window: str | None
    window_s: float | None
    caveats: Sequence[str]
    adapting: Sequence[str] = ()
    """The knobs that adapt now, `parallel` or `chunk`."""

    def seconds(self, setting: Setting) -> float:
        """Return what all records likely take with a setting."""
        return self.scaling.seconds(setting, self.records)

    @property
    def nearest(self) -> Measured:
        """The measurement that says most about the recommended setting: its own, if it has one."""
        one = self.recommended
        return min(
            self.measured,
            key=lambda each: (
                each.setting != one,
                abs(each.setting.parallel - one.parallel),
                abs(each.setting.chunk - one.chunk),
            ),
        )


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the one who tunes wants."""

    records: int | None = None
    """For how many records; None: as many as the source holds."""

    parallels: Sequence[int] = PARALLELS
    chunks: Sequence[int] | None = None
    budget_s: float = BUDGET_S
    probability: float = PROBABILITY
    is_fastest: bool = False
    """Whether the fastest is wanted, whatever the window."""

    is_in_place: bool = False
    """Whether to rehearse in the step's own databases, in one transaction that is rolled back: with
    one worker, for there is no room in it for more."""


def tune_step(
    loaded: LoadedJob,
    step_name: str,
    settings: Settings,
    words: Sequence[str],
    telemetry: Telemetry,
    *,
    wishes: Wishes,
) -> Tuning:
    """Find a setting for the knobs of one step, by rehearsals.

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
    _refuse_wrong(step, wishes)
    knobs = knobs_of(loaded.job, settings.knobs).get(step.name, step.knobs)
    now = Setting(1 if wishes.is_in_place else knobs.parallel, knobs.chunk)
    bench = _Bench(step, words, telemetry, wishes)
    bench.say(_what_it_costs(loaded, settings, step, wishes))
    whole, records = bench.begin(now.chunk)
    choices = _choices(step, now.chunk, wishes, records)
    window = loaded.job.window
    window_s = None if window is None else window.length_s
    asked = wishes.records or whole
    fast = Aim(asked)
    aim = fast if wishes.is_fastest else Aim(asked, window_s, wishes.probability)
    scaling = explored(
        choices,
        lambda setting: bench.measured_at(setting, records).timing,
        aim,
        most=measurements_for(choices),
        longest_s=wishes.budget_s / LONGEST_SHARE,
    )
    chosen = recommended(scaling, choices, aim)
    return Tuning(
        job=loaded.job.name,
        step=step.name,
        records=asked,
        now=now,
        measured=bench.measured,
        scaling=scaling,
        settings=choices,
        recommended=chosen.setting,
        fastest=recommended(scaling, choices, fast).setting,
        is_in_time=chosen.is_in_time,
        probability=wishes.probability,
        window=str(window) if window else None,
        window_s=window_s,
        caveats=list(_caveats(loaded, bench.measured, asked, wishes)),
        adapting=[knob for knob, turned_to in knobs.turned_to.items() if turned_to == AUTO],
    )


class _Bench:
    """Measures settings of one step, one rehearsal each."""

    def __init__(
        self, step: Step[Any], words: Sequence[str], telemetry: Telemetry, wishes: Wishes
    ) -> None:
        self._step = step
        self._words = words
        self._telemetry = telemetry
        self._wishes = wishes
        self.measured: list[Measured] = []

    def begin(self, chunk: int) -> tuple[int, int]:
        """Look at the source; return how many records it holds, and how many to measure with.

        A source that cannot say how many it holds is read as far as the budget allows.

        Raises:
            PreflightError: If there are too few.
        """
        first = self._rehearsed(Setting(1, chunk), 2 * chunk)
        if first.records < RECORDS_MIN:
            raise _too_few(self._step.name, first.records, self._wishes)
        per_s = first.records / max(first.seconds, 1e-3)
        affordable = max(round(per_s * self._wishes.budget_s / (2 * LONGEST_SHARE)), first.records)
        whole = first.source_records
        if whole is None:
            whole = self._rehearsed(Setting(1, chunk), affordable).records
        return whole, min(whole, affordable)

    def measured_at(self, setting: Setting, records: int) -> Measured:
        """Measure one setting, say what it took, and keep it."""
        sample = self._rehearsed(setting, records)
        measured = Measured(setting, sample)
        self.measured.append(measured)
        knobs = f"parallel={setting.parallel} chunk={setting.chunk:,}"
        self.say([f"{knobs}: {sample.records:,} records took {sample.seconds:.3f} s"])
        return measured

    def say(self, sentences: Iterable[str]) -> None:
        """Tell whoever listens."""
        for sentence in sentences:
            self._telemetry.publish(Said(SystemClock().now(), self._step.name, sentence, {}))

    def _rehearsed(self, setting: Setting, records: int) -> Sample:
        name = self._step.name
        chunk, parallel = f"--set={name}.chunk={setting.chunk}", setting.parallel
        if self._wishes.is_in_place:
            return sampled([*self._words, chunk], records)
        return sampled(
            [*self._words, chunk, f"--set={name}.parallel={parallel}", "--scratch"], records
        )


def _refuse_wrong(step: Step[Any], wishes: Wishes) -> None:
    """Refuse settings that the step cannot have, before anything is measured."""
    for chunk in wishes.chunks or ():
        Knobs.of(chunk=chunk)
    is_asked = tuple(wishes.parallels) != PARALLELS
    for parallel in wishes.parallels:
        knobs = Knobs.of(parallel=parallel)
        if is_asked:
            refuse_side_by_side(step.order, knobs)


def _too_few(step: str, records: int, wishes: Wishes) -> PreflightError:
    where = ""
    if wishes.is_in_place:
        hint = "tune it when its source holds what it holds in a night"
    elif records:
        hint = f"tune it with a source of at least {RECORDS_MIN} records, better of thousands"
    else:
        where = " in a scratch database"
        hint = (
            "a step that reads a table of its own database finds it empty there: --in-place finds"
            " its chunk size, in one transaction that is rolled back; for the number of its workers"
            " run it on a copy of its database, with --database and --set"
        )
    return PreflightError(
        f"step {step} read {records_text(records)}{where}: too few to measure with", hint=hint
    )


def _choices(step: Step[Any], now: int, wishes: Wishes, records: int) -> list[Setting]:
    """Return what can be chosen: no setting but the smallest is larger than what is measured."""
    middle = min(now, max(round(records / (2 * CHUNK_FACTORS[-1])), 1))
    named = wishes.chunks or [round(middle * factor) for factor in CHUNK_FACTORS]
    usable = sorted({max(1, chunk) for chunk in named if 2 * chunk <= records})
    chunks = usable or [min(max(1, chunk) for chunk in named)]
    is_alone = wishes.is_in_place or step.order == "source"
    wanted = [1] if is_alone else sorted(set(wishes.parallels))
    parallels = [one for one in wanted if one * chunks[0] * 2 <= records] or wanted[:1]
    return [
        Setting(parallel, chunk)
        for parallel in parallels
        for chunk in chunks
        if parallel * chunk <= records or chunk == chunks[0]
    ]


def _what_it_costs(
    loaded: LoadedJob, settings: Settings, step: Step[Any], wishes: Wishes
) -> list[str]:
    databases = named_databases(loaded, settings).values()
    where = "in its own databases" if wishes.is_in_place else "in scratch databases"
    what = (
        f"step {step.name} is rehearsed a few times with other knobs, each in a process of its own"
        f" and {where}; all in about {wishes.budget_s:,.0f} s (--budget-s)"
    )
    said = (
        said_in_place(step, databases, 0, 0)
        if wishes.is_in_place
        else said_in_scratch(0, databases)
    )
    return [what, *(sentence for sentence in said if "--records" not in sentence)]


def _caveats(
    loaded: LoadedJob, measured: Sequence[Measured], asked: int, wishes: Wishes
) -> Iterator[str]:
    if loaded.job.window and len(loaded.job.steps) > 1 and not wishes.is_fastest:
        yield (
            "the whole window is counted on for this step: what the others leave of it,"
            " daybreak plan says"
        )
    records = max(one.sample.records for one in measured)
    if records < asked:
        yield (
            f"{records:,} records were measured; for {asked:,} each is taken to cost as much:"
            " whether that is so, daybreak forecast says"
        )
    if wishes.is_in_place:
        yield (
            "there is room for one worker in a transaction: how many of them it needs is not known"
            " from this"
        )
    else:
        yield "nobody else was at work in the scratch databases, and their tables began empty"
