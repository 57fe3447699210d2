"""How many workers a stage with `workers="auto"` gets: more, as long as more get more done.

What follows from a measurement is decided in `model.climbing`, for stages and for chunks in flight
alike. Here the slices of a stage are counted and timed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Lock
from time import perf_counter
from typing import Final

from ..model.climbing import Climb
from .nodes import Stage

AUTO_WORKERS_MAX: Final = 64
WINDOW_S: Final = 0.05
"""Seconds of one measurement, at least."""

ENDS_PER_WORKER: Final = 3
"""Slices that each worker ends in one measurement, at least."""


def workers_of(stage: Stage) -> tuple[int, int]:
    """Return with how many workers a stage begins, and how many it may have."""
    if stage.workers != "auto":
        return stage.workers, stage.workers
    return 1, os.cpu_count() or 1 if stage.lane == "process" else AUTO_WORKERS_MAX


class Climber:
    """Decides how many workers work; told of each slice that ends.

    Args:
        most: The bound.
        change: Is given the new number of workers; called by a worker, under no lock.
        clock: Seconds; for tests.
    """

    def __init__(
        self, most: int, change: Callable[[int], None], clock: Callable[[], float] = perf_counter
    ) -> None:
        self._climb = Climb(most)
        self.workers = 1
        self._change = change
        self._clock = clock
        self._lock = Lock()
        self._began = clock()
        self._records = 0
        self._ends = 0

    def ended(self, records: int) -> None:
        """Hear that a worker ended a slice of so many records."""
        if not self._lock.acquire(blocking=False):
            self._records += records  # may be lost: a measurement then is a little low
            return
        try:
            self._ends += 1
            self._records += records
            now = self._clock()
            if self._climb.rests_until_s is not None:
                self._rest(now)
            elif now - self._began >= WINDOW_S and self._ends >= ENDS_PER_WORKER * self.workers:
                self._measured(self._records / (now - self._began), now)
        finally:
            self._lock.release()

    @property
    def reason(self) -> str:
        """Say what was chosen, and why."""
        return self._climb.told("records/s")

    def _measured(self, rate: float, now: float) -> None:
        self._climb = self._climb.measured(rate, now)
        if self._climb.workers != self.workers:
            self.workers = self._climb.workers
            self._change(self.workers)
        self._begin(now)

    def _rest(self, now: float) -> None:
        """Measure anew once the rest is over: what came meanwhile, or did not, says nothing."""
        rested = self._climb.rested(now)
        if rested is not self._climb:
            self._climb = rested
            self._begin(now)

    def _begin(self, now: float) -> None:
        self._began, self._records, self._ends = now, 0, 0
