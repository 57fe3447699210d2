"""How long the rest of a running step takes: from its law, not from elapsed time by share done.

At the middle of a quadratic step a quarter of its time is over, not a half. So what a record costs
is held against its place: either by the law that past runs have shown, or, where nothing is known,
by a local power law through the step's own chunks. What is left of the law is then taken times the
moving ratio of what the last chunks took to what the law says of them.

Pure Python, and cheap: chunks are kept in a hundred bins or so, whatever their number.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

BIN: Final = 1.15
"""A bin ends at a place so many times as far as it begins."""

RECENT_CHUNKS: Final = 8
RECENT_SHARE: Final = 0.1
"""The moving ratio looks back at so many chunks, or at this share of all records, if more."""

RECENT_MOST: Final = 64
"""Pieces in which the moving ratio is kept."""

RECENCY: Final = 0.5
"""What a bin counts grows with its place by this power: the first chunks are small and cold."""

SLOPE_SPREAD: Final = 0.35
"""What is believed, before anything is measured, of the power by which a record's cost grows: 0,
give or take this. Proportional is the rule, quadratic (1) is rare."""

SLOPE: Final = (-0.6, 3.0)
NOISE_MIN: Final = 0.05
"""What a bin's cost differs from the law, at least."""

NOISE_BELIEVED: Final = (0.2, 2.0)
"""The same, believed beforehand, and like how many bins that counts."""

DRIFT: Final = 0.1
"""How far the law and the step may part before its end."""

LEVEL_TIMES: Final = 1.645
"""Of a normal distribution 90 % lie within so many deviations."""

SIZES_MIN: Final = 2
"""Sizes from which it can be seen how something grows."""

FIRM_CHUNKS: Final = 5
FIRM_SHARE: Final = 0.02
FIRM_DOUBT: Final = 0.5
"""Before so much is measured an estimate is a guess, that nobody should be warned by."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long the rest of a step takes."""

    remaining_s: float
    low_s: float
    high_s: float
    """It lies between these with a probability of about 90 %."""

    safe_s: float
    """What it hardly exceeds: the safe bound of past runs, else `high_s`."""

    law: str
    """By which it was estimated: `n^1.9, from its own chunks`."""

    is_firm: bool
    """Whether enough is measured for a warning."""

    is_about: bool = False
    """Whether nobody knows for certain how many records there are."""

    def later(self, seconds: float) -> Estimate:
        """Return what is left of it after some time in which nothing new was measured."""
        return replace(
            self,
            remaining_s=max(self.remaining_s - seconds, 0.0),
            low_s=max(self.low_s - seconds, 0.0),
            high_s=max(self.high_s - seconds, 0.0),
            safe_s=max(self.safe_s - seconds, 0.0),
        )


