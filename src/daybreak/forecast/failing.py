"""Nights in which steps fail: at the worst moment, or as often as they did.

A step that fails holds back those behind it; the others go on. When nothing is at work any more the
run has failed, and the same command resumes it after a while: a step in chunks from its checkpoint,
any other from its beginning. So a failure may be dearest at the end of a step, where most is lost,
or at the beginning of a long one, which then begins again only when all others are done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from .draws import Draws
from .net import Attempt, Floats, Net, attempt

ROUNDS_MAX: Final = 4
"""Attempts of a night that are followed; a step that still fails then is done by the last."""


@dataclass(frozen=True)
class Resuming:
    """A job's net, and what a step costs that failed."""

    net: Net
    is_chunked: tuple[bool, ...]
    """Of each step, whether it goes on from a checkpoint."""

    restart_s: float
    """From the end of the run that failed until the same command goes on with it."""


@dataclass(frozen=True)
class Failing:
    """What one failure of one step at its worst moment makes of each night."""

    over: Floats
    """When the night is over."""

    repair_s: Floats
    """From the resume to the end of the night, if it failed at its end."""

    begins: Floats
    """When the step began at first."""

    fails_at: Floats
    """The worst moment."""


def at_worst(resuming: Resuming, draws: Draws, steps: Sequence[int]) -> list[Failing]:
    """Let each of the steps fail once, at its worst moment, in a night of its own.

    Args:
        resuming: The job's net, and what a failure costs.
        draws: Nights.
        steps: Those that fail, one after the other.

    Complexity: that of `net.attempt` for steps x nights.
    """
    at_end = _failed_once(resuming, draws, steps, at_begin=False)
    chunked = [step for step in steps if resuming.is_chunked[step]]
    at_begin = iter(_failed_once(resuming, draws, chunked, at_begin=True))
    made = []
    for step, late in zip(steps, at_end, strict=True):
        if not resuming.is_chunked[step]:
            made.append(late)
            continue
        early = next(at_begin)
        is_early = early.over > late.over
        made.append(
            Failing(
                np.where(is_early, early.over, late.over),
                late.repair_s,
                late.begins,
                np.where(is_early, early.fails_at, late.fails_at),
            )
        )
    return made


def _failed_once(
    resuming: Resuming, draws: Draws, steps: Sequence[int], *, at_begin: bool
) -> list[Failing]:
    """Simulate all of them at once: nights of the first step, then of the second, and so on."""
    if not steps:
        return []
    nights = len(draws.seconds)
    which = np.repeat(np.array(steps), nights)
    rows = np.arange(len(which))
    seconds = np.tile(draws.seconds, (len(steps), 1))
    lost = np.tile(draws.chunk_s, (len(steps), 1))[rows, which]
    whole = seconds[rows, which].copy()
    fails = np.zeros(seconds.shape, dtype=np.bool_)
    fails[rows, which] = True
    if at_begin:
        seconds[rows, which] = lost
    first = attempt(resuming.net, seconds, fails=fails)
    redone = np.where(np.array(resuming.is_chunked)[which] & (not at_begin), lost, whole)
    again = seconds
    again[rows, which] = redone
    begin = first.over + resuming.restart_s
    second = attempt(resuming.net, again, begin=begin, todo=~first.begun | fails)
    begins, fails_at = first.begins[rows, which], first.ends[rows, which]
    return [
        Failing(second.over[part], (second.over - begin)[part], begins[part], fails_at[part])
        for part in (slice(n * nights, (n + 1) * nights) for n in range(len(steps)))
    ]


def as_usual(
    resuming: Resuming, draws: Draws, clean: Attempt, chance: np.random.Generator
) -> Floats:
    """Return when each night is over if steps fail as often as drawn, at any moment of theirs.

    Args:
        resuming: The job's net, and what a failure costs.
        draws: Nights.
        clean: The same nights without failures.
        chance: Draws the moments.
    """
    over = clean.over.copy()
    rows = np.flatnonzero(draws.failures.any(axis=1))
    if rows.size:
        over[rows] = _repeated(resuming, draws.only(rows), chance)
    return over


def _repeated(resuming: Resuming, draws: Draws, chance: np.random.Generator) -> Floats:
    """Follow nights from attempt to attempt, until all is done."""
    is_chunked = np.array(resuming.is_chunked)
    failures, left = draws.failures, draws.seconds
    begin: Floats | float = 0.0
    todo = np.ones(left.shape, dtype=np.bool_)
    over = np.zeros(len(left))
    for turn in range(ROUNDS_MAX):
        fails = todo & (failures > 0) & (turn < ROUNDS_MAX - 1)
        moment = chance.random(left.shape)
        took = np.where(fails, left * moment, left)
        made = attempt(resuming.net, took, begin=begin, todo=todo, fails=fails)
        over = np.where(todo.any(axis=1), made.over, over)
        has_failed = fails & made.begun
        failures = failures - has_failed
        lost = np.minimum(draws.chunk_s, left * moment) * chance.random(left.shape)
        from_checkpoint = left * (1 - moment) + lost
        redone = np.where(is_chunked, from_checkpoint, draws.seconds)
        left = np.where(has_failed, redone, left)
        todo = todo & (~made.begun | fails)
        begin = over + resuming.restart_s
    return over
