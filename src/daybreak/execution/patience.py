"""How long a transient failure is waited out before the run fails, resumable."""

from __future__ import annotations

import random
from collections.abc import Callable
from threading import Lock
from typing import Final, TypeVar

from ..abc import Clock
from ..errors import DatabaseUnreachable, DaybreakError, TransientError
from ..model.limits import PATIENCE_S
from ..model.retry import Backoff
from ..pipeline import current_scope
from ..telemetry import Said, Telemetry

T = TypeVar("T")

MAY_PASS: Final = (DatabaseUnreachable, TransientError)
"""What is waited out: the same may succeed later."""

TELL_EVERY_S: Final = 10.0


class Patience:
    """How long a transient failure is waited out; shared by the threads of a run.

    Args:
        clock: For the waits.
        most_s: How long, since the first of several failures in a row.
        telemetry: Hears that somebody waits, and why, at most once in `TELL_EVERY_S`.
    """

    def __init__(
        self, clock: Clock, most_s: float = PATIENCE_S, telemetry: Telemetry | None = None
    ) -> None:
        self.clock = clock
        self.most_s = most_s
        self._telemetry = telemetry
        self._lock = Lock()
        self._told_s: float | None = None

    def until_done(self, act: Callable[[], T]) -> T:
        """Do something until the database can; what `act` began must be undone when it raises.

        Raises:
            TransientError, DatabaseUnreachable: If patience ran out, or the scope was cancelled.
        """
        tries = Tries(self)
        while True:
            try:
                return act()
            except MAY_PASS as error:
                tries.wait_after(error)

    def tell(self, error: DaybreakError) -> None:
        """Say that somebody waits, unless that was said a moment ago."""
        if self._telemetry is None:
            return
        now_s = self.clock.monotonic_s()
        with self._lock:
            if self._told_s is not None and now_s - self._told_s < TELL_EVERY_S:
                return
            self._told_s = now_s
        message = f"trying again for {self.most_s:g} s at most: {error}"
        self._telemetry.publish(Said(self.clock.now(), None, message, {}))


class Tries:
    """Waits between the tries of one thing, longer each time, until patience has run out."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._backoff = Backoff()
        self._tries = 0
        self._first_s: float | None = None

    def wait_after(self, error: DaybreakError) -> None:
        """Wait before the next try; a cancelled scope ends the wait at once.

        Raises:
            DaybreakError: The error given, if patience has run out or the scope is cancelled.
        """
        now_s = self._patience.clock.monotonic_s()
        self._first_s = now_s if self._first_s is None else self._first_s
        self._tries += 1
        wait_s = self._backoff.wait_s(self._tries, random.random())  # noqa: S311 - spreads losers
        if now_s - self._first_s + wait_s > self._patience.most_s:
            error.add_note(f"tried {self._tries} times in {now_s - self._first_s:.0f} s")
            raise error
        self._patience.tell(error)
        if current_scope().wait(wait_s):
            raise error
