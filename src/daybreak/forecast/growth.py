"""When the window will break: at which number of records, and on which date if growth goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from ..model.eta import LEVEL_TIMES
from .draws import Draws, Wish, drawn
from .past import Past, calendar_features

TIMES_MOST: Final = 1_000.0
"""More than so many times tonight's records are not looked at."""

LOOKS_AHEAD: Final = 3
"""So many times as far as the past goes back, no farther, is looked ahead."""

DAYS_MOST: Final = 5 * 365
_WEEK: Final = 7
_NIGHTS: Final = 1_000
_PRECISION: Final = 1.01


@dataclass(frozen=True)
class Breaking:
    """When P(done in the window) falls below what is wanted."""

    volume_times: float | None
    """At so many times the records of the planned night; None if not below `TIMES_MOST`, 0 if even
    hardly any records are too many."""

    volume: int | None
    """At so many records in the largest step; None if that is not known."""

    on: date | None
    """The first week in which the heaviest night breaks it; None if not until `looked_until`."""

    looked_until: date
    growth_a_month: float | None
    """By which share the records grow in thirty nights; None if they are not known."""

    growth_doubt: float | None = None
    """How far off that may be: in 9 of 10 cases by less."""

    days_ahead: int = 0
    """How far was looked ahead; 0 if the past is too short for that."""


def breaking(
    past: Past,
    names: Sequence[str],
    wish: Wish,
    in_time: Callable[[Draws], float],
    *,
    wanted: float,
    seed: int,
) -> Breaking:
    """Find out when the window breaks.

    Args:
        past: What is known of the job.
        names: Its steps.
        wish: The planned night.
        in_time: Gives P(done in the window) of draws.
        wanted: What it should be at least.
        seed: Every look draws with it anew, so that they differ only in what is looked at.
    """

    def holds(one: Wish) -> bool:
        draws = drawn(past, names, one, _NIGHTS, np.random.default_rng(seed))
        return in_time(draws) >= wanted

    times = _times(wish, holds)
    known = past.nights and past.volume is not None
    volume = None
    if times is not None and known:
        draws = drawn(past, names, wish, _NIGHTS, np.random.default_rng(seed))
        volume = round(float(np.median(draws.volume)) * times)
    until, on = _date(past, wish, holds)
    growth, doubt = _growth(past)
    return Breaking(times, volume, on, until, growth, doubt, (until - wish.night).days)


def _growth(past: Past) -> tuple[float | None, float | None]:
    """Return by which share records grow in thirty nights, and how far off that may be."""
    if past.volume is None:
        return None, None
    months, variance = past.volume.mean[1], past.volume.covariance[1, 1]
    growth = float(np.expm1(months))
    return growth, float(np.expm1(months + LEVEL_TIMES * np.sqrt(variance))) - growth


def _times(wish: Wish, holds: Callable[[Wish], bool]) -> float | None:
    def at(times: float) -> bool:
        wishes = Wish(wish.night, wish.volume_times * times, wish.step_times, wish.left)
        return holds(wishes)

    if at(TIMES_MOST):
        return None
    low, high = 1.0, TIMES_MOST
    if not at(low):
        low, high = 1 / TIMES_MOST, 1.0
        if not at(low):
            return 0.0
    while high / low > _PRECISION:
        middle = (low * high) ** 0.5
        low, high = (middle, high) if at(middle) else (low, middle)
    return low


def _date(past: Past, wish: Wish, holds: Callable[[Wish], bool]) -> tuple[date, date | None]:
    first = wish.night
    days = min(LOOKS_AHEAD * past.days, DAYS_MOST)
    weeks = days // _WEEK
    until = first + timedelta(days=weeks * _WEEK)

    def at(week: int) -> bool:
        return holds(Wish(_heaviest(past, first, week), wish.volume_times, wish.step_times))

    if not weeks or at(weeks):
        return until, None
    low, high = 0, weeks
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at(middle) else (low, middle)
    return until, _heaviest(past, first, high if at(low) else low)


def _heaviest(past: Past, first: date, week: int) -> date:
    """Return the night of a week with the most records, by its weekday alone."""
    nights = [first + timedelta(days=_WEEK * week + day) for day in range(_WEEK)]
    if past.volume is None:
        return nights[0]
    features = calendar_features(nights, past.last)
    features[:, 9:] = 0.0
    return nights[int((features @ past.volume.mean).argmax())]
