"""About how many records are left of a source that cannot count them: a table, a query.

Two things are known of it. Before the walk begins somebody has an idea: the database's planner, or
the last run. On the way it is seen how far the walk has come between the first key and the last,
where keys are numbers, instants or the like. Each is weighed by how sure it is: at the beginning
the idea counts, towards the end what is seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

SHARE_MIN: Final = 0.01
"""Of the way that must be behind it before anything is concluded from it."""

DENSITY_SPREAD: Final = 0.4
"""How far the keys that are left may lie closer, or further apart, than those behind."""

DOUBT_MAX: Final = 1.5
"""The deviation of the logarithm of what is left is at most this: more says no less."""


@dataclass(frozen=True, slots=True)
class About:
    """An idea of how many records there are."""

    records: int
    spread: float
    """The deviation of its logarithm: 0.3 for give or take a third."""


@dataclass(frozen=True, slots=True)
class Left:
    """About how many records are left."""

    records: float
    doubt: float
    """The deviation of its logarithm."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known of the rest of a source; `heard` returns it with one chunk more."""

    about: About | None = None
    """The idea of how many there are from here on; None if nobody has one."""

    done: int = 0
    """Records that were read since."""

    share: float = 0.0
    """Of the way from the first key to the last that lies behind since; 0 if it cannot be told."""

    def heard(self, records: int, share: float | None) -> Expected:
        """Return it with one chunk more.

        Args:
            records: That it read.
            share: Of the way, from 0 to 1; None if that cannot be told.
        """
        return replace(self, done=self.done + records, share=self.share + (share or 0.0))

    def left(self) -> Left | None:
        """Return about how many records are left; None if nothing can be said."""
        ideas = [idea for idea in (self._by_idea(), self._by_way()) if idea is not None]
        if not ideas:
            return None
        weights = [1 / deviation**2 for _, deviation in ideas]
        records = sum(w * one for w, (one, _) in zip(weights, ideas, strict=True)) / sum(weights)
        if records < 1:
            return None
        return Left(records, min(1 / math.sqrt(sum(weights)) / records, DOUBT_MAX))

    def _by_idea(self) -> tuple[float, float] | None:
        """Return the number and its deviation; None if more was read than there was an idea of."""
        if self.about is None or self.done >= self.about.records:
            return None
        return self.about.records - self.done, max(self.about.records * self.about.spread, 1.0)

    def _by_way(self) -> tuple[float, float] | None:
        if not self.done or self.share < SHARE_MIN:
            return None
        left = self.done * max(1 - self.share, 0.0) / self.share
        return left, max(left * DENSITY_SPREAD, 1.0)
