"""Looking around: the one session that a thread keeps for all its looks at a server.

To connect takes longer than to look, and over a network with TLS far longer. A look is a question,
or a short transaction, that leaves nothing behind in its session. What writes chunks has a session
of its own (`writer`), and so has the ledger.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from .session import Session

Kind: TypeAlias = tuple[str, float]
"""Of a session: the application's name, and how long it waits for locks."""


@dataclass(slots=True)
class _Looks:
    """The sessions of one thread that nobody uses now, by URL."""

    idle: dict[str, tuple[Kind, Session]] = field(default_factory=dict)

    def take(self, url: str, kind: Kind) -> Session | None:
        """Take the session out; one of another kind is closed, for there is one at a time."""
        if url not in self.idle:
            return None
        known, session = self.idle.pop(url)
        if known == kind and session.is_usable:
            return session
        session.close()
        return None

    def give_back(self, url: str, kind: Kind, session: Session) -> None:
        if url in self.idle or session.in_transaction or not session.is_usable:
            session.close()
        else:
            self.idle[url] = kind, session


class _OfThread(threading.local):
    looks: _Looks | None = None


_of_thread: Final = _OfThread()


@contextmanager
def looking_around() -> Iterator[None]:
    """Have this thread keep a session for its looks at each server, as long as the block lasts."""
    if _of_thread.looks is not None:
        yield
        return
    looks = _of_thread.looks = _Looks()
    try:
        yield
    finally:
        _of_thread.looks = None
        for _, session in looks.idle.values():
            session.close()


@contextmanager
def lent(url: str, kind: Kind, opens: Callable[[], Session]) -> Iterator[Session]:
    """Lend the session that this thread keeps, or a new one.

    One in which something went wrong is closed: the next look has a new one.

    Args:
        url: Of a server.
        kind: Of the session.
        opens: Makes a new one.
    """
    looks = _of_thread.looks
    session = (None if looks is None else looks.take(url, kind)) or opens()
    try:
        yield session
    except BaseException:
        session.close()
        raise
    if looks is None:
        session.close()
    else:
        looks.give_back(url, kind, session)
