"""Hearing of the end of a scope, and bringing it about by a certain time."""

from __future__ import annotations

from collections.abc import Callable

from .scope import Scope


def when_cancelled(scope: Scope, callback: Callable[[], object]) -> None:
    """Have a function called when the work is no longer wanted, or now if it is not.

    It is called once, with the tree's lock held, from any thread: it must return at once.
    """
    with scope.waits.lock:
        if scope.is_cancelled:
            callback()
        else:
            scope.callbacks.add(callback)


def forget(scope: Scope, callback: Callable[[], object]) -> None:
    """Take back what was said by `when_cancelled`."""
    with scope.waits.lock:
        scope.callbacks.discard(callback)


def end_within(scope: Scope, seconds: float) -> None:
    """Set a deadline from now on, unless there is an earlier one, because of a stop."""
    with scope.waits.lock:
        scope.deadline.end_within(seconds)
        for inner in scope.subtree():
            inner.deadline.bring_forward(scope.deadline)
        scope.waits.wake_all()
