"""Whether the workers of a stage add up, found out by having half of them rest for a moment.

If half of them get as much done, they wait for something that serves one at a time: more workers
will not help, whatever their busy time says.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import perf_counter
from typing import Final

from .climbing import Climber

PROBE_AFTER_S: Final = 1.0
"""Seconds after which a stage is probed: short runs are left alone."""

ROUNDS: Final = 3

ADDS_LITTLE: Final = 0.85
"""Half of the workers get this share done: more than moments of noise, far from a half."""

WINDOW_S: Final = 0.1
"""Seconds of one measurement; a stage that ends fewer slices than it has workers is not probed."""


class Prober:
    """Compares all workers with half of them, once.

    Args:
        workers: How many there are, at least two.
        change: Is given the number that may work; called by a worker, under no lock.
        clock: Seconds; for tests.
    """

    def __init__(
        self, workers: int, change: Callable[[int], None], clock: Callable[[], float] = perf_counter
    ) -> None:
        self.workers = workers
        self._change = change
        self._clock = clock
        self._lock = Lock()
        self._began = clock() + PROBE_AFTER_S - WINDOW_S
        self._records = 0
        self._ends = 0
        self._rates: list[float] = []  # of all workers, of half of them, of all again
        self._is_over = False

    def ended(self, records: int) -> None:
        """Hear that a worker ended a slice of so many records."""
        if self._is_over or not self._lock.acquire(blocking=False):
            return
        try:
            now = self._clock()
            if now < self._began:
                return
            self._records += records
            self._ends += 1
            if now - self._began >= WINDOW_S and not self._is_over:
                self._measured(now)
        finally:
            self._lock.release()

    @property
    def reason(self) -> str:
        """Say that workers do not add up, if so; else nothing."""
        if len(self._rates) < ROUNDS:
            return ""
        before, half, after = self._rates
        if half < ADDS_LITTLE * max(before, after):
            return ""
        return (
            f"{self.workers // 2} got as much done as {self.workers}: they wait for something that"
            " serves one at a time, such as a lock or a connection, and more would not help"
        )

    def _measured(self, now: float) -> None:
        is_telling = self._ends >= self.workers
        self._rates.append(self._records / (now - self._began))
        self._is_over = not is_telling or len(self._rates) == ROUNDS
        is_half = len(self._rates) == 1 and not self._is_over
        if is_half or len(self._rates) == ROUNDS - 1:
            self._change(self.workers // 2 if is_half else self.workers)
        self._began, self._records, self._ends = self._clock(), 0, 0


def chooser_of(workers: int, most: int, change: Callable[[int], None]) -> Climber | Prober | None:
    """Make who decides how many workers work: a climber for a stage that may have more.

    Args:
        workers: How many there are at first.
        most: How many there may be.
        change: Is given another number of workers.
    """
    if workers < most:
        return Climber(most, change)
    return Prober(most, change) if most > 1 else None
