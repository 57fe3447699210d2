"""Signals: the first asks to stop at a chunk boundary, the second ends the process at once.

A request comes on two ways: as a signal of this process, or handed on by its supervisor. Ctrl-C,
or the end of a service, signals both processes: the ways are counted apart, so that this is one
request and not two.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from .attempt import STATUS_STOPPED, Attempt
from .supervise import stopping_signals


@contextmanager
def stopped_by_signals(
    stop: Callable[[str], None], attempt: Attempt | None = None
) -> Iterator[None]:
    """Have signals ask to stop, as long as the block lasts; only the main thread can do that.

    Args:
        stop: Is told the signal's name, at the first request of each way.
        attempt: Hands on what its supervisor was asked; None if there is no supervisor.
    """
    attempt = attempt or Attempt()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    requests: Counter[str] = Counter()

    def hear(way: str, number: int) -> None:
        name = signal.Signals(number).name
        requests[way] += 1
        if requests[way] > 1:
            with suppress(OSError):
                os.write(sys.stderr.fileno(), f"\nended at once by a second {name}\n".encode())
            attempt.told(STATUS_STOPPED)
            os._exit(STATUS_STOPPED)
        stop(name)

    def handle(number: int, _frame: FrameType | None) -> None:
        hear("own", number)

    before: dict[signal.Signals, Any] = {
        number: signal.signal(number, handle) for number in stopping_signals()
    }
    attempt.ask(lambda number: hear("handed on", number))
    try:
        yield
    finally:
        attempt.ask(None)
        for number, handler in before.items():
            signal.signal(number, handler)
