"""How far a forecast can be trusted: A firm, B indicative, C refused; why, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import Final, Literal

from .cliff import cliff_in
from .laws import COMMON, EXPONENTIAL, SATURATING, Law
from .points import Points

Grade = Literal["A", "B", "C"]

FEW_SIZES: Final = 4
GOOD_SIZES: Final = 8
GOOD_SPAN: Final = 30.0
FAR: Final = 30.0
NEAR: Final = 12.0
FIRM: Final = 0.2
VAGUE: Final = 0.75
FULL: Final = 0.7
ALONE: Final = 8.0
MANIFOLD: Final = 2.3


@dataclass(frozen=True, slots=True)
class Ground:
    """What a grade is decided by."""

    points: Points
    records: float
    law: Law
    likeliest: Law
    """Of the curve that counts most in the prediction."""

    super_linear: str
    deviation: float
    """Standard deviation of the forecast's logarithm at `records`."""

    predicted: float
    limit: float | None
    """What the machine has of the forecast's unit; None if there is no such limit."""


def refusals(ground: Ground) -> list[str]:
    """Say why a forecast is refused; nothing if it is not."""
    points, factor = ground.points, ground.records / ground.points.largest
    reasons = []
    if (count := len(points.sizes)) < FEW_SIZES:
        reasons.append(f"only {count} sizes were measured: any law of about that growth fits")
    if factor > FAR:
        reasons.append(f"{factor:,.0f} times the largest size measured is too far")
    if factor > 1 and ground.law in (EXPONENTIAL, SATURATING):
        reasons.append(f"{ground.law} growth cannot be carried beyond what was measured")
    if ground.deviation > VAGUE:
        times = f"{exp(ground.deviation):.1f}" if ground.deviation < MANIFOLD else "ten"
        reasons.append(f"it may be off by a factor of {times} or more")
    cliff = cliff_in(points)
    if factor > 1 and cliff is not None:
        reasons.append(
            f"at about {cliff:,.0f} records growth breaks: what lies behind is too short"
        )
    if ground.limit is not None and ground.predicted > FULL * ground.limit:
        share = ground.predicted / ground.limit
        reasons.append(f"it would take {share:.0%} of the machine's memory: growth breaks there")
    return reasons


def doubts(ground: Ground) -> list[str]:
    """Say what keeps a forecast from being firm; nothing if it is."""
    points, factor = ground.points, ground.records / ground.points.largest
    reasons = []
    if (count := len(points.sizes)) < GOOD_SIZES:
        reasons.append(f"{count} sizes were measured; {GOOD_SIZES} would make it firmer")
    if points.span < GOOD_SPAN:
        reasons.append(f"the sizes span a factor of {points.span:.2g} only")
    if points.largest > ALONE * points.sizes[-2] and points.counts[-1] == 1:
        reasons.append(f"{points.largest:,.0f} records were measured once, far above the others")
    if factor > NEAR:
        reasons.append(f"{factor:,.0f} times the largest size measured is far")
    if factor > 1 and ground.likeliest.name not in COMMON:
        reasons.append(f"it grows like {ground.likeliest}, for which there is no common reason")
    if ground.deviation > FIRM:
        if ground.deviation <= VAGUE:  # beyond that it is refused, with a factor
            reasons.append(f"it may well be off by {exp(ground.deviation) - 1:.0%}")
        if factor > 1 and ground.super_linear == "cannot be excluded":
            reasons.append("growth steeper than n log n cannot be excluded")
    return reasons


def grade_of(ground: Ground) -> Grade:
    """Decide."""
    if refusals(ground):
        return "C"
    return "B" if doubts(ground) else "A"


def next_size_of(ground: Ground) -> int | None:
    """Return the size to measure next, in records; None if nothing is gained by it.

    It is the size that makes the longest step which is still cheap: a quarter of the size asked
    for, but at most four times the largest one, so that a steep law does not make it endless. With
    too few sizes, or over too short a span, it lies on the other side.
    """
    points = ground.points
    if grade_of(ground) == "A":
        return None
    if ground.records > points.largest * 1.5:
        return round(min(max(ground.records / 4, points.largest * 2), points.largest * 4))
    if points.span < GOOD_SPAN:
        return max(1, round(points.largest / GOOD_SPAN))
    return round(points.largest * 2)
