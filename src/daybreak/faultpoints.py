"""Named places at which a test may kill, stop or fail the process; in production they do nothing.

`hit("chunk.before_commit")` stands before and after every write, commit, publish and rename.
`DAYBREAK_FAULT="chunk.before_commit:3:kill"` arms one in a child process: at its third hit the
process kills itself with SIGKILL. Actions: `kill`, `stop` (SIGSTOP), `term` (SIGTERM), `raise`.
`DAYBREAK_FAULT_TRACE=file` has every hit counted in a mapped file, which survives the process.
Idea: SQLite's crash tests, FoundationDB's buggify.
"""

from __future__ import annotations

import mmap
import os
import signal
import threading
from pathlib import Path
from typing import Final, Literal, get_args

ENVIRONMENT_FAULT: Final = "DAYBREAK_FAULT"
ENVIRONMENT_TRACE: Final = "DAYBREAK_FAULT_TRACE"

FaultPoint = Literal[
    "ledger.before_write",
    "ledger.after_write",
    "ledger.before_commit",
    "ledger.after_commit",
    "restart.before_begin_again",
    "restart.after_begin_again",
    "notes.before_rename",
    "notes.after_rename",
    "epoch.before_announce",
    "epoch.after_announce",
    "epoch.before_close",
    "epoch.after_close",
    "step.before_accept",
    "step.after_accept",
    "step.before_prepare_commit",
    "step.after_prepare_commit",
    "chunk.before_read",
    "chunk.after_read",
    "chunk.after_stages",
    "chunk.before_marker",
    "chunk.after_marker",
    "chunk.before_write",
    "chunk.after_write",
    "chunk.before_isolation",
    "chunk.in_isolation",
    "chunk.after_isolation",
    "chunk.before_quarantine",
    "chunk.after_quarantine",
    "chunk.before_commit",
    "chunk.after_commit",
    "atomic.before_undo",
    "atomic.after_undo",
    "alone.before_record",
    "alone.after_record",
    "alone.before_sink",
    "alone.after_sink",
    "atomic.before_body",
    "atomic.after_body",
    "atomic.before_commit",
    "atomic.after_commit",
    "publish.before_rename",
    "publish.after_rename",
    "part.before_write",
    "part.before_sync",
    "part.after_sync",
    "part.before_enter",
    "part.after_enter",
    "publication.before_begin",
    "publication.after_begin",
    "publication.before_join",
    "publication.after_join",
    "publication.before_rename",
    "publication.after_rename",
    "publication.before_end",
    "publication.after_end",
    "publication.before_removal",
    "publication.after_removal",
    "replay.before_reopen",
    "replay.after_reopen",
    "replay.before_mark",
    "replay.after_mark",
    "replay.after_take",
    "replay.before_fates",
    "replay.before_commit",
    "replay.after_commit",
    "replay.before_measure",
    "replay.before_end",
    "erase.before_commit",
    "erase.after_commit",
    "rehearsal.before_begin",
    "rehearsal.after_begin",
    "rehearsal.before_rollback",
    "rehearsal.after_rollback",
    "scratch.before_create",
    "scratch.after_create",
    "scratch.before_drop",
    "scratch.after_drop",
]
FAULT_POINTS: Final[tuple[FaultPoint, ...]] = get_args(FaultPoint)


class InjectedFault(Exception):  # noqa: N818 - a test's, never a user's
    """What an armed point raises when its action is `raise`."""


class _Armed:
    """One armed point: which, at which hit, and what then. Counts are over all threads."""

    def __init__(self, text: str) -> None:
        point, hit_number, action = text.split(":")
        if point not in FAULT_POINTS:
            raise ValueError(f"unknown fault point {point!r}")
        self.point = point
        self.hit_number = int(hit_number)
        self.action = action
        self.hits = 0
        self.lock = threading.Lock()

    def hit(self, point: str) -> None:
        if point != self.point:
            return
        with self.lock:
            self.hits += 1
            is_due = self.hits == self.hit_number
        if is_due:
            self.act()

    def act(self) -> None:
        match self.action:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "stop":
                os.kill(os.getpid(), signal.SIGSTOP)
            case "term":
                os.kill(os.getpid(), signal.SIGTERM)
            case _:
                raise InjectedFault(f"injected at {self.point}, hit {self.hit_number}")


class Trace:
    """Counts of hits in a mapped file: a test reads them after the process was killed.

    The file holds one unsigned 64-bit integer a point, and last the number of the point that was
    passed last, counted from 1.
    """

    def __init__(self, path: Path) -> None:
        size = 8 * (len(FAULT_POINTS) + 1)
        if not path.exists() or path.stat().st_size != size:
            path.write_bytes(bytes(size))
        with path.open("r+b") as file:
            self._counts = memoryview(mmap.mmap(file.fileno(), size)).cast("Q")
        self._places = {point: place for place, point in enumerate(FAULT_POINTS)}
        self._lock = threading.Lock()

    def hit(self, point: FaultPoint) -> None:
        """Count a hit."""
        place = self._places[point]
        with self._lock:
            self._counts[place] += 1
            self._counts[-1] = place + 1

    def counts(self) -> dict[FaultPoint, int]:
        """Return how often each point was hit."""
        return dict(zip(FAULT_POINTS, self._counts, strict=False))

    def last(self) -> FaultPoint | None:
        """Return the point that was passed last."""
        return FAULT_POINTS[self._counts[-1] - 1] if self._counts[-1] else None


_armed: _Armed | None = None
_trace: Trace | None = None


def hit(point: FaultPoint) -> None:
    """Pass a fault point: nothing happens unless a test armed it."""
    if _trace is not None:
        _trace.hit(point)
    if _armed is not None:
        _armed.hit(point)


def arm(text: str | None) -> None:
    """Arm one point, written `point:hit:action`; None disarms."""
    global _armed  # noqa: PLW0603 - one switch for the process, so that `hit` costs one comparison
    _armed = _Armed(text) if text else None


def trace(path: Path | None) -> None:
    """Count every hit from now on in a file; None ends it."""
    global _trace  # noqa: PLW0603 - as above
    _trace = Trace(path) if path else None


arm(os.environ.get(ENVIRONMENT_FAULT))
trace(Path(os.environ[ENVIRONMENT_TRACE]) if ENVIRONMENT_TRACE in os.environ else None)
