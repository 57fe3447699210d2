"""What happens, as events: who wants to listen subscribes; a listener's error hurts nobody.

| event | when |
| --- | --- |
| `RunStarted` | a process became the owner of a run |
| `StepWaits` | a step could begin, but for a limit that it shares with others |
| `StepStarted` | a step began or went on; says what is done already and how much there is |
| `Progressed` | a task tells how far it is |
| `AttemptDied` | the attempt before this one died |
| `RangeSuspected` | a range at which attempts died is tried alone |
| `ChunkCommitted` | a chunk is durable |
| `Estimated` | a step says how long its rest takes |
| `KnobTurned` | a step that finds its knobs out turned one |
| `Overrun` | it has changed whether the run will end in its window |
| `StepEnded` | a step is done, stopped or failed |
| `Shown` | a step showed a table |
| `Said` | a step, or the conductor, has something to say |
| `RunEnded` | the run is done, stopped or failed |
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from .model.fate import Counts
from .model.job import StepKind
from .model.overrun import OnOverrun, Outlook
from .model.status import RunStatus, StepStatus

_log: Final = logging.getLogger("daybreak.telemetry")


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A process became the owner of a run."""

    at: datetime
    run: str
    job: str
    epoch: int
    night: date | None
    folder: str
    is_resumed: bool
    steps: Sequence[str]
    """All steps of the job, in order."""


@dataclass(frozen=True, slots=True)
class StepWaits:
    """A step could begin, but for a limit that it shares with others."""

    at: datetime
    step: str
    limit: str
    units: int
    """How many there are."""

    wanted: int
    in_use: int
    holders: Sequence[str]
    """Who has them: `run 7 step load`."""

    ahead: Sequence[str]
    """Who waits for them, and came first."""

    what: str
    """All of it, for people."""


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step began, or went on where an earlier attempt left it."""

    at: datetime
    step: str
    kind: StepKind
    impact: str
    total: int | None
    """Input records in all, where known."""

    done: Counts
    """What earlier attempts committed."""

    parallel: int = 1
    chunk: int = 1


@dataclass(frozen=True, slots=True)
class Progressed:
    """A task tells how far it is."""

    at: datetime
    step: str
    what: str
    """What it is at: a file's name."""

    records: int
    """Records of it that are done."""

    faulty: int
    """How many of these are at fault."""

    share: float
    """How much of it is done, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Fetching:
    """A task tells how much has come of what it fetches."""

    at: datetime
    step: str
    what: str
    """The name of the file, or of the folder of several."""

    bytes_done: int
    bytes_total: int | None
    """Of all files; None if it is not known."""

    bytes_per_s: float
    files_done: int
    files: int


@dataclass(frozen=True, slots=True)
class AttemptDied:
    """The attempt before this one did not end by its own decision: its process died."""

    at: datetime
    """When it was found out."""

    how: str
    """`SIGSEGV`, `exit status 3`, `took longer than 5 s`; empty if nobody saw it."""

    in_flight: Sequence[str]
    """What it had in hand: steps, with their ranges."""

    record: str | None
    """The record that was at hand, or the records that were so together, if that is known."""

    stack: str
    """Where a record was that took too long."""


@dataclass(frozen=True, slots=True)
class RangeSuspected:
    """A range at which attempts died is tried alone, its records one by one or part by part."""

    at: datetime
    step: str
    part: str
    deaths: int
    """So many attempts had it in flight when they died."""


@dataclass(frozen=True, slots=True)
class ChunkCommitted:
    """A chunk is durable."""

    at: datetime
    step: str
    part: str
    counts: Counts
    """Of this chunk."""

    bytes_read: int
    duration_s: float


@dataclass(frozen=True, slots=True)
class Estimated:
    """A step says how long its rest takes, by the law of its growth; about once a second."""

    at: datetime
    step: str
    done: int
    total: int
    """Input records; about, if `is_about`."""

    remaining_s: float
    low_s: float
    high_s: float
    """It takes between these with a probability of about 90 %."""

    safe_s: float
    """What it hardly exceeds."""

    law: str
    """By which this was estimated: `n^1.9, from its own chunks`."""

    is_firm: bool
    """Whether enough is measured for a warning."""

    is_about: bool = False
    """Whether the source cannot count its records, so that `total` is an idea of them."""


@dataclass(frozen=True, slots=True)
class KnobTurned:
    """A step whose knob says "auto" turned it."""

    at: datetime
    step: str
    knob: str
    """`chunk` or `parallel`."""

    before: int
    after: int
    reason: str
    """What was measured, for people."""


@dataclass(frozen=True, slots=True)
class Overrun:
    """It has changed whether the run will end in its window, or the run stops because it will not.

    Steps of which nothing is known take no time in it.
    """

    at: datetime
    outlook: Outlook
    window_ends_at: datetime
    likely_s: float
    """How long the run still takes, likely."""

    safe_s: float
    """What it hardly exceeds."""

    unknown: Sequence[str]
    """Steps that are still to be done, of which nothing is known."""

    on_overrun: OnOverrun
    is_stopping: bool = False
    """Whether the run ends at the next boundary, for no more chunk would end in the window."""


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A step is done, stopped or failed."""

    at: datetime
    step: str
    status: StepStatus
    counts: Counts
    duration_s: float
    error: str | None = None
    was_done: bool = False
    """Whether an earlier attempt had done it already."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A step showed a table."""

    at: datetime
    step: str
    title: str
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Said:
    """A step, or the conductor, has something to say."""

    at: datetime
    step: str | None
    message: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run is done, stopped or failed."""

    at: datetime
    run: str
    status: RunStatus
    quarantined: int
    duration_s: float
    error: str | None = None


Event: TypeAlias = (
    RunStarted
    | AttemptDied
    | StepWaits
    | StepStarted
    | Progressed
    | Fetching
    | RangeSuspected
    | ChunkCommitted
    | Estimated
    | KnobTurned
    | Overrun
    | StepEnded
    | Shown
    | Said
    | RunEnded
)
Listener: TypeAlias = Callable[[Event], None]


def gets_on(event: Event) -> bool:
    """Say whether an event means that the run got on: its attempt, if it dies, was not in vain."""
    match event:
        case ChunkCommitted() | RangeSuspected():
            return True
        case StepEnded():
            return event.status is StepStatus.DONE and not event.was_done
        case _:
            return False


class Telemetry:
    """Hands every event to every listener, in order; errors of listeners are logged, no more."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> None:
        """Have a listener told of every event from now on, in the publishing thread."""
        self._listeners.append(listener)

    def publish(self, event: Event) -> None:
        """Tell everybody; never raises."""
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:  # noqa: BLE001 - a display or a log that fails must not fail the run
                _log.exception("a listener failed on %r", event)
