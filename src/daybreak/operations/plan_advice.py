"""What to change about a job's steps: what risks too much work, what is too small by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from ..forecast.night import LOST_S_MOST, SMALL_S, NightPlan, StepPlan
from ..model.job import Step, StepKind

CHUNK_S: Final = 60.0
"""What a chunk should take at most where a smaller one is proposed."""

_MINUTES_MOST: Final = 600.0


@dataclass(frozen=True)
class Advice:
    """One thing to change."""

    what: Literal["divide", "join"]
    steps: tuple[str, ...]
    text: str


def advice_of(steps: Sequence[Step[Any]], timing: NightPlan) -> list[Advice]:
    """Say which steps should be divided, and which joined."""
    return [*_divided(steps, timing), *_joined(steps, timing)]


def _divided(steps: Sequence[Step[Any]], timing: NightPlan) -> Iterator[Advice]:
    for step in steps:
        lost_s = timing.step(step.name).lost_s
        if lost_s <= LOST_S_MOST:
            continue
        lost = f"{step.name} risks {_minutes(lost_s)} of lost work"
        if step.kind is StepKind.STEP:
            text = f"{lost}, a whole chunk: {_smaller(step, timing.step(step.name))}"
        else:
            text = (
                f"{lost}: it begins again from nothing; divide it, or let it return a pipeline, so"
                " that it goes on from its checkpoint"
            )
        yield Advice("divide", (step.name,), text)


def _minutes(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes:,.0f} min" if minutes < _MINUTES_MOST else f"{minutes / 60:,.0f} h"


def _smaller(step: Step[Any], timing: StepPlan) -> str:
    """Say how to lose less: the records of a minute make a chunk, if it is known what one takes."""
    if timing.records is None:
        return f"make its chunks smaller, --set {step.name}.chunk=N"
    a_record_s = timing.seconds.p50 * step.knobs.parallel / max(timing.records, 1.0)
    if a_record_s > CHUNK_S:
        return f"each of its records takes {_minutes(a_record_s)}; divide what is done for one"
    return f"make its chunks smaller, --set {step.name}.chunk={int(CHUNK_S / a_record_s)}"


def _joined(steps: Sequence[Step[Any]], timing: NightPlan) -> Iterator[Advice]:
    small = {step.name for step in steps if timing.step(step.name).seconds.p90 < SMALL_S}
    told: set[str] = set()
    for step in steps:
        if step.name not in small or step.name in told:
            continue
        chain = _chain(step, steps, small)
        told |= set(chain)
        if len(chain) > 1:
            names = f"{', '.join(chain[:-1])} and {chain[-1]}"
            text = f"{names} take seconds, one after the other: join them"
            yield Advice("join", tuple(chain), text)
        elif len(step.after) == 1:
            before = step.after[0].name
            text = f"{step.name} takes seconds: it could be joined with {before}, which it follows"
            yield Advice("join", (step.name, before), text)


def _chain(step: Step[Any], steps: Sequence[Step[Any]], small: set[str]) -> list[str]:
    """Return small steps that follow each other with nothing else behind or before them."""
    chain = [step]
    while True:
        behind = [one for one in steps if chain[-1] in one.after]
        if len(behind) != 1 or behind[0].name not in small or len(behind[0].after) != 1:
            return [one.name for one in chain]
        chain.append(behind[0])
