"""Nights of made-up jobs, to judge the plan by: nothing here is shared with it.

Each job is a net with limits, laws of growth, weekdays and ends of months, good and bad nights that
hit all steps, databases that hit some, tails heavier than one would expect, steps that hang for a
while, and failures that come in bursts. Nights are played one by one from a heap of events.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

FIRST: Final = date(2025, 1, 6)
RESTART_S: Final = 300.0
"""What a job's people say that it takes until a failed run goes on; it varies around it."""

_ATTEMPTS_MAX: Final = 25


@dataclass
class TrueStep:
    """A step as it really is."""

    name: str
    after: tuple[int, ...]
    kind: str
    uses: dict[str, int]
    seconds: float
    """At the job's first volume, in a middling night."""

    power: float
    noise: float
    is_heavy: bool
    hangs: float
    """Probability that it takes two to four times as long."""

    place: int
    """The database it works on, which has good and bad nights of its own."""

    share: float
    """Of the night's records."""

    chunks: int
    failure_rate: float


@dataclass
class TrueNight:
    """A night as it was, or as it would be."""

    night: date
    records: list[int]
    seconds: list[float]
    failures: list[int]
    moments: list[float]
    restart_s: float
    over: float = 0.0
    """With its failures."""

    clean_over: float = 0.0
    spent: list[float] = field(default_factory=list)
    """What each step took over all its attempts, as a ledger adds it up."""


