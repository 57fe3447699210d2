"""Sources while they are read: plain and async, endless, silent, failing and spent."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from itertools import count, islice
from typing import Any

import pytest

from daybreak.errors import DeadlinePassed, SpentSource
from daybreak.pipeline import Pipeline, current_scope, source

LONG_S = 30.0  # a deadline that only a deadlock reaches
HOUR_S = 3600.0


class Bad(Exception):  # noqa: N818 - it reads as a sentence
    """What the sources of these tests raise on purpose."""


class Letters:
    """An async iterable that is no generator."""

    def __init__(self, letters: str) -> None:
        self._left = list(letters)

    def __aiter__(self) -> Letters:
        return self

    async def __anext__(self) -> str:
        await asyncio.sleep(0)
        if not self._left:
            raise StopAsyncIteration
        return self._left.pop(0)


async def up_to_five() -> AsyncIterator[int]:
    for number in range(5):
        await asyncio.sleep(0)
        yield number


# ---------------------------------------------------------------- async sources


def test_async_sources_of_every_kind_are_read() -> None:
    assert list(range(5)) == source(up_to_five).collect(deadline_s=LONG_S)
    assert list(range(5)) == source(up_to_five()).collect(deadline_s=LONG_S)
    assert list("abc") == source(Letters("abc")).collect(deadline_s=LONG_S)
    assert list("abc") == source(lambda: Letters("abc")).collect(deadline_s=LONG_S)


def test_many_async_records_are_read_in_order() -> None:
    async def numbers() -> AsyncIterator[int]:
        for number in range(20_000):
            yield number

    results = source(numbers).map(abs, workers=2).collect(deadline_s=LONG_S)

    assert list(range(20_000)) == results


def test_an_async_source_feeds_an_async_stage() -> None:
    async def double(value: int) -> int:
        return value * 2

    assert [0, 2, 4, 6, 8] == source(up_to_five).map(double, workers=2).collect(deadline_s=LONG_S)


def test_an_async_source_that_was_opened_once_is_spent() -> None:
    once = source(up_to_five())
    once.collect(deadline_s=LONG_S)

    with pytest.raises(SpentSource, match="up_to_five can be read only once"):
        once.collect(deadline_s=LONG_S)


def test_a_break_cancels_an_async_source_that_is_silent_and_closes_it() -> None:
    closed = []

    async def two_and_silence() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
            await asyncio.sleep(HOUR_S)
        finally:
            closed.append(True)

    with source(two_and_silence).map(abs, workers=2).open(deadline_s=LONG_S) as results:
        assert [1, 2] == list(islice(results, 2))

    assert [True] == closed


def test_a_break_ends_an_async_source_without_end() -> None:
    closed = []

    async def endless() -> AsyncIterator[int]:
        try:
            for number in count():
                yield number
        finally:
            closed.append(True)

    with source(endless).open(deadline_s=LONG_S) as results:
        assert list(range(3000)) == list(islice(results, 3000))

    assert [True] == closed


def test_a_deadline_cancels_an_async_source_that_is_silent() -> None:
    async def silent() -> AsyncIterator[int]:
        await asyncio.sleep(HOUR_S)
        yield 1

    with pytest.raises(DeadlinePassed):
        source(silent).collect(deadline_s=0.05)


def test_a_stop_drains_an_async_source() -> None:
    async def endless() -> AsyncIterator[int]:
        for number in count():
            await asyncio.sleep(0)
            yield number

    with source(endless).map(str).open(deadline_s=LONG_S) as results:
        received = list(islice(results, 10))
        results.stop()
        received += results

    assert [str(number) for number in range(len(received))] == received


@pytest.mark.parametrize("records", [0, 1, 500])
def test_an_error_of_an_async_source_is_raised(records: int) -> None:
    async def fails() -> AsyncIterator[int]:
        for number in range(records):
            yield number
        raise Bad

    with pytest.raises(Bad):
        source(fails).collect(deadline_s=LONG_S)


def test_a_trickling_async_source_is_not_held_back() -> None:
    """Each record is given only after the result of the one before has arrived."""
    loops: list[asyncio.AbstractEventLoop] = []
    arrived = asyncio.Semaphore(1)

    async def records() -> AsyncIterator[int]:
        loops.append(asyncio.get_running_loop())
        for number in range(50):
            await asyncio.wait_for(arrived.acquire(), LONG_S)
            yield number

    pipeline = source(records).map(lambda value: value, workers=2).filter(lambda _value: True)
    with pipeline.open(deadline_s=LONG_S) as results:
        received = []
        for result in results:
            received.append(result)
            if result < 49:
                loops[0].call_soon_threadsafe(arrived.release)

    assert list(range(50)) == received


@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
def test_a_record_that_a_stop_has_dropped_is_not_counted(is_async: bool) -> None:  # noqa: FBT001
    go_on = threading.Event()

    def two() -> Iterator[int]:
        yield 1
        assert go_on.wait(LONG_S)
        yield 2

    async def two_later() -> AsyncIterator[int]:
        yield 1
        await asyncio.to_thread(go_on.wait, LONG_S)
        yield 2

    pipeline: Pipeline[int] = source(two_later) if is_async else source(two)
    with pipeline.open(deadline_s=LONG_S) as results:
        assert 1 == next(results)
        results.stop()
        go_on.set()
        assert [] == list(results)

    assert 1 == results.report.sources[0].records


# ---------------------------------------------------------------- failing, and several at once


def fails_at_once() -> Iterator[int]:
    raise Bad
    yield 1


def test_a_source_that_fails_at_once_fails_in_the_block_and_not_at_its_beginning() -> None:
    """Its report can be looked at, whichever thread comes first."""
    failing = source(fails_at_once).merge(source(fails_at_once), source(count).map(abs, workers=4))
    for _ in range(20):
        entered = False
        with pytest.raises(Bad), failing.map(abs, workers=8).open(deadline_s=LONG_S) as results:
            entered = True
            for _ in results:
                pass
        assert entered
        assert isinstance(results.report.errors[0], Bad)


def test_an_opening_that_is_refused_reads_nothing_and_spends_nothing() -> None:
    before = set(threading.enumerate())
    spent = source(iter([3]))
    spent.collect()
    fresh: Any = source(iter([1, 2]))

    for merged in (fresh.merge(spent), fresh.map(abs).merge(source([5]), spent)):
        with pytest.raises(SpentSource):
            merged.open(deadline_s=LONG_S).__enter__()
        assert set(threading.enumerate()) == before
    assert [1, 2] == fresh.collect()


def test_one_iterator_cannot_be_merged_with_itself() -> None:
    once = source(iter([1, 2]))
    with pytest.raises(SpentSource):
        once.merge(once).collect()

    assert [1, 2] == once.collect()


def test_a_silent_source_sees_the_end_by_its_scope() -> None:
    seen = []

    def silent() -> Iterator[int]:
        yield 1
        seen.append(current_scope().wait(HOUR_S))

    with source(silent).open(deadline_s=LONG_S) as results:
        assert 1 == next(results)

    assert [True] == seen
