"""A line through what past nights took, firm against single bad ones, and honest when they are few.

Bayesian linear regression of a logarithm with weights as under Student's t: what little is known is
filled up by what one expects of any job, and the less is known, the wider is the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .net import Floats

DEGREES: Final = 4.0
"""Of freedom of Student's t: single nights may be far out."""

SPREAD_PRIOR: Final = 0.15
"""Deviation of the logarithm that is expected of a step of which nothing is known."""

PRIOR_NIGHTS: Final = 3.0
"""How many nights that expectation weighs as much as."""

_ROUNDS: Final = 12


@dataclass(frozen=True)
class Line:
    """What is expected of a logarithm, with how sure that is."""

    mean: Floats
    """Of each coefficient."""

    covariance: Floats
    spread: float
    """Standard deviation of one night around the line."""

    residuals: Floats
    """What each past night was above the line, widened as if it had not been fitted."""

    def at(self, features: Floats) -> tuple[Floats, Floats]:
        """Return the expected logarithm and its standard deviation, for rows of features."""
        variance = np.einsum("ij,jk,ik->i", features, self.covariance, features)
        return features @ self.mean, np.sqrt(np.maximum(variance, 0.0))


def fitted(
    features: Floats,
    values: Floats,
    *,
    prior_mean: Floats,
    prior_deviation: Floats,
    spread_prior: float = SPREAD_PRIOR,
) -> Line:
    """Fit a line.

    Args:
        features: Shape (nights, coefficients).
        values: Logarithms, shape (nights,).
        prior_mean: Of each coefficient, before anything is known.
        prior_deviation: How far off it may be.
        spread_prior: Deviation of one night, before anything is known.

    Source: Lange, Little and Taylor, "Robust statistical modeling using the t distribution", 1989.
    """
    nights = len(values)
    precision = np.diag(prior_deviation**-2.0)
    weights = np.ones(nights)
    variance = spread_prior**2
    for _ in range(_ROUNDS):
        weighted = features * weights[:, None] / variance
        covariance: Floats = np.linalg.inv(weighted.T @ features + precision).astype(np.float64)
        mean = covariance @ (weighted.T @ values + precision @ prior_mean)
        off = values - features @ mean
        leverage = np.einsum("ij,jk,ik->i", features, covariance, weighted)
        free = max(nights - leverage.sum(), 0.0)
        variance = (PRIOR_NIGHTS * spread_prior**2 + (weights * off**2).sum()) / (
            PRIOR_NIGHTS + free
        )
        weights = (DEGREES + 1) / (DEGREES + off**2 / variance)
    residuals = off / np.sqrt(np.maximum(1.0 - leverage, 0.25))
    left: Floats = np.asarray(residuals, dtype=np.float64)
    return Line(np.asarray(mean, dtype=np.float64), covariance, float(np.sqrt(variance)), left)
