"""How often what the plan says comes true: `python -m bench plan`.

Jobs and nights come from `nights`, which shares nothing with the plan. The plan sees a number of
past nights as a ledger keeps them, and speaks about tonight; then tonight is drawn many times. What
it states with 90 % has to happen in 87 to 93 % of them, over all jobs: if nothing fails, if steps
fail as they do, in bursts, and if the step whose failure hurts most fails at its worst moment.

Also how long a plan takes, in processor time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from statistics import mean
from typing import Final

import numpy as np

from daybreak.forecast.draws import Wish, drawn
from daybreak.forecast.failing import Resuming, as_usual, at_worst
from daybreak.forecast.net import Floats, attempt, net_of
from daybreak.forecast.night import Question, planned
from daybreak.forecast.past import PastNight, PastStep, past_of

from .measure import Figure, Spread, Target
from .nights import RESTART_S, TrueJob, TrueNight

JOBS: Final = 100
NIGHTS: Final = 1_000
"""Of each job, a part behind each length of history."""

DRAWS: Final = 2_000
RANKED: Final = 400
"""Draws in which the step is found whose failure hurts most."""

SEED: Final = 2026
HISTORIES: Final = (10, 25, 60, 150)
LEVELS: Final = (0.5, 0.8, 0.9, 0.95, 0.99)
JUDGED: Final = 0.9
LOW, HIGH = 87.0, 93.0
"""Percent in which what is stated with 90 % has to happen."""

_STEPS: Final = 50
_SPEED_NIGHTS: Final = 10_000
_SPEED_SAMPLES: Final = 5


@dataclass(frozen=True)
class Judged:
    """How often nights were over by the moment for which a probability was stated."""

    history: int
    came_true: Mapping[str, Mapping[float, float]]
    """By kind of night and by what was stated."""


def calibration() -> Iterator[Figure]:
    """Measure how often what is stated happens."""
    judged = [
        one for number in range(JOBS) for one in judge(SEED * 100_000 + number, NIGHTS, DRAWS)
    ]
    yield from figures_of(judged)


def figures_of(judged: Sequence[Judged]) -> Iterator[Figure]:
    """Yield what was judged: over all, then by what was stated and by the length of the history."""
    spread = Spread(samples=len(judged))
    for kind in judged[0].came_true:
        for level in LEVELS:
            value = 100 * mean(one.came_true[kind][level] for one in judged)
            name = f"happened of what was stated with {level:.0%}, {kind}"
            if level != JUDGED:
                yield Figure(name, value, "%", None, None, spread)
                continue
            for target in (Target(">=", LOW), Target("<=", HIGH)):
                yield Figure(name, value, "%", target, target.is_met_by(value), spread)
        for history in HISTORIES:
            few = [one.came_true[kind][JUDGED] for one in judged if one.history == history]
            name = f"  the same with {JUDGED:.0%}, behind {history} nights"
            yield Figure(name, 100 * mean(few), "%", None, None, Spread(samples=len(few)))


def speed() -> Iterator[Figure]:
    """Measure the processor time of many nights of a large job, with and without a limit."""
    chance = np.random.default_rng(SEED)
    steps = [
        (
            f"s{number}",
            [f"s{one}" for one in {*chance.integers(max(number - 8, 0), number, 2).tolist()}]
            if number
            else [],
            {"db": int(chance.integers(1, 3))},
        )
        for number in range(_STEPS)
    ]
    seconds = chance.lognormal(5, 0.5, (_SPEED_NIGHTS, _STEPS))
    for name, limits in (("without limits", {}), ("with a limit that is always short", {"db": 3})):
        net = net_of(steps, limits)
        spent = sorted(_spent(partial(attempt, net, seconds)) for _ in range(_SPEED_SAMPLES))
        middle = spent[_SPEED_SAMPLES // 2]
        yield Figure(
            f"{_SPEED_NIGHTS:,} nights of {_STEPS} steps {name}, processor time",
            middle,
            "s",
            Target("<=", 2),
            middle <= 2,
            Spread(_SPEED_SAMPLES, spent[0], spent[-1]),
        )


def _spent(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began


def judge(seed: int, nights: int, draws: int) -> list[Judged]:
    """Plan one job's tonight behind histories of several lengths; draw each so many times."""
    job = TrueJob(seed)
    made = []
    day = job.first
    past: list[TrueNight] = []
    for history in HISTORIES:
        while len(past) < history:
            past.append(job.drawn(day))
            day += timedelta(days=1)
        futures = []
        was_bursting = job.is_bursting
        for _ in range(nights // len(HISTORIES)):
            job.is_bursting = was_bursting
            futures.append(job.drawn(day))
        job.is_bursting = was_bursting
        made.append(_judged(job, past, futures, draws, seed))
    return made


def _judged(
    job: TrueJob, past: Sequence[TrueNight], futures: Sequence[TrueNight], count: int, seed: int
) -> Judged:
    names = [step.name for step in job.steps]
    chance = np.random.default_rng(seed)
    known = past_of([_kept(job, night) for night in past], names, tonight=futures[0].night)
    nights = drawn(known, names, Wish(futures[0].night), count, chance)
    net = net_of(
        [(step.name, [names[one] for one in step.after], step.uses) for step in job.steps],
        job.limits,
    )
    is_chunked = tuple(step.kind == "step" for step in job.steps)
    resuming = Resuming(net, is_chunked, RESTART_S)
    question = Question(resuming, window_s=None)
    plan = planned(question, nights.first(RANKED), np.random.default_rng(seed))
    clean = attempt(net, nights.seconds)
    usual = as_usual(resuming, nights, clean, chance)
    worst = names.index(plan.worst)
    (failing,) = at_worst(resuming, nights, [worst])
    return Judged(
        history=len(past),
        came_true={
            "as steps fail": _came_true(usual, [one.over for one in futures]),
            "if nothing fails": _came_true(clean.over, [one.clean_over for one in futures]),
            "with the worst failure": _came_true(
                failing.over, [job.worst_over(one, worst) for one in futures]
            ),
        },
    )


def _kept(job: TrueJob, night: TrueNight) -> PastNight:
    return PastNight(
        night.night,
        {
            step.name: PastStep(
                seconds=night.spent[number],
                records=night.records[number] if step.kind == "step" else None,
                failures=night.failures[number],
                chunk_share=1 / step.chunks if step.kind == "step" else 0.0,
            )
            for number, step in enumerate(job.steps)
        },
    )


def _came_true(stated: Floats, over: Sequence[float]) -> dict[float, float]:
    true = np.array(over)
    return {level: float((true <= np.quantile(stated, level)).mean()) for level in LEVELS}


PARTS: Final[Mapping[str, Callable[[], Iterator[Figure]]]] = {
    "calibration": calibration,
    "speed": speed,
}
