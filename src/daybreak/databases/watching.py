"""What the sessions of a rehearsal wait for and spill, as the server sees it: `Watch`.

A session of its own asks the server every now and then which of the sessions watched wait for a
lock, and reads at both ends what the server counts of the database: temporary files and deadlocks.
Those counts are of the whole database; whether others were at work in it meanwhile is told. A file
has no server: there is nothing to ask.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from ..errors import DaybreakError
from ..model.row import Row
from .dialect import POSTGRESQL, dialect_of
from .session import Session, connect
from .statement import load

PERIOD_S: Final = 0.02
"""The server is asked no more often than that."""

PERIOD_MOST_S: Final = 0.1
"""Of a long block a hundredth is as often as it is worth, or so often."""

SHARE: Final = 0.05
"""Asking takes no more than this share of the time, so a slow server is asked more rarely."""

WAITS_MOST: Final = 100
"""Different waits that are kept apart; more of them count as one."""

SETTLES_S: Final = 2.0
"""A server process writes down what it counted when it ends: so long its end is waited for."""

APPLICATION: Final = "daybreak:watch"
_MORE: Final = ("others", "")


@dataclass(frozen=True, slots=True)
class LockWait:
    """What sessions waited for, and how long."""

    on: str
    """What was locked: `a row of accounts`, `table accounts`, `advisory lock 7`."""

    holder: str
    """Who held it, by the names that applications give themselves; empty if nobody was seen."""

    seconds: float
    """All sessions together, as far as it was seen."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen of one database."""

    waits: Sequence[LockWait] = ()
    """The longest first."""

    deadlocks: int = 0
    temp_files: int = 0
    temp_bytes: int = 0
    """Temporary files that sorts, hashes and the like wrote, as memory did not suffice."""

    work_mem: str = ""
    """How much memory the server lets one of them take, in its own words."""

    others: bool = False
    """Whether others were at work in the database: their deadlocks and files are counted too."""

    failed: str = ""
    """Why it was not watched, or not to the end; empty if it was."""


class Watch:
    """Watches one database as long as its `with` block lasts; `found` says what was seen.

    Args:
        url: The database.
        application: Only sessions of this name are watched; all of the database if it is empty, but
            for those that only keep it open.
        clock: Seconds that never go back.
    """

    def __init__(
        self, url: str, *, application: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._application = application
        self._clock = clock
        self._session: Session | None = None
        self._thread = threading.Thread(target=self._look, name="daybreak watch", daemon=True)
        self._ends = threading.Event()
        self._pause = threading.Event()  # never set
        self._seconds: dict[tuple[str, str], float] = {}
        self._others = False
        self._before: Row | None = None
        self.found = Watched()
        """What was seen; complete behind the block."""

    def __enter__(self) -> Self:
        if dialect_of(self._url) is not POSTGRESQL:
            return self
        try:
            self._session = connect(self._url, application=APPLICATION, is_brief=True)
            self._before = self._counted(self._session)
        except DaybreakError as error:
            self._give_up(error)
            return self
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        del kind, error, trace
        if self._session is None:
            return
        self._ends.set()
        self._thread.join()
        if self._session is not None:
            try:
                self.found = self._seen(self._session)
            except DaybreakError as failed:
                self._give_up(failed)
            finally:
                self._close()

    def _give_up(self, error: DaybreakError) -> None:
        self._close()
        self.found = Watched(self.waits, others=self._others, failed=str(error))

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    # ------------------------------------------------------------ meanwhile

    def _look(self) -> None:
        """Ask who waits, again and again; each answer holds since the one before."""
        assert self._session is not None
        upto_s, pause_s = self._clock(), PERIOD_S
        began_s = upto_s
        try:
            while not self._ends.wait(pause_s):
                asked_s = self._clock()
                waiting = self._waiting(self._session)
                now_s = self._clock()
                for key in waiting:
                    is_room = key in self._seconds or len(self._seconds) < WAITS_MOST
                    kept = key if is_room else _MORE
                    self._seconds[kept] = self._seconds.get(kept, 0.0) + now_s - upto_s
                upto_s = now_s
                often_s = min((now_s - began_s) / 100, PERIOD_MOST_S)
                pause_s = max(PERIOD_S, often_s, (now_s - asked_s) / SHARE)
        except DaybreakError as error:
            self._give_up(error)

    def _waiting(self, session: Session) -> list[tuple[str, str]]:
        """Return what each session that waits now waits for, and who has it."""
        sql = load(session.dialect, "watch_sessions")
        row = session.query(sql, application=self._application)[0]
        self._others = self._others or row.others
        if not row.waiting:
            return []
        found = session.query(load(session.dialect, "watch_locks"), pids=row.waiting)
        return [(one.locked, one.holder) for one in found]

    # ------------------------------------------------------------ at its ends

    def _counted(self, session: Session) -> Row:
        return session.query(load(session.dialect, "watch_counts"))[0]

    def _seen(self, session: Session) -> Watched:
        """Read the counts again, once the sessions watched have written down theirs."""
        gives_up_s = self._clock() + SETTLES_S
        sql = load(session.dialect, "watch_sessions")
        while session.query(sql, application=self._application)[0].ours:
            if self._clock() > gives_up_s:
                break
            self._pause.wait(PERIOD_S)
        before, after = self._before, self._counted(session)
        assert before is not None
        return Watched(
            waits=self.waits,
            deadlocks=max(after.deadlocks - before.deadlocks, 0),
            temp_files=max(after.temp_files - before.temp_files, 0),
            temp_bytes=max(after.temp_bytes - before.temp_bytes, 0),
            work_mem=after.work_mem,
            others=self._others,
        )

    @property
    def waits(self) -> list[LockWait]:
        """What was waited for so far, the longest first."""
        waits = [LockWait(*key, seconds) for key, seconds in dict(self._seconds).items()]
        return sorted(waits, key=lambda one: -one.seconds)
