"""Stages whose function is async: tasks on one event loop, which end as threads do."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator
from itertools import count, islice
from typing import Any

import pytest

from daybreak.errors import DeadlinePassed
from daybreak.pipeline import Block, Pipeline, Scope, carrier, source

pytestmark = pytest.mark.slow

LONG_S = 30.0  # a deadline that only a deadlock reaches
HOUR_S = 3600.0


class Bad(Exception):  # noqa: N818 - it reads as a sentence
    """What the functions of these tests raise on purpose."""


async def double(value: int) -> int:
    await asyncio.sleep(0)
    return value * 2


async def is_even(value: int) -> bool:
    await asyncio.sleep(0)
    return value % 2 == 0


async def up_to(value: int) -> AsyncIterator[int]:
    for each in range(value):
        await asyncio.sleep(0)
        yield each


async def listed_up_to(value: int) -> list[int]:
    return list(range(value))


async def nothing(_value: int) -> None:
    await asyncio.sleep(0)


@pytest.mark.parametrize("workers", [1, 4])
def test_each_verb_does_what_a_plain_loop_does(workers: int) -> None:
    numbers = source(range(30))
    pipelines: list[tuple[Pipeline[Any], list[Any]]] = [
        (numbers.map(double, workers=workers), [value * 2 for value in range(30)]),
        (numbers.filter(is_even, workers=workers), list(range(0, 30, 2))),
        (numbers.flat_map(up_to, workers=workers), [e for n in range(30) for e in range(n)]),
        (numbers.flat_map(listed_up_to, workers=workers), [e for n in range(30) for e in range(n)]),
        (numbers.tap(nothing, workers=workers), list(range(30))),
    ]
    for pipeline, expected in pipelines:
        assert expected == pipeline.collect(deadline_s=LONG_S)


def test_workers_wait_at_the_same_time() -> None:
    together = threading.Semaphore(0)
    all_wait = asyncio.Event()

    async def wait_for_nine_others(value: int) -> int:
        together.release()
        if together._value == 10:
            all_wait.set()
        await all_wait.wait()
        return value

    pipeline = source(range(10)).map(wait_for_nine_others, workers=10)

    assert list(range(10)) == pipeline.collect(deadline_s=LONG_S)


def test_all_async_stages_of_a_pipeline_share_one_thread() -> None:
    used: set[int] = set()

    async def note(_value: int) -> None:
        used.add(threading.get_ident())

    pipeline = source(range(50)).tap(note, workers=3).map(abs).tap(note, name="again", workers=3)
    pipeline.run(deadline_s=LONG_S)

    assert 1 == len(used)


@pytest.mark.parametrize("workers", [1, 2, 10])
@pytest.mark.parametrize("ordered", [True, False])
def test_the_first_failure_of_any_task_ends_an_endless_pipeline(
    workers: int,
    ordered: bool,  # noqa: FBT001 - a column of a table
) -> None:
    async def fails(value: int) -> int:
        if value == 5:
            raise Bad(value)
        await asyncio.sleep(0)
        return value

    with pytest.raises(Bad) as caught:
        source(count).map(fails, workers=workers, ordered=ordered).run(deadline_s=LONG_S)

    assert ["where: stage fails, record 5 of its source, from 0"] == caught.value.__notes__


def test_a_failure_ends_siblings_that_wait_for_ever() -> None:
    ended = []

    async def fails(value: int) -> None:
        if value == 3:
            raise Bad
        try:
            await asyncio.sleep(HOUR_S)
        finally:
            ended.append(value)

    with pytest.raises(Bad):
        source(count).tap(fails, workers=4).run(deadline_s=LONG_S)

    assert [0, 1, 2] == sorted(ended)


def test_errors_of_siblings_are_kept_as_notes() -> None:
    async def fails(value: int) -> None:
        try:
            if value == 1:
                raise Bad("first")
            await asyncio.sleep(HOUR_S)
        finally:
            if value == 0:
                raise OSError("second")

    with pytest.raises(Bad, match="first") as caught:
        source(range(2)).tap(fails, workers=2).run(deadline_s=LONG_S)

    assert "then also: OSError: second" in caught.value.__notes__


@pytest.mark.parametrize("workers", [1, 3])
def test_a_function_that_cancels_itself_has_failed(workers: int) -> None:
    async def cancels_itself(value: int) -> int:
        if value == 2:
            raise asyncio.CancelledError
        return value

    with pytest.raises(RuntimeError, match="cancelled, but not by its pipeline"):
        source(count).map(cancels_itself, workers=workers).run(deadline_s=LONG_S)


def test_a_break_cancels_calls_that_wait_for_ever() -> None:
    begun = threading.Event()
    ended = []

    async def waits_behind_three(value: int) -> int:
        if value > 3:
            begun.set()
            try:
                await asyncio.sleep(HOUR_S)
            finally:
                ended.append(value)
        return value

    pipeline = source(count).map(waits_behind_three, workers=5, block=1)
    with pipeline.open(deadline_s=LONG_S) as results:
        assert [0, 1, 2, 3] == list(islice(results, 4))
        assert begun.wait(LONG_S)

    assert ended
    assert min(ended) > 3


def test_a_deadline_cancels_calls_that_wait_for_ever() -> None:
    with pytest.raises(DeadlinePassed):
        source(range(3)).map(lambda value: value).tap(_wait_for_ever).run(deadline_s=0.05)


async def _wait_for_ever(_value: int) -> None:
    await asyncio.sleep(HOUR_S)


def test_a_stop_drains_what_was_read() -> None:
    with source(count).map(double, workers=4).open(deadline_s=LONG_S) as results:
        received = list(islice(results, 10))
        results.stop()
        received += results

    assert [value * 2 for value in range(len(received))] == received


@pytest.mark.parametrize("options", [{}, {"rate": "1000/s"}, {"workers": 3}])
def test_a_flat_map_without_end_hands_on_what_it_has(options: dict[str, Any]) -> None:
    closed = []

    async def endless(value: int) -> AsyncIterator[int]:
        try:
            for each in count(value):
                yield each
                await asyncio.sleep(0)
        finally:
            closed.append(value)

    with source([7]).flat_map(endless, **options).open(deadline_s=LONG_S) as results:
        assert list(range(7, 307)) == list(islice(results, 300))

    assert [7] == closed


def test_without_order_a_slow_record_holds_nothing_up() -> None:
    others_are_out = asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def first_one_waits(value: int) -> int:
        loops.append(asyncio.get_running_loop())
        if value == 0:
            await others_are_out.wait()
        return value

    pipeline = source(range(100)).map(first_one_waits, workers=2, ordered=False)
    with pipeline.open(deadline_s=LONG_S) as results:
        received = list(islice(results, 99))
        loops[0].call_soon_threadsafe(others_are_out.set)
        received += results

    assert [*range(1, 100), 0] == received


def test_a_slow_record_bounds_what_waits_behind_it() -> None:
    """The tasks that are not held up rest once the stage has its fill of open slices."""
    go_on = asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []
    begun = []

    async def first_one_waits(value: int) -> int:
        loops.append(asyncio.get_running_loop())
        begun.append(value)
        if value == 0:
            await go_on.wait()
        return value

    pipeline = source(range(3_000)).map(first_one_waits, workers=2, block=1)
    with pipeline.open(deadline_s=LONG_S) as results:
        last = -1
        while len(begun) != last:  # until nothing moves any more
            last = len(begun)
            threading.Event().wait(0.05)
        loops[0].call_soon_threadsafe(go_on.set)
        assert list(range(3_000)) == list(results)

    assert last <= 1_001 + 8  # RECORDS, and the slices of the workers


def test_tasks_share_the_slow_records_of_a_chunk_and_tell_every_fate_in_order() -> None:
    tasks: Counter[object] = Counter()

    async def turns_slow(value: int) -> int:
        if value >= 5_000:
            tasks[asyncio.current_task()] += 1
            await asyncio.sleep(0.001)
        if value % 1_000 == 7:
            raise Bad(value)
        return value

    stages = source([0]).map(turns_slow, workers=3).inner
    with Scope(deadline_s=LONG_S) as scope, carrier(scope, stages) as carries:
        warm = carries.carry(Block(list(range(5_000)), range(5_000)))
        slow = carries.carry(Block(list(range(5_000, 5_300)), range(5_000, 5_300)))

    assert [value for value in range(5_000) if value % 1_000 != 7] == warm.block.values
    assert [value for value in range(5_000, 5_300) if value % 1_000 != 7] == slow.block.values
    assert [7, 1_007, 2_007, 3_007, 4_007] == [failure.origin for failure in warm.failures]
    assert [5_007] == [failure.origin for failure in slow.failures]
    assert 3 == len(tasks)
