"""Signals: the first asks to stop at a chunk boundary, the second ends the process at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STATUS_STOPPED: Final = 4


@contextmanager
def stopped_by_signals(stop: Callable[[str], None]) -> Iterator[None]:
    """Have signals ask to stop, as long as the block lasts; only the main thread can do that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = False

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        name = signal.Signals(number).name
        if asked:
            os.write(sys.stderr.fileno(), f"\nended at once by a second {name}\n".encode())
            os._exit(STATUS_STOPPED)
        asked = True
        stop(name)

    before: dict[signal.Signals, Any] = {
        number: signal.signal(number, handle) for number in STOPPING
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
