"""How far a step is, as the ledger knows it, and what its chunks took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .fate import Counts
from .ranges import Range
from .status import StepStatus


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


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one committed chunk took; the stuff of forecast, tuning and progress."""

    part: Range
    counts: Counts
    bytes_read: int
    duration_s: float
    committed_at: datetime
