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
from .net import Attempt, Flags, Floats, Net, Places, attempt

ROUNDS_MAX: Final = 4
"""Attempts of a night that are followed; a step that still fails then is done by the last."""


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


def at_worst(
    net: Net, draws: Draws, steps: Sequence[int], is_chunked: Sequence[bool], restart_s: float
) -> list[Failing]:
    """Let each of the steps fail once, at its worst moment, in a night of its own.

    Args:
        net: The job's.
        draws: Nights.
        steps: Those that fail, one after the other.
        is_chunked: Of all steps, whether they resume from a checkpoint.
        restart_s: From the end of the attempt that failed to the begin of the next.

    Complexity: that of `net.attempt` for steps x nights.
    """
    at_end = _failed_once(net, draws, steps, is_chunked, restart_s, at_begin=False)
    chunked = [step for step in steps if is_chunked[step]]
    at_begin = iter(_failed_once(net, draws, chunked, is_chunked, restart_s, at_begin=True))
    made = []
    for step, late in zip(steps, at_end, strict=True):
        if not is_chunked[step]:
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
    net: Net,
    draws: Draws,
    steps: Sequence[int],
    is_chunked: Sequence[bool],
    restart_s: float,
    *,
    at_begin: bool,
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
    first = attempt(net, seconds, fails=fails)
    redone = np.where(np.array(is_chunked)[which] & (not at_begin), lost, whole)
    again = seconds
    again[rows, which] = redone
    begin = first.over + restart_s
    second = attempt(net, again, begin=begin, todo=~first.begun | fails)
    begins, fails_at = first.begins[rows, which], first.ends[rows, which]
    return [
        Failing(second.over[part], (second.over - begin)[part], begins[part], fails_at[part])
        for part in (slice(n * nights, (n + 1) * nights) for n in range(len(steps)))
    ]


def as_usual(
    net: Net,
    draws: Draws,
    clean: Attempt,
    is_chunked: Sequence[bool],
    restart_s: float,
    chance: np.random.Generator,
) -> Floats:
    """Return when each night is over if steps fail as often as drawn, at any moment of theirs.

    Args:
        net: The job's.
        draws: Nights.
        clean: The same nights without failures.
        is_chunked: Of all steps, whether they resume from a checkpoint.
        restart_s: As in `at_worst`.
        chance: Draws the moments.
    """
    over = clean.over.copy()
    rows = np.flatnonzero(draws.failures.any(axis=1))
    if not rows.size:
        return over
    over[rows] = _repeated(
        net,
        draws.seconds[rows],
        draws.chunk_s[rows],
        draws.failures[rows],
        np.array(is_chunked),
        restart_s,
        chance,
    )
    return over


def _repeated(
    net: Net,
    seconds: Floats,
    chunk_s: Floats,
    failures: Places,
    is_chunked: Flags,
    restart_s: float,
    chance: np.random.Generator,
) -> Floats:
    failures, left = failures.copy(), seconds.copy()
    begin: Floats | float = 0.0
    todo = np.ones(seconds.shape, dtype=np.bool_)
    over = np.zeros(len(seconds))
    for turn in range(ROUNDS_MAX):
        fails = todo & (failures > 0) & (turn < ROUNDS_MAX - 1)
        moment = chance.random(seconds.shape)
        made = attempt(
            net, np.where(fails, left * moment, left), begin=begin, todo=todo, fails=fails
        )
        over = np.where(todo.any(axis=1), made.over, over)
        has_failed = fails & made.begun
        failures = failures - has_failed
        lost = np.minimum(chunk_s, left * moment) * chance.random(seconds.shape)
        from_checkpoint = left * (1 - moment) + lost
        left = np.where(has_failed, np.where(is_chunked, from_checkpoint, seconds), left)
        todo = todo & (~made.begun | fails)
        begin = over + restart_s
    return over
