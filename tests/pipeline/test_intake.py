"""How many records travel together: as many as are worth it, or as many as was said."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count, islice
from typing import Any

import pytest

from daybreak.pipeline import BLOCK_RECORDS, Pipeline, current_scope, source

pytestmark = pytest.mark.slow

LONG_S = 30.0  # a deadline that only a deadlock reaches


def as_it_is(value: int) -> int:
    return value


async def as_it_is_later(value: int) -> int:
    return value


def slices_of(pipeline: Pipeline[Any]) -> int:
    (stage,) = pipeline.run(deadline_s=LONG_S).stages
    return sum(stage.slices)


lanes = pytest.mark.parametrize("fn", [as_it_is, as_it_is_later], ids=["thread", "async"])


@lanes
def test_cheap_records_travel_in_large_blocks(fn: Callable[..., Any]) -> None:
    """A hundred thousand in some hundred slices, on any machine."""
    assert slices_of(source(range(100_000)).map(fn, workers=2)) < 1_500


@lanes
@pytest.mark.parametrize("ordered", [True, False])
def test_a_block_of_one_is_a_promise(fn: Callable[..., Any], ordered: bool) -> None:  # noqa: FBT001
    """While a record waits for ever, all before it have come out."""
    go_on = threading.Event()

    def waits(value: int) -> int:
        if value == 999:
            assert go_on.wait(LONG_S)
        return value

    first: Pipeline[int] = source(range(1000)).map(fn, block=1)
    with first.map(waits, block=1, ordered=ordered).open(deadline_s=LONG_S) as results:
        before = list(islice(results, 999))
        go_on.set()
        assert list(range(999)) == before
        assert [999] == list(results)


@lanes
@pytest.mark.parametrize("block", [1, 3, 100])
def test_no_more_records_travel_together_than_was_said(fn: Callable[..., Any], block: int) -> None:
    pipeline: Pipeline[int] = source(range(1_000)).map(fn, workers=2, block=block, name="x")
    with pipeline.open(deadline_s=LONG_S) as results:
        assert list(range(1_000)) == list(results)
    (stage,) = results.report.stages

    if block > 1:
        assert sum(stage.slices) >= 1_000 / block
    assert 1_000 == stage.records


def test_a_slow_function_is_given_its_records_one_by_one() -> None:
    together = threading.Barrier(4, timeout=LONG_S)

    def in_fours(value: int) -> int:
        if value < 4:
            together.wait()
        current_scope().wait(0.002)
        return value

    pipeline = source(range(40)).map(in_fours, workers=4)
    with pipeline.open(deadline_s=LONG_S) as results:
        assert list(range(40)) == list(results)
    (stage,) = results.report.stages

    assert 4 == len(stage.slices)
    assert 40 == stage.records


@pytest.mark.parametrize("is_async", [False, True], ids=["thread", "async"])
def test_a_function_that_turns_slow_gives_the_others_of_its_records(
    is_async: bool,  # noqa: FBT001 - a column of a table
) -> None:
    """Cheap at first, so that its blocks are large; then all workers take part in the rest."""
    workers: Counter[object] = Counter()

    def turns_slow(value: int) -> int:
        if value >= 50_000:
            workers[threading.get_ident()] += 1
            current_scope().wait(0.002)
        return value

    async def turns_slow_later(value: int) -> int:
        if value >= 50_000:
            workers[asyncio.current_task()] += 1
            await asyncio.sleep(0.002)
        return value

    add: Callable[..., Pipeline[int]] = source(range(50_400)).map
    pipeline = add(turns_slow_later if is_async else turns_slow, workers=4)
    with pipeline.open(deadline_s=LONG_S) as results:
        assert list(range(50_400)) == list(results)
    (stage,) = results.report.stages

    assert 50_400 == stage.records
    assert 4 == len(workers)
    assert max(workers.values()) < 300


def test_results_of_a_function_that_turns_slow_are_not_held_back() -> None:
    asked: list[int] = []

    def turns_slow(value: int) -> int:
        asked.append(value)
        if value >= 100_000:
            current_scope().wait(0.005)
        return value

    see_few_asked_behind_the_slow_ones(source(count).map(turns_slow), asked)
    see_few_asked_behind_the_slow_ones(source(count).map(turns_slow, workers=2), asked)


def test_async_results_of_a_function_that_turns_slow_are_not_held_back() -> None:
    asked: list[int] = []

    async def turns_slow(value: int) -> int:
        asked.append(value)
        if value >= 100_000:
            await asyncio.sleep(0.005)
        return value

    see_few_asked_behind_the_slow_ones(source(count).map(turns_slow), asked)
    see_few_asked_behind_the_slow_ones(source(count).map(turns_slow, workers=2), asked)


def see_few_asked_behind_the_slow_ones(pipeline: Pipeline[int], asked: list[int]) -> None:
    asked.clear()
    with pipeline.open(deadline_s=LONG_S) as results:
        for value in results:
            if value == 100_010:
                break
        assert len(asked) - 100_011 < 200  # a block has 8,192


# ---------------------------------------------------------------- lingering


class Trickle:
    """A source that gives a record only when the test says so."""

    def __init__(self, records: int) -> None:
        self._records = records
        self.may_go_on = threading.Semaphore(0)

    def __call__(self) -> Iterator[int]:
        for number in range(self._records):
            assert self.may_go_on.acquire(timeout=LONG_S)
            yield number


@pytest.mark.parametrize("is_async", [False, True], ids=["thread", "async"])
@pytest.mark.parametrize("workers", [1, 2])
def test_records_wait_for_others_to_travel_with(
    is_async: bool,  # noqa: FBT001 - a column of a table
    workers: int,
) -> None:
    seen = []

    def note(value: int) -> int:
        seen.append(value)
        return value

    async def note_later(value: int) -> int:
        return note(value)

    trickle = Trickle(3)
    add: Callable[..., Pipeline[int]] = source(trickle).map
    pipeline = add(note_later if is_async else note, workers=workers, linger_s=3600, block=3)
    with pipeline.open(deadline_s=LONG_S) as results:
        for _ in range(2):
            trickle.may_go_on.release()
        current_scope().wait(0.1)  # two have come, and would be through by now
        assert [] == seen
        trickle.may_go_on.release()
        assert [0, 1, 2] == list(results)


@lanes
def test_a_record_that_waits_goes_on_alone_if_no_other_comes(fn: Callable[..., Any]) -> None:
    trickle = Trickle(3)
    pipeline: Pipeline[int] = source(trickle).map(fn, linger_s=0.02, workers=2)
    with pipeline.open(deadline_s=LONG_S) as results:
        for number in range(3):
            trickle.may_go_on.release()
            assert number == next(results)


def test_a_block_that_is_full_does_not_linger() -> None:
    pipeline = source(range(BLOCK_RECORDS)).map(as_it_is, linger_s=3600, block=64)

    assert list(range(BLOCK_RECORDS)) == pipeline.collect(deadline_s=LONG_S)


@lanes
def test_without_lingering_a_trickling_source_is_not_held_back(fn: Callable[..., Any]) -> None:
    trickle = Trickle(30)
    pipeline: Pipeline[int] = source(trickle).map(fn, workers=3).map(as_it_is).map(fn, name="y")
    with pipeline.open(deadline_s=LONG_S) as results:
        for number in range(30):
            trickle.may_go_on.release()
            assert number == next(results)
