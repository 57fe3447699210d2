"""Watching whether a run ends in its window: it warns in time, and ends the run at a boundary.

It hears what the steps estimate, as any listener does. Before each chunk its worker asks whether
the chunk may begin; that is where a job with `on_overrun="stop"` ends, resumable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any, Final

from ..abc import Clock
from ..model.job import Step
from ..model.overrun import Left, OnOverrun, Outlook, is_last_boundary, left_of, outlook
from ..model.status import StepStatus
from ..pipeline import Scope
from ..telemetry import Estimated, Event, Overrun, StepEnded, StepStarted, Telemetry

LOOK_EVERY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Ending:
    """When the window ends in which a run works, and what happens then."""

    at: datetime
    """By the clock of the window's zone."""

    on_overrun: OnOverrun = "warn"
    typical: Mapping[str, Left] = field(default_factory=dict)
    """What past runs say of steps that have not begun, by name."""


class OverrunWatch:
    """Compares what is left of a run with what is left of its window; thread-safe.

    Args:
        steps: Those that are to be done, in the job's order.
        ending: Of the window.
        clock: Of the run.
        telemetry: Hears of every change of the outlook.
        stop: Asks the run to stop; told why.
    """

    def __init__(
        self,
        steps: Sequence[Step[Any]],
        ending: Ending,
        *,
        clock: Clock,
        telemetry: Telemetry,
        stop: Callable[[str], None],
    ) -> None:
        self._steps = steps
        self._ending = ending
        self._clock = clock
        self._telemetry = telemetry
        self._stop = stop
        self._lock = Lock()
        now_s = clock.monotonic_s()
        self._left = {name: (now_s, left) for name, left in ending.typical.items()}
        self._begun: set[str] = set()
        self._done: set[str] = set()
        self._outlook = Outlook.ON_TIME
        self._is_stopped = False

    def hear(self, event: Event) -> None:
        """Take in what an event says of the time that is left."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            match event:
                case StepStarted():
                    self._begun.add(event.step)
                    _, left = self._left.get(event.step, (now_s, Left()))
                    self._left[event.step] = now_s, left
                case Estimated() if event.is_firm:
                    self._left[event.step] = now_s, Left(event.remaining_s, event.safe_s)
                case StepEnded() if event.status is StepStatus.DONE:
                    self._done.add(event.step)
                case _:
                    return
        self.look()

    def look_on(self, scope: Scope) -> None:
        """Look once a second, as long as a scope lasts: a step may tell nothing for hours."""
        while not scope.wait(LOOK_EVERY_S):
            self.look()

    def look(self) -> None:
        """Say what has changed, and stop at the window's end if that is the job's policy."""
        now = self._clock.now()
        with self._lock:
            if self._is_stopped or all(step.name in self._done for step in self._steps):
                return
            left = self._left_of_all()
            found = outlook(left, now, self._ending.at, self._outlook)
            event = None if found is self._outlook else self._told(found, left, now)
            self._outlook = found
        if event is not None:
            self._telemetry.publish(event)
        if found is Outlook.OVER:
            self._stop_if_wanted()

    def before_chunk(self, chunk_s: float) -> None:
        """Ask the run to stop if a chunk that takes so long would end beyond the window."""
        if is_last_boundary(self._clock.now(), self._ending.at, chunk_s):
            self._stop_if_wanted()

    def _stop_if_wanted(self) -> None:
        with self._lock:
            if self._ending.on_overrun != "stop" or self._is_stopped:
                return
            self._is_stopped = True
            now = self._clock.now()
            event = self._told(Outlook.OVER, self._left_of_all(), now, is_stopping=True)
            self._outlook = Outlook.OVER
        self._telemetry.publish(event)
        self._stop("the end of the window")

    def _left_of_all(self) -> Left:
        """Return what is left of the run; of a step that has not begun no time has passed."""
        now_s = self._clock.monotonic_s()
        left = {
            name: left.later(now_s - since_s) if name in self._begun else left
            for name, (since_s, left) in self._left.items()
            if name not in self._done
        }
        return left_of(self._steps, left, self._begun - self._done)

    def _told(
        self, found: Outlook, left: Left, now: datetime, *, is_stopping: bool = False
    ) -> Overrun:
        known = self._left
        unknown = [s.name for s in self._steps if s.name not in known and s.name not in self._done]
        return Overrun(
            at=now,
            outlook=found,
            window_ends_at=self._ending.at,
            likely_s=left.likely_s,
            safe_s=left.safe_s,
            unknown=unknown,
            on_overrun=self._ending.on_overrun,
            is_stopping=is_stopping,
        )
