"""What the stages of a pipeline did with their time, counted while they run.

Counted per slice of records, never per record; each worker writes rows of its own, so that nothing
is locked. What is told of it stands in `report`.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

from .options import Workers
from .rate import Limiter
from .report import StageReport


@dataclass(slots=True)
class Tally:
    """What one worker did at one stage, so far; times in seconds."""

    records: int = 0
    slices: int = 0
    busy: float = 0.0
    cpu: float = 0.0
    starved: float = 0.0
    blocked: float = 0.0


class Ahead(Protocol):
    """The channel in front of a stage."""

    @property
    def records_peak(self) -> int:
        """The most records that were in it at once."""
        ...

    @property
    def bytes_peak(self) -> int:
        """The most bytes that were in it at once, by estimate."""
        ...


class Chooser(Protocol):
    """Who decides how many workers work."""

    workers: int

    @property
    def reason(self) -> str:
        """What was chosen, and why."""
        ...


class StageMeter:
    """The rows of one stage.

    Args:
        name: The stage's.
        workers: How many it has, unless somebody chooses.
        limiter: What holds its calls back, if anything.
    """

    def __init__(
        self,
        name: str,
        workers: Workers = 1,
        *,
        lane: str = "thread",
        limiter: Limiter | None = None,
    ) -> None:
        self.name = name
        self.errors: list[Exception] = []
        """Failures that were set aside."""

        self.ahead: Ahead | None = None
        self.chooser: Chooser | None = None
        self._workers = 1 if workers == "auto" else workers
        self._lane = lane
        self._limiter = limiter
        self._tallies: list[Tally] = []

    def tally(self) -> Tally:
        """Add a row for one worker."""
        row = Tally()
        self._tallies.append(row)
        return row

    @property
    def records(self) -> int:
        """How many records have come in."""
        return sum(row.records for row in self._tallies)

    def report(self) -> StageReport:
        """Add up the rows."""
        rows = list(self._tallies)
        chooser = self.chooser
        return StageReport(
            name=self.name,
            workers=self._workers if chooser is None else chooser.workers,
            records=sum(row.records for row in rows),
            busy=sum(row.busy for row in rows),
            starved=sum(row.starved for row in rows),
            blocked=sum(row.blocked for row in rows),
            cpu=sum(row.cpu for row in rows),
            queue_peak=0 if self.ahead is None else self.ahead.records_peak,
            bytes_peak=0 if self.ahead is None else self.ahead.bytes_peak,
            failures=len(self.errors),
            slices=tuple(row.slices for row in rows),
            lane=self._lane,
            rate="" if self._limiter is None else str(self._limiter.rate),
            held=0.0 if self._limiter is None else self._limiter.waited_s,
            chosen="" if chooser is None else chooser.reason,
        )


class Stopwatch:
    """Seconds since the last look; for loops that give each moment to one row."""

    def __init__(self) -> None:
        self._since = perf_counter()

    def lap(self) -> float:
        """Return the seconds since the last lap, or since the beginning."""
        before, self._since = self._since, perf_counter()
        return self._since - before
