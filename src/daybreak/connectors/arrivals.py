"""How much has come of what is fetched: of one file, or of several that come side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

TELL_EVERY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """How far a fetch is; an event."""

    what: str
    """The file, or the folder of several, by its name in the run's folder."""

    bytes_done: int
    """What is there, by earlier attempts too."""

    bytes_total: int | None
    """Of all files; None where a server does not say, or not all were asked."""

    bytes_per_s: float
    """What came in this attempt, by the time since it began."""

    files_done: int = 0
    files: int = 1


class FetchEnded(BaseException):
    """Nobody waits any more for what comes beside it; half a file is kept."""


@dataclass(slots=True)
class _Arrival:
    first: int
    done: int
    total: int | None


@dataclass(slots=True)
class Arrivals:
    """Counts what comes, and tells of it now and then. Several threads may count.

    Args:
        what: What is fetched.
        tell: Hears `FetchProgress`.
        now_s: The clock.
        files: How many files there are.
    """

    what: str
    tell: Callable[[FetchProgress], None]
    now_s: Callable[[], float]
    files: int = 1
    ended: threading.Event = field(default_factory=threading.Event)
    """Set where nothing more is to come."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _by_file: dict[str, _Arrival] = field(default_factory=dict)
    _files_done: int = 0
    _began_s: float | None = None
    _told_s: float = 0.0

    def came(self, file: str, done: int, total: int | None) -> None:
        """Note how many bytes of a file are there, of how many.

        Raises:
            FetchEnded: If nothing more is to come.
        """
        if self.ended.is_set():
            raise FetchEnded
        with self._lock:
            known = self._by_file.setdefault(file, _Arrival(done, done, total))
            known.first = min(known.first, done)  # it may have begun anew
            known.done, known.total = done, total
            if self._began_s is None:
                self._began_s = self._told_s = self.now_s()
            elif self.now_s() - self._told_s >= TELL_EVERY_S:
                self._tell()

    def is_there(self, file: str, size: int) -> None:
        """Note that all of a file is there."""
        with self._lock:
            known = self._by_file.setdefault(file, _Arrival(size, size, size))
            known.done = known.total = size
            self._files_done += 1
            if self._files_done == self.files or self._began_s is not None:
                self._tell()

    def _tell(self) -> None:
        now_s = self.now_s()
        arrivals = self._by_file.values()
        totals = [one.total for one in arrivals]
        known = [total for total in totals if total is not None]
        is_known = len(known) == len(totals) == self.files
        took_s = now_s - (now_s if self._began_s is None else self._began_s)
        came = sum(max(one.done - one.first, 0) for one in arrivals)
        self._told_s = now_s
        self.tell(
            FetchProgress(
                self.what,
                sum(one.done for one in arrivals),
                sum(known) if is_known else None,
                came / took_s if took_s > 0 else 0.0,
                self._files_done,
                self.files,
            )
        )
