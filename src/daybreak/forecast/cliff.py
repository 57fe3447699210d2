"""A break seen in the points: a size from which on everything takes so much more.

Memory that is full, a sort that spills, a cache that became too small: the amount jumps between two
sizes and stays up. No law explains it, and what lies behind it is another program.
"""

from __future__ import annotations

import numpy as np

from .points import Points

_SIZES_MIN = 6
_JUMP_MIN = 0.35
_TIMES_USUAL = 6.0


def cliff_in(points: Points) -> float | None:
    """Return the size behind the highest jump that stays up; None if no jump stands out.

    A jump is what an amount rises between two sizes beyond what its neighbours let expect, as a
    logarithm. It stands out if it is above 0.35 and six times the usual one (by the median, so that
    noise raises the bar). A hiccup comes down again, and is none.
    """
    sizes, amounts = np.log(np.array(points.sizes)), np.log(np.array(points.amounts))
    if len(sizes) < _SIZES_MIN:
        return None
    steps = np.diff(sizes)
    slopes = np.diff(amounts) / steps
    before = np.concatenate([slopes[1:2], slopes[:-1]])
    after = np.concatenate([slopes[1:], slopes[-2:-1]])
    jumps = (slopes - (before + after) / 2) * steps
    usual = 1.5 * float(np.median(np.abs(jumps)))
    highest = int(np.argmax(jumps))
    stands_out = jumps[highest] > max(_JUMP_MIN, _TIMES_USUAL * usual)
    comes_down = after[highest] < -_JUMP_MIN / steps[highest] / 2
    return points.sizes[highest + 1] if stands_out and not comes_down else None
