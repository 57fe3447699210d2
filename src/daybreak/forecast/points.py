"""Measured points, brought into order: one amount a size, and how noisy the repeats were.

Nothing is measured here, and no law is fitted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, log, nan
from statistics import median
from typing import Any, Final, Literal, SupportsFloat

import numpy as np

from ..errors import ParameterError

Unit = Literal["seconds", "bytes"]

UNITS: Final[tuple[Unit, ...]] = ("seconds", "bytes")
SIZE_LEAST: Final = 1e-9
SIZE_MOST: Final = 1e18
"""Beyond these nobody counts records, and powers of them are no finite numbers."""

_NEAR: Final = 1.005
"""Sizes whose ratio is below this are one size: a second look at the same thing."""

_DISTURBED: Final = 1.2
"""A repeat that takes so many times the least of its size was disturbed by something else."""

_LAST: Final = (3, 7)
_LARGE: Final = 5
_SPIKE: Final = 0.12
_SPIKE_TIMES: Final = 5.0
_SPIKE_SIZES: Final = 7
"""Among fewer sizes no spike is told from growth."""


@dataclass(frozen=True)
class Points:
    """What was measured, smallest size first."""

    sizes: tuple[float, ...]
    """Numbers of records, ascending, none twice."""

    amounts: tuple[float, ...]
    """The median amount at each size, in the unit of the forecast; none is 0."""

    counts: tuple[int, ...]
    """How many measurements each median stands for."""

    noise: float
    """Relative standard deviation of a measurement among its repeats; 0 if there are none."""

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Points:
        """Read what `dataclasses.asdict` gave, when it has been through JSON."""
        return cls(
            tuple(kept["sizes"]), tuple(kept["amounts"]), tuple(kept["counts"]), kept["noise"]
        )

    @property
    def repeats(self) -> int:
        """How many measurements were repeats of a size."""
        return sum(self.counts) - len(self.counts)

    @property
    def largest(self) -> float:
        """The largest size measured, in records."""
        return self.sizes[-1]

    @property
    def span(self) -> float:
        """How many times the smallest size the largest one is."""
        return self.sizes[-1] / self.sizes[0]

    @cached_property
    def unsteadiness(self) -> float:
        """By how much the exponent of the last three sizes differs from that of the last seven.

        Where growth has just changed, it will change again.
        """
        exponents = [self._exponent(count) for count in _LAST if count <= len(self.sizes)]
        return abs(exponents[0] - exponents[-1]) if exponents else 0.0

    @cached_property
    def exponent(self) -> float:
        """The power of n by which the amount grows over the last five sizes."""
        return self._exponent(_LARGE)

    def _exponent(self, count: int) -> float:
        sizes, amounts = np.log(self.sizes[-count:]), np.log(self.amounts[-count:])
        return float(np.polyfit(sizes, amounts, 1)[0])


def points_of(pairs: Iterable[tuple[SupportsFloat, SupportsFloat]]) -> Points:
    """Bring (records, amount) pairs into order; repeats of a size become their median.

    Raises:
        ParameterError: If a number is not finite, a size not positive, an amount negative, if all
            amounts are 0, or if there are fewer than two sizes.
    """
    if not isinstance(pairs, Iterable):
        raise ParameterError(
            f"expected (records, amount) pairs, got {pairs!r:.80}",
            hint="give a list of pairs, such as [(10_000, 1.2), (20_000, 2.5)]",
        )
    groups = _without_spikes(_grouped([_checked(pair) for pair in pairs]))
    if len(groups) < 2:  # noqa: PLR2004 - growth needs two
        raise ParameterError(
            f"expected points of at least two sizes, got {len(groups)}",
            hint="measure at a second size, best ten times as many records",
        )
    least = min((a for _, group in groups for a in group if a > 0), default=0.0)
    if least == 0:
        raise ParameterError(
            "all amounts are 0",
            hint="measure at larger sizes, or repeat the work until the clock notices it",
        )
    amounts = tuple(max(median(group), least * 1e-3) for _, group in groups)
    return Points(
        tuple(size for size, _ in groups),
        amounts,
        tuple(len(group) for _, group in groups),
        _noise([group for _, group in groups]),
    )


def number_of(value: object, meaning: str) -> float:
    """Return a number as it is; NumPy's count too, texts and truth values do not.

    Raises:
        ParameterError: If it is none, or not finite.
    """
    is_number = isinstance(value, SupportsFloat) and not isinstance(value, bool | np.bool_)
    try:
        number = float(value) if is_number else nan  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = nan
    if not isfinite(number):
        raise ParameterError(
            f"expected {meaning} to be a finite number, got {value!r:.80}",
            hint="leave out what was not measured, and turn texts into numbers",
        )
    return number


def _checked(pair: object) -> tuple[float, float]:
    if isinstance(pair, str | bytes) or not isinstance(pair, Iterable):
        values: tuple[object, ...] = ()
    else:
        values = tuple(pair)
    if len(values) != 2:  # noqa: PLR2004 - a pair
        raise ParameterError(
            f"expected a point as (records, amount), got {pair!r:.80}",
            hint="give pairs of numbers, such as (10_000, 1.2)",
        )
    records, amount = number_of(values[0], "records"), number_of(values[1], "the amount")
    if not SIZE_LEAST <= records <= SIZE_MOST or amount < 0:
        raise ParameterError(
            f"expected records from {SIZE_LEAST:g} to {SIZE_MOST:g} and an amount of at least 0,"
            f" got {pair!r:.80}",
            hint="leave out the empty run: what it costs is found from the others",
        )
    return records, amount


def _grouped(pairs: list[tuple[float, float]]) -> list[tuple[float, list[float]]]:
    """Put together what was measured at one size, or at sizes that differ by almost nothing."""
    groups: list[tuple[float, list[float]]] = []
    for records, amount in sorted(pairs):
        if groups and records < groups[-1][0] * _NEAR:
            if amount <= _DISTURBED * groups[-1][1][0]:  # sorted: the first is the least, or nearly
                groups[-1][1].append(amount)
        else:
            groups.append((records, [amount]))
    return groups


def _without_spikes(groups: list[tuple[float, list[float]]]) -> list[tuple[float, list[float]]]:
    """Leave out single sizes that stick out above both neighbours: nothing grows like that.

    A spike is above either neighbour by 12 % more than usual growth, and by five times the usual
    deviation. What stays up is none, nor is the first size or the last.
    """
    while len(groups) >= _SPIKE_SIZES:
        sizes = np.log([size for size, _ in groups])
        amounts = np.log([max(median(group), 1e-300) for _, group in groups])
        slopes = np.diff(amounts) / np.diff(sizes)
        surplus = (slopes - np.median(slopes)) * np.diff(sizes)
        above = np.minimum(surplus[:-1], -surplus[1:])
        highest = int(np.argmax(above))
        usual = 1.5 * float(np.median(np.abs(surplus)))
        if above[highest] <= max(_SPIKE, _SPIKE_TIMES * usual):
            break
        groups = groups[: highest + 1] + groups[highest + 2 :]
    return groups


def _noise(groups: list[list[float]]) -> float:
    """Pool the spread of the logarithms of repeats, as one standard deviation.

    It is taken from absolute deviations, so that a single hiccup does not hide the rest.
    """
    deviations: defaultdict[int, list[float]] = defaultdict(list)
    for group in groups:
        centre = median(group)
        if len(group) > 1 and min(group) > 0:
            deviations[len(group)] += [abs(log(amount / centre)) for amount in group]
    total = sum(len(each) for each in deviations.values())
    if not total:
        return 0.0
    # The mean absolute deviation from the median of k normal values, in standard deviations.
    return (
        sum(sum(each) / (0.564 if k <= 3 else 0.8 * (1 - 1 / k)) for k, each in deviations.items())  # noqa: PLR2004 - 2 and 3 have the same
        / total
    )
