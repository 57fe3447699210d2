"""How many workers a stage with `workers="auto"` gets: more, as long as more get more done.

It begins with one and doubles while throughput gains more than `GAIN`. One bad moment must not
decide for the whole night: a step up that gains nothing is measured twice, and tried again later,
at growing intervals.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Lock
from time import perf_counter
from typing import Final

from .nodes import Stage

AUTO_WORKERS_MAX: Final = 64
GAIN: Final = 1.03
WINDOW_S: Final = 0.05
"""Seconds of one measurement, at least."""

ENDS_PER_WORKER: Final = 3
"""Slices that each worker ends in one measurement, at least."""

TRY_AGAIN_S: Final = 2.0
"""Seconds after which a step up is tried again for the first time; doubled each time."""


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
        self.workers = 1
        self._most = most
        self._change = change
        self._clock = clock
        self._lock = Lock()
        self._rates: dict[int, float] = {}  # workers -> records a second, as last measured
        self._settled = 1
        self._doubts = 0
        self._is_resting = False
        self._rests_until = 0.0
        self._rest_s = TRY_AGAIN_S
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
            if self._is_resting:
                self._rest(now)
            elif now - self._began >= WINDOW_S and self._ends >= ENDS_PER_WORKER * self.workers:
                self._measured(self._records / (now - self._began), now)
        finally:
            self._lock.release()

    @property
    def reason(self) -> str:
        """Say what was chosen, and why."""
        chosen = self._settled  # one that is just being tried is not chosen
        told = f"auto chose {chosen} of at most {self._most} workers"
        more = self._rates.get(chosen * 2)
        if more is not None:
            less = self._rates[chosen]
            return f"{told}: {chosen * 2} got {more:,.0f} records/s done, {chosen} {less:,.0f}"
        return told if chosen < self._most else f"{told}: each step up got more done"

    def _measured(self, rate: float, now: float) -> None:
        self._rates[self.workers] = rate
        before = self._rates.get(self.workers // 2, 0.0)
        if self.workers == self._settled or rate > before * GAIN:
            self._settled = self.workers
            self._doubts = 0
            self._go_to(min(self._most, self.workers * 2), now)
        elif self._doubts == 0:
            self._doubts = 1
            self._begin(now)
        else:
            self._doubts = 0
            self._is_resting = True
            self._rests_until = now + self._rest_s
            self._rest_s *= 2
            self._go_to(self._settled, now)

    def _rest(self, now: float) -> None:
        """Measure anew once the rest is over: what came meanwhile, or did not, says nothing."""
        if now >= self._rests_until:
            self._is_resting = False
            self._begin(now)

    def _go_to(self, workers: int, now: float) -> None:
        if workers != self.workers:
            self.workers = workers
            self._change(workers)
        self._begin(now)

    def _begin(self, now: float) -> None:
        self._began, self._records, self._ends = now, 0, 0
