"""The workers of a stage whose function is async: tasks on the event loop of the pipeline.

A thread beside the loop takes hands for them, because it may have to wait; everything else happens
in the loop: tasks claim slices by a counter, and results need no thread to be handed on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, aclosing
from functools import partial
from threading import Condition
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from .async_stages import (
    ALONE_ASYNC,
    ASYNC_RULES,
    AloneAsync,
    AsyncCall,
    Turn,
    equipped_async,
    failure,
)
from .block import Block
from .channel import Drained, Ends
from .climbing import workers_of
from .hand import Hand
from .intake import Intake, Port, fan_in_of
from .loop import call_soon, run_until_done, until
from .meter import Tally
from .outlet import ChannelOutlet
from .passing import Way
from .probing import chooser_of
from .running import Running
from .scope import Scope
from .waiting import Cancelled
from .worker import BOOKS_S

if TYPE_CHECKING:
    from .event_loop import EventLoop

HANDS_AHEAD: Final = 2
"""Hands that wait in front of the tasks, so that none of them waits for a thread."""


def run_side_by_side(
    scope: Scope, bodies: Sequence[tuple[Callable[[], Coroutine[Any, Any, None]], Ends]]
) -> None:
    """Run coroutine functions on a loop of this thread; close what is behind each when it ends."""

    async def guarded(body: Callable[[], Coroutine[Any, Any, None]], ends: Ends) -> None:
        try:
            await failing_fast(scope, body)
        finally:
            ends.close()

    async def run() -> None:
        await asyncio.gather(*(guarded(body, ends) for body, ends in bodies))

    run_until_done(scope, run)


async def failing_fast(scope: Scope, body: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Be a task; an error of it cancels everything at once, whoever awaits the task."""
    try:
        await body()
    except asyncio.CancelledError as error:
        scope.fail(failure(error))
    except Cancelled:
        pass
    except BaseException as error:  # noqa: BLE001 - raised again, in the owner
        scope.fail(error)


