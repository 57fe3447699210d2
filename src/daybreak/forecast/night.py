"""The plan of a night: will it end in its window, how surely, and what decides that.

Draws of nights go through the job's net, with nothing failing, with failures as often as they were,
and with one failure of each step in turn at its worst moment. Times are seconds since the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from .draws import Draws
from .failing import Failing, Resuming, as_usual, at_worst
from .net import Attempt, Flags, Floats, attempt, critical

WANTED: Final = 0.95
"""The probability that a night should have, unless its job says otherwise."""

LOST_S_MOST: Final = 20 * 60.0
"""Lost work of more than this is named."""

SMALL_S: Final = 5.0
"""Steps that take less than this are named: they might be joined."""

SPED_UP_MOST: Final = 5
_ROWS_MOST: Final = 200_000
_NIGHTS_LEAST: Final = 400


@dataclass(frozen=True)
class Spread:
    """Quantiles of many nights, in seconds."""

    p50: float
    p90: float
    p95: float

    @classmethod
    def of(cls, values: Floats) -> Spread:
        """Return the quantiles of values."""
        return cls(*(float(one) for one in np.quantile(values, (0.5, 0.9, 0.95))))


@dataclass(frozen=True)
class Night:
    """How nights end."""

    end_s: Spread
    in_time: float | None
    """P(done in the window); None without a window."""


@dataclass(frozen=True)
class StepPlan:
    """What the plan says of one step."""

    name: str
    begin_s: Spread
    end_s: Spread
    seconds: Spread
    records: float | None
    """What it reads, in the middle night; None if it is not in chunks, or that is not known."""

    criticality: float
    """In which share of nights it is on the chain that decides the end."""

    critical_s: float
    """What it takes on that chain, on average over all nights: what speeding it up could save."""

    lost_s: float
    """Work that a failure loses at its worst moment, P90."""

    failing: Night
    """Nights in which it fails once, at its worst moment."""

    fails_at_s: float
    """The worst moment, in the middle night."""


@dataclass(frozen=True)
class Gain:
    """What it would bring to halve one step."""

    name: str
    saved_s: float
    """Off the P90 of the end."""

    in_time: float | None
    failing_in_time: float | None
    """P(done in the window) even if it fails at its worst moment."""


@dataclass(frozen=True)
class NightPlan:
    """The plan of one night."""

    window_s: float | None
    """From the start to the end of the window."""

    restart_s: float
    wanted: float
    nights: int
    clean: Night
    """If nothing fails."""

    usual: Night
    """If steps fail as often as they did."""

    steps: tuple[StepPlan, ...]
    worst: str
    """The step whose failure hurts most."""

    path: tuple[str, ...]
    """The chain that decides the end most often."""

    path_share: float
    """How often."""

    latest_start_s: float | None
    """So much later, or earlier if negative, the start may be; None without a window."""

    latest_start_failing_s: float | None
    """The same with the worst failure."""

    no_return_s: float | None
    """The last moment at which whichever step is at work may fail and be repaired in the window,
    with the wanted probability; infinite if that is always so; None without a window."""

    gains: tuple[Gain, ...]
    """What to speed up first."""

    def step(self, name: str) -> StepPlan:
        """Return what is planned for a step."""
        return next(step for step in self.steps if step.name == name)

    @property
    def worst_in_time(self) -> float | None:
        """P(done in the window) with the worst failure."""
        return self.step(self.worst).failing.in_time


@dataclass(frozen=True)
class Question:
    """What a plan is made of."""

    resuming: Resuming
    """The job's net, and what a failure costs."""

    window_s: float | None
    """From the start to the end of the window; None without one."""

    wanted: float = WANTED


def planned(question: Question, draws: Draws, chance: np.random.Generator) -> NightPlan:
    """Make the plan of a night.

    Args:
        question: The net, the window, what a restart costs.
        draws: Nights that may come.
        chance: Draws the moments of usual failures; the same seed gives the same plan.

    Complexity: that of `net.attempt`, for all nights and once more for each step with fewer nights.
    """
    net = question.resuming.net
    clean = attempt(net, draws.seconds)
    on_chain = critical(clean)
    usual = as_usual(question.resuming, draws, clean, chance)
    failing = _failing(question, draws)
    steps = _step_plans(question, draws, clean, on_chain, failing)
    worst = max(steps, key=lambda step: _hurt(step.failing))
    place = net.names.index(worst.name)
    path, share = _most_frequent(on_chain, net.names)
    return NightPlan(
        window_s=question.window_s,
        restart_s=question.resuming.restart_s,
        wanted=question.wanted,
        nights=len(draws.seconds),
        clean=_night(clean.over, question.window_s),
        usual=_night(usual, question.window_s),
        steps=steps,
        worst=worst.name,
        path=path,
        path_share=share,
        latest_start_s=_latest(clean.over, question),
        latest_start_failing_s=_latest(failing[place].over, question),
        no_return_s=_no_return(question, failing, clean),
        gains=_gains(question, draws, clean, steps),
    )


