"""Turns at a SQLite file: its writers in this process queue here instead of polling the file."""

from __future__ import annotations

import threading
from typing import Protocol

_turns: dict[str, threading.Lock] = {}
_guard = threading.Lock()


class Turn(Protocol):
    """Held from the beginning of a transaction to its end."""

    def acquire(self) -> bool:
        """Wait for the turn."""
        ...

    def release(self) -> None:
        """Give it up."""
        ...


class _NoTurn:
    """Servers have locks of their own."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        return None


def turn_of(url: str) -> Turn:
    """Return the turn of a database: one lock per SQLite file, none elsewhere."""
    if not url.startswith("sqlite"):
        return _NoTurn()
    with _guard:
        return _turns.setdefault(url, threading.Lock())
