"""Ctrl-C and SIGTERM while a pipeline is open: the first stops it, the second cancels it.

Only in the main thread of a program that has not said itself what they mean. A stop must not look
like the end: whoever reads the results to their end is told of the signal there.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread, current_thread, main_thread
from types import FrameType
from typing import Any, Final

_DEFAULTS: Final[dict[signal.Signals, Any]] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}


class Interrupts:
    """The signals that have come while a pipeline is open."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._first: int | None = None
        self._words: SimpleQueue[bool] = SimpleQueue()  # whose `put` may be called by a handler

    def heard(self, number: int, _frame: FrameType | None) -> None:
        """Stop at the first signal, end at once at the second; a signal handler.

        Raises:
            KeyboardInterrupt: At a second Ctrl-C.
            SystemExit: At a second SIGTERM, with 128 and its number, as a shell says it.
        """
        if self._first is not None:
            raise _ending(number)
        self._first = number
        self._words.put(True)  # noqa: FBT003 - stop; the handler itself must not wait for a lock

    def raise_if_heard(self) -> None:
        """Raise what the signal means, now that what was read has come to its end."""
        if self._first is not None:
            raise _ending(self._first)

    def listen(self) -> None:
        """Stop once a signal has come; the body of a thread."""
        if self._words.get():
            sys.stderr.write("stopping: what was read comes to its end; once more ends at once\n")
            self._stop()

    def end(self) -> None:
        """Have `listen` return."""
        self._words.put(False)  # noqa: FBT003 - no signal


@contextmanager
def interruptible(stop: Callable[[], None]) -> Iterator[Interrupts]:
    """Have signals stop what runs in the block.

    Args:
        stop: Called by a thread of ours at the first signal.

    Raises:
        KeyboardInterrupt: At leaving, if Ctrl-C was pressed.
        SystemExit: At leaving, if SIGTERM came.
    """
    interrupts = Interrupts(stop)
    if not _is_ours_to_handle():
        yield interrupts
        return
    listener = Thread(target=interrupts.listen, name="daybreak signals", daemon=True)
    listener.start()
    for number in _DEFAULTS:
        signal.signal(number, interrupts.heard)
    try:
        yield interrupts
    finally:
        for number, before in _DEFAULTS.items():
            signal.signal(number, before)
        interrupts.end()
        listener.join()
    interrupts.raise_if_heard()


def _is_ours_to_handle() -> bool:
    if current_thread() is not main_thread():
        return False
    return all(signal.getsignal(number) is before for number, before in _DEFAULTS.items())


def _ending(number: int) -> BaseException:
    return KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number)
