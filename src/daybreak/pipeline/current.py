"""What a user's function sees of the scope that runs it."""

from __future__ import annotations

import contextvars
from time import sleep
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from .scope import Scope

_current: contextvars.ContextVar[Scope | None] = contextvars.ContextVar("scope", default=None)


class CurrentScope(Protocol):
    """What a user's function sees of the pipeline around it."""

    @property
    def cancelled(self) -> bool:
        """Whether the work is no longer wanted."""
        ...

    def wait(self, seconds: float, /) -> bool:
        """Sleep, but wake at once when the work is no longer wanted; return `cancelled`."""
        ...


class _NoScope:
    """Nobody runs the function in a scope: it is never cancelled."""

    cancelled = False

    def wait(self, seconds: float, /) -> bool:
        sleep(seconds)
        return False


_NO_SCOPE: Final = _NoScope()


def current_scope() -> CurrentScope:
    """Return what this function may know of the pipeline or scope that runs it.

    Outside any scope the answer is never cancelled, so that functions can be tested alone.
    """
    return innermost() or _NO_SCOPE


def innermost() -> Scope | None:
    """Return the innermost scope around this code that was not left yet."""
    scope = _current.get()
    while scope is not None and scope.is_left:
        scope = scope.parent
    return scope


def enter(scope: Scope) -> None:
    """Make a scope the innermost one of this thread's context."""
    _current.set(scope)


def leave(scope: Scope) -> None:
    """Go back to the scope around this one, unless somebody else is innermost by now."""
    if _current.get() is scope:
        _current.set(scope.parent)
