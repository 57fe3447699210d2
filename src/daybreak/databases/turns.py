"""Turns at a file: its writers in this process queue here instead of polling it.

One of them at a time waits for the lock of another process, and the others wait for that one. If it
waits in vain, so did they: otherwise each would wait as long again, one after the other, before
anybody lost patience.
"""

from __future__ import annotations

import threading
import time
from typing import Protocol

from ..errors import DatabaseBusy
from .dialect import dialect_of

_turns: dict[str, _FileTurn] = {}
_guard = threading.Lock()


class Turn(Protocol):
    """Held from the beginning of a transaction to its end."""

    def acquire(self) -> None:
        """Wait for the turn.

        Raises:
            DatabaseBusy: If one who had it meanwhile waited in vain for another process's lock. The
                turn is not ours.
        """
        ...

    def has_waited_in_vain(self, error: DatabaseBusy) -> None:
        """Say, having the turn, that another process has the lock; all who wait now are told."""
        ...

    def release(self) -> None:
        """Give it up."""
        ...


class _FileTurn:
    """The turn at one file."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_vain: DatabaseBusy | None = None
        """What was raised for whoever waited in vain last, until somebody had the lock."""

        self._is_vain = False  # of whoever has the turn
        self.waited_s = 0.0

    def acquire(self) -> None:
        known = self._in_vain
        began_s = time.monotonic()
        self._lock.acquire()
        self.waited_s += time.monotonic() - began_s  # having the lock, so nobody else adds
        error = self._in_vain
        if error is not None and error is not known:
            self._lock.release()
            raise DatabaseBusy(str(error), hint=error.hint, **error.where) from error
        self._is_vain = False

    def has_waited_in_vain(self, error: DatabaseBusy) -> None:
        self._in_vain = error
        self._is_vain = True

    def release(self) -> None:
        if not self._is_vain:
            self._in_vain = None
        self._lock.release()


class _NoTurn:
    """Servers have locks of their own."""

    def acquire(self) -> None:
        return

    def has_waited_in_vain(self, error: DatabaseBusy) -> None:
        del error

    def release(self) -> None:
        return


def turn_of(url: str) -> Turn:
    """Return the turn of a database: one lock where it has one writer, none elsewhere."""
    if not dialect_of(url).has_one_writer:
        return _NoTurn()
    with _guard:
        return _turns.setdefault(url, _FileTurn())


def waited_s(url: str) -> float:
    """Return for how long the writers to a file have waited for each other, added up."""
    turn = _turns.get(url)
    return 0.0 if turn is None else turn.waited_s
