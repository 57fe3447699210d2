"""Which stages share a thread, and when two that are slow get one each."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from daybreak import Retry
from daybreak.pipeline import Collect, Pipeline, current_scope, source
from daybreak.pipeline.engine import opened
from daybreak.pipeline.segments import SLOW_S, Segment, parting, segments

LONG_S = 30.0  # a deadline that only a deadlock reaches
FAST_S = SLOW_S / 2
SLOWER_S = SLOW_S * 2

numbers = source(range(10))


async def later(value: int) -> int:
    await asyncio.sleep(0)
    return value


def parts_of(pipeline: Pipeline[Any], *, fused: bool = True) -> list[str]:
    return [
        part.name if isinstance(part, Segment) else f"({part.name})"
        for part in segments(pipeline.inner, fused=fused)
    ]


def test_plain_neighbours_are_joined() -> None:
    pipeline = numbers.map(abs).filter(bool).tap(print).flat_map(range)

    assert ["abs+bool+print+range"] == parts_of(pipeline)
    assert ["abs", "bool", "print", "range"] == parts_of(pipeline, fused=False)


@pytest.mark.parametrize(
    "options",
    [
        {"workers": 2},
        {"workers": "auto"},
        {"on": "process"},
        {"using": open},
        {"rate": "1/s"},
        {"retry": Retry()},
        {"block": 1},
        {"linger_s": 1},
    ],
    ids=str,
)
def test_a_stage_with_needs_of_its_own_parts_its_neighbours(options: dict[str, Any]) -> None:
    pipeline: Pipeline[Any] = numbers.map(abs).map(int, **options).map(str)

    assert ["abs", "int", "str"] == parts_of(pipeline)


@pytest.mark.parametrize(
    "options",
    [{"ordered": False}, {"errors": Collect()}, {"on": "thread"}, {"name": "int"}],
    ids=str,
)
def test_an_option_that_needs_no_thread_parts_nobody(options: dict[str, Any]) -> None:
    pipeline: Pipeline[Any] = numbers.map(abs).map(int, **options).map(str)

    assert ["abs+int+str"] == parts_of(pipeline)


def test_async_stages_and_what_is_no_stage_part_their_neighbours() -> None:
    pipeline = numbers.map(abs).map(later).map(int).group(2).map(sum).map(str)

    assert ["abs", "later", "int", "(group)", "sum+str"] == parts_of(pipeline)


@pytest.mark.parametrize(
    ("seconds", "place"),
    [
        ([], None),
        ([SLOWER_S], None),
        ([SLOWER_S, FAST_S, FAST_S], None),
        ([FAST_S, FAST_S], None),
        ([SLOWER_S, SLOWER_S], 1),
        ([SLOWER_S, FAST_S, SLOWER_S], 2),
        ([FAST_S, SLOWER_S, SLOWER_S, SLOWER_S], 2),
    ],
)
def test_the_second_slow_stage_is_where_ways_part(seconds: list[float], place: int | None) -> None:
    assert place == parting(seconds)


# ---------------------------------------------------------------- in open pipelines


class Noting:
    """Functions that note the thread in which each was called last."""

    def __init__(self) -> None:
        self.threads: dict[str, int] = {}

    def stage(self, name: str, wait_s: float = 0.0) -> Any:
        def note(value: int) -> int:
            self.threads[name] = threading.get_ident()
            if wait_s:
                current_scope().wait(wait_s)
            return value

        note.__name__ = name
        return note


def run(pipeline: Pipeline[Any], *, fused: bool = True) -> list[Any]:
    with opened(pipeline.nodes, deadline_s=LONG_S, fused=fused) as results:
        return list(results)


def test_cheap_neighbours_share_a_thread_unless_told_not_to() -> None:
    for fused, threads in ((True, 1), (False, 3)):
        noting = Noting()
        pipeline = source(range(500))
        for name in ("one", "two", "three"):
            pipeline = pipeline.map(noting.stage(name))
        assert list(range(500)) == run(pipeline, fused=fused)
        assert threads == len(set(noting.threads.values()))


def test_one_slow_stage_does_not_part_from_its_cheap_neighbours() -> None:
    noting = Noting()
    pipeline = source(range(40)).map(noting.stage("slow", 0.001)).map(noting.stage("cheap"))

    assert list(range(40)) == run(pipeline)
    assert 1 == len(set(noting.threads.values()))


def test_two_slow_neighbours_part_and_work_at_the_same_time() -> None:
    """Each waits for the other: in one thread that would never end."""
    noting = Noting()
    first_is_ahead = threading.Event()
    seen: list[int] = []

    def first(value: int) -> int:
        current_scope().wait(0.001)
        noting.threads["first"] = threading.get_ident()
        seen.append(value)
        if value == 40:
            first_is_ahead.set()
        return value

    def second(value: int) -> int:
        current_scope().wait(0.001)
        noting.threads["second"] = threading.get_ident()
        if value == 30:  # by then they have parted
            assert first_is_ahead.wait(LONG_S)
        return value

    pipeline = source(range(60)).map(first).map(second)

    assert list(range(60)) == run(pipeline)
    assert noting.threads["first"] != noting.threads["second"]


def test_several_slow_neighbours_part_one_after_the_other_and_keep_everything_in_order() -> None:
    noting = Noting()
    pipeline = source(range(80))
    for name in ("one", "two", "three", "four"):
        pipeline = pipeline.map(noting.stage(name, 0.0005))

    assert list(range(80)) == run(pipeline)
    assert 4 == len(set(noting.threads.values()))


def test_stages_that_part_count_every_record_once() -> None:
    noting = Noting()
    pipeline = source(range(60)).map(noting.stage("one", 0.001)).map(noting.stage("two", 0.001))
    with pipeline.open(deadline_s=LONG_S) as results:
        list(results)

    assert [60, 60] == [stage.records for stage in results.report.stages]


def test_an_error_behind_a_parting_ends_all() -> None:
    noting = Noting()

    def fails(value: int) -> int:
        current_scope().wait(0.001)
        if value == 50:
            raise ValueError(value)
        return value

    with pytest.raises(ValueError, match="50"):
        run(source(iter(range(10**9))).map(noting.stage("slow", 0.001)).map(fails))
