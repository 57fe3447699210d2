"""What a pipeline did with its time, for people and for whoever collects numbers.

The bottleneck is whoever had the least time to wait: everybody else waited for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

MOST: Final = 0.8
"""From this share of the process's computing on, a stage is who computes."""

HELD: Final = 0.5
"""From this share of its busy time on, a rate is what holds a stage."""

SOME: Final = 0.5
"""From this share of one core on, computing is what it waits for; others may use cores too."""


@dataclass(frozen=True, slots=True)
class StageReport:
    """What one stage did; times in seconds, summed over its workers.

    Neighbours that share one thread each have their own busy time, and all of them the thread's
    starved and blocked time.
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

    cpu: float = 0.0
    """On a processor, of the busy time; not counted in processes and on the event loop."""

    queue_peak: int = 0
    """The most records that have waited in front of it at once."""

    bytes_peak: int = 0
    """The most bytes that have waited in front of it at once, by estimate."""

    failures: int = 0
    """Records that failed and were set aside."""

    slices: tuple[int, ...] = ()
    """Of each worker, how many blocks of records it worked on."""

    lane: str = "thread"
    """Where its function ran: thread, async or process."""

    rate: str = ""
    """The rate it was held to, if any."""

    held: float = 0.0
    """Held back by that rate, of the busy time."""

    chosen: str = ""
    """With `workers="auto"` how many were chosen, and why; else whether workers do not add up."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One number, as OpenTelemetry's instruments take them."""

    name: str
    unit: str
    value: float
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """What a pipeline did, from its opening until now or until its end."""

    stages: Sequence[StageReport]
    """Its stages, in their order."""

    sources: Sequence[StageReport]
    """Where the records came from; busy means reading."""

    consumer: StageReport
    """Whoever took the results; busy means everything but waiting for them."""

    elapsed_s: float
    cpu_s: float
    """On processors, of the whole process meanwhile."""

    errors: Sequence[BaseException]
    """What functions raised: the error that ended the pipeline, or those that were set aside."""

    @property
    def bottleneck(self) -> str:
        """One sentence: who had the least time to wait, and what would help."""
        if not any(source.records for source in self.sources):
            return "no records came from the source"
        rows = [*self.sources, *self.stages, self.consumer]
        slowest = max(rows, key=self._busy_share)
        share = f"busy {self._busy_share(slowest):.0%} of the time"
        if slowest in self.sources:
            return f"source {slowest.name!r} is the bottleneck: {share}, and the stages wait for it"
        if slowest is self.consumer:
            return f"the consumer is the bottleneck: {share}, and the stages wait for it"
        who = "its one worker" if slowest.workers == 1 else f"its {slowest.workers} workers"
        are = "is" if slowest.workers == 1 else "are"
        told = f"stage {slowest.name!r} is the bottleneck: {who} {are} {share}"
        return f"{told}; {self._remedy(slowest)}"

    def metrics(self) -> list[Metric]:
        """Return all numbers, named and with their units as OpenTelemetry wants them."""
        rows = [*self.sources, *self.stages, self.consumer]
        return [metric for row in rows for metric in _metrics_of(row)]

    def _remedy(self, row: StageReport) -> str:
        if row.held > row.busy * HELD:
            return f"it is held to {row.rate}; a higher rate would help"
        if row.lane == "thread" and self._computes(row):
            return 'it computes, on one core (the GIL); on="process" would help, not more workers'
        return row.chosen or "more workers would help"

    def _computes(self, row: StageReport) -> bool:
        return self.cpu_s >= SOME * self.elapsed_s and row.cpu >= MOST * self.cpu_s

    def _busy_share(self, row: StageReport) -> float:
        """Of the time of its workers, which may be more or fewer meanwhile if they are chosen."""
        at_work = row.busy + row.starved + row.blocked if row.chosen else 0.0
        at_work = at_work or self.elapsed_s * row.workers
        return min(1.0, row.busy / at_work) if at_work else 0.0


def _metrics_of(row: StageReport) -> Iterator[Metric]:
    name = {"daybreak.stage": row.name, "daybreak.lane": row.lane}
    yield Metric("daybreak.pipeline.records", "{record}", row.records, name)
    yield Metric("daybreak.pipeline.failures", "{record}", row.failures, name)
    yield Metric("daybreak.pipeline.workers", "{worker}", row.workers, name)
    yield Metric("daybreak.pipeline.queue.peak", "{record}", row.queue_peak, name)
    yield Metric("daybreak.pipeline.queue.peak_size", "By", row.bytes_peak, name)
    for state in ("busy", "starved", "blocked"):
        attributes = {**name, "daybreak.state": state}
        yield Metric("daybreak.pipeline.time", "s", getattr(row, state), attributes)
