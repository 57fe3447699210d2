"""How `daybreak tune` would have done on the kept grids of the workloads. Nothing is measured here.

Tune is given one of the measurements of each setting that it asks for, and never more than a
quarter of the grid's settings. The truth is the median of the other measurements of a setting, and
the mean of both where there are only two. Each measurement has its turn.

How the sentence "within 5 % of the best that fits the window" is read:

- Without a window, the best is the fastest setting of the grid. The recommendation is right if it
  takes at most 5 % longer.
- With a window, a setting fits if it ends in it with the wanted probability, that is, if its true
  time is shorter than the window by the margin which that probability asks for. Of those that fit
  the best is the fastest of the fewest workers: fast enough, then simple. The recommendation is
  right if it does end in the window and takes at most 5 % longer than the best; being faster by
  more workers is not wrong in this sense, and counted by itself (`is_simple`).

Windows are those in which some of the grid's settings fit and others do not: a tenth longer than
the grid's times at three quantiles.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from statistics import NormalDist, median
from typing import Any, Final

from daybreak.forecast.exploring import Aim, explored, measurements_for, recommended
from daybreak.forecast.scaling import NOISE, Timing
from daybreak.forecast.scaling_laws import Setting

from .measuring import kept_points

WITHIN: Final = 1.05
QUANTILES: Final = (0.15, 0.4, 0.7)
LONGER: Final = 1.1
WANTED: Final = 0.95
BOTH: Final = 2
GRID: Final = 20

Times = Mapping[Setting, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Case:
    """One recommendation against the truth."""

    workload: str
    window_s: float | None
    """None: the fastest was wanted."""

    measured: int
    """How many settings were measured."""

    recommended: Setting
    took_s: float
    best: Setting
    best_s: float

    @property
    def is_right(self) -> bool:
        """Whether it ends in the window, and takes hardly longer than the best."""
        is_in_time = self.window_s is None or self.took_s <= self.window_s
        return is_in_time and self.took_s <= WITHIN * self.best_s

    @property
    def is_simple(self) -> bool:
        """Whether it also has no more workers than the best."""
        return self.is_right and self.recommended.parallel <= self.best.parallel


def cases(kept: Mapping[str, Any]) -> Iterator[Case]:
    """Yield every case of every workload whose grid is whole."""
    for name, entry in kept["workloads"].items():
        times = times_of(entry["points"])
        if len(times) < GRID:
            continue
        repeats = min(map(len, times.values()))
        for turn in range(repeats):
            yield from cases_of(name, times, entry["records"], turn)


def times_of(points: Sequence[Mapping[str, Any]]) -> dict[Setting, list[float]]:
    """Return the measurements of each setting, in the order in which they came."""
    times: dict[Setting, list[float]] = {}
    for point in points:
        times.setdefault(Setting(point["parallel"], point["chunk"]), []).append(point["seconds"])
    return dict(sorted(times.items()))


def noise_of(kept: Mapping[str, Any]) -> float | None:
    """Return by how much two measurements of one setting differ, as a median share of the less."""
    apart = [
        max(all_s) / min(all_s) - 1
        for entry in kept["workloads"].values()
        for all_s in times_of(entry["points"]).values()
        if len(all_s) > 1
    ]
    return median(apart) if apart else None


def cases_of(name: str, times: Times, records: int, turn: int) -> Iterator[Case]:
    """Yield the cases in which tune is given the measurements of one turn."""
    truth = {one: median(_others(all_s, turn)) for one, all_s in times.items()}
    ordered = sorted(truth.values())
    yield case_of(name, times, truth, Aim(records), turn)
    for quantile in QUANTILES:
        window_s = LONGER * ordered[int(quantile * (len(ordered) - 1))]
        yield case_of(name, times, truth, Aim(records, window_s, WANTED), turn)


def _others(seconds: Sequence[float], turn: int) -> Sequence[float]:
    if len(seconds) <= BOTH:
        return seconds
    return [one for number, one in enumerate(seconds) if number != turn]


def case_of(name: str, times: Times, truth: Mapping[Setting, float], aim: Aim, turn: int) -> Case:
    """Let tune ask for some measurements, and compare what it recommends."""
    asked: list[Setting] = []

    def measure(setting: Setting) -> Timing:
        asked.append(setting)
        return Timing(setting, aim.records, times[setting][turn])

    settings = list(truth)
    scaling = explored(settings, measure, aim, most=measurements_for(settings))
    chosen = recommended(scaling, settings, aim).setting
    best = best_of(truth, aim)
    return Case(name, aim.window_s, len(asked), chosen, truth[chosen], best, truth[best])


def best_of(truth: Mapping[Setting, float], aim: Aim) -> Setting:
    """Return the setting that should be recommended."""
    settings = list(truth)
    if aim.window_s is not None:
        sure_s = aim.window_s * exp(-NormalDist().inv_cdf(aim.probability) * NOISE)
        fitting = [one for one in settings if truth[one] <= sure_s]
        fewest = min((one.parallel for one in fitting), default=None)
        settings = [one for one in fitting if one.parallel == fewest] or settings
    return min(settings, key=lambda one: truth[one])


def main() -> None:
    """Print every workload, and every recommendation that was not right."""
    by_workload: dict[str, list[Case]] = {}
    for case in cases(kept_points()):
        by_workload.setdefault(case.workload, []).append(case)
    for name, found in by_workload.items():
        right = sum(case.is_right for case in found)
        simple = sum(case.is_simple for case in found)
        sys.stdout.write(f"{name}: {right} of {len(found)} right, {simple} simple too\n")
        for case in found:
            if not case.is_right:
                window = "" if case.window_s is None else f" in {case.window_s:.2f} s"
                sys.stdout.write(
                    f"    {case.recommended} took {case.took_s:.2f} s{window};"
                    f" best {case.best} {case.best_s:.2f} s\n"
                )


if __name__ == "__main__":
    main()
