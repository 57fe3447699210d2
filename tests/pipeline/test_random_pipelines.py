"""Random pipelines of all lanes against plain loops, with every way to end.

When one fails, its plan is in a note of the error, with the seed that draws it again: see
`random_pipelines.drawn`. `make torture-pipelines` tries thousands.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from daybreak.pipeline import Scope
from tests.pipeline.random_pipelines import VERBS, WAYS_TO_END, Step, drawn, looped, tried
from tests.pipeline.schedules import restless, shaken

pytestmark = pytest.mark.slow

TRY_S = 0.4  # for each test
STRESS_S = 3.0
TURNS = 200


def seeds(seed: int, seconds: float) -> Iterator[int]:
    """Give seeds for so long, and a few anyway."""
    chance = random.Random(seed)
    end = time.monotonic() + seconds
    for number in range(10_000):
        if number >= 3 and time.monotonic() > end:
            return
        yield chance.getrandbits(32)


@pytest.mark.parametrize("ending", WAYS_TO_END[:-1])
def test_a_random_pipeline_gives_what_plain_loops_give(seed: int, ending: str) -> None:
    for each in seeds(seed, TRY_S):
        tried(drawn(each, endings=[ending]))


@pytest.mark.slow
@pytest.mark.parametrize("ending", WAYS_TO_END)
def test_a_random_pipeline_with_processes_gives_the_same(seed: int, ending: str) -> None:
    for each in seeds(seed, TRY_S):
        tried(drawn(each, processes=0.4, endings=[ending]))


@pytest.mark.slow
def test_a_random_pipeline_gives_the_same_while_threads_change_places(seed: int) -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for each in seeds(seed, STRESS_S):
            tried(drawn(each))
    finally:
        sys.setswitchinterval(before)


@pytest.mark.slow
def test_a_random_pipeline_gives_the_same_while_locks_are_slow(seed: int) -> None:
    with shaken(seed):
        for each in seeds(seed, STRESS_S):
            tried(drawn(each))


@pytest.mark.slow
def test_a_random_pipeline_gives_the_same_while_workers_rest_and_return(seed: int) -> None:
    with restless(seed):
        for each in seeds(seed, STRESS_S):
            tried(drawn(each))


def test_slow_locks_find_what_happens_between_two_holds_of_a_lock(seed: int) -> None:
    """Two threads count together, each between two looks: one of them goes lost soon."""
    counted = [0]

    def count_up(scope: Scope) -> None:
        for _ in range(TURNS):
            with scope.waits.lock:
                before = counted[0]
            with scope.waits.lock:
                counted[0] = before + 1

    with shaken(seed), Scope() as scope:
        scope.start(count_up, scope)
        scope.start(count_up, scope)

    assert counted[0] < 2 * TURNS


def test_what_is_drawn_has_every_verb_lane_and_option() -> None:
    """The tests above prove nothing of what is never drawn."""
    found: Counter[str] = Counter()
    for seed in range(400):
        plan = drawn(seed, processes=0.2)
        found[plan.ending] += 1
        found[plan.source] += 1
        for step in _all_of(plan.steps):
            found.update([step.verb, step.lane, *step.options, str(step.options.get("workers"))])

    nodes = {*VERBS, "group", "merge", "split", "thread", "async", "process"}
    options = {"workers", "ordered", "errors", "retry", "block", "linger_s", "rate", "using"}
    drawn_ones = nodes | options | {*WAYS_TO_END, "auto", "1", "5", "async", "generator", "list"}
    assert set() == {each for each in drawn_ones if found[each] < 3}


def test_the_loops_are_not_empty() -> None:
    """Most of what is drawn has results, or little would be compared."""
    sizes = [len(looped(range(plan.records), plan.steps)) for plan in map(drawn, range(100))]

    assert sum(size > 10 for size in sizes) > 40


def _all_of(steps: list[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        for way in step.ways:
            yield from _all_of(way)