def _night(over: Floats, window_s: float | None) -> Night:
    in_time = None if window_s is None else float((over <= window_s).mean())
    return Night(Spread.of(over), in_time)


def _hurt(failing: Night) -> tuple[float, float]:
    """Return how much a failure hurts: first by the window, then by the end."""
    return -1.0 if failing.in_time is None else -failing.in_time, failing.end_s.p90


def _failing(question: Question, draws: Draws) -> list[Failing]:
    """Let each step fail in turn; of large jobs in fewer nights, but for the worst one."""
    net = question.resuming.net
    steps = range(len(net.names))
    nights = max(_ROWS_MOST // (len(steps) * (10 if net.is_limited else 1)), _NIGHTS_LEAST)
    made = at_worst(question.resuming, draws.first(nights), steps)
    if nights >= len(draws.seconds):
        return made
    hurts = [_hurt(_night(one.over, question.window_s)) for one in made]
    worst = hurts.index(max(hurts))
    made[worst] = at_worst(question.resuming, draws, [worst])[0]
    return made


def _step_plans(
    question: Question,
    draws: Draws,
    clean: Attempt,
    on_chain: Flags,
    failing: Sequence[Failing],
) -> tuple[StepPlan, ...]:
    return tuple(
        StepPlan(
            name=name,
            begin_s=Spread.of(clean.begins[:, step]),
            end_s=Spread.of(clean.ends[:, step]),
            seconds=Spread.of(draws.seconds[:, step]),
            records=_middle(draws.records[:, step]),
            criticality=float(on_chain[:, step].mean()),
            critical_s=float((on_chain[:, step] * draws.seconds[:, step]).mean()),
            lost_s=float(np.quantile(draws.chunk_s[:, step], 0.9)),
            failing=_night(failing[step].over, question.window_s),
            fails_at_s=float(np.median(failing[step].fails_at)),
        )
        for step, name in enumerate(question.resuming.net.names)
    )


def _middle(records: Floats) -> float | None:
    known = records[~np.isnan(records)]
    return float(np.median(known)) if known.size else None


def _most_frequent(on_chain: Flags, names: Sequence[str]) -> tuple[tuple[str, ...], float]:
    chains, counts = np.unique(on_chain, axis=0, return_counts=True)
    most = int(counts.argmax())
    return tuple(n for n, is_on in zip(names, chains[most], strict=True) if is_on), float(
        counts[most] / len(on_chain)
    )


def _latest(over: Floats, question: Question) -> float | None:
    if question.window_s is None:
        return None
    return question.window_s - float(np.quantile(over, question.wanted))


def _no_return(question: Question, failing: Sequence[Failing], clean: Attempt) -> float | None:
    """Return when it is too late for a failure of whichever step is at work.

    A step that fails at `t` is repaired in the window if `t`, the restart and the repair end in it.
    For a step in chunks that does not depend on `t`: what is done stays done.
    """
    if question.window_s is None:
        return None
    nights = min(len(one.over) for one in failing)
    earliest = np.full(nights, np.inf)
    for step, one in enumerate(failing):
        is_late = one.over[:nights] > question.window_s
        last = question.window_s - question.resuming.restart_s - one.repair_s[:nights]
        begins = one.begins[:nights]
        if question.resuming.is_chunked[step]:
            last = begins
        last = np.clip(last, begins, clean.ends[:nights, step])
        earliest = np.where(is_late, np.minimum(earliest, last), earliest)
    return float(np.quantile(earliest, 1 - question.wanted, method="lower"))


def _gains(
    question: Question, draws: Draws, clean: Attempt, steps: Sequence[StepPlan]
) -> tuple[Gain, ...]:
    ranked = sorted(range(len(steps)), key=lambda step: -steps[step].critical_s)[:SPED_UP_MOST]
    nights = min(len(draws.seconds), 2_000)
    before = float(np.quantile(clean.over[:nights], 0.9))
    gains = []
    for step in ranked:
        half = draws.first(nights).sped_up(step, 0.5)
        over = attempt(question.resuming.net, half.seconds).over
        (late,) = at_worst(question.resuming, half, [step])
        saved = before - float(np.quantile(over, 0.9))
        gains.append(
            Gain(
                steps[step].name,
                saved,
                _night(over, question.window_s).in_time,
                _night(late.over, question.window_s).in_time,
            )
        )
    return tuple(sorted(gains, key=lambda gain: -gain.saved_s))
