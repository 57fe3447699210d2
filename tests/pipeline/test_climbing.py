"""`workers="auto"`: more workers, as long as more get more done; by a clock that tests turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from daybreak.model.climbing import TRY_AGAIN_S
from daybreak.pipeline import current_scope, source
from daybreak.pipeline.climbing import (
    AUTO_WORKERS_MAX,
    ENDS_PER_WORKER,
    WINDOW_S,
    Climber,
    workers_of,
)
from daybreak.pipeline.nodes import Map
from tests.pipeline import process_functions

LONG_S = 30.0  # a deadline that only a deadlock reaches


class Stage:
    """A stage whose throughput is a function of its workers, on a clock of its own."""

    def __init__(self, rate_of: Callable[[int], float], most: int = 64) -> None:
        self.rate_of = rate_of
        self.now = 0.0
        self.changes: list[int] = []
        self.climber = Climber(most, self.changes.append, lambda: self.now)

    def measure(self, windows: int = 1) -> None:
        """Let so many measurements pass, each of a hundred slices."""
        for _ in range(windows):
            records = self.rate_of(self.climber.workers) * WINDOW_S * 1.01
            ends = 2 * ENDS_PER_WORKER * self.climber.workers
            for end in range(ends):
                if end == ends - 1:
                    self.now += WINDOW_S * 1.01
                self.climber.ended(int(records / ends))

    def rest(self, seconds: float) -> None:
        """Let time pass in which nothing was done, up to the end of one slice."""
        self.now += seconds
        self.climber.ended(1)


def up_to(best: int) -> Callable[[int], float]:
    """Throughput that grows with the workers up to a number, and not beyond."""
    return lambda workers: 100_000.0 * min(workers, best)


@pytest.mark.parametrize("best", [1, 2, 4, 8, 16, 32])
def test_it_settles_where_more_workers_get_no_more_done(best: int) -> None:
    stage = Stage(up_to(best))
    stage.measure(12)

    assert best == stage.climber.workers
    assert max(stage.changes, default=1) == best * 2
    assert f"auto chose {best} of at most 64 workers: {best * 2} got " in stage.climber.reason


def test_it_climbs_to_its_bound_if_each_step_gets_more_done() -> None:
    stage = Stage(lambda workers: 1_000_000.0 * workers, most=24)
    stage.measure(12)

    assert [2, 4, 8, 16, 24] == stage.changes
    assert "auto chose 24 of at most 24 workers: each step up got more done" == (
        stage.climber.reason
    )


def test_a_gain_of_less_than_three_percent_is_none() -> None:
    stage = Stage(lambda workers: 1_000_000.0 * 1.02 ** (workers - 1))
    stage.measure(4)

    assert 1 == stage.climber.workers


def test_one_bad_measurement_does_not_decide() -> None:
    stage = Stage(up_to(8))
    stage.measure(1)
    assert 2 == stage.climber.workers
    stage.rate_of = lambda _workers: 50_000.0
    stage.measure(1)  # something else had the processor
    assert 2 == stage.climber.workers
    stage.rate_of = up_to(8)
    stage.measure(10)

    assert 8 == stage.climber.workers


def test_a_step_that_failed_is_tried_again_later_and_ever_more_seldom() -> None:
    stage = Stage(up_to(1))
    stage.measure(3)
    assert [2, 1] == stage.changes

    stage.measure(3)
    assert [2, 1] == stage.changes  # it rests
    for times in (1, 2, 4):
        tried = len(stage.changes)
        stage.rest(TRY_AGAIN_S * times * 0.9)
        stage.climber.ended(1)
        assert tried == len(stage.changes)
        stage.rest(TRY_AGAIN_S * times * 0.2)
        stage.measure(4)
        assert [2, 1] == stage.changes[tried:]


def test_a_step_that_is_worth_it_by_now_is_taken() -> None:
    stage = Stage(up_to(1))
    stage.measure(3)
    stage.rate_of = up_to(4)
    stage.rest(TRY_AGAIN_S)
    stage.measure(8)

    assert 4 == stage.climber.workers


def test_a_measurement_needs_time_and_slices() -> None:
    now = 0.0
    changes: list[int] = []
    climber = Climber(64, changes.append, lambda: now)
    for _ in range(100):
        climber.ended(1000)  # many slices in no time
    assert [] == changes
    now = WINDOW_S
    climber.ended(1000)

    assert [2] == changes

    now += 10 * WINDOW_S
    for _ in range(ENDS_PER_WORKER * 2 - 1):
        climber.ended(10**9)  # much time and few slices
    assert [2] == changes
    climber.ended(10**9)

    assert [2, 4] == changes


def test_who_says_how_many_workers_has_them() -> None:
    assert (3, 3) == workers_of(Map("x", abs, 3))
    assert (1, AUTO_WORKERS_MAX) == workers_of(Map("x", abs, "auto"))
    begins, most = workers_of(Map("x", abs, "auto", on="process"))

    assert 1 == begins
    assert 1 <= most


# ---------------------------------------------------------------- in open pipelines


@pytest.mark.slow
def test_a_stage_that_waits_gets_many_workers_and_says_so() -> None:
    def wait(value: int) -> int:
        current_scope().wait(0.002)
        return value

    async def wait_later(value: int) -> int:
        await asyncio.sleep(0.002)
        return value

    for fn in (wait, wait_later):
        add: Callable[..., Any] = source(range(3_000)).map
        with add(fn, workers="auto").open(deadline_s=LONG_S) as results:
            assert list(range(3_000)) == list(results)
        (row,) = results.report.stages

        assert row.workers >= 4
        assert row.chosen.startswith("auto chose ")
        assert "of at most 64 workers" in row.chosen


@pytest.mark.slow
def test_a_stage_with_workers_that_are_chosen_can_be_left_at_any_time() -> None:
    def wait(value: int) -> int:
        current_scope().wait(0.001)
        return value

    pipeline = source(range(100_000)).map(wait, workers="auto")
    for wanted in (0, 1, 50, 400):
        with pipeline.open(deadline_s=LONG_S) as results:
            for number, _result in enumerate(results):
                if number >= wanted:
                    break


@pytest.mark.slow
def test_processes_are_chosen_too() -> None:
    pipeline = source(range(400)).map(process_functions.double, on="process", workers="auto")

    assert [value * 2 for value in range(400)] == pipeline.collect(deadline_s=LONG_S)
