"""How often a stage may call: what a rate is, and the times that are given out."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from daybreak import Retry
from daybreak.errors import DefinitionError
from daybreak.pipeline import source
from daybreak.pipeline.rate import Limiter, Rate
from tests.pipeline import process_functions

LONG_S = 30.0  # a deadline that only a deadlock reaches


class ManualClock:
    """Seconds that pass when told so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def just_so(value: int) -> int:
    return value


@pytest.mark.parametrize(
    ("text", "spacing_s", "drawn"),
    [
        ("200/s", 0.005, "200/s"),
        ("10/min", 6.0, "10/min"),
        ("0.5/h", 7200.0, "0.5/h"),
        ("1.50/s", 1 / 1.5, "1.5/s"),
    ],
)
def test_a_rate_is_a_number_of_calls_in_a_time(text: str, spacing_s: float, drawn: str) -> None:
    rate = Rate.parse(text)

    assert pytest.approx(spacing_s) == rate.spacing_s
    assert drawn == str(rate)


@pytest.mark.parametrize(
    "text",
    [200, 200.0, None, "", "200", "200/", "/s", "0/s", "0.0/h", "-1/s", "1/d", "1 /s", "1/S"],
)
def test_what_is_no_rate_is_refused_with_an_example(text: Any) -> None:
    with pytest.raises(DefinitionError, match="expected a rate, got") as caught:
        source([1]).map(str, rate=text)

    assert repr(text) in str(caught.value)
    assert '"10/min"' in caught.value.hint


def test_calls_are_spaced_evenly() -> None:
    clock = ManualClock()
    limiter = Limiter(Rate.parse("10/s"), clock)

    assert pytest.approx([0.0, 0.1, 0.2]) == [limiter.wait_s() for _ in range(3)]
    clock.now += 0.25

    assert pytest.approx([0.05, 0.15]) == [limiter.wait_s() for _ in range(2)]


def test_time_that_was_not_used_is_not_saved_up() -> None:
    clock = ManualClock()
    limiter = Limiter(Rate.parse("10/s"), clock)
    limiter.wait_s()
    clock.now += 60

    assert pytest.approx([0.0, 0.1]) == [limiter.wait_s() for _ in range(2)]


def test_several_calls_may_be_taken_at_once() -> None:
    limiter = Limiter(Rate.parse("10/s"), ManualClock())

    assert pytest.approx([0.0, 0.5, 0.6]) == [limiter.wait_s(calls) for calls in (5, 1, 1)]


def test_no_two_threads_are_given_the_same_time() -> None:
    limiter = Limiter(Rate.parse("1000/s"), ManualClock())
    given: list[float] = []
    ready = threading.Barrier(4, timeout=LONG_S)

    def take() -> None:
        ready.wait()
        mine = [limiter.wait_s() for _ in range(250)]
        given.extend(mine)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert pytest.approx([place / 1000 for place in range(1000)]) == sorted(given)


async def moment(_value: int) -> float:
    return time.monotonic()


@pytest.mark.parametrize(
    ("fn", "options"),
    [
        (process_functions.moment, {"workers": 5}),
        (moment, {"workers": 5}),
        pytest.param(
            process_functions.moment, {"workers": 2, "on": "process"}, marks=pytest.mark.slow
        ),
    ],
    ids=["thread", "async", "process"],
)
def test_all_workers_of_a_stage_share_one_rate(fn: Any, options: Any) -> None:
    """Twenty calls take nineteen spaces, and would take four or ten if each worker had its own.

    A process is given a few records at a time, which count as one call each.
    """
    moments: list[float] = source(range(20)).map(fn, rate="100/s", **options).collect()

    assert 20 == len(moments)
    assert max(moments) - min(moments) >= 0.14


def test_a_break_ends_the_wait_for_a_rate() -> None:
    for fn in (abs, just_so):
        with source(range(3)).map(fn, rate="1/h").open() as results:
            assert 0 == next(results)


def test_each_attempt_counts_for_the_rate() -> None:
    calls: list[float] = []

    def fails_twice(value: int) -> int:
        calls.append(time.monotonic())
        if len(calls) < 3:
            raise OSError
        return value

    retry = Retry(attempts=3, wait_s=0)
    assert [7] == source([7]).map(fails_twice, rate="50/s", retry=retry).collect()

    assert calls[2] - calls[0] >= 0.039
