"""What the workers of a rehearsal wait for in their database, as seen from outside.

On PostgreSQL a session of its own looks at the others again and again, as an administrator would.
In a database with one writer the turn at it (`turns`) knows how long it was waited for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from ..model.row import Row
from .dialect import POSTGRESQL, dialect_of
from .session import Session, connect
from .statement import load
from .turns import waited_s

_ROW: Final = frozenset({"tuple", "transactionid", "speculative token"})
_LOG: Final = frozenset(
    {"WALWrite", "WALSync", "WalSync", "WalWrite", "WALInitSync", "WALInsert", "WalInsert"}
)


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """What is waited for."""

    what: str
    """In words: `the lock on a row of accounts`."""

    is_lock: bool
    """Whether another transaction has it until it ends."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What was seen at one moment."""

    waiting: dict[Cause, float]
    """How many workers wait, on average since the last look."""

    transaction_s: float = 0.0
    """For how long the oldest of their transactions has been open."""


class Looks(Protocol):
    """Looks at a database."""

    def __call__(self, passed_s: float, /) -> Glance:
        """Look, so many seconds after the last time."""
        ...


@contextmanager
def looking_at(url: str) -> Iterator[Looks | None]:
    """Give what looks at a database; None for a kind that does not tell what is waited for.

    Args:
        url: The database that the workers write to.
    """
    dialect = dialect_of(url)
    if dialect.has_one_writer:
        yield _Turns(url)
    elif dialect == POSTGRESQL:
        with closing(connect(url, application="daybreak:waits")) as session:
            yield _Sessions(session)
    else:
        yield None


class _Turns:
    """Looks at the turns at a file."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._before_s = waited_s(url)

    def __call__(self, passed_s: float) -> Glance:
        before_s, self._before_s = self._before_s, waited_s(self._url)
        waiting = (self._before_s - before_s) / passed_s
        cause = Cause("the one writer that its database has", is_lock=True)
        return Glance({cause: waiting} if waiting > 0 else {})


class _Sessions:
    """Looks at the sessions of a server."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __call__(self, passed_s: float) -> Glance:
        del passed_s
        rows = self._session.query(load(self._session.dialect, "sessions_waiting"))
        waiting: dict[Cause, float] = {}
        for cause in filter(None, map(_cause_of, rows)):
            waiting[cause] = waiting.get(cause, 0.0) + 1
        return Glance(waiting, max((row.transaction_s for row in rows), default=0.0))


def _cause_of(row: Row) -> Cause | None:
    """Return what a session waits for; None if it works, or waits for us."""
    if row.state != "active":
        return None
    if row.event in _LOG:
        return Cause("the write-ahead log", is_lock=False)
    match row.kind:
        case "Lock":
            return Cause(f"the lock on {_locked(row)}", is_lock=True)
        case "LWLock" | "BufferPin":
            return Cause(f"an inner lock of the server ({row.event})", is_lock=False)
        case "IO":
            return Cause(f"the server's disk ({row.event})", is_lock=False)
        case _:
            return None


def _locked(row: Row) -> str:
    of = f" of {row.relation}" if row.relation else ""
    if row.event in _ROW:
        return f"a row{of}"
    match row.event:
        case "extend":
            return f"the end of the file{of}"
        case "relation":
            return f"the table {row.relation or 'of another'}"
        case "advisory":
            return "a number of the job's own (advisory)"
        case _:
            return f"{row.event}{of}"
