"""The event loop on which async stages and sources run."""

from __future__ import annotations

import asyncio
import select
import selectors
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Final

from .endings import forget, when_cancelled
from .scope import Scope
from .waiting import Cancelled

SELECT_MAX: Final = 1_024
"""`select` takes no larger descriptors (FD_SETSIZE)."""


class ExactSelector(selectors.DefaultSelector):
    """Waits with microseconds: epoll's own timeout is rounded up to whole milliseconds.

    An epoll descriptor can itself be waited for by `select`, whose timeout is exact.
    """

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for events; see `selectors`."""
        if timeout is not None and timeout > 0 and self._fileno() < SELECT_MAX:
            if not select.select([self._fileno()], [], [], timeout)[0]:
                return []
            timeout = 0
        return super().select(timeout)

    def _fileno(self) -> int:
        fileno: Callable[[], int] | None = getattr(super(), "fileno", None)
        return SELECT_MAX if fileno is None else fileno()


def new_loop() -> asyncio.AbstractEventLoop:
    """Make an event loop for one thread."""
    return asyncio.SelectorEventLoop(ExactSelector())


def run_until_done(scope: Scope, body: Callable[[], Any]) -> None:
    """Run a coroutine function on a loop of this thread; it is cancelled with the scope.

    Raises:
        Cancelled: If the scope was cancelled.
        BaseException: What the coroutine raised.
    """
    with asyncio.Runner(loop_factory=new_loop) as runner:
        loop = runner.get_loop()
        task = loop.create_task(body())

        def cancel() -> None:
            loop.call_soon_threadsafe(task.cancel)

        when_cancelled(scope, cancel)
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            raise Cancelled from None
        finally:
            forget(scope, cancel)


def call_soon(
    loop: asyncio.AbstractEventLoop, callback: Callable[..., object], *args: object
) -> None:
    """Have something called in the loop, unless the loop has ended; from any thread."""
    try:
        loop.call_soon_threadsafe(callback, *args)
    except RuntimeError:
        if not loop.is_closed():
            raise


async def until(
    is_ready: Callable[[], bool],
    when_changed: Callable[[Callable[[], object]], None],
    lock: AbstractContextManager[object],
) -> None:
    """Wait for something that may come true when somebody in another thread says so.

    Args:
        is_ready: What to wait for.
        when_changed: Has somebody called, once and under the lock, when it may have come true.
        lock: Under which it changes.
    """
    loop = asyncio.get_running_loop()
    while True:
        changed = asyncio.Event()
        with lock:
            if is_ready():
                return
            when_changed(partial(call_soon, loop, changed.set))
        await changed.wait()
