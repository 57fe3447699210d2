"""What the sessions of a rehearsal wait for and spill, looked at again and again: `Watch`.

A thread of its own looks at one database (`waits`) every now and then, and adds up what it sees by
what is at work; both ends read what the server counts of the database: temporary files and
deadlocks. Those counts are of the whole database; whether others were at work in it meanwhile is
told.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from ..errors import DaybreakError
from .waits import Counts, Glance, Looks, Waiting, looking_at

PERIOD_S: Final = 0.02
"""It is looked no more often than that."""

PERIOD_MOST_S: Final = 0.1
"""Of a long block a hundredth is as often as it is worth, or so often."""

SHARE: Final = 0.05
"""Looking takes no more than this share of the time, so a slow server is asked more rarely."""

WAITS_MOST: Final = 100
"""Different waits that are kept apart; more of them count as one."""

SETTLES_S: Final = 2.0
"""A server process writes down what it counted when it ends: so long its end is waited for."""

_DEAR: Final = 6
"""The first looks are dear, as they are planned; so they are had before, or `SHARE` would have the
watch pause for long just as the work begins."""

_OTHERS: Final = "others"


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that the workers of a step waited for."""

    what: str
    """In words: `a row of accounts`."""

    workers: float
    """How many of them waited for it, on average."""

    is_lock: bool
    """Whether it is one that others have until their transaction ends."""


@dataclass(frozen=True, slots=True)
class LockWait:
    """A lock that sessions waited for, and how long."""

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


@dataclass(slots=True)
class Seen:
    """Glances, each of which stands for the time since the one before, added up by step."""

    looked_s: dict[str | None, float] = field(default_factory=lambda: defaultdict(float))
    """By the step that was at work, None between two."""

    transaction_s_max: dict[str | None, float] = field(default_factory=lambda: defaultdict(float))
    waited_s: dict[tuple[str | None, Waiting], float] = field(
        default_factory=lambda: defaultdict(float)
    )
    others: bool = False

    def add(self, step: str | None, glance: Glance, passed_s: float) -> None:
        """Add what was seen, so many seconds after the last time."""
        self.looked_s[step] += passed_s
        self.transaction_s_max[step] = max(self.transaction_s_max[step], glance.transaction_s)
        self.others = self.others or glance.others
        for waiting, workers in glance.waiting.items():
            key = step, waiting
            if key not in self.waited_s and len(self.waited_s) >= WAITS_MOST:
                key = step, Waiting(_OTHERS, is_lock=waiting.is_lock)
            self.waited_s[key] += workers * passed_s

    def waits(self, step: str) -> list[Wait]:
        """Return what the workers of a step waited for, whoever had it."""
        found: dict[tuple[str, bool], float] = defaultdict(float)
        for (name, one), waited_s in dict(self.waited_s).items():
            if name == step:
                found[one.what, one.is_lock] += waited_s / self.looked_s[step]
        return [Wait(what, workers, is_lock) for (what, is_lock), workers in found.items()]

    def lock_waits(self) -> list[LockWait]:
        """Return which locks of the database were waited for so far, the longest first."""
        found: dict[tuple[str, str], float] = defaultdict(float)
        for (_, one), waited_s in dict(self.waited_s).items():
            if one.is_lock and one.holder is not None:
                found[one.what, one.holder] += waited_s
        waits = [LockWait(*key, seconds) for key, seconds in found.items()]
        return sorted(waits, key=lambda one: -one.seconds)


class Watch:
    """Watches one database as long as its `with` block lasts.

    Args:
        url: The database.
        application: Only sessions of this name are watched; all of the database if it is empty, but
            for those that only keep it open.
        at_work: Returns which step is at work, if one is.
    """

    def __init__(
        self, url: str, *, application: str = "", at_work: Callable[[], str | None] = lambda: None
    ) -> None:
        self._url = url
        self._application = application
        self._at_work = at_work
        self._looks: Looks | None = None
        self._thread = threading.Thread(target=self._watch, name="daybreak watch", daemon=True)
        self._ends = threading.Event()
        self._pause = threading.Event()  # never set
        self._before = Counts()
        self.seen = Seen()
        """What was seen so far, for whoever asks before the end."""

        self.found = Watched()
        """What was seen; complete behind the block."""

    def __enter__(self) -> Self:
        try:
            self._looks = looking_at(self._url, self._application)
            if self._looks is not None:
                self._before = self._looks.counts()
                for _ in range(_DEAR):
                    self._looks.glance(PERIOD_S)
                self._thread.start()
        except DaybreakError as error:
            self._give_up(error)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        del kind, error, trace
        self._ends.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._looks is not None:
            try:
                self.found = self._ended(self._looks)
            except DaybreakError as failed:
                self._give_up(failed)
            finally:
                self._close()

    def _give_up(self, error: DaybreakError) -> None:
        self._close()
        self.found = Watched(self.seen.lock_waits(), others=self.seen.others, failed=str(error))

    def _close(self) -> None:
        if self._looks is not None:
            self._looks.close()
            self._looks = None

    def _watch(self) -> None:
        """Look again and again; the longer it lasts, the more seldom: it costs those who work."""
        assert self._looks is not None
        began_s = last_s = time.monotonic()
        pause_s = PERIOD_S
        try:
            while not self._ends.wait(pause_s):
                step, now_s = self._at_work(), time.monotonic()
                self.seen.add(step, self._looks.glance(now_s - last_s), now_s - last_s)
                often_s = min((now_s - began_s) / 100, PERIOD_MOST_S)
                pause_s = max(PERIOD_S, often_s, (time.monotonic() - now_s) / SHARE)
                last_s = now_s
        except DaybreakError as error:
            self._give_up(error)

    def _ended(self, looks: Looks) -> Watched:
        """Read the counts again, once the sessions watched have written down theirs."""
        gives_up_s = time.monotonic() + SETTLES_S
        while looks.glance(SETTLES_S).watched and time.monotonic() < gives_up_s:
            self._pause.wait(PERIOD_S)
        before, after = self._before, looks.counts()
        return Watched(
            waits=self.seen.lock_waits(),
            deadlocks=max(after.deadlocks - before.deadlocks, 0),
            temp_files=max(after.temp_files - before.temp_files, 0),
            temp_bytes=max(after.temp_bytes - before.temp_bytes, 0),
            work_mem=after.work_mem,
            others=self.seen.others,
        )
