"""How the knobs of a step stand, noted in the ledger for those who look at the run."""

from __future__ import annotations

from typing import Final

from ..abc import Clock, RunLedger
from ..model.progress import KNOBS_TURNED
from .pace import Pace, Told

NOTE_EVERY_S: Final = 10.0
"""How often a turn is noted, at most: all of them are in the run's log."""


class KnobNotes:
    """Notes turned knobs, now and then; for the thread of the step.

    Args:
        step: Its name.
        pace: Whose knobs they are.
        ledger: Of the run.
        clock: For "now and then".
    """

    def __init__(self, step: str, pace: Pace, ledger: RunLedger, clock: Clock) -> None:
        self._step = step
        self._pace = pace
        self._ledger = ledger
        self._clock = clock
        self._noted: Told | None = None
        self._noted_s: float | None = None

    def note(self, *, at_once: bool = False) -> None:
        """Note how the knobs stand, if they were turned, unless that was noted a moment ago."""
        told, now_s = self._pace.told, self._clock.monotonic_s()
        is_due = self._noted_s is None or now_s - self._noted_s >= NOTE_EVERY_S
        if not told.reason or told == self._noted or not (at_once or is_due):
            return
        self._noted, self._noted_s = told, now_s
        self._ledger.note(
            KNOBS_TURNED,
            step=self._step,
            chunk=told.chunk,
            parallel=told.parallel,
            reason=told.reason,
        )
