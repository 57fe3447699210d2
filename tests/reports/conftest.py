"""Events of a run that never was, and a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from daybreak.model.fate import Counts
from daybreak.model.job import StepKind
from daybreak.model.status import RunStatus, StepStatus
from daybreak.reports.progress import Progress
from daybreak.telemetry import (
    ChunkCommitted,
    Estimated,
    Event,
    RunEnded,
    RunStarted,
    Said,
    Shown,
    StepEnded,
    StepStarted,
    StepWaits,
)

AT = datetime(2026, 1, 31, 2, 0, tzinfo=UTC)


class HandClock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Events:
    """Makes events with as few words as possible."""

    def run(self, *steps: str, folder: str = "runs/1", is_resumed: bool = False) -> RunStarted:
        return RunStarted(AT, "1", "shop", 1, None, folder, is_resumed, steps)

    def step(
        self,
        name: str = "load",
        total: int | None = 100,
        done: Counts | None = None,
        kind: StepKind = StepKind.STEP,
    ) -> StepStarted:
        return StepStarted(AT, name, kind, "Old orders.", total, done or Counts(), 2, 10)

    def waits(self, name: str = "load", holder: str = "run 7 step load") -> StepWaits:
        what = f"db: 2 of 2 in use by {holder}"
        return StepWaits(AT, name, "db", 2, 1, 2, (holder,), (), what)

    def chunk(self, read: int = 10, quarantined: int = 0, name: str = "load") -> ChunkCommitted:
        counts = Counts(read, read - quarantined, 0, quarantined, 0, read - quarantined)
        return ChunkCommitted(AT, name, "(0, 10]", counts, 1000, 0.5)

    def estimated(self, remaining_s: float = 720.0, name: str = "load") -> Estimated:
        low_s, high_s = remaining_s / 1.5, remaining_s * 1.5
        law = "n^1.9, from its own chunks"
        return Estimated(AT, name, 50, 100, remaining_s, low_s, high_s, high_s, law, is_firm=True)

    def ended(
        self,
        name: str = "load",
        status: StepStatus = StepStatus.DONE,
        counts: Counts | None = None,
        **more: Any,
    ) -> StepEnded:
        return StepEnded(AT, name, status, counts or Counts(), 2.5, **more)

    def shown(self, *rows: dict[str, Any]) -> Shown:
        return Shown(AT, "load", "Totals", rows)

    def said(self, message: str, **fields: object) -> Said:
        return Said(AT, "load", message, fields)

    def end(self, status: RunStatus = RunStatus.DONE) -> RunEnded:
        return RunEnded(AT, "1", status, 3, 14.0)


@dataclass(frozen=True)
class Watched:
    """A run that is being watched, and its clock."""

    progress: Progress
    clock: HandClock
    hear: Callable[[Event], None]

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.now_s += seconds


@pytest.fixture
def events() -> Events:
    """Give a maker of events."""
    return Events()


@pytest.fixture
def watched() -> Watched:
    """Give what is known of a run that has not begun."""
    clock = HandClock()
    progress = Progress(clock)
    return Watched(progress, clock, progress.hear)
