"""Which settings of a step's knobs to measure, and which one to recommend: pure.

Each measurement is chosen for what it decides: of all settings the one whose outcome is expected to
improve the recommendation most (one step ahead, over the laws that agree with what is known).
Recommended is what is fast enough, then simple: the fewest workers that end in the window with the
wanted probability, with their best chunk; without a window, the fastest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log
from statistics import NormalDist
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from .scaling import NOISE, Scaling, Timing, over_laws, weighed
from .scaling_laws import Setting, drawn_laws

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

MEASUREMENTS: Final = (5, 8)
"""So many at least and at most, in between a quarter of what can be chosen."""

EQUAL: Final = 0.02
"""What is lost by no more than that is the same: the smaller setting wins."""

_SEED: Final = 5
_OUTCOMES: Final = 12
_WORSE_MAX: Final = 0.3
"""A setting that is slower by more than that is as bad as any."""

_SLOWER_MEASURED: Final = 1.5
"""Whatever may not take long: so many times what the fastest took may be measured."""

_TOO_LATE: Final = 0.5
_TOO_MANY: Final = 0.1
"""What is lost for each larger number of workers than is needed."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What the recommendation is for."""

    records: int
    window_s: float | None = None
    """None: the fastest is wanted."""

    probability: float = 0.95


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A setting, and whether it ends in the window with the wanted probability."""

    setting: Setting
    is_in_time: bool | None
    """None without a window."""


def explored(
    settings: Sequence[Setting],
    measure: Callable[[Setting], Timing],
    aim: Aim,
    *,
    most: int,
    longest_s: float | None = None,
) -> Scaling:
    """Measure a few settings; return what is believed then.

    Args:
        settings: What can be chosen.
        measure: Is given one of them; returns what it took.
        aim: What the recommendation will be for.
        most: How many measurements at most; one is made in any case.
        longest_s: No setting is measured that likely takes longer, unless it is hardly slower than
            the fastest so far.
    """
    laws = drawn_laws(settings)
    timings: list[Timing] = []
    over: list[Floats] = []
    chosen: Setting | None = first_setting(settings)
    while chosen is not None:
        timings.append(measure(chosen))
        over.append(over_laws(laws, timings[-1]))
        scaling = weighed(laws, timings, over)
        if len(timings) >= most:
            break
        chosen = next_setting(scaling, settings, aim, longest_s=longest_s)
    return scaling


def measurements_for(settings: Sequence[Setting]) -> int:
    """Return how many of some settings to measure: a quarter, but neither very few nor many."""
    least, most = MEASUREMENTS
    return min(max(len(settings) // 4, least), most, len(settings))


def first_setting(settings: Sequence[Setting]) -> Setting:
    """Return where to begin: the fewest workers, with the middle one of their chunks."""
    fewest = min(one.parallel for one in settings)
    alone = sorted(one for one in settings if one.parallel == fewest)
    return alone[len(alone) // 2]


def next_setting(
    scaling: Scaling, settings: Sequence[Setting], aim: Aim, *, longest_s: float | None = None
) -> Setting | None:
    """Return the setting whose measurement is expected to improve the recommendation most."""
    measured = {one.setting for one in scaling.timings}
    records = scaling.timings[0].records
    if longest_s is not None:
        longest_s = max(longest_s, _SLOWER_MEASURED * min(one.seconds for one in scaling.timings))
    open_ones = [
        one
        for one in settings
        if one not in measured and (longest_s is None or scaling.seconds(one, records) <= longest_s)
    ]
    if not open_ones:
        return None
    losses = _losses(_possible(scaling, settings, aim.records), settings, aim)
    outcomes = _possible(scaling, settings, records)
    places = [settings.index(one) for one in open_ones]
    expected = [_loss_after(outcomes[:, place], losses) for place in places]
    return open_ones[int(np.argmin(expected))]


def _possible(scaling: Scaling, settings: Sequence[Setting], records: int) -> Floats:
    """Return what the settings may cost, one row for each law; laws may all be wrong."""
    costs = scaling.log_costs(settings, records)
    off = np.random.default_rng(_SEED).standard_normal(costs.shape) * scaling.unsure(settings)
    possible: Floats = costs + off
    return possible


def _losses(logs: Floats, settings: Sequence[Setting], aim: Aim) -> Floats:
    """Return what is lost with each setting under each law; shape (laws, settings)."""
    slower = np.minimum(logs - logs.min(axis=1, keepdims=True), _WORSE_MAX)
    if aim.window_s is None:
        return _graded(slower)
    limit = log(aim.window_s / aim.records)
    sure = limit - NormalDist().inv_cdf(aim.probability) * NOISE
    workers = np.array([one.parallel for one in settings])
    numbers = np.unique(workers)
    bests = np.column_stack([logs[:, workers == n].min(axis=1) for n in numbers])
    is_enough = np.asarray(bests <= sure)
    fewest = np.argmax(is_enough, axis=1)
    ranks = np.searchsorted(numbers, workers)
    best = bests[:, ranks]
    beyond = np.maximum(ranks[None, :] - fewest[:, None], 0)
    lost = _graded(np.minimum(logs - best, _WORSE_MAX)) + _TOO_MANY * beyond
    late = np.where(logs > limit, _TOO_LATE + np.minimum(logs - limit, _WORSE_MAX), lost)
    return np.where((bests.min(axis=1) <= sure)[:, None], late, _graded(slower))


def _graded(slower: Floats) -> Floats:
    graded: Floats = slower + 0.1 * (slower > 0.05)  # noqa: PLR2004 - a twentieth is noticed
    return graded


def _loss_after(outcome: Floats, losses: Floats) -> float:
    """Return what is lost on average, if one setting's cost were known."""
    places = (np.arange(_OUTCOMES) + 0.5) / _OUTCOMES
    possible = np.quantile(outcome, places)
    near = np.exp(-(((outcome[None, :] - possible[:, None]) / NOISE) ** 2) / 2)
    near /= near.sum(axis=1, keepdims=True)
    return float((near @ losses).min(axis=1).mean())


def recommended(scaling: Scaling, settings: Sequence[Setting], aim: Aim) -> Recommendation:
    """Return the setting that fits an aim best, by what is believed."""
    if aim.window_s is None:
        return Recommendation(_fastest(scaling, settings, aim.records), None)
    enough = [
        one
        for one in settings
        if scaling.probability(one, aim.records, aim.window_s) >= aim.probability
    ]
    if not enough:
        return Recommendation(_fastest(scaling, settings, aim.records), is_in_time=False)
    fewest = min(one.parallel for one in enough)
    simple = [one for one in enough if one.parallel == fewest]
    return Recommendation(_fastest(scaling, simple, aim.records), is_in_time=True)


def _fastest(scaling: Scaling, settings: Sequence[Setting], records: int) -> Setting:
    """Return the setting that is likely hardly slower than the best; of equal ones the smallest."""
    losses = _losses(_possible(scaling, settings, records), settings, Aim(records)).mean(axis=0)
    least = float(losses.min())
    return min(one for one, lost in zip(settings, losses, strict=True) if lost <= least + EQUAL)
