"""A channel: a bounded pipe whose ends are held apart.

Who sends holds a `Sender`; the last one out closes. Who receives holds a `Receiver` and can do
neither. That the data ends, and that somebody gave up, never travels inside the data.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from threading import Condition
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from .waiting import Cancelled

if TYPE_CHECKING:
    from .buffers import Buffer
    from .scope import Scope

T_in = TypeVar("T_in")
T_out = TypeVar("T_out")
T_co = TypeVar("T_co", covariant=True)

CHANNEL_RECORDS: Final = 1_000
"""Records that may wait in a channel: enough to keep threads from waking each other each time."""


class Drained(Exception):  # noqa: N818 - it names a state
    """Every sender is out and everything was received."""


class Stopped(Exception):  # noqa: N818 - it names a state
    """The channel takes nothing more: its receivers want to end with what is in it."""


class Channel(Generic[T_in, T_out]):
    """The pipe itself; kept by its scope, never given to a user.

    Memory: it takes an item while it holds fewer than `records_max` records, so it never holds
    more than `records_max - 1` records and one item.
    """

    def __init__(self, scope: Scope, buffer: Buffer[T_in, T_out], records_max: int) -> None:
        self.scope = scope
        self.records_peak = 0
        """The most records that were in it at once."""

        self._buffer = buffer
        self._records_max = records_max
        self._senders = 0
        self._readers_waiting = 0
        self._writers_waiting = 0
        self._is_stopped = False
        self._lock = scope.waits.lock
        self._readable = Condition(self._lock)
        self._writable = Condition(self._lock)

    def sender(self) -> Sender[T_in]:
        """Give out a sending end; the channel stays open until each one is closed."""
        with self._lock:
            self._senders += 1
        return Sender(self)

    def send(self, item: T_in) -> float:
        """Put one item in, waiting for room; return the seconds waited.

        Raises:
            Cancelled: If the scope was cancelled. The item is not in the channel.
            Stopped: If the channel was stopped. The item is not in the channel.
        """
        waited_s = 0.0
        with self._lock:
            if self.scope.is_cancelled or len(self._buffer) >= self._records_max:
                started = perf_counter()
                self._writers_waiting += 1
                try:
                    self.scope.wait_until(self._writable, self._has_room)
                finally:
                    self._writers_waiting -= 1
                waited_s = perf_counter() - started
            if self._is_stopped:
                raise Stopped
            records = self._buffer.put(item)
            self.records_peak = max(self.records_peak, records)
            if self._readers_waiting:
                self._readable.notify()
        return waited_s

    def receive(self, records: int = 1) -> T_out:
        """Take what is there, up to `records` records, waiting for the first.

        Raises:
            Drained: If nothing will come any more.
            Cancelled: If the scope was cancelled; to its owner, the error that cancelled it.
        """
        with self._lock:
            if self.scope.is_cancelled or not self._buffer:
                self._readers_waiting += 1
                try:
                    self.scope.wait_until(self._readable, self._has_news, for_user=True)
                finally:
                    self._readers_waiting -= 1
            if not self._buffer:
                raise Drained
            item = self._buffer.take(records)
            if self._readers_waiting and self._buffer:
                self._readable.notify()  # of what this one has left over
            if self._writers_waiting:
                self._writable.notify_all()
        return item

    def drain(self) -> None:
        """Wait for the end, dropping what comes; raises `Cancelled` as `receive` does."""
        try:
            while True:
                self.receive()
        except Drained:
            pass

    def stop(self) -> None:
        """Take nothing more; what is in it can still be received."""
        with self._lock:
            self._is_stopped = True
            self._readable.notify_all()
            self._writable.notify_all()

    def release(self) -> None:
        """Count one sender out; the last one closes the channel."""
        with self._lock:
            self._senders -= 1
            if not self._senders:
                self._readable.notify_all()

    @property
    def is_finished(self) -> bool:
        """Whether every sender is out and everything was received; with the lock held."""
        return not self._buffer and self._is_closed()

    def _is_closed(self) -> bool:
        return self._is_stopped or not self._senders

    def _has_room(self) -> bool:
        return self._is_stopped or len(self._buffer) < self._records_max

    def _has_news(self) -> bool:
        return bool(self._buffer) or self._is_closed()


class Sender(Generic[T_in]):
    """The sending end of one thread."""

    def __init__(self, channel: Channel[T_in, Any]) -> None:
        self.blocked_s = 0.0
        """Seconds it waited for room."""

        self._channel = channel
        self._is_open = True

    def send(self, item: T_in) -> None:
        """Send one item, waiting for room; raises what `Channel.send` raises."""
        self.blocked_s += self._channel.send(item)

    def close(self) -> None:
        """Go out; a second time changes nothing."""
        if self._is_open:
            self._is_open = False
            self._channel.release()


def send_all(sender: Sender[T_in], generate: Callable[[], Iterable[T_in]]) -> None:
    """Send what a generator yields; it is closed if nobody wants more."""
    items = generate()
    try:
        for item in items:
            sender.send(item)
    finally:
        if isinstance(items, Generator):
            items.close()


class Receiver(Generic[T_co]):
    """The receiving end of a channel: iterate over it, in one thread or in several.

    Each item goes to exactly one of those who iterate. Errors of the senders are raised in the
    thread that owns the scope; in its other threads the iteration is cancelled.
    """

    def __init__(self, channel: Channel[Any, T_co]) -> None:
        self._channel = channel
        self._is_owners = False

    @property
    def records_peak(self) -> int:
        """The most items that have waited in the channel at once."""
        return self._channel.records_peak

    def split(self, count: int) -> list[Receiver[T_co]]:
        """Give `count` receivers of the same channel."""
        return [Receiver(self._channel) for _ in range(count)]

    def __iter__(self) -> Iterator[T_co]:
        return self

    def __next__(self) -> T_co:
        scope = self._channel.scope
        if not self._is_owners and scope.is_owned_here:
            self._is_owners = True
            scope.watch(self._channel)
        try:
            return self._channel.receive()
        except Drained:
            raise StopIteration from None
        except Cancelled:
            if scope.was_ended_by_its_owner:
                raise StopIteration from None
            raise


def forward(sender: Sender[T_in], receiver: Receiver[T_in]) -> None:
    """Send what is received."""
    for item in receiver:
        sender.send(item)
