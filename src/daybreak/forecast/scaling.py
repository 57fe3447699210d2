"""How the time of a step follows its two knobs: chunks in flight, and records a chunk.

What is believed after a few measurements: many laws (`scaling_laws`), each as often as it agrees
with what was measured. Where they agree with each other, little is left to be measured. What a law
misses at a setting it is taken to miss at those nearby too, less the farther they are: so what was
measured is believed, whatever the laws say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from ..errors import ParameterError
from .scaling_laws import ScalingLaws, Setting, drawn_laws

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Indexes: TypeAlias = NDArray[np.int64]

NOISE: Final = 0.04
"""Relative deviation of one measurement."""

MISS_MIN: Final = 0.03
"""Relative deviation of the truth from the best law, at least."""

_MISS_STEP: Final = 1.3
_MISS_MAX: Final = 1.0
_AGREEING_MIN: Final = 25.0
"""So many laws have to agree with what was measured; else all of them miss by more."""

_KEPT: Final = 500
_NEAR_PARALLEL: Final = log(3)
_NEAR_CHUNK: Final = log(10)
"""Within such factors settings are near each other."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What one measurement took."""

    setting: Setting
    records: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Scaling:
    """What is believed of a step's time for any setting. Made by `fit_scaling`."""

    laws: ScalingLaws
    """Those that agree with what was measured, the better ones several times."""

    scales: Floats
    """By each law: the logarithm of the seconds that a record costs one worker, chunk aside."""

    misses: Floats
    """Logarithm of what was measured over what a law says; shape (laws, timings)."""

    miss: float
    """Relative deviation of the truth from the laws."""

    timings: Sequence[Timing]

    def seconds(self, setting: Setting, records: int) -> float:
        """Return what so many records likely take with a setting, if each costs the same."""
        return exp(self._log_seconds(setting, records)[0])

    def probability(self, setting: Setting, records: int, within_s: float) -> float:
        """Return how likely so many records are done within a time."""
        middle, deviation = self._log_seconds(setting, records)
        return NormalDist().cdf((log(within_s) - middle) / deviation)

    def serial(self, setting: Setting) -> float:
        """Return the share of the work that behaves as if one worker at a time could do it, 0 to 1.

        Source: A. H. Karp and H. P. Flatt, "Measuring Parallel Processor Performance", 1990.
        """
        workers = setting.parallel
        if workers == 1:
            return 0.0
        many = 100 * workers * setting.chunk  # so that the last round does not count
        alone_s = self.seconds(Setting(1, setting.chunk), many)
        share = self.seconds(setting, many) / alone_s
        return min(max((share - 1 / workers) / (1 - 1 / workers), 0.0), 1.0)

    @property
    def chunk_s(self) -> float:
        """Seconds of one worker for each chunk, besides its records."""
        return float((self.laws.chunk * np.exp(self.scales)).mean())

    def log_costs(self, settings: Sequence[Setting], records: int) -> Floats:
        """Return the logarithm of a record's seconds by each law; shape (laws, settings)."""
        logs = np.log(self.laws.costs(settings, records)) + self.scales[:, None]
        near, _ = self._near(settings)
        corrected: Floats = logs + self.misses @ near
        return corrected

    def unsure(self, settings: Sequence[Setting]) -> Floats:
        """Return by how much the truth may deviate from all laws; relative, shape (settings,)."""
        _, left = self._near(settings)
        deviations: Floats = np.sqrt(left)
        return deviations

    def _log_seconds(self, setting: Setting, records: int) -> tuple[float, float]:
        logs = self.log_costs([setting], records)[:, 0]
        _, left = self._near([setting])
        variance = float(logs.var()) + float(left[0]) + NOISE**2
        return float(logs.mean()) + log(records), sqrt(variance)

    def _near(self, settings: Sequence[Setting]) -> tuple[Floats, Floats]:
        """Return what each miss means for some settings, and the variance that is left there.

        Source: kriging of the laws' misses (C. E. Rasmussen and C. K. I. Williams, "Gaussian
        Processes for Machine Learning", 2006, chapter 2).
        """
        measured = [one.setting for one in self.timings]
        between = self.miss**2 * _likeness(measured, measured) + NOISE**2 * np.eye(len(measured))
        towards = self.miss**2 * _likeness(measured, settings)
        near = np.asarray(np.linalg.solve(between, towards), dtype=np.float64)
        left: Floats = np.maximum(self.miss**2 - (towards * near).sum(axis=0), 0.0)
        return near, left


def _likeness(some: Sequence[Setting], others: Sequence[Setting]) -> Floats:
    """Return how much settings are like each other, 0 to 1; shape (some, others)."""

    def places(settings: Sequence[Setting]) -> Floats:
        knobs = np.array([[float(one.parallel), float(one.chunk)] for one in settings])
        scaled: Floats = np.log(knobs) / np.array([_NEAR_PARALLEL, _NEAR_CHUNK])
        return scaled

    apart = places(some)[:, None, :] - places(others)[None, :, :]
    like: Floats = np.exp(-(apart**2).sum(axis=2) / 2)
    return like


def fit_scaling(timings: Sequence[Timing], settings: Sequence[Setting] = ()) -> Scaling:
    """Weigh laws by measurements.

    Args:
        timings: At least one.
        settings: What will be asked about, beside the settings that were measured.

    Raises:
        ParameterError: If nothing was measured.
    """
    if not timings:
        raise ParameterError("expected a measurement", hint="measure one setting first")
    laws = drawn_laws([*settings, *(one.setting for one in timings)])
    return weighed(laws, timings, [over_laws(laws, one) for one in timings])


def over_laws(laws: ScalingLaws, timing: Timing) -> Floats:
    """Return the logarithm of what was measured over what each law says; shape (laws,)."""
    said = laws.costs([timing.setting], timing.records)[:, 0]
    logs: Floats = log(timing.seconds / timing.records) - np.log(said)
    return logs


def weighed(laws: ScalingLaws, timings: Sequence[Timing], over: Sequence[Floats]) -> Scaling:
    """Weigh laws by measurements; they miss by as little as enough of them allow.

    Args:
        laws: Among which those that agree are found.
        timings: At least one.
        over: `over_laws` of each: dear, and so not reckoned again with each new measurement.
    """
    logs = np.column_stack(over)
    scales = logs.mean(axis=1)
    misses = logs - scales[:, None]
    squares = (misses**2).sum(axis=1)
    best = float(squares.min()) / max(len(timings) - 1, 1)
    miss = max(MISS_MIN, sqrt(max(best - NOISE**2, 0.0)))
    weights = _weights(squares, miss)
    while 1 / (weights @ weights) < _AGREEING_MIN and miss < _MISS_MAX:
        miss *= _MISS_STEP
        weights = _weights(squares, miss)
    chosen = _resampled(weights)
    return Scaling(laws.picked(chosen), scales[chosen], misses[chosen], miss, tuple(timings))


def _weights(squares: Floats, miss: float) -> Floats:
    unsure = -squares / (2 * (miss**2 + NOISE**2))
    weights: Floats = np.exp(unsure - unsure.max())
    shares: Floats = weights / weights.sum()
    return shares


def _resampled(weights: Floats) -> Indexes:
    """Return the numbers of some laws, each as often as its weight says."""
    places = (np.arange(_KEPT) + 0.5) / _KEPT
    numbers: Indexes = np.searchsorted(np.cumsum(weights), places).clip(0, len(weights) - 1)
    return numbers