@dataclass(frozen=True, slots=True)
class Growth:
    """What past runs say of a step: seconds by records, at a few sizes in ascending order."""

    law: str
    sizes: tuple[float, ...]
    seconds: tuple[float, ...]
    """The likely time at each size."""

    spread: float
    """The deviation of the logarithm of the time at the step's size (0.1 is about 10 %)."""

    safe: float = 1.0
    """The safe bound at the step's size, in times the likely time."""

    def at(self, records: float) -> float:
        """Return the seconds for so many records; between sizes by a power law, below from 0."""
        if records <= 0:
            return 0.0
        place = min(max(bisect_left(self.sizes, records), 1), len(self.sizes) - 1)
        one, other = self.sizes[place - 1], self.sizes[place]
        t_one, t_other = self.seconds[place - 1], self.seconds[place]
        power = math.log(t_other / t_one) / math.log(other / one)
        return t_one * math.pow(records / one, max(power, 0.0))


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some neighbouring records, and what they took."""

    middle: float
    """Their place, by the number of records before them."""

    records: int
    seconds: float

    def joined(self, other: Stretch) -> Stretch:
        """Return both as one."""
        records = self.records + other.records
        middle = (self.middle * self.records + other.middle * other.records) / records
        return Stretch(middle, records, self.seconds + other.seconds)


@dataclass(frozen=True, slots=True)
class _Local:
    """A power law through what records cost: exp(level)·(n / place)^slope."""

    place: float
    level: float
    slope: float
    slope_spread: float
    noise: float

    def between(self, begin: float, end: float) -> float:
        """Return the seconds from one place to another."""
        power = self.slope + 1
        upto, after = (math.pow(each / self.place, power) for each in (end, begin))
        return math.exp(self.level) * self.place * (upto - after) / power


@dataclass(frozen=True, slots=True)
class Eta:
    """What is known of a running step; `heard` returns it with one chunk more."""

    total: int
    """Input records in all."""

    growth: Growth | None = None
    """What past runs say."""

    doubt: float = 0.0
    """The deviation of the logarithm of the number of records that are left; 0 if it is known."""

    done: int = 0
    chunks: int = 0
    ended_s: float = -math.inf
    """When the last chunk ended, by any clock that is the same for all."""

    bins: Mapping[int, Stretch] = field(default_factory=dict)
    recent: Sequence[Stretch] = ()

    def heard(self, records: int, ended_s: float, duration_s: float) -> Eta:
        """Return it with one chunk more: they are told in the order in which they ended.

        Time in which no chunk was in the works is left out, and time with several counts once.
        """
        if records <= 0:
            return self
        spent_s = max(0.0, ended_s - max(self.ended_s, ended_s - duration_s))
        one = Stretch(self.done + records / 2, records, spent_s)
        number = round(math.log(one.middle) / math.log(BIN))
        known = self.bins.get(number)
        return replace(
            self,
            done=self.done + records,
            chunks=self.chunks + 1,
            ended_s=max(self.ended_s, ended_s),
            bins={**self.bins, number: one if known is None else known.joined(one)},
            recent=_recent([*self.recent, one], self.done + records),
        )

    def expecting(self, left: int, doubt: float) -> Eta:
        """Return it with another idea of how many records are left."""
        return replace(self, total=self.done + left, doubt=doubt)

    def estimate(self) -> Estimate | None:
        """Return how long the rest takes; None before anything is measured."""
        if not self.recent or not any(one.seconds for one in self.recent):
            return None
        left = max(self.total - self.done, 0)
        local = _fitted([one for one in self.bins.values() if one.seconds > 0], self.done)
        ratio = self._ratio(local)
        if self.growth is not None:
            forecast_s = self.growth.at(self.total) - self.growth.at(self.done)
            law, spread = f"{self.growth.law}, from past runs", self.growth.spread
        else:
            forecast_s = local.between(self.done, max(self.total, self.done))
            lever = math.log((self.done + left / 2) / self.done)
            law = f"n^{local.slope + 1:.1f}, from its own chunks"
            spread = local.slope_spread * lever
        remaining_s = max(forecast_s, 0.0) * ratio
        share_left = left / max(self.total, 1)
        deviation = math.hypot(
            spread * math.sqrt(share_left) if self.growth else spread,
            local.noise / math.sqrt(len(self.recent)),
            DRIFT * math.sqrt(share_left),
            self.doubt * (1 + max(local.slope, 0.0)),
        )
        times = math.exp(LEVEL_TIMES * deviation)
        safe = times if self.growth is None else max(times, self.growth.safe**share_left)
        return Estimate(
            remaining_s=remaining_s,
            low_s=remaining_s / times,
            high_s=remaining_s * times,
            safe_s=remaining_s * safe,
            law=law,
            is_firm=self.chunks >= FIRM_CHUNKS
            and self.done >= FIRM_SHARE * self.total
            and self.doubt <= FIRM_DOUBT,
            is_about=self.doubt > 0,
        )

    def _ratio(self, local: _Local) -> float:
        """Return how many times what the law says the last chunks took."""
        said = 0.0
        for one in self.recent:
            begin, end = one.middle - one.records / 2, one.middle + one.records / 2
            if self.growth is None:
                said += local.between(begin, end)
            else:
                said += self.growth.at(end) - self.growth.at(begin)
        return sum(one.seconds for one in self.recent) / said if said > 0 else 1.0


def eta_of(
    total: int,
    chunks: Iterable[tuple[int, datetime, float]],
    growth: Growth | None = None,
    *,
    doubt: float = 0.0,
) -> Eta:
    """Return what is known of a step from its chunks so far.

    Args:
        total: Input records in all.
        chunks: Of each its records, when it was committed, and its seconds.
        growth: What past runs say.
        doubt: See `Eta`.
    """
    eta = Eta(total, growth, doubt)
    for records, committed_at, duration_s in sorted(chunks, key=lambda chunk: chunk[1]):
        eta = eta.heard(records, committed_at.timestamp(), duration_s)
    return eta


def growth_of(
    chunks: Iterable[tuple[int, datetime, float]], *, spread: float, safe: float
) -> Growth | None:
    """Return what a step took on its way, in a past run: the seconds up to each doubling.

    Args:
        chunks: Of each its records, when it was committed, and its seconds.
        spread: The deviation of the logarithm of the time, from run to run.
        safe: The safe bound, in times the likely time.

    Returns:
        None if there were too few chunks to see how it grows.
    """
    eta, spent_s = Eta(total=0), 0.0
    places: list[tuple[float, float]] = []
    for records, committed_at, duration_s in sorted(chunks, key=lambda chunk: chunk[1]):
        eta = eta.heard(records, committed_at.timestamp(), duration_s)
        if records > 0:
            spent_s += eta.recent[-1].seconds
            places.append((float(eta.done), spent_s))
    halves = _halves([place for place in places if place[1] > 0])
    if len(halves) < SIZES_MIN:
        return None
    sizes, seconds = zip(*halves, strict=True)
    slope = _fitted([one for one in eta.bins.values() if one.seconds > 0], eta.done).slope
    return Growth(f"n^{slope + 1:.1f}", sizes, seconds, spread, safe)


def _halves(places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the last of some places, that at about its half, at about a quarter, and so on."""
    found: list[tuple[float, float]] = []
    for place in reversed(places):
        if not found or place[0] <= found[-1][0] / 2:
            found.append(place)
    return found[::-1]


