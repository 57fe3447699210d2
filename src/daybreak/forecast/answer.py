"""A forecast: the value that answers how much, how sure, and by which law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import exp, log, sqrt
from statistics import NormalDist
from typing import Any, Literal

import numpy as np

from ..errors import ParameterError
from .bound import most
from .calibration import CONSTANTS, Constants
from .grade import Grade, Ground, doubts, grade_of, next_size_of, refusals
from .laws import Curve, Law
from .local import Average, Bend
from .points import SIZE_LEAST, SIZE_MOST, Points, Unit, number_of

SuperLinear = Literal["yes", "cannot be excluded", "no"]
_FORMAT = 2
_SURE = 0.97
_LOG_MOST = 700.0
"""e to the power of that is still a finite number."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What some number of records will take, as far as measured points can tell.

    All amounts are in `unit`. Made by `fit`, kept by `to_json`.
    """

    unit: Unit
    """What the amounts are."""

    points: Points
    """What was measured."""

    law: Law
    """By which growth is called: the likeliest, but n log n only where it is much better."""

    laws: tuple[Law, ...]
    """All laws that the points do not exclude; `law` is the first."""

    super_linear: SuperLinear
    """Whether it grows by a higher power than n. `n log n` does not."""

    average: Average
    bend: Bend
    noise: float
    """Relative deviation of one point from the average."""

    constants: Constants = CONSTANTS

    def __str__(self) -> str:
        """Say the law, what else cannot be excluded, and what it rests on."""
        others = f" (or {', '.join(law.name for law in self.laws[1:])})" if self.laws[1:] else ""
        points = self.points
        return (
            f"{self.law}{others}, from {len(points.sizes)} sizes of {points.sizes[0]:,.0f} to"
            f" {points.largest:,.0f} records: {points.amounts[-1]:,.4g} {self.unit} there"
        )

    def predict(self, records: float) -> float:
        """Return the likely amount for so many records: the median of what may come."""
        return _amount(self._log_at(_asked(records)))

    def interval(self, records: float, level: float = 0.9) -> tuple[float, float]:
        """Return the interval in which the amount lies with probability `level`, 0 < level < 1."""
        if not 0 < number_of(level, "the level") < 1:
            raise ParameterError(
                f"expected a level between 0 and 1, got {level!r}", hint="0.9 is the usual one"
            )
        deviation = self.deviation(records)
        times = NormalDist().inv_cdf(0.5 + level / 2) / NormalDist().inv_cdf(0.95)
        middle = self._log_at(records)
        return (
            _amount(middle - times * self.constants.spread * deviation),
            _amount(middle + times * self.constants.spread_up * deviation),
        )

    def safe_bound(self, records: float) -> float:
        """Return what the amount hardly exceeds even if a steeper law is hidden in the noise.

        It is the most that a non-negative mixture of laws through the points comes to, and at least
        the upper end of the 97 % interval.
        """
        edge = self.interval(records, _SURE)[1]
        band = self.constants.bound_noise * self.noise
        bound = most(self.points, records, band, self.steepness)
        return max(edge, bound) if bound == bound else edge  # noqa: PLR0124 - not a number

    def grade(self, records: float, *, limit: float | None = None) -> Grade:
        """Return A firm, B indicative or C refused.

        Args:
            records: For how many records.
            limit: What the machine has of the unit, such as its memory in bytes; above 70 % of it
                the forecast is refused.
        """
        return grade_of(self._ground(records, limit))

    def reasons(self, records: float, *, limit: float | None = None) -> tuple[str, ...]:
        """Say what keeps the grade from being better; nothing for grade A."""
        ground = self._ground(records, limit)
        return (*refusals(ground), *doubts(ground))

    def next_size(self, records: float, *, limit: float | None = None) -> int | None:
        """Return the number of records to measure next; None if the forecast is firm."""
        return next_size_of(self._ground(records, limit))

    def deviation(self, records: float) -> float:
        """Return the standard deviation of the logarithm of the amount (0.1 is about 10 %)."""
        asked, constants = _asked(records), self.constants
        beyond = max(log(asked / self.points.largest), 0.0)
        drift = constants.drift + constants.unsteady * self.points.unsteadiness
        level = self.noise * (1 + (constants.rest - 1) * min(beyond / log(2), 1.0))
        return sqrt(
            level**2
            + float(self.average.spread_at(np.array([asked]))[0]) ** 2
            + (drift * beyond) ** 2
        )

    @property
    def steepness(self) -> float:
        """The exponent by which it grows at the largest sizes, as predicted."""
        largest = self.points.largest
        return self._log_at(largest * exp(0.5)) * 2 - self._log_at(largest) * 2

    def to_json(self) -> dict[str, Any]:
        """Return the whole forecast as plain values that JSON can hold."""
        return {
            "format": _FORMAT,
            "unit": self.unit,
            "points": asdict(self.points),
            "law": [self.law.name, _kept(self.law)],
            "laws": [[law.name, _kept(law)] for law in self.laws],
            "super_linear": self.super_linear,
            "curves": [curve.to_json() for curve in self.average.curves],
            "weights": list(self.average.weights),
            "likelihoods": list(self.average.likelihoods),
            "bend": asdict(self.bend),
            "noise": self.noise,
            "constants": asdict(self.constants),
        }

    @staticmethod
    def can_read(kept: Mapping[str, Any]) -> bool:
        """Say whether `from_json` reads it: an older release kept another format."""
        return kept.get("format") == _FORMAT

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Forecast:
        """Read what `to_json` gave; it answers as the original did.

        Raises:
            ParameterError: If it is of another format.
        """
        if not cls.can_read(kept):
            raise ParameterError(
                f"expected a forecast of format {_FORMAT}, got {kept.get('format')!r}",
                hint="fit the points again",
            )
        return cls(
            unit=kept["unit"],
            points=Points.from_json(kept["points"]),
            law=_law(kept["law"]),
            laws=tuple(_law(law) for law in kept["laws"]),
            super_linear=kept["super_linear"],
            average=Average(
                tuple(Curve.from_json(curve) for curve in kept["curves"]),
                tuple(kept["weights"]),
                tuple(kept["likelihoods"]),
            ),
            bend=Bend(**kept["bend"]),
            noise=kept["noise"],
            constants=Constants(**kept["constants"]),
        )

    def _log_at(self, records: float) -> float:
        """Return the logarithm of the prediction; beyond the largest size the exponent bends."""
        beyond = max(log(records / self.points.largest), 0.0)
        mean = float(self.average.log_at(np.array([float(records)]))[0])
        return mean + self.bend.level + self.bend.slope * beyond

    def _ground(self, records: float, limit: float | None) -> Ground:
        if limit is not None and number_of(limit, "the limit") <= 0:
            raise ParameterError(
                f"expected a limit above 0, got {limit!r}",
                hint="give what the machine has, in the unit of the forecast, or None",
            )
        return Ground(
            points=self.points,
            records=_asked(records),
            law=self.law,
            likeliest=self.average.curves[int(np.argmax(self.average.weights))].law,
            super_linear=self.super_linear,
            deviation=self.deviation(records),
            predicted=self.predict(records),
            limit=limit,
        )


def _asked(records: float) -> float:
    asked = number_of(records, "records")
    if not SIZE_LEAST <= asked <= SIZE_MOST:
        raise ParameterError(
            f"expected records from {SIZE_LEAST:g} to {SIZE_MOST:g}, got {records!r:.80}",
            hint="ask for at least one record",
        )
    return asked


def _amount(logarithm: float) -> float:
    return exp(min(logarithm, _LOG_MOST))


def _kept(law: Law) -> float | None:
    return law.exponent if law.exponent < float("inf") else None


def _law(kept: tuple[str, float | None]) -> Law:
    name, exponent = kept
    return Law(name, float("inf") if exponent is None else exponent)
