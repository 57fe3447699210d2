"""The constants of the forecast that were found by measuring, in one table, with their source.

They are not derived from theory: they were chosen on the development part and the calibration part
of the corpus in `bench/corpus`; decisions 0040, 0046, 0057, 0064 and 0065 say which on which,
and how well that went.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_SURPRISE: Final[Mapping[str, float]] = {
    "n": 0.0,
    "n²": 0.0,
    "n log n": 1.0,
    "constant": 0.0,
    "log n": 3.0,
    "√n": 3.0,
    "n^1.5": 3.0,
    "n³": 3.0,
    "exponential": 6.0,
    "saturating": 6.0,
}
_SURPRISE_POWER: Final = 3.0


@dataclass(frozen=True, slots=True)
class Constants:
    """What turns a fit into an honest forecast. Logarithms are natural ones."""

    noise: float = 0.015
    """Relative noise that is believed before any residual was seen."""

    noise_points: float = 4.0
    """How many points that belief weighs as much as."""

    recency: float = 1.0
    """A point counts (its size / the largest size) to this power."""

    matters: float = 0.02
    """The part of the largest amount from which on a steep term counts: a fifth at ten times it."""

    set_width: float = 8.0
    """Curves whose criterion is worse than the best by at most that count in the prediction."""

    named_width: float = 12.0
    """The same of laws that cannot be excluded, as they are named."""

    unusual: float = 15.0
    """How much better than the others a power that no textbook has must be to be named: caches and
    collectors make n so steep, which is a reason to reckon with it, but no law."""

    logarithm: float = 4.0
    """How much better than n the law n log n must be to be named: the same make n as steep."""

    steep_from: float = 1.35
    """The exponent of the largest sizes from which on a super-linear law is seen there."""

    unseen: float = 6.0
    """How much better a super-linear law must explain points that do not show it there."""

    evident: float = 7.0
    """How much better super-linear laws must explain the points for these doubts to be dropped."""

    local_reach: float = 1.0
    """How far behind the largest size, as a logarithm, a residual still counts 1/e."""

    local_slope: float = 0.08
    """Standard deviation of what the exponent at the largest sizes differs from the law's."""

    local_level: float = 0.05
    """The same of the level there, relative."""

    rest: float = 2.0
    """How many times the noise the level may differ from twice the largest size on."""

    drift: float = 0.08
    """Standard deviation of an exponent's change beyond the largest size."""

    unsteady: float = 0.7
    """How much of the difference between the exponents of the last three sizes and the last seven
    is taken for the deviation of what comes."""

    mixed: float = 5.0
    """How much better a law with a small steep term must explain the points."""

    spread: float = 1.4
    """How far the 90 % interval reaches down, in standard deviations."""

    spread_up: float = 2.6
    """How far it reaches up: programs turn steeper more often than flatter."""

    bound_noise: float = 3.0
    """Half the width of the band in which the safe bound's mixtures must lie, in deviations."""

    def surprise(self, law: str) -> float:
        """Return by how much a law must explain points better than n does to be believed as soon.

        Most of what batches do is n, n log n or n².
        """
        return _SURPRISE.get(law, _SURPRISE_POWER)


CONSTANTS = Constants()