def _recent(stretches: Sequence[Stretch], done: int) -> tuple[Stretch, ...]:
    """Return the last of some stretches, as many as the moving ratio looks back at."""
    kept, records = 0, 0
    for one in reversed(stretches):
        if kept >= RECENT_CHUNKS and records >= RECENT_SHARE * done:
            break
        kept, records = kept + 1, records + one.records
    last = list(stretches[-kept:])
    if len(last) > RECENT_MOST:  # many small ones: neighbours are as good as one
        half = len(last) // 2 * 2
        pairs = zip(last[0:half:2], last[1:half:2], strict=True)
        last = [*(one.joined(other) for one, other in pairs), *last[half:]]
    return tuple(last)


def _fitted(bins: Sequence[Stretch], done: int) -> _Local:
    """Fit the power law; the fewer bins, the more what is believed beforehand counts."""
    points = [
        (
            math.log(one.middle / done),
            math.log(one.seconds / one.records),
            min(1.0, one.records / one.middle / (BIN - 1)) * (one.middle / done) ** RECENCY,
        )
        for one in bins
    ]
    weight = sum(w for _, _, w in points)
    x_mean = sum(w * x for x, _, w in points) / weight
    y_mean = sum(w * y for _, y, w in points) / weight
    sxx = sum(w * (x - x_mean) ** 2 for x, _, w in points)
    sxy = sum(w * (x - x_mean) * (y - y_mean) for x, y, w in points)
    free = sxy / sxx if sxx > 0 else 0.0
    squares = sum(w * (y - y_mean - free * (x - x_mean)) ** 2 for x, y, w in points)
    believed, like = NOISE_BELIEVED
    noise = max(NOISE_MIN, math.sqrt((squares + like * believed**2) / (weight + like)))
    known = sxx / noise**2
    slope = free * known / (known + SLOPE_SPREAD**-2)
    slope = min(max(slope, SLOPE[0]), SLOPE[1])
    return _Local(
        place=float(done),
        level=y_mean - slope * x_mean,
        slope=slope,
        slope_spread=1 / math.sqrt(known + SLOPE_SPREAD**-2),
        noise=noise,
    )
