"""How the time of a step follows its two knobs: chunks in flight, and records a chunk.

One worker spends so much on a record, so much on a chunk, and a little more on each record of a
larger chunk. Several workers scale by the universal scalability law (N. J. Gunther, "Guerrilla
Capacity Planning", 2007): a share of the work is serial, and each pair of workers costs something.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt
from statistics import NormalDist

import numpy as np

from ..errors import ParameterError

NOISE_MIN = 0.05
"""Relative deviation of one measurement that is believed at least."""


@dataclass(frozen=True, slots=True, order=True)
class Setting:
    """The two knobs of a step; smaller settings come first."""

    parallel: int
    """Chunks in flight, at least 1."""

    chunk: int
    """Records that commit together, at least 1."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What one measurement took."""

    setting: Setting
    records: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Scaling:
    """The time of a step for any setting. Made by `fit_scaling`."""

    record_s: float
    """Seconds of one worker for each record."""

    chunk_s: float
    """Seconds of one worker for each chunk."""

    size_s: float
    """Seconds for each record and each record of its chunk: what large chunks cost."""

    serial: float
    """Share of the work that only one worker can do at a time, 0 to 1."""

    crosstalk: float
    """What each pair of workers costs, as a share of the work."""

    noise: float
    """Relative deviation of one measurement from this law."""

    def seconds(self, setting: Setting, records: float) -> float:
        """Return what so many records take with a setting, if each record costs the same."""
        alone_s = records * (
            self.record_s + self.chunk_s / setting.chunk + self.size_s * setting.chunk
        )
        return alone_s * self.slowdown(setting.parallel) / setting.parallel

    def slowdown(self, parallel: int) -> float:
        """Return by how much several workers each are slower than one alone."""
        others = parallel - 1
        return 1 + self.serial * others + self.crosstalk * parallel * others

    @property
    def parallel_most(self) -> int | None:
        """The number of workers beyond which it gets slower; None if there is none."""
        if self.crosstalk <= 0:
            return None
        return max(1, round(sqrt(max(1 - self.serial, 0.0) / self.crosstalk)))

    def probability(self, setting: Setting, records: float, within_s: float) -> float:
        """Return how likely so many records are done within a time."""
        likely_s = self.seconds(setting, records)
        return NormalDist().cdf(log(within_s / likely_s) / self.noise)


def fit_scaling(timings: Sequence[Timing]) -> Scaling:
    """Fit the law to measurements; all its parameters are at least 0.

    Args:
        timings: At least one of one worker; of several chunk sizes and workers for those to matter.

    Raises:
        ParameterError: If none is of one worker.
    """
    from scipy.optimize import nnls  # noqa: PLC0415 - heavy, and only when something is fitted

    alone = [one for one in timings if one.setting.parallel == 1]
    if not alone:
        raise ParameterError(
            "expected a measurement of one worker", hint="measure parallel=1 first"
        )
    costs = np.array([one.seconds / one.records for one in alone])
    chunks = np.array([float(one.setting.chunk) for one in alone])
    columns = np.column_stack([np.ones_like(chunks), 1 / chunks, chunks])[:, : len(set(chunks))]
    scales = columns.max(axis=0)
    found, _ = nnls(columns / scales / costs[:, None], np.ones_like(costs))
    record_s, chunk_s, size_s = [*(found / scales), 0.0, 0.0][:3]
    single = Scaling(float(record_s), float(chunk_s), float(size_s), 0.0, 0.0, NOISE_MIN)
    serial, crosstalk = _together(single, timings)
    fitted = Scaling(single.record_s, single.chunk_s, single.size_s, serial, crosstalk, NOISE_MIN)
    misses = [log(one.seconds / fitted.seconds(one.setting, one.records)) for one in timings]
    noise = sqrt(sum(miss * miss for miss in misses) / len(misses))
    return Scaling(
        single.record_s, single.chunk_s, single.size_s, serial, crosstalk, max(noise, NOISE_MIN)
    )


def _together(single: Scaling, timings: Sequence[Timing]) -> tuple[float, float]:
    """Return the serial share and the crosstalk by which several workers fall short."""
    from scipy.optimize import nnls  # noqa: PLC0415 - heavy, and only when something is fitted

    several = [one for one in timings if one.setting.parallel > 1]
    if not several:
        return 0.0, 0.0
    workers = np.array([float(one.setting.parallel) for one in several])
    ideal_s = np.array([single.seconds(Setting(1, t.setting.chunk), t.records) for t in several])
    short = np.array([one.seconds for one in several]) * workers / ideal_s - 1
    columns = np.column_stack([workers - 1, workers * (workers - 1)])
    weight = 1 / (1 + np.maximum(short, 0.0))  # relative: a miss of 10 % counts the same anywhere
    found, _ = nnls(columns * weight[:, None], np.maximum(short, 0.0) * weight)
    return min(float(found[0]), 1.0), float(found[1])


def fastest(scaling: Scaling, settings: Sequence[Setting], records: int) -> Setting:
    """Return the setting that takes the least time; of nearly equal ones the smallest."""
    times = {setting: scaling.seconds(setting, records) for setting in settings}
    least = min(times.values())
    return min(setting for setting, seconds in times.items() if seconds <= 1.02 * least)


def smallest(
    scaling: Scaling, settings: Sequence[Setting], records: int, within_s: float, wanted: float
) -> Setting | None:
    """Return the smallest setting that is done in time with the wanted probability, if any.

    Fewest workers first; of their chunks the smallest that costs hardly more than the best one:
    a small chunk loses less when it fails, and holds its locks for less time.
    """
    enough = [
        setting for setting in settings if scaling.probability(setting, records, within_s) >= wanted
    ]
    if not enough:
        return None
    workers = min(setting.parallel for setting in enough)
    return fastest_chunk(scaling, [one for one in enough if one.parallel == workers], records)


def fastest_chunk(scaling: Scaling, settings: Sequence[Setting], records: int) -> Setting:
    """Return the smallest chunk that costs at most a twentieth more than the best one."""
    times = {setting: scaling.seconds(setting, records) for setting in settings}
    least = min(times.values())
    return min(setting for setting, seconds in times.items() if seconds <= 1.05 * least)
