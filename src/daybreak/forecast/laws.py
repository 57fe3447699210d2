"""The laws by which an amount may grow with the number of records, and curves that follow them.

A curve is c + a·g(n), or a sum of such terms, with coefficients that are never negative: so no
curve ever falls. How curves are fitted to points is told in `fitting.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

Kind = Literal["power", "power log", "exponential", "saturating", "knee"]
Array = npt.NDArray[np.float64]

_EXPONENT_MAX: Final = (
    600.0  # e to the power of that is still a finite number, and so is its square root's square
)


@dataclass(frozen=True, slots=True)
class Law:
    """How an amount grows in the end, whatever it does for few records."""

    name: str
    """`constant`, `log n`, `√n`, `n`, `n log n`, `n^1.5`, `n²`, `n³`, a power such as `n^1.7`,
    `exponential` or `saturating`."""

    exponent: float
    """The power of n; infinite for exponential growth, 0 for `constant`, `log n`, `saturating`."""

    def __str__(self) -> str:
        return self.name

    @property
    def is_super_linear(self) -> bool:
        """Whether it grows by a higher power than n; `n log n` does not."""
        return self.exponent > SUPER_LINEAR_FROM


SUPER_LINEAR_FROM: Final = 1.25
"""A power of n from here on is called super-linear: caches and n log n explain less than that."""

CONSTANT: Final = Law("constant", 0.0)
LOGARITHMIC: Final = Law("log n", 0.0)
ROOT: Final = Law("√n", 0.5)
LINEAR: Final = Law("n", 1.0)
LINEARITHMIC: Final = Law("n log n", 1.0)
ONE_AND_A_HALF: Final = Law("n^1.5", 1.5)
QUADRATIC: Final = Law("n²", 2.0)
CUBIC: Final = Law("n³", 3.0)
EXPONENTIAL: Final = Law("exponential", float("inf"))
SATURATING: Final = Law("saturating", 0.0)

_POWERS: Final = (CONSTANT, ROOT, LINEAR, ONE_AND_A_HALF, QUADRATIC, CUBIC)
_SAME_POWER: Final = 0.08


def power_law(exponent: float) -> Law:
    """Name the law of a power; one next to a common power is called by that one's name."""
    for law in _POWERS:
        if abs(law.exponent - exponent) <= _SAME_POWER:
            return law
    return Law(f"n^{exponent:.1f}", exponent)


@dataclass(frozen=True, slots=True)
class Term:
    """One way to grow: g(n), without its coefficient."""

    kind: Kind
    """`power`: n^p. `power log`: n^p·log(1 + n). `exponential`: e^(p·n) - 1. `saturating`:
    1 - e^(-n/p). `knee`: what n is above p."""

    parameter: float
    """The p of its kind: a power, a rate per record, or a number of records."""

    def of(self, sizes: Array) -> Array:
        """Return g at each size."""
        match self.kind:
            case "power":
                return sizes**self.parameter
            case "power log":
                return sizes**self.parameter * np.log1p(sizes)
            case "exponential":
                return np.expm1(np.minimum(sizes * self.parameter, _EXPONENT_MAX))
            case "saturating":
                return -np.expm1(-sizes / self.parameter)
            case "knee":
                return np.maximum(sizes - self.parameter, 0.0)


ONE: Final = Term("power", 0.0)
ROOT_TERM: Final = Term("power", 0.5)
LOG_TERM: Final = Term("power log", 0.0)
LINEAR_TERM: Final = Term("power", 1.0)
LINEARITHMIC_TERM: Final = Term("power log", 1.0)
ONE_AND_A_HALF_TERM: Final = Term("power", 1.5)
QUADRATIC_TERM: Final = Term("power", 2.0)
CUBIC_TERM: Final = Term("power", 3.0)

SIMPLE: Final[tuple[tuple[Law, tuple[Term, ...]], ...]] = (
    (CONSTANT, ()),
    (LOGARITHMIC, (LOG_TERM,)),
    (ROOT, (ROOT_TERM,)),
    (LINEAR, (LINEAR_TERM,)),
    (LINEARITHMIC, (LINEARITHMIC_TERM,)),
    (ONE_AND_A_HALF, (ONE_AND_A_HALF_TERM,)),
    (QUADRATIC, (QUADRATIC_TERM,)),
    (CUBIC, (CUBIC_TERM,)),
)
"""Laws without a free parameter; each may have a constant added."""

COMMON: Final = frozenset(
    law.name for law in (*(law for law, _ in SIMPLE), EXPONENTIAL, SATURATING)
)
"""The names of laws that textbooks have; other powers are what a fit finds."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A law with its numbers: c + Σ a·g(n), all coefficients at least 0."""

    law: Law
    constant: float
    terms: tuple[tuple[Term, float], ...]
    """Each way to grow with its coefficient, in the unit of the forecast."""

    def at(self, sizes: Array) -> Array:
        """Return the curve's amounts at each size."""
        total = np.full_like(sizes, self.constant)
        for term, coefficient in self.terms:
            total = total + coefficient * term.of(sizes)
        return total

    def to_json(self) -> dict[str, Any]:
        """Return the curve as plain values."""
        return {
            "law": self.law.name,
            "exponent": None if self.law is EXPONENTIAL else self.law.exponent,
            "constant": self.constant,
            "terms": [[t.kind, t.parameter, coefficient] for t, coefficient in self.terms],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Curve:
        """Read what `to_json` gave."""
        exponent = kept["exponent"]
        law = EXPONENTIAL if exponent is None else Law(kept["law"], exponent)
        terms = tuple((Term(kind, p), coefficient) for kind, p, coefficient in kept["terms"])
        return cls(law, kept["constant"], terms)
