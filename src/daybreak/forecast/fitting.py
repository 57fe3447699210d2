"""Curves through points: non-negative least squares for every law, and how well each explains them.

Residuals are relative: an error of 10 % counts the same at every size, and large sizes count more
than small ones. Laws are compared by AICc with a noise that is partly believed beforehand, so that
three points, or two, do not claim a precision that nobody measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Final

import numpy as np

from .calibration import Constants
from .laws import (
    CONSTANT,
    EXPONENTIAL,
    LINEAR,
    LINEAR_TERM,
    QUADRATIC,
    QUADRATIC_TERM,
    SATURATING,
    SIMPLE,
    Array,
    Curve,
    Law,
    Term,
    power_law,
)
from .points import Points

_KNEE_SIZES: Final = 8
"""Among fewer sizes a line with a knee goes through anything."""

_EXPONENTIAL_SIZES: Final = 4
"""Among fewer sizes a high power is as likely, and ends less absurdly."""

_NOTHING: Final = 1e-9
"""A coefficient that gives less of the largest amount than this is rounding."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """One curve, and how well it explains the points."""

    curve: Curve
    criterion: float
    """AICc; smaller is better, only differences count."""

    parameters: int
    """How many numbers of it were free and needed."""

    evidence: float
    """The criterion before anything was added for doubt."""


def weights_of(points: Points, constants: Constants) -> Array:
    """Return how much each size counts; the largest counts 1."""
    sizes = np.array(points.sizes)
    return (sizes / points.largest) ** constants.recency


def fitted_laws(points: Points, constants: Constants) -> list[Fitted]:
    """Fit every law, best first; of a family with a free parameter only its best member.

    A law of which nothing was needed, because the points do not rise so, is left out.
    """
    fits = [fitted(points, law, terms, constants) for law, terms in SIMPLE]
    fits.append(fitted(points, QUADRATIC, (LINEAR_TERM, QUADRATIC_TERM), constants))
    if len(points.sizes) >= _KNEE_SIZES:
        fits.append(_best_knee(points, constants))
    fits.append(_best_power(points, constants))
    if len(points.sizes) >= _EXPONENTIAL_SIZES:
        fits.append(_best_of(points, EXPONENTIAL, _exponentials(points), constants))
    fits.append(_best_of(points, SATURATING, _saturations(points), constants))
    needed = [fit for fit in fits if fit.curve.law == CONSTANT or fit.curve.terms[-1][1] > 0]
    if is_evident(needed, constants):
        needed = [replace(fit, criterion=fit.evidence) for fit in needed]
    return sorted(needed, key=lambda fit: fit.criterion)


def is_evident(fits: Sequence[Fitted], constants: Constants) -> bool:
    """Say whether super-linear laws explain the points so much better that no doubt is left."""
    best = {
        is_steep: min(
            (fit.evidence for fit in fits if fit.curve.law.is_super_linear is is_steep),
            default=inf,
        )
        for is_steep in (False, True)
    }
    return best[True] + constants.evident <= best[False]


def fitted(
    points: Points, law: Law, terms: tuple[Term, ...], constants: Constants, *, free: int = 0
) -> Fitted:
    """Fit c + Σ a·g(n) with coefficients of at least 0.

    Args:
        points: What was measured.
        law: What the curve is called.
        terms: Its g(n).
        constants: What is believed of noise and of sizes.
        free: How many parameters of the terms were chosen by these points.
    """
    from scipy.optimize import nnls  # noqa: PLC0415 - heavy, and only when something is fitted

    sizes, amounts = np.array(points.sizes), np.array(points.amounts)
    weights = weights_of(points, constants)
    scales = np.array([1.0, *(term.of(sizes[-1:])[0] for term in terms)])
    columns = np.column_stack([np.ones_like(sizes), *(term.of(sizes) for term in terms)]) / scales
    unit = amounts[-1]  # so that the solver's tolerances do not depend on the unit
    root = np.sqrt(weights) / (amounts / unit)
    solution, _ = nnls(columns * root[:, None], np.sqrt(weights))
    solution[solution < _NOTHING] = 0.0
    parameters = int(np.count_nonzero(solution)) + free
    curve = Curve(
        law,
        float(solution[0] * unit),
        tuple(
            (t, float(a * unit / s))
            for t, a, s in zip(terms, solution[1:], scales[1:], strict=True)
        ),
    )
    surprise, doubt = constants.surprise(law.name), 0.0
    if law.is_super_linear and points.exponent < constants.steep_from:
        doubt += constants.unseen
    if len(terms) > 1:  # a small steep term may as well be a cache that is full
        share = float(terms[-1].of(sizes[-1:])[0]) * curve.terms[-1][1] / amounts[-1]
        doubt += float(constants.mixed * max(1 - 2 * share, 0.0))
    evidence = _criterion(curve, points, weights, parameters, constants) + surprise
    return Fitted(curve, evidence + doubt, parameters, evidence)


def residuals(curve: Curve, points: Points) -> Array:
    """Return the logarithm of measured over fitted at each size."""
    fitted_amounts = np.maximum(curve.at(np.array(points.sizes)), 1e-300)
    log_ratio: Array = np.log(np.array(points.amounts)) - np.log(fitted_amounts)
    return log_ratio


def noise_of(curve: Curve, points: Points, constants: Constants) -> float:
    """Return the standard deviation of points around a curve, mixed with what was believed."""
    weights = weights_of(points, constants)
    return float(np.sqrt(_variance(curve, points, weights, constants)))


def _variance(curve: Curve, points: Points, weights: Array, constants: Constants) -> float:
    squares = float(np.sum(weights * residuals(curve, points).clip(-3, 3) ** 2))
    believed = constants.noise_points
    return (believed * constants.noise**2 + squares) / (believed + float(np.sum(weights)))


def _criterion(
    curve: Curve, points: Points, weights: Array, parameters: int, constants: Constants
) -> float:
    count = constants.noise_points + float(np.sum(weights))
    variance = _variance(curve, points, weights, constants)
    correction = 2 * parameters * (parameters + 1) / max(count - parameters - 1, 1.0)
    return count * float(np.log(variance)) + 2 * parameters + correction


def _best_knee(points: Points, constants: Constants) -> Fitted:
    """Fit c + a·n + b·(what n is above k): each record costs more once a cache is full."""
    knees = [Term("knee", size) for size in points.sizes[1:-2]]
    fits = [fitted(points, LINEAR, (LINEAR_TERM, knee), constants, free=1) for knee in knees]
    return min(fits, key=lambda fit: fit.evidence)


def _best_of(points: Points, law: Law, terms: list[Term], constants: Constants) -> Fitted:
    fits = [fitted(points, law, (term,), constants, free=1) for term in terms]
    return min(fits, key=lambda fit: fit.evidence)


def _best_power(points: Points, constants: Constants) -> Fitted:
    """Fit c + a·n^k: k on a coarse grid first, then a fine one around the best."""
    best: Fitted | None = None
    centre, reach = 1.8, 1.6
    for _ in range(3):
        for k in np.linspace(max(centre - reach, 0.05), centre + reach, 17):
            term = Term("power", float(k))
            fit = fitted(points, power_law(float(k)), (term,), constants, free=1)
            if best is None or fit.evidence < best.evidence:
                best, centre = fit, float(k)
        reach /= 6
    assert best is not None
    return best


def _exponentials(points: Points) -> list[Term]:
    """Give rates at which the curve rises e^4-fold up to e^30-fold over what was measured.

    What rises less is told from no power, and would be carried on into the absurd.
    """
    width = points.largest - points.sizes[0]
    return [Term("exponential", float(r) / width) for r in np.geomspace(4, 30, 20)]


def _saturations(points: Points) -> list[Term]:
    """Give sizes at which growth has slackened: well inside what was measured."""
    return [
        Term("saturating", float(s))
        for s in np.geomspace(points.sizes[0], points.largest / 1.5, 20)
    ]
