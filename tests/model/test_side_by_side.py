"""What a job may need at the same time is found, whatever its net and its limits."""

from __future__ import annotations

import itertools
import random
from typing import Any

from daybreak.model.job import Job, Step
from daybreak.model.side_by_side import heaviest

NOTHING: dict[str, int] = {}


def step_of(
    job: Job, name: str, *after: Step[Any], uses: dict[str, int] | None = None
) -> Step[Any]:
    return job.task(name=name, after=after, uses=uses or {})(lambda: None)


def names(steps: tuple[Step[Any], ...]) -> set[str]:
    return {step.name for step in steps}


def test_steps_behind_each_other_are_not_counted_together() -> None:
    job = Job("orders")
    check = step_of(job, "check")
    load = step_of(job, "load", check)
    step_of(job, "close", load)

    assert {"load"} == names(heaviest(job.steps, {"check": 1, "load": 4, "close": 2}, {}))


def test_steps_side_by_side_are_counted_together_but_for_what_a_limit_keeps_apart() -> None:
    job = Job("orders")
    for name in "abc":
        step_of(job, name, uses={"db": 1})
    weights = {"a": 1, "b": 2, "c": 3}

    assert {"a", "b", "c"} == names(heaviest(job.steps, weights, {}))
    assert {"b", "c"} == names(heaviest(job.steps, weights, {"db": 2}))
    assert {"c"} == names(heaviest(job.steps, weights, {"db": 1}))


def test_steps_that_need_nothing_are_left_out() -> None:
    job = Job("orders")
    step_of(job, "fetch")

    assert () == heaviest(job.steps, {"fetch": 0}, {})
    assert () == heaviest((), {}, {})


def test_no_set_of_steps_is_heavier_than_the_one_that_is_found(seed: int) -> None:
    """Against all sets, for small jobs drawn at random."""
    for number in range(60):
        chance = random.Random(seed + number)
        job = Job("orders")
        weights = {}
        for place in range(chance.randint(1, 7)):
            before = [one for one in job.steps if chance.random() < 0.25]
            uses = {"db": chance.randint(1, 2)} if chance.random() < 0.6 else {}
            step = step_of(job, f"s{place}", *before, uses=uses)
            weights[step.name] = chance.randint(0, 5)
        limits = {"db": chance.randint(2, 4)} if chance.random() < 0.7 else {}

        found = heaviest(job.steps, weights, limits)
        best = max(
            sum(weights[step.name] for step in some)
            for size in range(len(job.steps) + 1)
            for some in itertools.combinations(job.steps, size)
            if may_be_at_work(some, limits)
        )
        assert may_be_at_work(found, limits)
        assert best == sum(weights[step.name] for step in found)


def may_be_at_work(some: tuple[Step[Any], ...], limits: dict[str, int]) -> bool:
    used = sum(step.uses.get("db", 0) for step in some)
    return used <= limits.get("db", used) and not any(
        one in other.upstream for one in some for other in some
    )


def test_sixty_steps_side_by_side_are_found_at_once() -> None:
    job = Job("orders")
    for number in range(60):
        step_of(job, f"s{number}", uses={"db": 1})

    weights = {step.name: 4 for step in job.steps}

    assert 60 == len(heaviest(job.steps, weights, {}))
    assert 7 == len(heaviest(job.steps, weights, {"db": 7}))
