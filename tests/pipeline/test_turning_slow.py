"""Functions that turn slow in the middle of a big slice: nothing is held back, all workers help."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from itertools import product
from typing import Any

import pytest

from daybreak.pipeline import Block, Scope, source
from daybreak.pipeline.buffers import LINGER_S
from daybreak.pipeline.fanin import InOrder
from daybreak.pipeline.hand import Hand
from daybreak.pipeline.outlet import ChannelOutlet

pytestmark = pytest.mark.slow

LONG_S = 20.0  # a deadline that only a defect reaches
FAST = 50_000
WORKERS = 8
SLOW = 4 * WORKERS

CALL_S = 0.2  # how long a slow call waits for others


class Meeting:
    """Where calls wait a moment for each other; in threads, or on a loop.

    Args:
        size: How many are all: from then on nobody waits any more.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._here = 0
        self._changed = threading.Condition()
        self.took_place = False

    def come(self) -> None:
        with self._changed:
            self._here += 1
            if self._here == self._size:
                self.took_place = True
                self._changed.notify_all()
            self._changed.wait_for(lambda: self.took_place, CALL_S)
            self._here -= 1

    async def come_async(self) -> None:
        self._here += 1
        self.took_place = self.took_place or self._here == self._size
        if not self.took_place:
            await asyncio.sleep(CALL_S)
        self._here -= 1


def stage_of(
    verb: str, lane: str, plain: Callable[[int], int], awaiting: Callable[[int], Awaitable[int]]
) -> Any:
    """Return the function of a stage of a verb that leaves the records as they are."""

    async def each(value: int) -> AsyncIterator[int]:
        yield await awaiting(value)

    async def is_wanted(value: int) -> bool:
        return await awaiting(value) >= 0

    fns: dict[tuple[str, str], Any] = {
        ("map", "thread"): plain,
        ("tap", "thread"): plain,
        ("filter", "thread"): lambda value: plain(value) >= 0,
        ("flat_map", "thread"): lambda value: (plain(value),),
        ("map", "async"): awaiting,
        ("tap", "async"): awaiting,
        ("filter", "async"): is_wanted,
        ("flat_map", "async"): each,
    }
    return fns[verb, lane]


every_stage = pytest.mark.parametrize(
    ("verb", "lane", "ordered"),
    list(product(["map", "tap", "filter", "flat_map"], ["thread", "async"], [True, False])),
)


@every_stage
def test_the_rest_of_a_slice_is_spread_over_all_workers(
    verb: str,
    lane: str,
    ordered: bool,  # noqa: FBT001 - a parameter of pytest
) -> None:
    meeting = Meeting(WORKERS)

    def plain(value: int) -> int:
        if value >= FAST:
            meeting.come()
        return value

    async def awaiting(value: int) -> int:
        if value >= FAST:
            await meeting.come_async()
        return value

    first: Any = source(range(FAST + SLOW))
    fn = stage_of(verb, lane, plain, awaiting)
    pipeline = getattr(first, verb)(fn, workers=WORKERS, ordered=ordered)
    results = pipeline.collect(deadline_s=LONG_S)

    assert meeting.took_place
    assert list(range(FAST + SLOW)) == (results if ordered else sorted(results))


@every_stage
def test_results_before_the_slow_ones_are_not_held_back(
    verb: str,
    lane: str,
    ordered: bool,  # noqa: FBT001 - a parameter of pytest
) -> None:
    has_fast_ones = threading.Event()

    def plain(value: int) -> int:
        if value >= FAST:
            has_fast_ones.wait(CALL_S)
        if value == FAST + SLOW - 1:
            assert has_fast_ones.is_set()
        return value

    async def awaiting(value: int) -> int:
        if value >= FAST and not has_fast_ones.is_set():
            await asyncio.sleep(CALL_S)
        if value == FAST + SLOW - 1:
            assert has_fast_ones.is_set()
        return value

    received = 0
    first: Any = source(range(FAST + SLOW))
    fn = stage_of(verb, lane, plain, awaiting)
    pipeline = getattr(first, verb)(fn, workers=WORKERS, ordered=ordered)
    with pipeline.open(deadline_s=LONG_S) as results:
        for value in results:
            received += value < FAST
            if received == FAST:
                has_fast_ones.set()


