"""A function's time and memory are measured, each point in a process of its own."""

from __future__ import annotations

import json
import os
import threading
from itertools import pairwise
from pathlib import Path

import pytest

from daybreak.errors import DefinitionError, ParameterError, RunError
from daybreak.operations.measure import Measurement, ladder, measure, packed_work, point_of

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

    assert sorted(path.read_text() for path in tmp_path.iterdir()) == [
        "10", "10", "20", "20", "40", "40"
    ]  # fmt: skip
    assert 1 == measurement.seed
    assert "seed 1" in said[0]
    assert "3 sizes up to 40 records" in said[1]
    assert measurement == Measurement.from_json(json.loads(json.dumps(measurement.to_json())))


def test_memory_is_the_peak_of_the_process() -> None:
    work = packed_work(held, None, "wall")
    small, large = point_of(work, 10, least_s=0.001), point_of(work, 60, least_s=0.001)

    assert 40e6 < large.bytes - small.bytes < 60e6


def test_data_are_prepared_for_every_call() -> None:
    point = point_of(packed_work(use_up, make, "processor"), 1_000, least_s=0.05)

    assert point.calls > 1


def test_a_function_that_fails_is_named_with_its_traceback() -> None:
    with pytest.raises(RunError, match="no 7 today"):
        point_of(packed_work(fail, None, "wall"), 7)


def test_a_function_that_cannot_be_sent_is_refused() -> None:
    with pytest.raises(DefinitionError, match="cannot be sent"):
        measure(threading.Lock().acquire, [1, 2])
    with pytest.raises(DefinitionError, match="expected functions"):
        measure(3, [1, 2])  # type: ignore[arg-type]


@pytest.mark.parametrize("sizes", [[], [5], [0, 5], [5.5, 6]], ids=str)
def test_sizes_that_say_nothing_are_refused(sizes: list[int]) -> None:
    with pytest.raises(ParameterError, match="at least two sizes"):
        measure(make, sizes)


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
