"""The Go pattern: a scope owns threads and channels, and leaving it joins every thread.

A generator started by `go` is a sender: `yield` sends, its end closes, and nobody else can do
either. The first error cancels all its siblings and is raised to the owner. What travels through
the channels, and how stages are made of it, is not known here.
"""

# ruff: noqa: SLF001 - a scope looks into the scopes inside it
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import copy_context
from functools import partial
from threading import Condition, Event, Thread, current_thread, get_ident
from time import monotonic
from types import TracebackType
from typing import Any, Final, ParamSpec, Self, TypeVar

from ..errors import DefinitionError
from .buffers import RECORDS, Buffer, Items
from .channel import Channel, Closing, Receiver, forward, send_all
from .current import enter, innermost, leave
from .deadline import Deadline
from .nodes import label_of
from .trouble import cut_off, raisable, stuck_worker
from .waiting import Cancelled, Wait, Waits, earlier

P = ParamSpec("P")
T = TypeVar("T")
T_in = TypeVar("T_in")
T_out = TypeVar("T_out")

UNWIND_S: Final = 2.0
"""Seconds for threads to unwind after a deadline; longer than `process` gives a process."""


class Scope:
    """Threads and channels with one owner: the thread that runs the `with` block.

    Leaving the block joins every thread. Left normally, it waits until they have returned; those
    that can only wait for each other, or for a channel that nobody reads, are cancelled. Left by
    an exception, or with a channel that the owner has begun to read and not read to its end (a
    `break`), it cancels all of them first.

    Args:
        deadline_s: Seconds from entering until all work is cancelled; None for no deadline. A
            thread that is stuck in a call cannot be ended: it is named at the deadline, and
            without a deadline it is waited for.
        capacity: Items that may wait in each channel.

    Raises:
        DefinitionError: If one of them is not positive.
    """

    def __init__(self, *, deadline_s: float | None = None, capacity: int = RECORDS) -> None:
        self.deadline = Deadline(deadline_s)
        if capacity < 1:
            raise DefinitionError(f"expected capacity to be at least 1, got {capacity!r}")
        self.waits = Waits()
        """The lock of this scope's tree; with it is_cancelled, errors and threads are changed."""

        self.is_cancelled = False
        self._capacity = capacity
        self.parent: Scope | None = None
        self._children: set[Scope] = set()
        self._owner: int | None = None
        self.is_left = False
        self._cancel_event = Event()
        self.callbacks: set[Callable[[], object]] = set()
        """Who is told of the cancellation: see `endings`."""

        self._threads: dict[Thread, str] = {}
        self._ended: list[Thread] = []
        self._read_by_owner: set[Channel[Any, Any]] = set()
        self._errors: list[BaseException] = []
        self._is_told = False  # whether the owner was given the reason of the cancellation
        self._is_expired = False

    # ------------------------------------------------------------ what users call

    def go(self, fn: Callable[P, Iterable[T]], /, *args: P.args, **kwargs: P.kwargs) -> Receiver[T]:
        """Run a generator in a thread of its own, and return what it yields.

        Args:
            fn: A generator function, or any function that returns an iterable.
            args: Its arguments.
            kwargs: Its keyword arguments.
        """
        channel: Channel[T, T] = self.channel(Items(self._capacity))
        sender = channel.sender()
        items = partial(fn, *args, **kwargs)
        self.launch(label_of(fn), partial(send_all, sender, items), closing=sender)
        return Receiver(channel)

    def start(self, fn: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Run a plain function in a thread of its own; what it returns is dropped."""
        self.launch(label_of(fn), partial(fn, *args, **kwargs))

    def merge(self, *receivers: Receiver[T]) -> Receiver[T]:
        """Join channels into one, unordered; it ends when all of them have ended."""
        channel: Channel[T, T] = self.channel(Items(self._capacity))
        senders = [channel.sender() for _ in receivers]  # all of them, before one can close
        for sender, receiver in zip(senders, receivers, strict=True):
            self.launch("merge", partial(forward, sender, receiver), closing=sender)
        return Receiver(channel)

    def split(self, receiver: Receiver[T], n: int, /) -> Sequence[Receiver[T]]:
        """Give `n` receivers of one channel: each record goes to whichever asks first."""
        if n < 1:
            raise DefinitionError(f"expected to split into at least one, got {n!r}")
        return receiver.split(n)

    def cancel(self) -> None:
        """End all work at once: whoever waits on a channel of this scope or inside it wakes."""
        with self.waits.lock:
            self._cancel()

    @property
    def cancelled(self) -> bool:
        """Whether the work is no longer wanted: cancelled, failed or past its deadline."""
        if not self.is_cancelled and self.deadline.remaining_s == 0:
            self._expire()  # whoever has seen it may have ended its work early
        return self.is_cancelled

    def wait(self, seconds: float, /) -> bool:
        """Sleep, but wake at once when the scope is cancelled; return `cancelled`."""
        remaining = self.deadline.remaining_s
        self._cancel_event.wait(seconds if remaining is None else min(seconds, remaining))
        return self.cancelled

    # ------------------------------------------------------------ what this room calls

    @property
    def errors(self) -> list[BaseException]:
        """What was raised in its threads: the first cancelled the others."""
        return list(self._errors)

    @property
    def is_owned_here(self) -> bool:
        """Whether this thread runs the `with` block."""
        return self._owner == get_ident()

    @property
    def was_ended_by_its_owner(self) -> bool:
        """Whether `cancel` was called, and this is the owner: it may see a normal end."""
        is_from_above = self.parent is not None and self.parent.cancelled
        return self.is_owned_here and self.is_cancelled and not self._errors and not is_from_above

    def watch(self, channel: Channel[Any, Any]) -> None:
        """Note that the owner reads a channel: leaving it unfinished is a break."""
        with self.waits.lock:
            self._read_by_owner = {each for each in self._read_by_owner if not each.is_finished}
            self._read_by_owner.add(channel)

    def channel(self, buffer: Buffer[T_in, T_out]) -> Channel[T_in, T_out]:
        """Make a channel that wakes its threads when this scope is cancelled."""
        return Channel(self, buffer)

    def fail(self, error: BaseException) -> None:
        """Note an error: the first cancels everything and is raised to the owner."""
        with self.waits.lock:
            if error not in self._errors:
                self._errors.append(raisable(error))
            if len(self._errors) > 1:
                self._errors[0].add_note(f"then also: {type(error).__name__}: {error}")
            self._cancel()

    def launch(
        self, label: str, body: Callable[[], object], *, closing: Closing | None = None
    ) -> None:
        """Run a function in a thread of its own.

        Args:
            label: What a person calls it: the function's or the stage's name.
            body: The function.
            closing: The sending end to close behind it; after an error only when all others know
                of the error, so that nobody takes the cut for the end.
        """
        thread = Thread(
            target=copy_context().run,
            args=(self._run, body, closing),
            name=f"daybreak {label}",
            daemon=True,
        )
        with self.waits.lock:
            if self._owner is None or self.is_left:
                raise DefinitionError("a scope works inside its with block only", thread=label)
            self.check()
            ended, self._ended = self._ended, []
            self._threads[thread] = label
        try:
            thread.start()
        except BaseException:
            if thread.ident is None:
                self._threads.pop(thread)
            raise
        for other in ended:
            other.join()

    def check(self) -> None:
        """Raise if the work is no longer wanted.

        Raises:
            Cancelled: To every thread but the owner, and to the owner if the scope around this
                one was cancelled, or if it was cancelled without an error.
            BaseException: To the owner, the first error of a thread.
            DeadlinePassed: To the owner, if the deadline has passed.
        """
        if not self.cancelled:
            return
        if self.is_owned_here:
            if self.is_left:
                raise DefinitionError("a scope was used after its with block")
            self._tell()
        raise Cancelled

    def wait_until(
        self,
        condition: Condition,
        is_ready: Callable[[], bool],
        *,
        within_s: float | None = None,
        for_user: bool = False,
    ) -> None:
        """Wait, with the lock held, until `is_ready`; raises what `check` raises.

        Args:
            condition: On the tree's lock; notified when `is_ready` may have changed.
            is_ready: What to wait for.
            within_s: After how many seconds to return although it is not ready.
            for_user: Whether this is the call of a user's function, which also wakes if a scope
                that it has opened itself is cancelled.
        """
        inner = innermost() if for_user else None
        if inner is None or inner.waits is not self.waits:
            inner = self
        until = None if within_s is None else monotonic() + within_s
        while True:
            self.check()
            inner.check()
            left_s = None if until is None else max(0.0, until - monotonic())
            if is_ready() or left_s == 0:
                return
            timeout_s = earlier(
                left_s, earlier(self.deadline.remaining_s, inner.deadline.remaining_s)
            )
            self.waits.park(Wait(self, condition, is_ready), earlier(left_s, timeout_s))

    # ------------------------------------------------------------ entering, running, leaving

    def __enter__(self) -> Self:
        if self._owner is not None:
            raise DefinitionError("a scope can be entered only once")
        self._owner = get_ident()
        self.deadline.begin()
        self.parent = innermost()
        if self.parent is not None:
            self.parent._adopt(self)
        enter(self)
        return self

    def _adopt(self, child: Scope) -> None:
        child.waits = self.waits
        child.deadline.bring_forward(self.deadline)
        with self.waits.lock:
            self._children.add(child)
            if self.is_cancelled:
                child._cancel()

    def _run(self, body: Callable[[], object], closing: Closing | None) -> None:
        enter(self)
        try:
            body()
        except Cancelled:
            if not self.is_cancelled:
                self.fail(cut_off())
        except BaseException as error:  # noqa: BLE001 - it is raised again, in the owner
            self.fail(error)
        finally:
            if closing is not None:
                closing.close()
            with self.waits.lock:
                self._threads.pop(current_thread(), None)
                self._ended.append(current_thread())
                self.waits.leavers.notify_all()

    def _cancel(self) -> None:
        """Cancel this scope and all inside it; with the lock held."""
        for scope in self.subtree():
            scope.is_cancelled = True
            scope._cancel_event.set()
            callbacks, scope.callbacks = scope.callbacks, set()
            for callback in callbacks:
                callback()
        self.waits.wake_all()

    def _expire(self) -> None:
        """Cancel because the deadline has passed, unless it was cancelled before."""
        with self.waits.lock:
            if not self.is_cancelled:
                self._is_expired = True
                self._cancel()

    def _tell(self) -> None:
        """Raise to the owner why its scope was cancelled, if there is a reason."""
        if self._errors:
            self._is_told = True
            raise self._errors[0]
        if self._is_expired:
            self._is_told = True
            raise self.deadline.passed()

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> bool | None:
        """Join every thread, then raise what is left to say.

        Raises:
            BaseException: The first error of a thread, unless the block ends by one of its own.
            DeadlinePassed: If the deadline cut the work off.
            StuckWorker: If a thread did not come back by the deadline; it is still running.
        """
        was_cancelled = self.is_cancelled
        if current_thread() in self._threads:  # the garbage collector closes a generator here
            self.cancel()
            return None
        with self.waits.lock:
            is_broken_off = not all(each.is_finished for each in self._read_by_owner)
            if error is not None or is_broken_off:
                self._cancel()
        try:
            try:
                self._join()
            except BaseException:  # Ctrl-C, while waiting for threads that do not know of it
                self.cancel()
                self._join()
                raise
        finally:
            self._leave()
        return self._conclude(error, was_cancelled=was_cancelled)

    def _join(self) -> None:
        with self.waits.lock:
            with self.waits.counted(Wait(self, self.waits.leavers, lambda: not self._threads)):
                self._await_threads()
            ended, self._ended = self._ended, []
        for thread in ended:
            thread.join()

    def _await_threads(self) -> None:
        """Wait, with the lock held, until all threads have returned or the deadline has passed."""
        while self._threads and (remaining := self.deadline.remaining_s) != 0:
            if not self.is_cancelled and self._is_stuck():
                self._cancel()
            self.waits.leavers.wait(remaining)
        if self._threads:
            self._expire()
        last = monotonic() + UNWIND_S
        while self._threads and monotonic() < last:
            self.waits.leavers.wait(max(0.0, last - monotonic()))

    def _is_stuck(self) -> bool:
        """Say whether no thread can move any more, whatever the others do; with the lock held."""
        scopes = set(self.subtree())
        return all(
            self.waits.is_stuck(thread.ident, scopes)
            for scope in scopes
            for thread in scope._threads
        )

    def _leave(self) -> None:
        with self.waits.lock:
            self.is_left = True
            if self.parent is not None:
                self.parent._children.discard(self)
        leave(self)

    def _conclude(self, error: BaseException | None, *, was_cancelled: bool) -> bool | None:
        own = None if isinstance(error, Cancelled) else error
        if self._threads:
            raise stuck_worker(self._threads) from own or next(iter(self._errors), None)
        if own is not None:
            if self._errors and own not in self._errors:
                own.add_note(f"meanwhile: {type(self._errors[0]).__name__}: {self._errors[0]}")
            return None
        if not self._is_told or error is not None:
            self._tell()
        if self.parent is not None and self.parent.is_cancelled:
            raise Cancelled from error
        return was_cancelled and error is not None

    def subtree(self) -> Iterator[Scope]:
        """Give this scope and all inside it; with the lock held."""
        yield self
        for child in self._children:
            yield from child.subtree()