def test_a_slice_that_is_slow_from_its_beginning_is_spread_after_a_pause() -> None:
    """Whoever waits behind has long stopped looking for what came without being told."""
    meeting = Meeting(WORKERS)

    def records() -> Iterator[int]:
        yield from range(FAST)
        time.sleep(0.3)  # the pause is what is tested
        yield from range(FAST, FAST + SLOW)

    def slow(value: int) -> int:
        if value >= FAST:
            meeting.come()
        return value

    results = source(records).map(slow, workers=WORKERS).collect(deadline_s=LONG_S)

    assert meeting.took_place
    assert list(range(FAST + SLOW)) == results


@pytest.mark.parametrize("gives", [0, 1], ids=["nothing", "one"])
@pytest.mark.parametrize("verb", ["map", "filter", "flat_map", "split"])
@pytest.mark.parametrize("workers", [1, WORKERS])
def test_leaving_waits_for_no_more_than_the_calls_that_were_begun(
    verb: str, workers: int, gives: int
) -> None:
    is_slow, is_left = threading.Event(), threading.Event()
    calls_after = []

    def turns_slow(value: int) -> Any:
        if value >= FAST:
            is_slow.set()
            if is_left.is_set():
                calls_after.append(value)
            time.sleep(0.002)
        return range(gives) if verb == "flat_map" else gives

    first: Any = source(range(10 * FAST))
    if verb == "split":
        pipeline = first.split(turns_slow, lambda yes: yes, lambda no: no.filter(bool))
    else:
        pipeline = getattr(first, verb)(turns_slow, workers=workers)
    with pipeline.open(deadline_s=LONG_S) as results:
        reader = threading.Thread(target=_read, args=(results,))
        reader.start()
        assert is_slow.wait(LONG_S)
        is_left.set()
    reader.join()

    assert len(calls_after) <= 4 * workers  # one each, and those that began while it was left


def _read(results: Iterator[object]) -> None:
    with suppress(BaseException):
        for _ in results:
            pass


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("workers", [1, 2, WORKERS])
def test_slices_without_results_make_room_for_further_ones(
    workers: int,
    ordered: bool,  # noqa: FBT001 - a parameter of pytest
) -> None:
    """Nothing is ever taken, and so nobody is told by that."""
    first = source(range(2 * FAST))
    nothing: list[int] = []

    results = first.flat_map(lambda _: nothing, workers=workers, ordered=ordered)

    assert [] == results.collect(deadline_s=LONG_S)


def test_a_slice_without_results_does_not_hold_back_the_next() -> None:
    """Of three slices of one hand the second has results, the first ends, the last is in work."""
    with Scope(deadline_s=LONG_S) as scope:
        outlet = ChannelOutlet(scope, InOrder(3))
        ends = outlet.sender()
        hand = Hand(Block([1, 2, 3], range(3)), 1)
        with scope.waits.lock:
            outlet.channel.put(hand)
        received: list[Block[int]] = []
        scope.start(lambda: received.append(outlet.channel.receive()))
        outlet.add(hand, 1, Block([2], [1]))
        outlet.end(hand, 1)
        while scope.waits._waiting == {}:
            time.sleep(0.001)
        time.sleep(3 * LINGER_S)
        outlet.end(hand, 0)
        with scope.waits.lock:
            scope.waits.leavers.wait_for(lambda: received, LONG_S)
        assert [2] == [value for block in received for value in block.values]
        ends.close()


def test_a_split_whose_predicate_turns_slow_holds_nothing_back() -> None:
    has_fast_ones = threading.Event()

    def is_even(value: int) -> bool:
        if value >= FAST:
            has_fast_ones.wait(CALL_S)
        if value == FAST + SLOW - 1:
            assert has_fast_ones.is_set()
        return value % 2 == 0

    received = 0
    pipeline = source(range(FAST + SLOW)).split(is_even, lambda yes: yes, lambda no: no.map(str))
    with pipeline.open(deadline_s=LONG_S) as results:
        for value in results:
            received += int(value) < FAST
            if received == FAST:
                has_fast_ones.set()
