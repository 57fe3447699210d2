"""The safe bound: the most that any mixture of laws which fits the points could come to.

A small n² hidden under a large n is the main danger of a forecast: it cannot be seen in what was
measured, and rules at ten times the data. So this asks a linear program for the steepest mixture
that lies within the noise of every point.
"""

from __future__ import annotations

import numpy as np

from .laws import (
    CUBIC_TERM,
    LINEAR_TERM,
    LINEARITHMIC_TERM,
    LOG_TERM,
    ONE,
    ONE_AND_A_HALF_TERM,
    QUADRATIC_TERM,
    ROOT_TERM,
    Array,
    Term,
)
from .points import Points

_MIXED = (
    ONE,
    LOG_TERM,
    ROOT_TERM,
    LINEAR_TERM,
    LINEARITHMIC_TERM,
    ONE_AND_A_HALF_TERM,
    QUADRATIC_TERM,
)
_STEEP_FROM = 1.6
_WIDER = 1.25


def most(points: Points, records: float, band: float, steepness: float) -> float:
    """Return the largest amount at a size of any non-negative mixture within the band.

    Args:
        points: What was measured.
        records: The size asked for.
        band: By how much a mixture may miss each point, relative, times the root of 1 / its
            repeats. If no mixture fits, the band is widened until one does.
        steepness: The exponent that the points show; n³ is mixed in from 1.6 on.
    """
    from scipy.optimize import linprog  # noqa: PLC0415 - heavy, and only when it is asked for

    terms: tuple[Term, ...] = _MIXED + ((CUBIC_TERM,) if steepness >= _STEEP_FROM else ())
    sizes = np.array(points.sizes)
    scales = np.array([term.of(sizes[-1:])[0] for term in terms])
    columns = np.column_stack([term.of(sizes) for term in terms]) / scales
    relative = columns / np.array(points.amounts)[:, None]
    wanted = np.array([term.of(np.array([records]))[0] for term in terms]) / scales
    width = max(band, _WIDER * _least_band(relative))
    found = linprog(
        -wanted / float(np.max(wanted)),
        A_ub=np.vstack([relative, -relative]),
        b_ub=np.concatenate(
            [np.full(len(sizes), 1 + width), np.full(len(sizes), min(width, 0.999) - 1)]
        ),
        method="highs",
    )
    return float("nan") if found.x is None else float(found.x @ wanted)


def _least_band(relative: Array) -> float:
    """Return the narrowest band in which some mixture lies."""
    from scipy.optimize import linprog  # noqa: PLC0415 - heavy, and only when it is asked for

    count, terms = relative.shape
    ones = np.ones((count, 1))
    found = linprog(
        np.append(np.zeros(terms), 1.0),
        A_ub=np.vstack([np.hstack([relative, -ones]), np.hstack([-relative, -ones])]),
        b_ub=np.concatenate([np.ones(count), -np.ones(count)]),
        method="highs",
    )
    assert found.fun is not None, "a wide enough band always holds a mixture"
    return float(found.fun)
