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
_WINDOWS = (1, 3, 6)
"""How many neighbours are averaged; besides, all are."""


def most(points: Points, records: float, band: float, steepness: float) -> float:
    """Return the largest amount at a size of any non-negative mixture within the band.

    Args:
        points: What was measured.
        records: The size asked for.
        band: By how much a mixture may miss each point, relative. The mean of k neighbours it may
            miss by that over the root of k: noise averages out, a wrong law does not. If no
            mixture fits, the band is widened until one does.
        steepness: The exponent that the points show; n³ is mixed in from 1.6 on.
    """
    from scipy.optimize import linprog  # noqa: PLC0415 - heavy, and only when it is asked for

    terms: tuple[Term, ...] = _MIXED + ((CUBIC_TERM,) if steepness >= _STEEP_FROM else ())
    sizes = np.array(points.sizes)
    scales = np.array([term.of(sizes[-1:])[0] for term in terms])
    columns = np.column_stack([term.of(sizes) for term in terms]) / scales
    unit = points.amounts[-1]  # so that the solver's tolerances do not depend on the unit
    rows, narrower = _means(columns / (np.array(points.amounts) / unit)[:, None])
    wanted = np.array([term.of(np.array([records]))[0] for term in terms]) / scales
    width = max(band, _WIDER * _least_band(rows, narrower)) * narrower
    found = linprog(
        -wanted / float(np.max(wanted)),
        A_ub=np.vstack([rows, -rows]),
        b_ub=np.concatenate([1 + width, np.minimum(width, 1.0) - 1]),
        method="highs",
    )
    return float("nan") if found.x is None else float(found.x @ wanted) * unit


def _means(relative: Array) -> tuple[Array, Array]:
    """Return the mean row of every window of neighbours, and by how much its band is narrower."""
    count = len(relative)
    windows = [
        (start, width)
        for width in sorted({w for w in _WINDOWS if w < count} | {count})
        for start in range(count - width + 1)
    ]
    rows = np.array([relative[start : start + width].mean(axis=0) for start, width in windows])
    return rows, np.array([width**-0.5 for _, width in windows])


def _least_band(rows: Array, narrower: Array) -> float:
    """Return the narrowest band in which some mixture lies."""
    from scipy.optimize import linprog  # noqa: PLC0415 - heavy, and only when it is asked for

    count, terms = rows.shape
    slack = narrower[:, None]
    found = linprog(
        np.append(np.zeros(terms), 1.0),
        A_ub=np.vstack([np.hstack([rows, -slack]), np.hstack([-rows, -slack])]),
        b_ub=np.concatenate([np.ones(count), -np.ones(count)]),
        method="highs",
    )
    assert found.fun is not None, "a wide enough band always holds a mixture"
    return float(found.fun)
