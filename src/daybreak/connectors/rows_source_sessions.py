"""Sessions for those who read: each has one for itself, and leaves it to the next.

Outside a transaction: a statement's rows are all read before the next thing happens, so that on
SQLite no reader stands in the way of a writer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..databases.session import Session


class Sessions:
    """Open sessions that nobody uses just now.

    Args:
        opens: Opens one.
    """

    def __init__(self, opens: Callable[[], Session]) -> None:
        self._opens = opens
        self._idle: list[Session] = []
        self._lock = threading.Lock()

    @contextmanager
    def one(self) -> Iterator[Session]:
        """Have a session as long as the block lasts; one in which something failed is not kept.

        Raises:
            DatabaseUnreachable: If none can be opened.
        """
        with self._lock:
            session = self._idle.pop() if self._idle else None
        session = session or self._opens()
        try:
            yield session
        except BaseException:
            session.close()
            raise
        with self._lock:
            self._idle.append(session)

    def close(self) -> None:
        """Close all that are idle; who asks again has new ones."""
        with self._lock:
            idle, self._idle = self._idle, []
        for session in idle:
            session.close()
