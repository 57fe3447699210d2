"""Beyond the largest size: an average of laws, bent by what the largest sizes say.

Programs grow more steeply than their operation count says when caches, collectors and files come
into it. So the laws are averaged (in logarithms, weighted by their criterion), and what the
residuals of the largest sizes show of another level or another exponent is added, shrunk towards
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .calibration import Constants
from .fitting import Fitted
from .grade import FEW_SIZES
from .laws import Array, Curve
from .points import Points


@dataclass(frozen=True, slots=True)
class Average:
    """Curves of which a weighted geometric mean is taken."""

    curves: tuple[Curve, ...]
    weights: tuple[float, ...]
    """How much each counts in the mean; they sum to 1."""

    likelihoods: tuple[float, ...]
    """How likely each is; they sum to 1."""

    def log_at(self, sizes: Array) -> Array:
        """Return the logarithm of the mean at each size."""
        total = np.zeros_like(sizes)
        for weight, logs in zip(self.weights, self._logs(sizes), strict=True):
            total += weight * logs
        return total

    def spread_at(self, sizes: Array) -> Array:
        """Return by how much the curves differ at each size: a standard deviation of logarithms."""
        mean = self.log_at(sizes)
        total = np.zeros_like(sizes)
        for weight, logs in zip(self.likelihoods, self._logs(sizes), strict=True):
            total += weight * (logs - mean) ** 2
        root: Array = np.sqrt(total)
        return root

    def _logs(self, sizes: Array) -> list[Array]:
        return [np.log(np.maximum(curve.at(sizes), 1e-300)) for curve in self.curves]


@dataclass(frozen=True, slots=True)
class Bend:
    """What the largest sizes say against the average: another level, another exponent."""

    level: float
    """Added to the logarithm at the largest size."""

    slope: float
    """Added to the exponent from the largest size on."""


def averaged(fits: Sequence[Fitted], sizes: int) -> Average:
    """Average curves, likeliest first, each weighted by e^(-Δ/2).

    With fewer than four sizes the mean is the best curve, and all are as likely: they differ by
    what they assume.
    """
    best = fits[0].criterion
    raw = [float(np.exp(-(fit.criterion - best) / 2)) for fit in fits]
    curves = tuple(fit.curve for fit in fits)
    if sizes < FEW_SIZES:
        best_only = (1.0, *(0.0 for _ in fits[1:]))
        return Average(curves, best_only, tuple(1 / len(fits) for _ in fits))
    likelihoods = tuple(each / sum(raw) for each in raw)
    return Average(curves, likelihoods, likelihoods)


def bend_of(average: Average, points: Points, noise: float, constants: Constants) -> Bend:
    """Regress the residuals on the logarithm of the size, near sizes first, shrunk towards 0."""
    sizes = np.array(points.sizes)
    distance = np.log(sizes / points.largest)
    rest = np.log(np.array(points.amounts)) - average.log_at(sizes)
    trust = np.exp(distance / constants.local_reach) / noise**2
    design = np.column_stack([np.ones_like(distance), distance])
    believed = np.diag([constants.local_level**-2.0, constants.local_slope**-2.0])
    precision = design.T @ (design * trust[:, None]) + believed
    level, slope = np.linalg.solve(precision, design.T @ (trust * rest))
    return Bend(float(level), float(max(slope, -0.5 * _least_slope(average, points.largest))))


def _least_slope(average: Average, largest: float) -> float:
    """Return the smallest exponent of the average up to a thousand times the largest size."""
    sizes = np.geomspace(largest, 1000 * largest, 16)
    slopes = np.diff(average.log_at(sizes)) / np.diff(np.log(sizes))
    return max(float(np.min(slopes)), 0.0)
