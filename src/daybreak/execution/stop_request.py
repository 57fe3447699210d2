"""The wish to end at a chunk boundary, seen by everybody who hands out work."""

from __future__ import annotations

import threading
from collections.abc import Callable


class StopRequest:
    """Set once, by a signal, a person or a window; never taken back."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.reason = ""
        self.before_chunk: Callable[[float], None] = lambda _chunk_s: None
        """Is told before each chunk how long such a one takes, and may request a stop."""

    def request(self, reason: str) -> None:
        """Ask to stop; the first reason stays."""
        if not self._event.is_set():
            self.reason = reason
            self._event.set()

    @property
    def is_requested(self) -> bool:
        """Whether somebody asked."""
        return self._event.is_set()
