"""A loop over many records that somebody else can cut short.

A hand is sized for functions as fast as they were until now. When one turns slow in the middle,
whoever starves, or cancels, takes the rest of the records away: the loop ends with the record it
has begun. A loop that nobody cuts pays nothing for that.
"""

from __future__ import annotations

from threading import Lock
from time import perf_counter
from typing import Any, Final

from .block import Block
from .waiting import Cancelled

CUT_AFTER_S: Final = 0.005
"""How long a loop may run before those who wait for its results cut it short."""


class Leash:
    """The loop that one worker runs at the moment.

    Args:
        gives_back: Whether the records that a loop did not begin are left in `rest`, for others;
            else the loop goes on with them once its results are handed on.
    """

    def __init__(self, *, gives_back: bool = False) -> None:
        self.gives_back = gives_back
        self.rest: Block[Any] | None = None
        self.is_cut = False
        """Whether somebody wants the loop to end; for loops that look themselves."""

        self.is_cancelled = False
        """Whether the loop's work is no longer wanted at all."""

        self._values: list[Any] | None = None
        self._taken: list[Any] | None = None
        self._began = 0.0
        self._lock = Lock()

    def hold(self, values: list[Any]) -> None:
        """Say that a loop over these values begins.

        Raises:
            Cancelled: If no work is wanted any more.
        """
        self.is_cut = False
        self._began = perf_counter()
        self._values = values
        if self.is_cancelled:  # asked last: a cut from now on finds the values
            self._values = None
            raise Cancelled

    def let_go(self) -> list[Any] | None:
        """Say that the loop has ended; return all its values if it was cut, which emptied them."""
        with self._lock:
            self._values = None
            taken, self._taken = self._taken, None
            return taken

    def cut(self) -> None:
        """Have the loop end with the record it has begun; from any thread."""
        with self._lock:
            self.is_cut = True
            values = self._values
            if values:
                self._taken = values[:]
                values.clear()  # a list's iterator looks at the length anew for each record

    def cancel(self) -> None:
        """Have the loop end, and no other begin."""
        self.is_cancelled = True
        self.cut()

    @property
    def is_long(self) -> bool:
        """Whether a loop over several records, or of unknown length, runs."""
        values = self._values
        return values is not None and len(values) != 1

    @property
    def is_slow(self) -> bool:
        """Whether the loop has run for long."""
        return perf_counter() - self._began > CUT_AFTER_S

    def cut_if_slow(self) -> None:
        """Cut the loop if it has run for long."""
        if self.is_long and self.is_slow:
            self.cut()
