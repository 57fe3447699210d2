"""How often what the plan says comes true: `python -m bench plan`.

Jobs and nights come from `nights`, which shares nothing with the plan. The plan sees a number of
past nights as a ledger keeps them, and speaks about tonight; then tonight is drawn many times.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from daybreak.forecast.draws import Wish, drawn
from daybreak.forecast.failing import Resuming, as_usual, at_worst
from daybreak.forecast.net import attempt, net_of
from daybreak.forecast.night import Question, planned
from daybreak.forecast.past import PastNight, PastStep, past_of

from .nights import RESTART_S, TrueJob, TrueNight

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
HISTORIES = (10, 25, 60, 150)


@dataclass
class Judged:
    """How often nights were over by the moment for which a probability was stated."""

    history: int
    usual: Mapping[float, float]
    clean: Mapping[float, float]
    failing: Mapping[float, float]
    width: float
    """P90 over P50 of the stated end."""


def main(words: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench plan")
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--nights", type=int, default=1_000)
    parser.add_argument("--draws", type=int, default=4_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(words)
    began = time.process_time()
    judged = [
        one
        for number in range(options.jobs)
        for one in judge(options.seed * 100_000 + number, options.nights, options.draws)
    ]
    report(judged)
    print(
        f"{options.jobs} jobs x {options.nights} nights, seed {options.seed}:"
        f" {time.process_time() - began:.0f} s of processor time"
    )


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
    plan = planned(question, nights, chance)
    clean = attempt(net, nights.seconds)
    usual = as_usual(resuming, nights, clean, chance)
    worst = names.index(plan.worst)
    (failing,) = at_worst(resuming, nights, [worst])
    return Judged(
        history=len(past),
        usual=_came_true(usual, [one.over for one in futures]),
        clean=_came_true(clean.over, [one.clean_over for one in futures]),
        failing=_came_true(failing.over, [job.worst_over(one, worst) for one in futures]),
        width=plan.usual.end_s.p90 / plan.usual.end_s.p50,
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


def _came_true(stated: np.ndarray, over: Sequence[float]) -> dict[float, float]:
    true = np.array(over)
    return {level: float((true <= np.quantile(stated, level)).mean()) for level in LEVELS}


def report(judged: Sequence[Judged]) -> None:
    """Print how often each stated probability came true, by what was stated of which nights."""
    print("stated                        " + "".join(f"{level:8.0%}" for level in LEVELS))
    for title in ("usual", "clean", "failing"):
        for history in (*HISTORIES, None):
            rows = [
                [getattr(one, title)[level] for level in LEVELS]
                for one in judged
                if history in (None, one.history)
            ]
            found = np.array(rows)
            shown = f"{title}, {history} nights" if history else f"{title}, all"
            print(f"{shown:30}" + "".join(f"{one:8.1%}" for one in found.mean(axis=0)))
            if history is None:
                for q in (0.1, 0.9):
                    print(
                        f"  {q:.0%} of plans below           "
                        + "".join(f"{one:8.1%}" for one in np.quantile(found, q, axis=0))
                    )
    print(
        "width P90/P50, median:",
        {
            h: round(float(np.median([j.width for j in judged if j.history == h])), 2)
            for h in HISTORIES
        },
    )


if __name__ == "__main__":
    main(sys.argv[1:])
