"""A channel: a bounded pipe whose ends are held apart.

Who sends holds a `Sender`; the last one out closes. Who receives holds a `Receiver` and can do
neither. That the data ends, and that somebody gave up, never travels inside the data.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from threading import Condition
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from .waiting import Cancelled, earlier

if TYPE_CHECKING:
    from .buffers import Buffer
    from .scope import Scope

T_in = TypeVar("T_in")
T_out = TypeVar("T_out")
T_co = TypeVar("T_co", covariant=True)


class Drained(Exception):  # noqa: N818 - it names a state
    """Every sender is out and everything was received."""


class Stopped(Exception):  # noqa: N818 - it names a state
    """The channel takes nothing more: its receivers want to end with what is in it."""


class NothingYet(Exception):  # noqa: N818 - it names a state
    """Nothing came in the time that was given."""


class Channel(Generic[T_in, T_out]):
    """The pipe itself; kept by its scope, never given to a user.

    What it holds, and how much, is its buffer's affair; who waits, and who is woken, is its own.
    """

    def __init__(self, scope: Scope, buffer: Buffer[T_in, T_out]) -> None:
        self.scope = scope
        self.records_peak = 0
        """The most records that were in it at once."""

        self._buffer = buffer
        self._senders = 0
        self._readers_waiting = 0
        self._writers_waiting = 0
        self._turns_waiting = 0
        self._is_stopped = False
        self._lock = scope.waits.lock
        self._readable = Condition(self._lock)
        self._writable = Condition(self._lock)
        self._turn = Condition(self._lock)
        self._tell_of_room: list[Callable[[], object]] = []

    @property
    def bytes_peak(self) -> int:
        """The most bytes that were in it at once, by estimate; 0 where nobody weighs."""
        return getattr(self._buffer, "bytes_peak", 0)

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
        with self._lock:
            waited_s = self.await_room()
            self.put(item)
        return waited_s

    def await_room(self) -> float:
        """Wait, with the lock held, until the buffer wants more; return the seconds waited.

        Raises:
            Cancelled: If the scope was cancelled.
        """
        if not self.scope.is_cancelled and self.has_room:
            return 0.0
        started = perf_counter()
        self._writers_waiting += 1
        try:
            self.scope.wait_until(self._writable, lambda: self.has_room)
        finally:
            self._writers_waiting -= 1
        return perf_counter() - started

    def await_turn(self, is_ready: Callable[[], bool]) -> None:
        """Wait, with the lock held, for something that may come true when anything is taken."""
        self._turns_waiting += 1
        try:
            self.scope.wait_until(self._turn, is_ready)
        finally:
            self._turns_waiting -= 1

    def put(self, item: T_in) -> None:
        """Put one item in, with the lock held, whether there is room or not.

        Raises:
            Stopped: If the channel was stopped. The item is not in the channel.
        """
        if self._is_stopped:
            raise Stopped
        self._buffer.put(item)
        self.records_peak = max(self.records_peak, len(self._buffer))
        self._wake_readers()

    def tell(self) -> None:
        """Wake those who wait for what is there, or for room."""
        with self._lock:
            self._wake_readers()
            self._wake_writers()  # what has ended without results gives room free, too

    def _wake_readers(self) -> None:
        if self._readers_waiting and self._buffer.is_ready:
            self._readable.notify()

    def receive(
        self,
        records: int = 1,
        *,
        within_s: float | None = None,
        unless: Callable[[], bool] = bool,
    ) -> T_out:
        """Take what is there, up to `records` records, waiting for the first.

        Args:
            records: How many at most.
            within_s: How many seconds to wait; None for as long as it takes.
            unless: What ends the waiting; asked when somebody calls `wake`.

        Raises:
            Drained: If nothing will come any more.
            NothingYet: If nothing came in that time, or the waiting was ended.
            Cancelled: If the scope was cancelled; to its owner, the error that cancelled it.
        """
        with self._lock:
            if self.scope.is_cancelled or not self._buffer.is_ready:
                self._await_news(within_s, unless)
            if not self._buffer.is_ready:
                raise Drained
            item = self._buffer.take(records)
            if self._readers_waiting:
                self._wake_readers()  # for what this one has left over
            self._told_of_room()
        return item

    def wake(self) -> None:
        """Have those who wait to receive look whether they still want to; with the lock held."""
        self._readable.notify_all()

    def _await_news(self, within_s: float | None, unless: Callable[[], bool]) -> None:
        """Wait until there is something to take, or nothing will come; it may lie there untold."""

        def is_over() -> bool:
            return self._has_news() or unless() or (look_s is None and self._has_to_look())

        look_s: float | None = None
        until = None if within_s is None else monotonic() + within_s
        self._readers_waiting += 1
        try:
            looks = 0
            while True:
                left_s = None if until is None else max(0.0, until - monotonic())
                look_s = self._buffer.look_again_s(looks)
                within = earlier(left_s, look_s)
                self.scope.wait_until(self._readable, is_over, within_s=within, for_user=True)
                self._buffer.gather()
                self._wake_writers()  # what has ended without results gives room free, too
                if self._has_news():
                    return
                if left_s == 0 or unless():
                    raise NothingYet
                looks += 1
        finally:
            self._readers_waiting -= 1

    def _has_to_look(self) -> bool:
        """Whether something is being made ready by now of which nobody will tell."""
        return self._buffer.look_again_s(0) is not None

    def _wake_writers(self) -> None:
        if self._writers_waiting and self._buffer.is_low:
            self._writable.notify_all()

    def _told_of_room(self) -> None:
        self._wake_writers()
        if self._turns_waiting:
            self._turn.notify_all()
        if self._tell_of_room:
            callbacks, self._tell_of_room = self._tell_of_room, []
            for callback in callbacks:
                callback()

    def when_written(self, callback: Callable[[], object]) -> None:
        """Have somebody called, once and under the lock, when something was taken."""
        self._tell_of_room.append(callback)

    def stop(self) -> None:
        """Take nothing more; what is in it can still be received."""
        with self._lock:
            self._is_stopped = True
            self._readable.notify_all()
            self._writable.notify_all()
            self._told_of_room()

    def release(self) -> None:
        """Count one sender out; the last one closes the channel."""
        with self._lock:
            self._senders -= 1
            if not self._senders:
                self._readable.notify_all()

    @property
    def is_finished(self) -> bool:
        """Whether every sender is out and everything was received; with the lock held."""
        return not self._buffer.is_ready and self._is_closed()

    @property
    def is_stopped(self) -> bool:
        """Whether it takes nothing more."""
        return self._is_stopped

    @property
    def has_room(self) -> bool:
        """Whether nobody has to wait to send; with the lock held."""
        return self._is_stopped or self._buffer.has_room

    def _is_closed(self) -> bool:
        return self._is_stopped or not self._senders

    def _has_news(self) -> bool:
        return self._buffer.is_ready or self._is_closed()


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


class Closing(Protocol):
    """What is closed when a thread ends; a second time changes nothing."""

    def close(self) -> None:
        """Close it."""


class Ends:
    """Sending ends that are closed together."""

    def __init__(self, *senders: Sender[Any]) -> None:
        self._senders = list(senders)

    def add(self, sender: Sender[Any]) -> None:
        """Close one more."""
        self._senders.append(sender)

    def close(self) -> None:
        """Close all of them."""
        for sender in self._senders:
            sender.close()


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
