"""Who waits for what, in a scope and all scopes inside it; and the one lock they share.

One lock for the whole tree of scopes, so that it can be said with certainty that nobody in it can
move any more, and so that no wake-up is lost between two locks. It is held for moments only:
records and blocks are handed over under it, nothing is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition, RLock, get_ident
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .scope import Scope


class Cancelled(BaseException):
    """Raised where a thread waits on a channel, when its scope was cancelled.

    No `Exception`: a user's `except Exception` does not stop it, a `finally` sees it pass.
    """


@dataclass(frozen=True, slots=True, eq=False)
class Wait:
    """One thread's wait."""

    scope: Scope
    """Whose channel it waits for."""

    condition: Condition
    is_ready: Callable[[], bool]
    """Whether it can go on; asked under the lock, so that the answer stays true."""


class Waits:
    """The lock of a tree of scopes, and the threads that wait under it."""

    def __init__(self) -> None:
        # Re-entrant: the garbage collector may close a generator, and thereby leave a scope, in
        # a thread that holds the lock.
        self.lock = RLock()
        self.leavers = Condition(self.lock)
        """Those who leave a scope; told when a thread ends or begins to wait."""

        self._waiting: dict[int, Wait] = {}

    def park(self, wait: Wait, timeout_s: float | None) -> None:
        """Wait once, with the lock held; wakes by notification, by `wake_all` or by the timeout."""
        with self.counted(wait):
            wait.condition.wait(timeout_s)

    @contextmanager
    def counted(self, wait: Wait) -> Iterator[None]:
        """Count this thread as waiting; with the lock held, but for the waiting itself."""
        ident = get_ident()
        before = self._waiting.get(ident)
        self._waiting[ident] = wait
        self.leavers.notify_all()
        try:
            yield
        finally:
            if before is None:
                del self._waiting[ident]
            else:
                self._waiting[ident] = before

    def wake_all(self) -> None:
        """Have every waiting thread of the tree look again; with the lock held.

        All of them, not those of one scope only: one that was woken for a record and is cancelled
        instead would take the wake-up of another with it.
        """
        for wait in self._waiting.values():
            wait.condition.notify_all()

    def is_stuck(self, ident: int | None, scopes: Container[Scope]) -> bool:
        """Say whether a thread waits for these scopes and cannot go on; with the lock held."""
        wait = self._waiting.get(ident) if ident is not None else None
        return wait is not None and wait.scope in scopes and not wait.is_ready()


def earlier(one: float | None, other: float | None) -> float | None:
    """Return the smaller of two times, either of which may be never."""
    return min((each for each in (one, other) if each is not None), default=None)
