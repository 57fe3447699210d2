"""Asking a run in this process to stop, at a chunk that the test names."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import TypeAlias

import pytest

from daybreak.execution.stop_request import StopRequest
from daybreak.telemetry import ChunkCommitted, Event

StopAfter: TypeAlias = Callable[[int], Callable[[Event], None]]

_PATIENCE_S = 60.0


@pytest.fixture
def stop_after(monkeypatch: pytest.MonkeyPatch) -> StopAfter:
    """Make a listener that sends this process SIGTERM once so many chunks are committed.

    The thread that has committed them goes on when the main thread has heard the signal: on a busy
    machine the step would be done before.
    """
    heard = threading.Event()
    request = StopRequest.request

    def hearing(asked: StopRequest, reason: str) -> None:
        request(asked, reason)
        heard.set()

    monkeypatch.setattr(StopRequest, "request", hearing)

    def after(chunks: int) -> Callable[[Event], None]:
        seen: list[Event] = []

        def listen(event: Event) -> None:
            if isinstance(event, ChunkCommitted):
                seen.append(event)
                if len(seen) == chunks:
                    heard.clear()
                    os.kill(os.getpid(), signal.SIGTERM)
                    assert heard.wait(_PATIENCE_S), "nobody heard the signal"

        return listen

    return after
