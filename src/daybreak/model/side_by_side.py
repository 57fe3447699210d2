"""Which steps of a job may be at work at the same time, and what that needs: for the preflight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from .job import Step
from .shares import Uses

TRIES_MAX: Final = 20_000
"""Sets of steps that are looked at; a job of thirty steps side by side needs a few hundred."""


@dataclass(frozen=True, slots=True)
class _Set:
    """Steps that may be at work at the same time, chosen from the first `place` of all."""

    place: int = 0
    chosen: tuple[Step[Any], ...] = ()
    weight: int = 0
    used: Mapping[str, int] = field(default_factory=dict)


def heaviest(
    steps: Sequence[Step[Any]], weights: Mapping[str, int], limits: Uses
) -> tuple[Step[Any], ...]:
    """Return the steps that weigh most of all that may be at work at the same time.

    No step is before another one of them, and together they use no more than the limits allow.
    Jobs of very many steps side by side under limits are not searched to the end: then the answer
    can happen, but is perhaps not the heaviest.

    Args:
        steps: Those that are not done.
        weights: What each needs, by its name; the others need nothing, and are left out.
        limits: Units that there are, by name.

    Complexity: at most `TRIES_MAX` sets.
    """
    order = sorted((s for s in steps if weights.get(s.name)), key=lambda s: -weights[s.name])
    rest = [0] * (len(order) + 1)  # what all steps from here on weigh together
    for place in reversed(range(len(order))):
        rest[place] = rest[place + 1] + weights[order[place].name]
    best = _Set()
    ahead = [best]
    for _ in range(TRIES_MAX):
        if not ahead:
            break
        one = ahead.pop()
        best = max(best, one, key=lambda each: each.weight)
        if one.place < len(order) and one.weight + rest[one.place] > best.weight:
            step = order[one.place]
            ahead.append(_Set(one.place + 1, one.chosen, one.weight, one.used))
            if _fits(step, one, limits):
                ahead.append(_with(step, weights[step.name], one))
    return best.chosen


def _fits(step: Step[Any], others: _Set, limits: Uses) -> bool:
    if any(other in step.upstream or step in other.upstream for other in others.chosen):
        return False
    return all(
        others.used.get(name, 0) + units <= limits.get(name, units + others.used.get(name, 0))
        for name, units in step.uses.items()
    )


def _with(step: Step[Any], weight: int, others: _Set) -> _Set:
    used = dict(others.used)
    for name, units in step.uses.items():
        used[name] = used.get(name, 0) + units
    return _Set(others.place + 1, (*others.chosen, step), others.weight + weight, used)
