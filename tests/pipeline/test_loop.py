"""The event loop of a pipeline: how long it waits, how it ends, and who calls it from outside."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from daybreak.pipeline import Cancelled, Scope
from daybreak.pipeline.loop import call_soon, new_loop, run_until_done, until

LONG_S = 30.0  # a deadline that only a deadlock reaches


def test_it_waits_with_less_than_a_millisecond() -> None:
    async def naps() -> float:
        began = time.perf_counter()
        for _ in range(100):
            await asyncio.sleep(0.0002)
        return time.perf_counter() - began

    def taken_s() -> float:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            return runner.run(naps())

    # By whole milliseconds it were 0.1 and more; a busy machine may need some attempts.
    assert any(0.02 <= taken_s() < 0.08 for _ in range(20))


def test_it_is_cancelled_with_its_scope() -> None:
    begun = threading.Event()
    ended = []

    async def waits() -> None:
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(True)

    with Scope(deadline_s=LONG_S) as scope:
        scope.start(run_until_done, scope, waits)
        assert begun.wait(LONG_S)
        scope.cancel()

    assert [True] == ended


def test_in_a_scope_that_was_cancelled_it_ends_at_its_first_wait() -> None:
    async def waits() -> None:
        await asyncio.sleep(3600)

    with Scope(deadline_s=LONG_S) as scope:
        scope.cancel()
        with pytest.raises(Cancelled):
            run_until_done(scope, waits)


def test_a_condition_of_another_thread_is_awaited() -> None:
    lock = threading.RLock()
    told: list[Callable[[], object]] = []
    is_true = threading.Event()
    registered = threading.Event()

    def when_changed(callback: Callable[[], object]) -> None:
        told.append(callback)
        registered.set()

    def say_so_twice() -> None:
        for truth in (False, True):  # the first time it only may have come true
            assert registered.wait(LONG_S)
            registered.clear()
            with lock:
                if truth:
                    is_true.set()
                told.pop()()

    thread = threading.Thread(target=say_so_twice)
    thread.start()
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(asyncio.wait_for(until(is_true.is_set, when_changed, lock), LONG_S))
    thread.join()

    assert is_true.is_set()


def test_what_comes_after_the_end_of_the_loop_is_dropped() -> None:
    """A thread may speak to a loop at the very moment in which it ends."""
    told: list[Callable[[], object]] = []

    async def gives_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(until(bool, told.append, threading.RLock()), 0.01)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        loop = runner.get_loop()
        runner.run(gives_up())
    called: list[bool] = []
    told[0]()
    call_soon(loop, called.append, True)  # noqa: FBT003 - what it is given does not matter

    assert [] == called
