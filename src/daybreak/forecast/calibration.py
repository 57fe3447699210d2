"""The constants of the forecast that were found by measuring, in one table, with their source.

They are not derived from theory: each was chosen on the development part of the corpus in
`bench/corpus`, and decision XX says how well that went.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constants:
    """What turns a fit into an honest forecast. Logarithms are natural ones."""

    noise: float = 0.03
    """Relative noise that is believed before any residual was seen."""

    noise_points: float = 4.0
    """How many points that belief weighs as much as."""

    recency: float = 0.25
    """A point counts (its size / the largest size) to this power."""

    set_width: float = 8.0
    """Laws whose criterion is worse than the best by at most that cannot be excluded."""

    local_reach: float = 1.0
    """How far behind the largest size, as a logarithm, a residual still counts 1/e."""

    local_slope: float = 0.05
    """Standard deviation of what the exponent at the largest sizes differs from the law's."""

    local_level: float = 0.05
    """The same of the level there, relative."""

    drift: float = 0.04
    """Standard deviation of an exponent's change beyond the largest size."""

    spread: float = 1.65
    """Half the width of the 90 % interval, in standard deviations."""

    spread_up: float = 1.65
    """The same of its upper half."""

    bound_noise: float = 2.0
    """Half the width of the band in which the safe bound's mixtures must lie, in deviations."""


CONSTANTS = Constants()
