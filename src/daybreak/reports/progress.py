"""What is known of a run while it goes on, kept up to date from its events; nothing is drawn here.

Thread-safe: events arrive from whichever thread publishes them, and displays read at any time.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ..model.fate import Counts
from ..model.job import StepKind
from ..model.status import RunStatus, StepStatus
from ..telemetry import (
    ChunkCommitted,
    Estimated,
    Event,
    Fetching,
    KnobTurned,
    Progressed,
    RunEnded,
    RunStarted,
    StepEnded,
    StepStarted,
    StepWaits,
)

RATE_WINDOW_S: Final = 30.0
RATE_CHUNKS_MIN: Final = 5
"""A rate looks back this many chunks even if they took longer than `RATE_WINDOW_S`."""


class MovingRate:
    """Records per second over the last while.

    Args:
        began_s: When counting began, by the clock that every later instant is read from.
    """

    def __init__(self, began_s: float) -> None:
        self._from_s = began_s
        self._samples: deque[tuple[float, int]] = deque()
        self._records = 0

    def add(self, now_s: float, records: int) -> None:
        """Count the records of one chunk, committed now."""
        self._samples.append((now_s, records))
        self._records += records
        while len(self._samples) > RATE_CHUNKS_MIN and self._samples[0][0] < now_s - RATE_WINDOW_S:
            self._from_s, forgotten = self._samples.popleft()
            self._records -= forgotten

    def per_s(self, now_s: float) -> float | None:
        """Return the rate; None before the first chunk. It falls while nothing is committed."""
        if not self._samples or now_s <= self._from_s:
            return None
        return self._records / (now_s - self._from_s)


@dataclass(slots=True)
class StepProgress:
    """One step of the run in hand."""

    name: str
    kind: StepKind = StepKind.STEP
    impact: str = ""
    status: StepStatus = StepStatus.WAITING
    total: int | None = None
    """Input records in all, where known."""

    earlier: Counts = field(default_factory=Counts)
    """What earlier attempts committed."""

    counts: Counts = field(default_factory=Counts)
    """All that is committed, of earlier attempts too."""

    parallel: int = 1
    chunk: int = 1
    began_s: float = 0.0
    duration_s: float = 0.0
    """How long it took in this attempt, once it ended."""

    waits: StepWaits | None = None
    """What it waits for, if it could begin but for a shared limit."""

    doing: Progressed | Fetching | None = None
    """How far a task is, if it tells."""

    was_done: bool = False
    error: str | None = None
    rate: MovingRate = field(default_factory=lambda: MovingRate(0.0))
    estimate: Estimated | None = None
    """How long the rest takes, as it was estimated last."""

    estimated_s: float = 0.0
    """When that was."""

    @property
    def total_about(self) -> int | None:
        """Return about how many input records there are, where nobody knows for certain."""
        is_about = self.estimate is not None and self.estimate.is_about
        return self.estimate.total if self.estimate is not None and is_about else None

    def remaining_s(self, now_s: float) -> float | None:
        """Return how long the rest takes; None if that cannot be said.

        By the law of the step's growth; before that is known, at the present rate.
        """
        if self.estimate is not None:
            return max(self.estimate.remaining_s - (now_s - self.estimated_s), 0.0)
        per_s = self.rate.per_s(now_s)
        if not per_s or self.total is None:
            return None
        return max(self.total - self.counts.read, 0) / per_s

    def between_s(self, now_s: float) -> tuple[float, float] | None:
        """Return between which times the rest probably takes; None if that cannot be said."""
        if self.estimate is None:
            return None
        spent_s = now_s - self.estimated_s
        low_s, high_s = self.estimate.low_s - spent_s, self.estimate.high_s - spent_s
        return max(low_s, 0.0), max(high_s, 0.0)

    @property
    def is_resumed(self) -> bool:
        """Whether an earlier attempt committed part of it."""
        return self.earlier.read > 0 and not self.was_done


class Progress:
    """The run in hand, as its events tell it. Subscribe `hear`, then read the attributes.

    Args:
        monotonic_s: The clock for rates and remaining times.
        kinds: Of the job's steps; one that was done before tells no event of its own.
    """

    def __init__(
        self,
        monotonic_s: Callable[[], float],
        kinds: Mapping[str, StepKind] | None = None,
    ) -> None:
        self.lock = threading.RLock()
        """Held while an event changes anything: hold it to read several things at once."""

        self.run = ""
        self.job = ""
        self.folder = ""
        self.is_resumed = False
        self.status: RunStatus | None = None
        self.quarantined = 0
        self.duration_s = 0.0
        self._monotonic_s = monotonic_s
        self._steps = {name: StepProgress(name, kind) for name, kind in (kinds or {}).items()}

    @property
    def steps(self) -> Sequence[StepProgress]:
        """The steps in the job's order."""
        with self.lock:
            return list(self._steps.values())

    def now_s(self) -> float:
        """Return the instant by the clock of every `…_s` attribute here."""
        return self._monotonic_s()

    def step(self, name: str) -> StepProgress:
        """Return a step by its name; one that no event has named yet is made."""
        return self._steps.setdefault(name, StepProgress(name))

    def hear(self, event: Event) -> None:
        """Take in one event."""
        with self.lock:
            match event:
                case RunStarted():
                    self._run_started(event)
                case StepWaits():
                    self.step(event.step).waits = event
                case StepStarted():
                    self._step_started(event)
                case Progressed() | Fetching():
                    self.step(event.step).doing = event
                case ChunkCommitted():
                    self._chunk_committed(event)
                case Estimated():
                    step = self.step(event.step)
                    step.estimate, step.estimated_s = event, self.now_s()
                case KnobTurned():
                    self._knob_turned(event)
                case StepEnded():
                    self._step_ended(event)
                case RunEnded():
                    self.status = event.status
                    self.quarantined = event.quarantined
                    self.duration_s = event.duration_s
                case _:
                    pass

    def _run_started(self, event: RunStarted) -> None:
        self.run, self.job, self.folder = event.run, event.job, event.folder
        self.is_resumed = event.is_resumed
        self.status = RunStatus.RUNNING
        for name in event.steps:
            self.step(name)

    def _step_started(self, event: StepStarted) -> None:
        step = self.step(event.step)
        step.kind, step.impact, step.total = event.kind, event.impact, event.total
        step.earlier = step.counts = event.done
        step.parallel, step.chunk = event.parallel, event.chunk
        step.status = StepStatus.RUNNING
        step.waits = None
        step.began_s = self.now_s()
        step.rate = MovingRate(step.began_s)
        step.estimate = None

    def _chunk_committed(self, event: ChunkCommitted) -> None:
        step = self.step(event.step)
        step.counts += event.counts
        step.rate.add(self.now_s(), event.counts.read)

    def _knob_turned(self, event: KnobTurned) -> None:
        step = self.step(event.step)
        if event.knob == "chunk":
            step.chunk = event.after
        else:
            step.parallel = event.after

    def _step_ended(self, event: StepEnded) -> None:
        step = self.step(event.step)
        step.status = event.status
        if event.status is StepStatus.DONE:
            step.counts = event.counts  # proven; until then what was heard of is all we know
        step.duration_s, step.was_done = event.duration_s, event.was_done
        step.error = event.error


def resumed_line(run: str, step: StepProgress) -> str:
    """Say where a step of a resumed run goes on."""
    return f"resumed run {run}: {step.name} goes on after {step.counts.read:,} records"
