"""How many workers to have: more, as long as more get more done. Decisions only.

It begins with one and doubles while throughput gains more than `GAIN`. One bad moment must not
decide for the whole night: a step up that gains nothing is measured twice, and tried again later,
at growing intervals. Trouble that more workers make for each other halves them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

GAIN: Final = 1.03
TRY_AGAIN_S: Final = 2.0
"""Seconds after which a step up is tried again for the first time; doubled each time."""


@dataclass(frozen=True, slots=True)
class Climb:
    """How many workers there are, and what was measured with how many."""

    most: int
    """The bound."""

    workers: int = 1
    settled: int = 1
    """How many are chosen; `workers` differs while another number is tried."""

    rates: Mapping[int, float] = field(default_factory=dict)
    """By workers, what they got done in a second, as last measured."""

    has_doubts: bool = False
    """Whether a step up that gained nothing is to be measured once more."""

    rests_until_s: float | None = None
    """When a step up is tried again; None while it climbs."""

    rest_s: float = TRY_AGAIN_S

    def measured(self, rate: float, now_s: float) -> Climb:
        """Return what follows from one measurement with the present number of workers."""
        rates = {**self.rates, self.workers: rate}
        before = rates.get(self.settled, 0.0)
        if self.workers == self.settled or rate > before * GAIN:
            return replace(
                self,
                rates=rates,
                settled=self.workers,
                workers=min(self.most, self.workers * 2),
                has_doubts=False,
            )
        if not self.has_doubts:
            return replace(self, rates=rates, has_doubts=True)
        return _resting(replace(self, rates=rates, has_doubts=False), self.settled, now_s)

    def rested(self, now_s: float) -> Climb:
        """Return it climbing again, once its rest is over."""
        if self.rests_until_s is None or now_s < self.rests_until_s:
            return self
        return replace(self, rests_until_s=None)

    def backed_off(self, now_s: float) -> Climb:
        """Return what follows from trouble that workers make for each other: half of them."""
        fewer = max(1, self.workers // 2)
        rates = {workers: rate for workers, rate in self.rates.items() if workers <= fewer}
        chosen = replace(self, rates=rates, settled=fewer, has_doubts=False)
        return _resting(chosen, fewer, now_s)

    def told(self, what: str) -> str:
        """Say what was chosen, and why.

        Args:
            what: What they get done: `records/s`.
        """
        chosen = self.settled  # one that is just being tried is not chosen
        told = f"auto chose {chosen} of at most {self.most} workers"
        tried = min(self.most, chosen * 2)
        more, less = self.rates.get(tried), self.rates.get(chosen)
        if tried > chosen and more is not None and less is not None:
            return f"{told}: {tried} got {more:,.0f} {what} done, {chosen} {less:,.0f}"
        return told if chosen < self.most else f"{told}: each step up got more done"


def _resting(climb: Climb, workers: int, now_s: float) -> Climb:
    rest_s = climb.rest_s
    return replace(climb, workers=workers, rests_until_s=now_s + rest_s, rest_s=rest_s * 2)
