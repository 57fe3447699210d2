"""Nights to come, drawn: of each step its records, its seconds, and how often it fails.

Most draws take what is left of one past night as it was, all steps together, a little blurred; the
others take Student's t with a factor that all steps share. The fewer nights are known, the more are
of the second kind: they hold what has not happened yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from .net import Flags, Floats, Places
from .past import SECONDS_MIN, Guess, Past, StepModel, calendar_features, step_features

DEGREES: Final = 4.0
UNSEEN_NIGHTS: Final = 5.0
"""How many nights what has not happened yet weighs as much as."""

UNSEEN_WIDER: Final = 1.25
"""So many times the spread of what was seen is that of what was not."""

SHARED: Final = 0.5
"""Share of the variance that is the night's and not the step's, where nothing tells."""

FAILURE_RATE: Final = 0.01
"""Of a step and night of which nothing is known; weighs as much as one night."""

LOG_MOST: Final = 3.0
"""A draw is at most e³, twenty times, away from what is expected."""


@dataclass(frozen=True)
class Wish:
    """What is to be supposed of the night."""

    night: date
    volume_times: float = 1.0
    """So many times the records that are expected."""

    step_times: Mapping[str, float] | None = None
    """So many times the seconds of a step."""

    left: Mapping[str, float] | None = None
    """Of a step that has begun, the share of its records that is still to be done."""


@dataclass(frozen=True)
class Draws:
    """Nights that may come: one row a night, one column a step."""

    seconds: Floats
    """What each step takes if nothing fails."""

    chunk_s: Floats
    """What a failure of it costs at most: its longest chunk, or all of it if it has none."""

    records: Floats
    """What it reads; not a number if it is not in chunks."""

    failures: Places
    """How often it fails, if steps fail as often as they did."""

    volume: Floats
    """The most records that any step reads; not a number without steps in chunks."""

    def sped_up(self, step: int, times: float) -> Draws:
        """Return the same nights with one step taking so many times its seconds."""
        seconds, chunk_s = self.seconds.copy(), self.chunk_s.copy()
        seconds[:, step] *= times
        chunk_s[:, step] *= times
        return Draws(seconds, chunk_s, self.records, self.failures, self.volume)

    def first(self, nights: int) -> Draws:
        """Return the first of them."""
        return Draws(
            self.seconds[:nights],
            self.chunk_s[:nights],
            self.records[:nights],
            self.failures[:nights],
            self.volume[:nights],
        )


def drawn(
    past: Past, names: Sequence[str], wish: Wish, nights: int, chance: np.random.Generator
) -> Draws:
    """Draw nights.

    Args:
        past: What is known of the job.
        names: Its steps; each has a past or a guess.
        wish: Which night, and what is supposed of it.
        nights: How many.
        chance: A generator; the same seed gives the same nights.
    """
    which = _Which(past, nights, chance)
    larger = _volume(past, wish, which, chance)
    columns = [_step(past, name, wish, larger, which, chance) for name in names]
    seconds, chunk_s, records, failures = (
        np.stack(one, axis=1) for one in zip(*columns, strict=True)
    )
    volume = np.exp(larger + past.typical) if past.volume else np.full(nights, np.nan)
    return Draws(seconds, chunk_s, records, failures.astype(np.int64), volume)


class _Which:
    """Which past night each draw is taken from, if any, and the factor of the others."""

    def __init__(self, past: Past, nights: int, chance: np.random.Generator) -> None:
        self.nights = nights
        self.place = chance.integers(0, max(past.nights, 1), nights)
        share = UNSEEN_NIGHTS / (past.nights + UNSEEN_NIGHTS)
        self.is_unseen: Flags = chance.random(nights) < share
        self.blur = 0.9 * max(past.nights, 1) ** -0.2
        self.factor = chance.standard_t(DEGREES, nights) / _T_DEVIATION

    def left(self, left: Floats, spread: float, chance: np.random.Generator) -> Floats:
        """Return what each draw is above what is expected.

        Args:
            left: What past nights were; not a number where that is not known.
            spread: The standard deviation of one night.
            chance: A generator.
        """
        own = chance.standard_t(DEGREES, self.nights) / _T_DEVIATION
        unseen = UNSEEN_WIDER * spread * (np.sqrt(SHARED) * self.factor + np.sqrt(1 - SHARED) * own)
        known = left[~np.isnan(left)]
        if not known.size:
            return np.clip(unseen, -LOG_MOST, LOG_MOST)
        seen = left[self.place]
        is_missing = np.isnan(seen)
        seen = np.where(is_missing, chance.choice(known, self.nights), seen)
        noise = self.blur * spread * chance.standard_normal(self.nights)
        seen = (seen + noise) / np.sqrt(1 + self.blur**2)
        return np.clip(np.where(self.is_unseen, unseen, seen), -LOG_MOST, LOG_MOST)


_T_DEVIATION: Final = np.sqrt(DEGREES / (DEGREES - 2))


def _volume(past: Past, wish: Wish, which: _Which, chance: np.random.Generator) -> Floats:
    """Return the logarithm of each night's volume over the typical one."""
    if past.volume is None:
        return np.full(which.nights, np.log(wish.volume_times))
    mean, deviation = past.volume.at(calendar_features([wish.night], past.last))
    off = deviation * chance.standard_normal(which.nights)
    left = which.left(past.volume_left, past.volume.spread, chance)
    return mean + off + left + np.log(wish.volume_times)


