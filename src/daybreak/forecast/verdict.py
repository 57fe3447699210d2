"""From points to a forecast: which laws remain, and whether growth is super-linear."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import ParameterError
from .answer import Forecast, SuperLinear
from .calibration import CONSTANTS, Constants
from .fitting import Fitted, fitted_laws, noise_of
from .laws import Law
from .local import averaged, bend_of
from .points import UNITS, Unit, points_of


def fit(
    points: Iterable[tuple[float, float]],
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
    fits = fitted_laws(measured, constants)
    average = averaged(fits, constants.set_width, len(measured.sizes))
    noise = max(noise_of(fits[0].curve, measured, constants), measured.noise)
    laws = remaining(fits, constants.set_width)
    return Forecast(
        unit=unit,
        points=measured,
        law=laws[0],
        laws=laws,
        super_linear=super_linear_of(laws),
        average=average,
        bend=bend_of(average, measured, noise, constants),
        noise=noise,
        constants=constants,
    )


def remaining(fits: Sequence[Fitted], width: float) -> tuple[Law, ...]:
    """Return the laws that are not excluded, likeliest first, none twice."""
    best = fits[0].criterion
    return tuple(dict.fromkeys(f.curve.law for f in fits if f.criterion - best <= width))


def super_linear_of(laws: Sequence[Law]) -> SuperLinear:
    """Say whether growth is super-linear by what the laws that remain have in common."""
    steep = [law.is_super_linear for law in laws]
    if all(steep):
        return "yes"
    return "cannot be excluded" if any(steep) else "no"
