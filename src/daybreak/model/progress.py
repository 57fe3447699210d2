"""How far a step is, as the ledger knows it, and what its chunks took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from .fate import Counts
from .ranges import Range
from .status import StepStatus

CHANGES_ACCEPTED: Final = "changes accepted"
"""The audit's word for a step that goes on although its source or graph has changed."""

SWEPT: Final = "swept"
"""The audit's word for a step that goes over its source again, for what appeared meanwhile."""

REMAINING: Final = "remaining"
"""The audit's word for what a step that has swept its source leaves of it."""

SWEEPS: Final = "sweeps"
"""The fact that holds where the walk of a pass and its sweeps ended, but for the last of them."""

START_FORCED: Final = "start forced"
"""The audit's word for a critical job that was started although its plan was not sure enough."""

KNOBS_TURNED: Final = "knobs turned"
"""The audit's word for how the knobs of a step stand that turns them by what it measures."""

EXPECTED: Final = "expected"
"""The audit's word for about how many records a step has whose source cannot count them."""

COMMITS_LOST: Final = "commits lost"
"""The audit's word for an unfinished step whose target knows less of it than the ledger did."""


@dataclass(frozen=True, slots=True)
class Former:
    """What an earlier pass of a step left in its target: the present pass must replace it."""

    number: int
    """The newest pass whose effects are there."""

    facts: Mapping[str, Any]
    """That pass's fingerprint: sink and database say where the effects are; empty if unknown."""


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step of a run, as the ledger knows it."""

    step: str
    status: StepStatus
    pass_number: int
    whole: Range | None
    total: int | None
    fingerprint: Mapping[str, Any] | None
    counts: Counts
    value: str | None
    """What a task or an atomic step gave, as JSON text."""

    error: str | None
    code: str | None
    """Hash of the step's code when it last began."""

    former: Former | None
    """What an earlier pass left, or None if there is nothing to replace."""

    upstream: Mapping[str, int]
    """Of every step before it the pass that it was made from; empty until it has begun."""

    @property
    def ends(self) -> tuple[str, ...]:
        """Where the walk and the sweeps of its chain ended that are over, as cursor texts."""
        return tuple((self.fingerprint or {}).get(SWEEPS, ()))

    def outdated_by(self, rows: Mapping[str, StepRow]) -> list[str]:
        """Return the steps before it that have begun again since it began.

        Args:
            rows: All steps of the run, by name.
        """
        return [
            name
            for name, number in self.upstream.items()
            if name in rows and rows[name].pass_number != number
        ]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a step goes on with, although it began with something else."""

    whole: Range
    total: int | None
    fingerprint: Mapping[str, Any]
    upstream: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one committed chunk took; the stuff of forecast, tuning and progress."""

    part: Range
    counts: Counts
    bytes_read: int
    duration_s: float
    committed_at: datetime
