"""In what portions the units of a chunk are tried while some of them are bad."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .draft import Unit
from .raw_units import without

NAMED_GROWTH: Final = 1
"""Behind a record that was named, this many times as many are tried as came since the one before:
a wrong guess costs what lies before the next culprit. With 16 nearly every guess was wrong, and
what is good was written twice; with less there are more tries, which cost something as well."""

UNNAMED_GROWTH: Final = 2
"""The same where the culprit had to be searched: a wrong guess costs all that was tried."""


class WaitingLine:
    """The units still to be written, and how many of them to try next.

    Right after a fault few are tried, then more and more: the more bad records there are, the
    shorter the stretches. So the work grows with the number of bad records, not with its square.
    """

    def __init__(self, units: Sequence[Unit]) -> None:
        self._units = units
        self._place = 0
        self._width = len(units)
        self._growth = NAMED_GROWTH
        self._gap = 0
        """How many were good between the last two culprits."""

        self._since = 0
        """How many were good since the last one."""

        self._bound = 0
        """Before this place there is a culprit, if it lies ahead."""

    def next(self) -> Sequence[Unit]:
        """Return those to try next; empty at the end."""
        return self._units[self._place : self._place + self._width]

    def rest(self) -> Sequence[Unit]:
        """Return all that are not written yet."""
        return self._units[self._place :]

    def passed(self) -> None:
        """Those tried are written."""
        passed = len(self.next())
        self._place += passed
        self._since += passed
        known = self._bound - self._place
        self._width = max(1, known // 2) if known > 0 else self._wide()

    def failed(self) -> None:
        """Among those tried is a culprit, who knows which."""
        self._bound = self._place + len(self.next())
        self._width = len(self.next()) // 2

    def named(self, position: int, *, is_first: bool) -> None:
        """One of those tried is taken out.

        Unless it is the first of its kind, those before it are tried next, and will do.
        """
        tried = self._width
        self._take_out(position, NAMED_GROWTH)
        if is_first:
            self._since, self._width = 0, tried
        elif position:
            self._width = position

    def stayed(self, position: int) -> None:
        """Those before one of those tried are written, and it is passed over."""
        self._place += position + 1
        self._gap, self._since = self._since + position, 0
        self._growth, self._bound = NAMED_GROWTH, 0
        self._width = self._wide()

    def found(self) -> None:
        """The only one tried is taken out."""
        self._take_out(0, UNNAMED_GROWTH)

    def _take_out(self, position: int, growth: int) -> None:
        self._units = without([position], self._units[self._place :])
        self._place = 0
        self._gap, self._since = self._since + position, -position
        self._growth, self._bound = growth, 0
        self._width = self._wide()

    def _wide(self) -> int:
        return self._growth * (max(self._gap, self._since) + 1)
