"""A function's time and memory are measured, each point in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from daybreak.errors import DefinitionError, ParameterError, RunError
from daybreak.operations.measure import (
    Measurement,
    asked_sizes,
    at_one_speed,
    ladder,
    measure,
    measured_again,
    slow_sizes,
)
from daybreak.operations.measured_point import Point, TooMuchMemory, packed_work, point_of

pytestmark = pytest.mark.slow  # each point is a process of its own


def held(n: int) -> int:
    """Hold n megabytes for a moment."""
    return len(bytearray(b"x") * (n * 1_000_000))


def make(n: int) -> list[int]:
    """Prepare n numbers."""
    return list(range(n))


def use_up(data: list[int]) -> None:
    """Work that can be done once only with its data."""
    assert data, "it was prepared anew"
    data.clear()


def fail(n: int) -> None:
    """Be a function that does not work."""
    raise ValueError(f"no {n} today")


def test_each_size_is_measured_so_often_in_processes_of_their_own(tmp_path: Path) -> None:
    def count(n: int) -> None:
        Path(tmp_path, f"{os.getpid()}").write_text(str(n))

    said: list[str] = []
    measurement = measure(count, [10, 20, 40], repeats=2, seed=1, say=said.append)

    processes = Counter(path.read_text() for path in tmp_path.iterdir())
    assert {"10", "20", "40"} == set(processes)
    assert 2 == min(processes.values()), "more often only where the machine was slow"
    assert 1 == measurement.seed
    assert "seed 1" in said[0]
    assert "3 sizes up to 40 records" in said[1]
    assert measurement == Measurement.from_json(json.loads(json.dumps(measurement.to_json())))


def of_speed(records: int, seconds: float, yardstick_s: float) -> Point:
    """A point that was measured while the yardstick took so long."""
    return Point(records, seconds, 0.0, 1e6, 9, seconds, yardstick_s)


def test_points_are_brought_to_the_speed_of_the_machine_at_its_best() -> None:
    points = [
        of_speed(10, 1.0, 0.001),
        of_speed(10, 1.7, 0.002),  # slow, and of no account beside the quick one
        of_speed(20, 2.0 * 1.8**0.8, 0.0018),  # never quick
        of_speed(20, 2.0 * 1.9**0.8, 0.0019),
    ]

    assert [(10, 1.0), (20, pytest.approx(2.0))] == at_one_speed(points, 0.001)
    assert [20] == slow_sizes(points)
    assert 1.85 == pytest.approx(Measurement(tuple(points), "wall", 1).slowdown)


def test_a_measurement_tells_of_time_memory_collector_and_machine() -> None:
    """The largest size decides what the collector took, whenever it was measured."""
    sizes = [80_000, 10_000, 40_000, 20_000, 160_000, 320_000]
    points = [
        Point(n, n * 1e-6, n * 1e-7 if n < 320_000 else 0.08, 4e7 + 800 * n, 9, 1.0, yardstick_s)
        for n, yardstick_s in zip(sizes, [1.1, 1.0, 1.2, 1.1, 1.1, 1.15], strict=True)
    ]
    measurement = Measurement(tuple(points), "wall", 1)
    time, memory = measurement.forecast(), measurement.memory_forecast()

    assert 0.25 == pytest.approx(measurement.gc_share)
    assert 1.1 == pytest.approx(measurement.slowdown)
    assert ("seconds", "n") == (time.unit, time.law.name)
    assert ("bytes", "n") == (memory.unit, memory.law.name)
    assert 4e7 + 800 * 640_000 == pytest.approx(memory.predict(640_000), rel=0.03)


def test_a_largest_size_that_took_no_time_has_no_share_of_the_collector() -> None:
    point = Point(9, 0.0, 0.0, 1e6, 9, 1.0, 1.0)

    assert 0.0 == Measurement((point,), "wall", 1).gc_share


def test_only_sizes_for_which_the_machine_was_slow_are_measured_again() -> None:
    points = [of_speed(10, 1.0, 1e-9), of_speed(20, 0.01, 1.0)]
    work = packed_work(make, None, "wall")

    again = measured_again(work, points, within_s=60.0)

    assert {20} == {
        point.records for point in again
    }  # no machine is ever so quick: as often as may be
    assert 5 == len(again)
    assert [] == measured_again(work, points, within_s=0.001)


def test_memory_is_the_peak_of_the_process() -> None:
    work = packed_work(held, None, "wall")
    small, large = point_of(work, 10, least_s=0.001), point_of(work, 60, least_s=0.001)

    assert 40e6 < large.bytes - small.bytes < 60e6


def test_data_are_prepared_for_every_call() -> None:
    point = point_of(packed_work(use_up, make, "processor"), 1_000, least_s=0.05)

    assert point.calls > 1


def test_a_function_that_fails_is_named_with_its_own_part_of_the_traceback() -> None:
    with pytest.raises(RunError, match="size 7 failed: ValueError: no 7 today") as told:
        point_of(packed_work(fail, None, "wall"), 7)
    trace = str(told.value.__cause__)

    assert "in fail" in trace
    assert "measured_child" not in trace


def refuse(_: int) -> None:
    """Refuse as Daybreak does: with a hint, which is a note of the error."""
    raise ParameterError("expected more", hint="give more")


def test_a_function_that_fails_is_told_by_its_words_not_by_its_notes() -> None:
    with pytest.raises(RunError, match="size 7 failed: ParameterError: expected more"):
        point_of(packed_work(refuse, None, "wall"), 7)


def nothing() -> None:
    """Take no argument."""


def numbers(n: int) -> Iterator[int]:
    """Have done nothing when it returns."""
    yield n


async def later(n: int) -> int:
    """Have done nothing when it returns, either."""
    return n


def killed(n: int) -> None:
    """Be killed."""
    os.kill(os.getpid(), signal.SIGKILL if n > 1 else signal.SIGTERM)


@pytest.mark.parametrize(
    ("function", "size", "said", "hint"),
    [
        (nothing, 1, "takes 0 positional arguments", "the number of records"),
        (numbers, 1, "the function returned a generator, and has done nothing yet", "list("),
        (later, 1, "the function returned a coroutine, and has done nothing yet", "asyncio.run"),
        (killed, 2, r"its process was killed \(SIGKILL\)", "memory"),
        (killed, 1, r"its process was killed \(SIGTERM\)", "by itself"),
        (sys.exit, 3, "its process ended with status 3", "it must return"),
        (os._exit, 0, "its process ended with status 0", "it must return"),
    ],
)
def test_what_cannot_be_measured_says_why(
    function: Callable[[int], object], size: int, said: str, hint: str
) -> None:
    with pytest.raises(RunError, match=said) as told:
        point_of(packed_work(function, None, "wall"), size)

    assert hint in (told.value.hint or "")


def test_a_function_that_cannot_be_sent_is_refused() -> None:
    with pytest.raises(DefinitionError, match="cannot be sent"):
        measure(threading.Lock().acquire, [1, 2])
    with pytest.raises(DefinitionError, match="expected functions"):
        measure(3, [1, 2])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "sizes",
    [[], [5], [5, 5], [0, 5], [5.5, 6], ["5", "6"], [None, 5], [[1], [2]], [nan, 5], "ab", 5],
    ids=str,
)
def test_sizes_that_say_nothing_are_refused(sizes: Any) -> None:
    with pytest.raises(ParameterError, match="at least two sizes"):
        measure(make, sizes)


@pytest.mark.parametrize(
    "sizes", [(20, 10, 10), range(10, 30, 10), iter([10, 20]), [10.0, 20.0], np.array([10, 20])]
)
def test_sizes_may_come_in_any_order_and_from_anything(sizes: Any) -> None:
    assert [10, 20] == asked_sizes(sizes)
    assert all(type(one) is int for one in asked_sizes([10.0, np.int64(20)]))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"repeats": 0}, "repeats to be a whole number of at least 1, got 0"),
        ({"repeats": 1.5}, "repeats"),
        ({"repeats": "2"}, "repeats"),
        ({"budget_s": 0}, "budget_s to be a number of seconds above 0, got 0"),
        ({"budget_s": nan}, "budget_s"),
        ({"budget_s": inf}, "budget_s"),
        ({"budget_s": "9"}, "budget_s"),
        ({"clock": "sun"}, "clock to be one of wall, processor, got 'sun'"),
    ],
)
def test_arguments_that_make_no_sense_are_refused_before_anything_is_measured(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ParameterError, match=said):
        measure(fail, [1, 2], **options)


def test_a_small_budget_makes_a_short_ladder_of_large_sizes() -> None:
    measurement = measure(make, budget_s=8, repeats=2, seed=4)
    sizes = [*measurement.left_out, *(records for records, _ in measurement.seconds)]

    assert 4 <= len(sizes) < 13
    assert max(sizes) > 1_000


def doubling(n: int) -> None:
    """Take twice as long with each more, and never end with some."""
    for _ in range(2**n):
        pass


def test_a_function_that_grows_faster_than_any_power_is_given_up_in_time() -> None:
    measurement = measure(doubling, budget_s=8, repeats=1, seed=5)

    assert max(records for records, _ in measurement.seconds) < 32


def out_of_memory(n: int) -> object:
    """Be given no more memory beyond a size, or be killed for want of it."""
    if n > 500:
        if n % 2:
            os.kill(os.getpid(), signal.SIGKILL)
        raise MemoryError
    return [[] for _ in range(n)]


def test_where_memory_ends_the_ladder_ends_below() -> None:
    measurement = measure(out_of_memory, budget_s=8, repeats=1, seed=6)

    assert max(records for records, _ in measurement.seconds) <= 500


@pytest.mark.parametrize("size", [501, 502])
def test_a_size_that_was_asked_for_and_needs_too_much_memory_is_an_error(size: int) -> None:
    with pytest.raises(TooMuchMemory, match=r"SIGKILL|MemoryError") as told:
        measure(out_of_memory, [10, size], budget_s=8, repeats=1)

    assert "smaller sizes" in (told.value.hint or "")


def test_sizes_beyond_the_budget_are_left_out() -> None:
    measurement = measure(make, [10, 20, 40, 10**12], repeats=1, budget_s=20, seed=2)

    assert (10**12,) == measurement.left_out
    assert [10, 20, 40] == sorted(n for n, _ in measurement.seconds)


def test_a_ladder_has_geometric_steps_with_jitter() -> None:
    sizes = ladder(1_000, 64_000, count=10, seed=3)

    assert 10 == len(sizes)
    assert 64_000 == sizes[-1]
    assert sizes == ladder(1_000, 64_000, count=10, seed=3)
    assert sizes != ladder(1_000, 64_000, count=10, seed=4)
    assert all(1.3 < b / a < 1.9 for a, b in pairwise(sizes))