class AsyncCrew:
    """The workers of one stage.

    Args:
        scope: Whose cancellation ends them.
        running: The stage.
        port: Where their records come from, and their results go.
        most: How many they may be.
    """

    def __init__(self, scope: Scope, running: Running, port: Port, most: int) -> None:
        self._scope = scope
        self._running = running
        self._port = port
        self._chooser = chooser_of(port.workers, most, self._grow)
        self._lock = scope.waits.lock
        self._wanted = Condition(self._lock)
        self._hands: deque[Hand] = deque()
        self._is_drained = False
        self._working: set[int] = set()
        self._idle: deque[asyncio.Future[None]] = deque()
        self._parked: deque[asyncio.Future[None]] = deque()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing: set[asyncio.Task[Any] | None] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        running.meter.chooser = self._chooser

    # ------------------------------------------------------------ the thread beside the loop

    def _feed(self) -> None:
        """Take hands, so that a few lie in front of the tasks."""
        while True:
            with self._lock:
                self._scope.wait_until(self._wanted, lambda: len(self._hands) < HANDS_AHEAD)
                try:
                    hand = self._port.fetch()
                except Drained:
                    self._is_drained = True
                    self._call(self._wake_all)
                    return
                self._hands.append(hand)
            self._call(self._wake, hand.slices)

    def _call(self, callback: Callable[..., object], *args: object) -> None:
        assert self._loop is not None, "the loop launched this thread"
        call_soon(self._loop, callback, *args)

    # ------------------------------------------------------------ in the loop

    async def run(self) -> None:
        """Have the tasks work until nothing comes any more."""
        self._loop = asyncio.get_running_loop()
        self._scope.launch(f"{self._running.stage.name} (intake)", self._feed)
        self._grow(self._port.workers)
        try:
            done = 0
            while done < len(self._tasks):  # more may be added meanwhile
                await asyncio.wait(self._tasks[done : done + 1])
                done += 1
        finally:
            for task in self._tasks:
                if task not in self._closing:  # what it has opened is closed, not cut off again
                    task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _grow(self, workers: int) -> None:
        self._port.workers = workers
        for number in range(len(self._tasks), workers):
            work = failing_fast(self._scope, partial(self._work, number))
            self._tasks.append(asyncio.create_task(work))
        self._wake_all()

    def _wake(self, tasks: int) -> None:
        """Have so many idle tasks look again."""
        for _ in range(min(tasks, len(self._idle))):
            future = self._idle.popleft()
            if not future.done():
                future.set_result(None)

    def _wake_all(self) -> None:
        self._idle.extend(self._parked)
        self._parked.clear()
        self._wake(len(self._idle))

    async def _work(self, number: int) -> None:
        """Be one worker; what it needs is opened with its first slice."""
        if (claimed := await self._claim(number)) is None:
            return
        stage = self._running.stage
        async with AsyncExitStack() as stack:
            using = stage.using
            resource = None if using is None else await stack.enter_async_context(using())
            call = equipped_async(stage, resource, self._running.limiter)
            try:
                await self._work_through(claimed, number, call)
            finally:
                self._closing.add(asyncio.current_task())

    async def _work_through(
        self, claimed: tuple[Hand, int] | None, number: int, call: AsyncCall
    ) -> None:
        """Work on slices, the first of which was claimed, until nothing comes any more."""
        tally = self._running.meter.tally()
        alone = ALONE_ASYNC.get(type(self._running.stage))
        while claimed is not None:
            hand, place = claimed
            if alone is not None and hand.slice_records == 1:
                await self._one_by_one(partial(alone, call), hand, place, number, tally)
            else:
                tally.blocked += await self._work_off(hand, place, call, tally)
            tally.slices += 1
            began = perf_counter()
            claimed = await self._claim(number)
            tally.starved += perf_counter() - began

    async def _claim(self, number: int) -> tuple[Hand, int] | None:
        """Take a slice, waiting for it; None when no more will come, nor be given back."""
        self._working.discard(number)
        while True:
            while self._hands and number < self._port.workers:
                hand = self._hands[0]
                if (place := hand.claim()) is not None:
                    self._working.add(number)
                    return hand, place
                self._hands.popleft()
                with self._lock:
                    self._wanted.notify()
            if self._is_drained and not self._hands and not self._working:
                self._wake_all()
                return None
            future = asyncio.get_running_loop().create_future()
            (self._idle if number < self._port.workers else self._parked).append(future)
            await future

    async def _one_by_one(
        self, apply: AloneAsync, hand: Hand, place: int | None, number: int, tally: Tally
    ) -> None:
        """Work on records that travel alone, as long as the hand has some; see `alone`."""
        port = self._port
        values = hand.block.values
        began, records = perf_counter(), 0
        while place is not None:
            tally.records += 1  # at once: a share of failures is one of the records that came
            try:
                results = await apply(values[place])
            except BaseException as error:  # noqa: BLE001 - sorted out by `failure`
                origin = hand.block.origins[place]
                port.fates(hand, place)[0].failed(origin, self._running.stage.name, failure(error))
                results = []
            else:
                if not results:
                    port.fates(hand, place)[0].dropped(hand.block.origins[place])
            port.outlet.end_alone(hand, place, results)
            records += 1
            now = perf_counter()
            if now - began > BOOKS_S:
                self._keep_books(tally, records, now - began)
                port.outlet.tell_at_times(now)
                began, records = now, 0
            place = hand.claim() if number < port.workers else None
        self._keep_books(tally, records, perf_counter() - began)

    def _keep_books(self, tally: Tally, records: int, busy_s: float) -> None:
        if records:
            tally.busy += busy_s
            self._port.grain.took(records, busy_s)
            if self._chooser is not None:
                self._chooser.ended(records)

    async def _work_off(self, hand: Hand, place: int, call: AsyncCall, tally: Tally) -> float:
        """Hand on what comes of a slice; return the seconds waited for room."""
        stage = self._running.stage
        (fates,) = self._port.fates(hand, place)
        began = perf_counter()
        waited_s = 0.0
        records = 0
        rest: Block[Any] | None = hand.slice(place)
        while rest is not None:
            block, turn = rest, Turn()
            tally.records += len(block)
            pieces = ASYNC_RULES[type(stage)](stage.name, call, block, fates, turn)
            async with aclosing(pieces):
                async for piece in pieces:
                    if len(piece):
                        waited_s += await self._add(hand, place, piece)
            rest = turn.rest
            undone = 0 if rest is None else len(rest)
            tally.records -= undone
            records += len(block) - undone
            if rest is not None and self._idle:
                self._give_back(hand, place, rest)
                break
        self._port.outlet.end(hand, place)
        self._keep_books(tally, records, perf_counter() - began - waited_s)
        return waited_s

    def _give_back(self, hand: Hand, place: int, rest: Block[Any]) -> None:
        """Leave what a slow slice has not begun to tasks that have nothing to do."""
        given = self._port.outlet.give_back(hand, place, rest)
        self._hands.appendleft(given)
        self._wake(given.slices)

    async def _add(self, hand: Hand, place: int, piece: Block[Any]) -> float:
        outlet = self._port.outlet
        waited_s = 0.0
        if not outlet.may_add(hand, place):
            began = perf_counter()
            outlet.tell()
            await until(lambda: outlet.may_add(hand, place), outlet.when_written, self._lock)
            waited_s = perf_counter() - began
        outlet.add(hand, place, piece)
        return waited_s


def start_async_crew(scope: Scope, running: Running, before: Way, loop: EventLoop) -> Way:
    """Have the workers of a stage run on a loop; return the way behind them."""
    workers, most = workers_of(running.stage)
    outlet = ChannelOutlet(scope, fan_in_of(running, most))
    crew = AsyncCrew(scope, running, Intake([running], before, outlet, workers), most)
    loop.add(crew.run, outlet.sender())
    return outlet.channel
