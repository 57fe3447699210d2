"""What the stages of a pipeline did with their time, and which of them is the bottleneck.

Measured per hand of records, never per record; each worker writes rows of its own, so that
nothing is locked. Who moves the records is the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter


@dataclass(slots=True)
class Tally:
    """What one worker did at one stage, so far; times in seconds."""

    records: int = 0
    busy: float = 0.0
    starved: float = 0.0
    blocked: float = 0.0


@dataclass(frozen=True, slots=True)
class StageReport:
    """What one stage did; times in seconds, summed over its workers.

    Neighbouring stages with one worker share one thread: each has its own busy time, and all of
    them the thread's starved and blocked time.
    """

    name: str
    workers: int
    records: int
    """Records that came in."""

    busy: float
    """In the stage's function."""

    starved: float
    """Waiting for records."""

    blocked: float
    """Waiting for the stages behind it to take its results."""

    queue_peak: int
    """The most records that have waited in front of it at once."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a pipeline did, from its opening until now or until its end."""

    stages: Sequence[StageReport]
    """Its stages, in their order."""

    source: StageReport
    """Where the records came from; busy means reading."""

    consumer: StageReport
    """Whoever took the results; busy means everything but waiting for them."""

    elapsed_s: float
    errors: Sequence[BaseException]
    """What functions raised: the first ended the pipeline, the others came with it."""

    @property
    def bottleneck(self) -> str:
        """One sentence: who had the least time to wait, and what would help."""
        rows = [self.source, *self.stages, self.consumer]
        if not self.source.records:
            return "no records came from the source"
        slowest = max(rows, key=self._busy_share)
        share = f"busy {self._busy_share(slowest):.0%} of the time"
        if slowest is self.source:
            return f"the source is the bottleneck: it was {share}, and the stages wait for it"
        if slowest is self.consumer:
            return f"the consumer is the bottleneck: it was {share}, and the stages wait for it"
        who = (
            "its one worker was" if slowest.workers == 1 else f"its {slowest.workers} workers were"
        )
        return f"stage {slowest.name!r} is the bottleneck: {who} {share}; more workers may help"

    def _busy_share(self, row: StageReport) -> float:
        return min(1.0, row.busy / (self.elapsed_s * row.workers)) if self.elapsed_s else 0.0


class StageMeter:
    """The rows of one stage."""

    def __init__(self, name: str, workers: int = 1) -> None:
        self._name = name
        self._workers = workers
        self._tallies: list[Tally] = []
        self.queue_peak: Callable[[], int] = lambda: 0
        """Asks the channel in front of it."""

    def tally(self) -> Tally:
        """Add a row for one worker."""
        row = Tally()
        self._tallies.append(row)
        return row

    def report(self) -> StageReport:
        """Add up the rows."""
        rows = list(self._tallies)
        return StageReport(
            name=self._name,
            workers=self._workers,
            records=sum(row.records for row in rows),
            busy=sum(row.busy for row in rows),
            starved=sum(row.starved for row in rows),
            blocked=sum(row.blocked for row in rows),
            queue_peak=self.queue_peak(),
        )


class Stopwatch:
    """Seconds since the last look; for loops that give each moment to one row."""

    def __init__(self) -> None:
        self._since = perf_counter()

    def lap(self) -> float:
        """Return the seconds since the last lap, or since the beginning."""
        before, self._since = self._since, perf_counter()
        return self._since - before
