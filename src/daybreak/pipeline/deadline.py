"""The time by which a scope's work has to end."""

from __future__ import annotations

from time import monotonic

from ..errors import DeadlinePassed, DefinitionError
from .options import SECONDS_EXPECTED, is_seconds
from .waiting import earlier


class Deadline:
    """A moment on the monotonic clock, or never; it can only come nearer.

    Args:
        seconds: From `begin` on; None for never.

    Raises:
        DefinitionError: If it is no positive number of seconds, or too large to wait for.
    """

    def __init__(self, seconds: float | None) -> None:
        if seconds is not None and not is_seconds(seconds):
            raise DefinitionError(f"expected deadline_s to be {SECONDS_EXPECTED}, got {seconds!r}")
        self._seconds = seconds
        self._limit = "a scope around it" if seconds is None else f"{seconds} s"
        self._at: float | None = None

    def begin(self) -> None:
        """Count from now on."""
        if self._seconds is not None:
            self._at = monotonic() + self._seconds

    def bring_forward(self, other: Deadline) -> None:
        """Be no later than another one."""
        self._at = earlier(self._at, other._at)

    def end_within(self, seconds: float) -> None:
        """Be no later than so many seconds from now, because of a stop."""
        at = monotonic() + seconds
        if self._at is None or at < self._at:
            self._at = at
            self._limit = f"{seconds:g} s after a stop"

    @property
    def remaining_s(self) -> float | None:
        """Seconds until it has passed, 0 from then on; None for never."""
        return None if self._at is None else max(0.0, self._at - monotonic())

    def passed(self) -> DeadlinePassed:
        """Return what to raise when it has passed."""
        return DeadlinePassed(
            f"the deadline of {self._limit} has passed",
            hint="give a longer deadline_s, or find what is slow in report.bottleneck",
        )
