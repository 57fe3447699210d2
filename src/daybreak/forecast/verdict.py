"""From points to a forecast: which laws remain, and whether growth is super-linear."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, SupportsFloat

import numpy as np

from ..errors import ParameterError
from .answer import Forecast, SuperLinear
from .calibration import CONSTANTS, Constants
from .fitting import Fitted, fitted_laws, is_evident, noise_of
from .grade import FEW_SIZES
from .laws import COMMON, LINEARITHMIC, Curve
from .local import averaged, bend_of
from .points import UNITS, Points, Unit, points_of

FEW_SIZES_WIDTH: Final = 6.0


def fit(
    points: Iterable[tuple[SupportsFloat, SupportsFloat]],
    *,
    unit: Unit = "seconds",
    constants: Constants = CONSTANTS,
) -> Forecast:
    """Find the law by which an amount grows with the number of records.

    Args:
        points: (records, amount) pairs in any order; repeats of a size are welcome, ten sizes over
            a factor of 64 or more are good, two are the least.
        unit: What the amounts are.
        constants: What the corpus taught about noise and drift; as it is.

    Raises:
        ParameterError: If there are fewer than two sizes, or a number is not finite, negative, or
            a size of 0.

    Example:
        >>> forecast = fit([(10_000, 1_200), (20_000, 4_800)])
        >>> str(forecast.law), forecast.super_linear, forecast.grade(100_000)
        ('n²', 'yes', 'C')
        >>> round(forecast.predict(100_000) / 3600)
        33
    """
    if unit not in UNITS:
        raise ParameterError(
            f"expected unit to be one of {', '.join(UNITS)}, got {unit!r}",
            hint='seconds and bytes are what is measured: unit="seconds"',
        )
    measured = points_of(points)
    every = fitted_laws(measured, constants)
    fits = remaining(every, len(measured.sizes), constants)
    average = averaged(fits, len(measured.sizes))
    noise = mixed_noise(noise_of(fits[0].curve, measured, constants), measured)
    named = named_fits(every, len(measured.sizes), constants)
    laws = tuple(dict.fromkeys(fit.curve.law for fit in named))
    return Forecast(
        unit=unit,
        points=measured,
        law=laws[0],
        laws=laws,
        super_linear=super_linear_of(named, measured, constants),
        average=average,
        bend=bend_of(average, measured, noise, constants),
        noise=noise,
        constants=constants,
    )


def mixed_noise(residual: float, points: Points) -> float:
    """Mix the noise around the best curve with that among repeats, each by how much it rests on."""
    sizes, repeats = len(points.sizes), points.repeats
    variance = (sizes * residual**2 + repeats * points.noise**2) / (sizes + repeats)
    return float(np.sqrt(variance))


def remaining(fits: Sequence[Fitted], sizes: int, constants: Constants) -> list[Fitted]:
    """Return the fits that count in the prediction, likeliest first."""
    return _near_best(fits, lambda fit: fit.criterion, constants.set_width, sizes)


def named_fits(fits: Sequence[Fitted], sizes: int, constants: Constants) -> list[Fitted]:
    """Return the fits whose laws are not excluded; growth is called by the first."""

    def as_known(fit: Fitted) -> float:
        return fit.criterion + (0.0 if fit.curve.law.name in COMMON else constants.unusual)

    def as_called(fit: Fitted) -> float:
        return as_known(fit) + (constants.logarithm if fit.curve.law == LINEARITHMIC else 0.0)

    if is_evident(fits, constants):
        fits = [fit for fit in fits if fit.curve.law.is_super_linear]
    return sorted(_near_best(fits, as_known, constants.named_width, sizes), key=as_called)


def _near_best(
    fits: Sequence[Fitted], criterion: Callable[[Fitted], float], width: float, sizes: int
) -> list[Fitted]:
    """Return the fits hardly worse than the best, which is first; few sizes exclude less."""
    worst = min(map(criterion, fits)) + width + (FEW_SIZES_WIDTH if sizes < FEW_SIZES else 0.0)
    return sorted((fit for fit in fits if criterion(fit) <= worst), key=criterion)


def super_linear_of(fits: Sequence[Fitted], points: Points, constants: Constants) -> SuperLinear:
    """Say whether growth is super-linear by what the curves that remain have in common.

    A square so small that it would not be noticed at ten times the largest size does not count.
    """
    curves = [fit.curve for fit in fits]
    steep = [curve.law.is_super_linear and _matters(curve, points, constants) for curve in curves]
    if all(steep):
        return "yes"
    return "cannot be excluded" if any(steep) else "no"


def _matters(curve: Curve, points: Points, constants: Constants) -> bool:
    term, coefficient = curve.terms[-1]
    part = coefficient * float(term.of(np.array([points.largest]))[0])
    return part >= constants.matters * points.amounts[-1]