def _step(
    past: Past,
    name: str,
    wish: Wish,
    larger: Floats,
    which: _Which,
    chance: np.random.Generator,
) -> tuple[Floats, Floats, Floats, Floats]:
    model = past.steps.get(name)
    times = np.log((wish.step_times or {}).get(name, 1.0))
    still = (wish.left or {}).get(name, 1.0)
    if model is None:
        logs, records, share, failures = _guessed(past.guesses[name], past, larger, which, chance)
    else:
        logs, records = _expected(model, past, wish, larger, which, chance)
        share = model.chunk_share
        failures = _failures(model, which, chance)
    seconds = np.maximum(np.exp(logs + times), SECONDS_MIN)
    chunk_s = seconds * share if share else seconds
    left_s = np.maximum(seconds * still, SECONDS_MIN)
    return left_s, np.minimum(chunk_s, seconds), records * still, failures


def _expected(
    model: StepModel,
    past: Past,
    wish: Wish,
    larger: Floats,
    which: _Which,
    chance: np.random.Generator,
) -> tuple[Floats, Floats]:
    records = np.full(which.nights, np.nan)
    mine = larger
    if model.ratio is not None:
        mine = larger + which.left(model.ratio_left, model.ratio.spread, chance)
        records = np.exp(mine + past.typical + model.ratio.mean[0])
    calendar = np.repeat(calendar_features([wish.night], past.last), which.nights, axis=0)
    mean, deviation = model.line.at(step_features(calendar, mine))
    off = deviation * chance.standard_normal(which.nights)
    return mean + off + which.left(model.left, model.line.spread, chance), records


def _guessed(
    guess: Guess, past: Past, larger: Floats, which: _Which, chance: np.random.Generator
) -> tuple[Floats, Floats, float, Floats]:
    left = which.left(np.array([]), guess.deviation, chance)
    failures = (chance.random(which.nights) < FAILURE_RATE).astype(np.float64)
    if guess.records is None:
        return (
            np.log(guess.seconds) + left,
            np.full(which.nights, np.nan),
            guess.chunk_share,
            failures,
        )
    mine = larger + past.typical - np.log(guess.records) if past.volume else larger
    logs = np.log(guess.seconds) + guess.steepness * mine + left
    return logs, guess.records * np.exp(mine), guess.chunk_share, failures


def _failures(model: StepModel, which: _Which, chance: np.random.Generator) -> Floats:
    """Return how often it fails: as often as in the past night, or as it does on average."""
    nights = len(model.failures)
    rate = ((model.failures > 0).sum() + FAILURE_RATE) / (nights + 1.0)
    unseen = (chance.random(which.nights) < rate).astype(np.float64)
    return np.where(which.is_unseen, unseen, model.failures[which.place])
