"""Which number of records to rehearse next: up by doubling, then in between, within a budget.

Pure decisions; chance is a seeded generator that the caller gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log, sqrt
from random import Random
from typing import Final

CLIMB: Final = 2.0
"""By how much each sample is larger than the one before on the way up."""

CLIMB_SHARE: Final = 0.6
"""How much of the budget the way up may take; the rest is for sizes in between."""

GROWTH_MIN: Final = 1.5
GROWTH_MAX: Final = 8.0
"""What a doubled sample is expected to cost, in samples before it: between √2 and n³."""

JITTER: Final = 0.05
"""Sizes in between are moved by up to so much, so that none is a round number by habit."""

SIZES_MAX: Final = 14

SIZES_FEW: Final = 5
"""Of a small source so many sizes at least are taken if the budget allows, by going down."""

SIZES_MIN: Final = 2
"""With fewer sizes there is no growth to see: so many are taken whatever the budget."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One sample that was rehearsed."""

    records: int
    cost_s: float
    """What it took, with the start and the end of its process."""


def first_size(chunk: int, most: int | None) -> int:
    """Return the smallest sample: a fraction of a chunk, at least 16 records where there are."""
    wanted = max(16, chunk // 32)
    return wanted if most is None else max(1, min(wanted, most // 64 or 1))


def next_size(
    tried: Sequence[Tried], *, most: int | None, budget_s: float, chance: Random
) -> int | None:
    """Return the next number of records; None if the budget or the sizes are used up.

    Args:
        tried: The samples so far, in the order in which they were taken; at least one.
        most: No larger sample is wanted, or is there.
        budget_s: What all samples may cost together, but for the first `SIZES_MIN` of them.
        chance: Draws the order of the sizes in between.
    """
    left_s = budget_s - sum(one.cost_s for one in tried)
    higher = _higher(tried, most)
    if higher is not None:
        size, cost_s = higher
        if len(tried) < SIZES_MIN or cost_s <= left_s - budget_s * (1 - CLIMB_SHARE):
            return size
    elif (lower := _lower(tried, left_s)) is not None:
        return lower
    return _between(tried, left_s, chance)


def _lower(tried: Sequence[Tried], left_s: float) -> int | None:
    """Return a smaller size than all so far, of a source with so few records that few were."""
    least = min(tried, key=lambda one: one.records)
    is_few = len({one.records for one in tried}) < SIZES_FEW
    is_due = len(tried) < SIZES_MIN or least.cost_s <= left_s
    smaller = round(least.records / CLIMB)
    return smaller if is_few and is_due and 1 <= smaller < least.records else None


def _higher(tried: Sequence[Tried], most: int | None) -> tuple[int, float] | None:
    """Return a larger size than all so far, with what it will cost; None if there is none."""
    sizes = sorted(tried, key=lambda one: one.records)
    top = sizes[-1]
    size = round(top.records * CLIMB)
    if most is not None and size > most * 0.7:  # no last step that is hardly one
        size = most
    if size <= top.records:
        return None
    growth = top.cost_s / sizes[-2].cost_s if len(sizes) > 1 else CLIMB
    steps = log(size / top.records) / log(CLIMB)
    return size, top.cost_s * min(max(growth, GROWTH_MIN), GROWTH_MAX) ** steps


def _between(tried: Sequence[Tried], left_s: float, chance: Random) -> int | None:
    """Return a size between two neighbours that has room in what is left of the budget."""
    costs: dict[int, float] = {}
    for one in sorted(tried, key=lambda one: one.records):
        costs[one.records] = max(one.cost_s, costs.get(one.records, 0.0))
    sizes = list(costs)
    if len(sizes) >= SIZES_MAX:
        return None
    room = [
        size
        for low, high in pairwise(sizes)
        if high > low * sqrt(CLIMB) * (1 - JITTER) and costs[high] <= left_s
        if low < (size := round(sqrt(low * high))) < high
    ]
    if not room:
        return None
    size = chance.choice(room)
    moved = round(size * chance.uniform(1 - JITTER, 1 + JITTER))
    return size if moved in costs else moved
