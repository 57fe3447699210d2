"""What a rehearsal found out: plain values, for people, programs and the forecast."""

from __future__ import annotations

import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ..databases.commit_price import CommitPrice
from ..databases.sizes import Sizes
from ..databases.watching import Wait
from ..errors import DaybreakError
from ..model.fate import Counts
from ..model.job import StepKind
from ..model.status import StepStatus
from .dangers import Danger
from .quarantine import QuarantineCause

NAME: Final = "rehearsal"
"""What a rehearsal is called where a run has its number."""

_RSS_UNIT_BYTES: Final = 1 if sys.platform == "darwin" else 1024


def rss_bytes_max() -> int:
    """Return the most memory that this process, or one that it waited for, has held at once."""
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    theirs = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return max(ours, theirs) * _RSS_UNIT_BYTES


@dataclass(frozen=True, slots=True)
class RehearsedChunk:
    """What one chunk did and took, and all up to it."""

    part: str
    """Its range, for people."""

    counts: Counts
    bytes_read: int
    duration_s: float
    """From the beginning of reading to before COMMIT."""

    records_upto: int
    """Input records of this chunk and those before it."""

    duration_upto_s: float
    """What they took together."""


@dataclass(frozen=True, slots=True)
class RehearsedStep:
    """What one step did and took."""

    step: str
    kind: StepKind
    impact: str
    status: StepStatus
    """`done`, `failed` or `stopped`, as the step of a run would be."""

    duration_s: float
    counts: Counts = field(default_factory=Counts)
    """The fates of all records, those of a failed step as far as it came."""

    chunks: Sequence[RehearsedChunk] = ()
    """In the order in which they would have been committed."""

    causes: Sequence[QuarantineCause] = ()
    """Why records were set aside, with samples."""

    source_records: int | None = None
    """How many records the source holds; None where it cannot say."""

    source_about: int | None = None
    """About how many, where it has only an idea."""

    places: int | None = None
    """From how many places of its source its records came; None for all from its beginning."""

    chunk: int | None = None
    """Records a chunk; None for a step without."""

    processor_s: float | None = None
    """What its process used of a processor meanwhile; None where it was not measured."""

    machine_busy: float | None = None
    """The share of the machine's processors that were busy meanwhile, by whomever, 0 to 1."""

    waits: Sequence[Wait] = ()
    """What its workers waited for in its databases; in scratch databases only."""

    transaction_s_max: float | None = None
    """For how long a transaction of it was seen open; on PostgreSQL, in scratch databases only."""

    value: str | None = None
    """What a task or an atomic step gave, as JSON text."""

    error: DaybreakError | None = None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rehearsal found out; nothing else is left of it."""

    job: str
    is_scratch: bool
    """Whether it was in a database of its own, else in place."""

    records_max: int
    """At most so many records of each step were read."""

    steps: Sequence[RehearsedStep]
    commit: CommitPrice | None
    """What each COMMIT of a run costs on top; None if it could not be measured."""

    caveats: Sequence[str] = ()
    """In what it differs from a run, as sentences."""

    rss_bytes_max: int = 0
    """The most memory that its process held at once, with the interpreter and what was imported."""

    dangers: Sequence[Danger] = ()
    """What went wrong without failing it: spills, waits, deadlocks, want of memory."""

    sizes: Sequence[Sizes] = ()
    """In place: how large the tables were that it touched, by database."""

    @property
    def status(self) -> StepStatus:
        """How it ended: as the first step that was not done, else `done`."""
        statuses = [step.status for step in self.steps]
        for status in (StepStatus.FAILED, StepStatus.STOPPED):
            if status in statuses:
                return status
        return StepStatus.DONE

    @property
    def failed(self) -> RehearsedStep | None:
        """The step that failed."""
        return next((step for step in self.steps if step.error is not None), None)
