"""How long a transient failure is waited out before the run fails, resumable."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final, TypeVar

from ..abc import Clock
from ..errors import DatabaseUnreachable, DaybreakError, TransientError
from ..model.retry import Backoff
from ..pipeline import current_scope

T = TypeVar("T")

MAY_PASS: Final = (DatabaseUnreachable, TransientError)
"""What is waited out: the same may succeed later."""


class Patience:
    """Waits between tries, longer each time, until `patience_s` have passed since the first."""

    def __init__(self, clock: Clock, *, patience_s: float) -> None:
        self._clock = clock
        self._patience_s = patience_s
        self._backoff = Backoff()
        self._tries = 0
        self._first_s: float | None = None

    def wait_after(self, error: DaybreakError) -> None:
        """Wait before the next try; a cancelled scope ends the wait at once.

        Raises:
            DaybreakError: The error given, if patience has run out or the scope is cancelled.
        """
        now_s = self._clock.monotonic_s()
        self._first_s = now_s if self._first_s is None else self._first_s
        self._tries += 1
        wait_s = self._backoff.wait_s(self._tries, random.random())  # noqa: S311 - spreads losers
        if now_s - self._first_s + wait_s > self._patience_s:
            error.add_note(f"tried {self._tries} times in {now_s - self._first_s:.0f} s")
            raise error
        if current_scope().wait(wait_s):
            raise error


def patiently(act: Callable[[], T], clock: Clock, patience_s: float) -> T:
    """Do something until the database can; what `act` began must be undone when it raises.

    Raises:
        TransientError, DatabaseUnreachable: If patience ran out, or the scope was cancelled.
    """
    patience = Patience(clock, patience_s=patience_s)
    while True:
        try:
            return act()
        except MAY_PASS as error:
            patience.wait_after(error)
