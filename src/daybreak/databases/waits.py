"""What is waited for in one database at one moment, as seen from outside: `looking_at`.

On PostgreSQL a session of its own looks at the others, as an administrator would. In a database
with one writer the turn at it (`turns`) knows how long it was waited for. What is seen is put into
words here, and nowhere else; that it is looked again and again is the business of `watching`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from ..model.row import Row
from .dialect import POSTGRESQL, dialect_of
from .session import connect
from .statement import load
from .turns import waited_s

APPLICATION: Final = "daybreak:watch"
_ROW: Final = frozenset({"tuple", "transactionid", "speculative token", "spectoken"})
_LOG: Final = frozenset(
    {"WALWrite", "WALSync", "WalSync", "WalWrite", "WALInitSync", "WALInsert", "WalInsert"}
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What somebody waits for."""

    what: str
    """In words: `a row of accounts`, `table accounts`, `advisory lock 7`, `the write-ahead log`."""

    is_lock: bool = False
    """Whether another transaction has it until it ends."""

    holder: str | None = ""
    """Who has the lock, by the names that applications give themselves; empty if nobody was seen;
    None for another worker of this process whose turn it is."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What was seen at one moment."""

    waiting: Mapping[Waiting, float]
    """How many of those watched wait for it; of turns, on average since the last look."""

    transaction_s: float = 0.0
    """For how long the oldest transaction of a worker has been open."""

    watched: int = 0
    """How many sessions are watched, at work or not."""

    others: bool = False
    """Whether other sessions are at work in the database."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a server has counted of one database so far."""

    deadlocks: int = 0
    temp_files: int = 0
    temp_bytes: int = 0
    work_mem: str = ""
    """How much memory the server lets a sort take, in its own words."""


class Looks(Protocol):
    """Looks at one database, for one thread at a time."""

    def glance(self, passed_s: float) -> Glance:
        """Look, so many seconds after the last time."""
        ...

    def counts(self) -> Counts:
        """Read what the server has counted; nothing where there is none."""
        ...

    def close(self) -> None:
        """Look no more."""
        ...


def looking_at(url: str, application: str = "") -> Looks | None:
    """Return what looks at a database; None for a kind that does not tell what is waited for.

    Args:
        url: The database.
        application: Only sessions of this name are watched; all of the database if it is empty, but
            for those that only keep it open.

    Raises:
        DatabaseUnreachable: If it cannot be had.
    """
    dialect = dialect_of(url)
    if dialect.has_one_writer:
        return _Turns(url)
    return _Sessions(url, application) if dialect is POSTGRESQL else None


class _Turns:
    """Looks at the turns at a file."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._before_s = waited_s(url)

    def glance(self, passed_s: float) -> Glance:
        before_s, self._before_s = self._before_s, waited_s(self._url)
        workers = (self._before_s - before_s) / passed_s
        turn = Waiting("the one writer that its database has", is_lock=True, holder=None)
        return Glance({turn: workers} if workers > 0 else {})

    def counts(self) -> Counts:
        return Counts()

    def close(self) -> None:
        return


class _Sessions:
    """Looks at the sessions of a server."""

    def __init__(self, url: str, application: str) -> None:
        self._application = application
        self._session = connect(url, application=APPLICATION, is_brief=True)

    def glance(self, passed_s: float) -> Glance:
        del passed_s
        sql = load(self._session.dialect, "watch_sessions")
        seen = self._session.query(sql, application=self._application)
        ours = [row for row in seen if row.is_ours]
        return Glance(
            dict(Counter(filter(None, map(_waiting, ours)))),
            transaction_s=max((row.transaction_s for row in ours), default=0.0),
            watched=len(ours),
            others=any(row.is_at_work for row in seen if not row.is_ours),
        )

    def counts(self) -> Counts:
        (row,) = self._session.query(load(self._session.dialect, "watch_counts"))
        return Counts(row.deadlocks, row.temp_files, row.temp_bytes, row.work_mem)

    def close(self) -> None:
        self._session.close()


def _waiting(session: Row) -> Waiting | None:
    """Return what a session waits for; None if it works, or waits for its client."""
    if session.event in _LOG:
        return Waiting("the write-ahead log")
    match session.kind:
        case "Lock":
            return Waiting(_locked(session), is_lock=True, holder=session.holder)
        case "LWLock" | "BufferPin":
            return Waiting(f"an inner lock of the server ({session.event})")
        case "IO":
            return Waiting(f"the server's disk ({session.event})")
        case _:
            return None


def _locked(session: Row) -> str:
    """Say what is locked; its kind alone, if nobody had the lock any more when that was asked."""
    of = f" of {session.relation}" if session.relation else ""
    if session.event in _ROW:  # or a key: that of a row which the other has written
        return f"a row{of}"
    match session.event:
        case "relation":
            return f"table {session.relation}" if of else "a table"
        case "advisory":
            number = session.number
            return "an advisory lock" if number is None else f"advisory lock {number}"
        case "extend":
            return f"the end of the file{of}"
        case kind:
            return f"{kind}{of}"
