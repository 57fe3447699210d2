"""Where the results of a stage's workers go: straight on, or in the order of their records.

In order: a worker takes a credit before it takes records; its results are held back in a map that
never blocks until all earlier records are through, and the credit returns when they have gone on.
(A bounded queue that re-orders deadlocks: it fills with later results while the first is wanted.)
"""

from __future__ import annotations

from collections import deque
from threading import Condition
from typing import Any, Final, Protocol

from .block import Block
from .channel import Channel
from .scope import Scope

CREDITS_PER_WORKER: Final = 2
"""Hands of records in flight for each worker: one in work, one waiting for its turn."""


class Outlet(Protocol):
    """The way out of a stage, shared by its workers."""

    def admit(self) -> None:
        """Wait until more records may be taken."""
        ...

    def emit(self, number: int, block: Block[Any]) -> None:
        """Hand on some results of the hand with that number."""
        ...

    def finish(self, number: int, records: int) -> None:
        """Say that the hand with that number, of so many records, has no more results."""
        ...


class Straight:
    """Results go on as they come: for one worker, or if nobody minds their order."""

    def __init__(self, channel: Channel[Block[Any], Any]) -> None:
        self._channel = channel

    def admit(self) -> None:
        """Go ahead: the bound is the channel's."""

    def emit(self, _number: int, block: Block[Any]) -> None:
        """Hand on at once."""
        self._channel.send(block)

    def finish(self, _number: int, _records: int) -> None:
        """Nothing waits for it."""


class InOrder:
    """Results go on in the order in which their records were taken.

    Memory: at most `CREDITS_PER_WORKER * workers` hands are in flight, and each holds back at most
    one block; whoever has more to say waits for its turn.
    """

    def __init__(self, scope: Scope, channel: Channel[Block[Any], Any], workers: int) -> None:
        self._scope = scope
        self._channel = channel
        self._lock = scope.waits.lock
        self._changed = Condition(self._lock)
        self._credits = CREDITS_PER_WORKER * workers
        self._turn = 0  # the number of the hand whose results are due
        self._held: dict[int, deque[Block[Any]]] = {}
        self._finished: dict[int, int] = {}  # number -> records
        self._is_sending = False

    def admit(self) -> None:
        """Take a credit."""
        with self._lock:
            self._scope.wait_until(self._changed, lambda: self._credits > 0)
            self._credits -= 1

    def emit(self, number: int, block: Block[Any]) -> None:
        """Hold a block back, or hand it on if it is its turn; waits if one is held already."""
        with self._lock:
            held = self._held.setdefault(number, deque())
            self._scope.wait_until(self._changed, lambda: not held)
            held.append(block)
            self._send_what_is_due()

    def finish(self, number: int, records: int) -> None:
        """Let the next hand have its turn once this one's results have gone on."""
        with self._lock:
            self._finished[number] = records
            self._send_what_is_due()

    def _send_what_is_due(self) -> None:
        """Send for everybody, unless somebody does; the lock is released while it waits."""
        if self._is_sending:
            return
        self._is_sending = True
        try:
            while (block := self._next_due()) is not None:
                self._channel.send(block)
                self._changed.notify_all()
        finally:
            self._is_sending = False

    def _next_due(self) -> Block[Any] | None:
        while True:
            held = self._held.get(self._turn)
            if held:
                return held.popleft()
            records = self._finished.pop(self._turn, None)
            if records is None:
                return None
            self._held.pop(self._turn, None)
            self._turn += records
            self._credits += 1
            self._changed.notify_all()