class TrueJob:
    """A made-up job; everything about it is drawn once."""

    def __init__(self, seed: int) -> None:
        self.chance = chance = random.Random(seed)
        self.first = FIRST + timedelta(days=chance.randrange(365))
        self.limits = {"db": chance.randint(1, 4)} if chance.random() < 0.6 else {}
        count = chance.randint(3, 14)
        self.places = [chance.uniform(0.02, 0.15) for _ in range(3)]
        self.steps = [self._step(number) for number in range(count)]
        self.volume = 10 ** chance.uniform(4, 6.5)
        self.growth = chance.choice([0.0, 0.0, 0.01, 0.03, -0.01])  # a month
        self.weekdays = [chance.lognormvariate(0, 0.25) for _ in range(7)]
        if chance.random() < 0.4:
            self.weekdays = [1.0] * 7
        self.month_end = chance.choice([1.0, 1.0, 1.3, 2.0])
        self.volume_noise = chance.uniform(0.02, 0.15)
        self.night_noise = chance.uniform(0.03, 0.25)
        self.slow_nights = chance.choice([0.0, 0.05, 0.1])
        self.burst = chance.uniform(0.01, 0.04)
        self.is_bursting = False

    def _step(self, number: int) -> TrueStep:
        chance = self.chance
        before = (
            {chance.randrange(max(0, number - 4), number) for _ in range(2)} if number else set()
        )
        if chance.random() < 0.2:
            before = set()
        kind = chance.choice(["step", "step", "task", "atomic"])
        uses = {"db": chance.randint(1, self.limits["db"])} if self.limits else {}
        return TrueStep(
            name=f"s{number}",
            after=tuple(sorted(before)),
            kind=kind,
            uses=uses if chance.random() < 0.7 else {},
            seconds=10 ** chance.uniform(1, 3.7),
            power=chance.choice([0.0, 0.9, 1.0, 1.05, 1.1, 1.5, 2.0])
            if kind == "step"
            else chance.choice([0.0, 0.0, 1.0]),
            noise=chance.uniform(0.02, 0.2),
            is_heavy=chance.random() < 0.3,
            hangs=chance.choice([0.0, 0.0, 0.02]),
            place=chance.randrange(3),
            share=chance.choice([1.0, 1.0, 0.5, 0.1]),
            chunks=chance.randint(1, 100),
            failure_rate=chance.choice([0.0, 0.002, 0.01]),
        )

    def _wild(self, deviation: float, *, is_heavy: bool = True) -> float:
        z = self.chance.gauss(0, 1)
        if is_heavy:  # Student's t with three degrees of freedom
            z /= math.sqrt(sum(self.chance.gauss(0, 1) ** 2 for _ in range(3)) / 3)
        return deviation * z

    def drawn(self, night: date) -> TrueNight:
        """Draw a night; whether failures are in a burst depends on the one before."""
        chance = self.chance
        self.is_bursting = chance.random() < (0.4 if self.is_bursting else self.burst)
        months = (night - self.first).days / 30.0
        volume = self.volume * math.exp(self.growth * months + self._wild(self.volume_noise))
        volume *= self.weekdays[night.weekday()]
        if night.month != (night + timedelta(days=1)).month:
            volume *= self.month_end
        mood = self._wild(self.night_noise, is_heavy=False)
        if chance.random() < self.slow_nights:
            mood += chance.uniform(0.2, 0.6)
        moods = [self._wild(deviation) for deviation in self.places]
        records, seconds, failures = [], [], []
        for step in self.steps:
            mine = max(int(volume * step.share * math.exp(self._wild(0.03))), 1)
            larger = mine / (self.volume * step.share)
            off = mood + moods[step.place] + self._wild(step.noise, is_heavy=step.is_heavy)
            takes = step.seconds * (0.1 + 0.9 * larger**step.power) * math.exp(min(off, 2.5))
            if chance.random() < step.hangs:
                takes *= chance.uniform(2, 4)
            rate = 0.2 if self.is_bursting else step.failure_rate
            records.append(mine)
            seconds.append(takes)
            failures.append(sum(chance.random() < rate for _ in range(2)) if rate else 0)
        made = TrueNight(
            night=night,
            records=records,
            seconds=seconds,
            failures=failures,
            moments=[chance.random() for _ in seconds],
            restart_s=RESTART_S * chance.lognormvariate(0, 0.3),
        )
        made.over = self.played(made, failures, made.spent)
        made.clean_over = self.played(made, [0] * len(seconds))
        return made

    def worst_over(self, made: TrueNight, number: int) -> float:
        """Return when a night is over in which one step fails at the worst of several moments."""
        fails = [int(one == number) for one in range(len(self.steps))]
        step = self.steps[number]
        moments = [1.0]
        if step.kind == "step":
            moments = [m / step.chunks for m in {1, (step.chunks + 1) // 2, step.chunks}]
        ends = []
        for moment in moments:
            there = [moment] * len(self.steps)
            ends.append(self.played(made, fails, moments=there, is_worst=True))
        return max(ends)

    def played(
        self,
        made: TrueNight,
        failures: Sequence[int],
        spent: list[float] | None = None,
        *,
        moments: Sequence[float] | None = None,
        is_worst: bool = False,
    ) -> float:
        """Play a night, attempt after attempt, until all is done; return when that is."""
        moments = moments or made.moments
        failing = list(failures)
        left = [1.0] * len(self.steps)
        took = [0.0] * len(self.steps)
        done: set[int] = set()
        now = 0.0
        for _ in range(_ATTEMPTS_MAX):

            def takes(number: int) -> float:
                work = made.seconds[number] * left[number]
                return work * moments[number] if failing[number] else work

            begun, failed, now = self._attempted(now, done, takes, failing)
            for number in begun:
                took[number] += takes(number)
            for number in failed:
                failing[number] -= 1
                step = self.steps[number]
                if step.kind != "step":
                    took[number] = 0.0  # a ledger keeps the last attempt only
                    continue
                reached = 1 - left[number] * (1 - moments[number])
                whole = math.floor(reached * step.chunks + 1e-9) / step.chunks
                if is_worst:  # the chunk that was nearly committed is lost
                    whole = max(math.ceil(reached * step.chunks - 1e-9) - 1, 0) / step.chunks
                left[number] = min(1 - whole, 1.0)
            if not failed and len(done) == len(self.steps):
                break
            now += made.restart_s if not is_worst else RESTART_S
        if spent is not None:
            spent[:] = took
        return now

    def _attempted(
        self,
        now: float,
        done: set[int],
        takes: Callable[[int], float],
        failing: Sequence[int],
    ) -> tuple[list[int], list[int], float]:
        begun: list[int] = []
        failed: list[int] = []
        line: list[int] = []
        free = dict(self.limits)
        events: list[tuple[float, int]] = []
        while True:
            line += [
                number
                for number, step in enumerate(self.steps)
                if number not in done and number not in begun and number not in line
                and all(one in done for one in step.after)
            ]  # fmt: skip
            barred: set[str] = set()
            for number in list(line):
                uses = self.steps[number].uses
                if any(name in barred or free[name] < units for name, units in uses.items()):
                    barred |= uses.keys()
                    continue
                for name, units in uses.items():
                    free[name] -= units
                line.remove(number)
                begun.append(number)
                heapq.heappush(events, (now + takes(number), number))
            if not events:
                return begun, failed, now
            now, number = heapq.heappop(events)
            for name, units in self.steps[number].uses.items():
                free[name] += units
            if failing[number]:
                failed.append(number)
            else:
                done.add(number)
