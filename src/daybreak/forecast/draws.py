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
UNSEEN_NIGHTS: Final = 6.0
"""How many nights what has not happened yet weighs as much as."""

UNSEEN_WIDER: Final = 1.25
"""So many times the spread of what was seen is that of what was not."""

SHARED: Final = 0.5
"""Share of the variance that is the night's and not the step's, where nothing tells."""

BLUR: Final = 0.6
"""A night that was seen is blurred by this share of the spread, less the more nights there are."""

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
        return self.only(slice(nights))

    def only(self, rows: Places | slice) -> Draws:
        """Return some of them."""
        return Draws(
            self.seconds[rows],
            self.chunk_s[rows],
            self.records[rows],
            self.failures[rows],
            self.volume[rows],
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
    drawing = _Drawing(past, wish, nights, chance)
    columns = [drawing.step(name) for name in names]
    seconds, chunk_s, records, failures = (
        np.stack(one, axis=1) for one in zip(*columns, strict=True)
    )
    return Draws(seconds, chunk_s, records, failures.astype(np.int64), drawing.volume)


class _Drawing:
    """What the steps of the drawn nights share: the past night each is taken from, and the volume.

    A night that is taken from none has a factor that all its steps share.
    """

    def __init__(self, past: Past, wish: Wish, nights: int, chance: np.random.Generator) -> None:
        self._past, self._wish, self._nights, self._chance = past, wish, nights, chance
        self._place = chance.integers(0, max(past.nights, 1), nights)
        share = UNSEEN_NIGHTS / (past.nights + UNSEEN_NIGHTS)
        self._is_unseen: Flags = chance.random(nights) < share
        self._blur = BLUR * max(past.nights, 1) ** -0.2
        self._factor = self._wild()
        self._calendar = calendar_features([wish.night], past.last)
        self._larger = self._volume()

    @property
    def volume(self) -> Floats:
        """The records of the largest step; not a number if none has records."""
        if self._past.volume is None:
            return np.full(self._nights, np.nan)
        return np.exp(self._larger + self._past.typical)

    def step(self, name: str) -> tuple[Floats, Floats, Floats, Floats]:
        """Return what a step takes, what a failure costs, its records, and how often it fails."""
        model = self._past.steps.get(name)
        if model is None:
            logs, records, share = self._guessed(self._past.guesses[name])
            failures = (self._chance.random(self._nights) < FAILURE_RATE).astype(np.float64)
        else:
            logs, records = self._expected(model)
            share = model.chunk_records / np.maximum(records, 1.0)
            failures = self._failures(model)
        is_chunked = np.nan_to_num(share) > 0
        still = (self._wish.left or {}).get(name, 1.0)
        times = (self._wish.step_times or {}).get(name, 1.0)
        whole = np.maximum(np.exp(logs) * times, SECONDS_MIN)
        seconds = np.maximum(whole * still, SECONDS_MIN)
        chunk_s = np.where(is_chunked, np.minimum(whole * share, seconds), seconds)
        return seconds, chunk_s, records * still, failures

    def _volume(self) -> Floats:
        """Return the logarithm of each night's volume over the typical one."""
        supposed = np.full(self._nights, np.log(self._wish.volume_times))
        line = self._past.volume
        if line is None:
            return supposed
        mean, deviation = line.at(self._calendar)
        off = deviation * self._chance.standard_normal(self._nights)
        volume: Floats = supposed + mean + off + self._left(self._past.volume_left, line.spread)
        return volume

    def _expected(self, model: StepModel) -> tuple[Floats, Floats]:
        """Return the logarithm of a step's seconds, and its records."""
        records = np.full(self._nights, np.nan)
        mine = self._larger
        if model.ratio is not None:
            mine = mine + self._left(model.ratio_left, model.ratio.spread)
            records = np.exp(mine + self._past.typical + model.ratio.mean[0])
        calendar = np.repeat(self._calendar, self._nights, axis=0)
        mean, deviation = model.line.at(step_features(calendar, mine))
        off = deviation * self._chance.standard_normal(self._nights)
        return mean + off + self._left(model.left, model.line.spread), records

    def _guessed(self, guess: Guess) -> tuple[Floats, Floats, Floats]:
        """Return the same of a step that has no past, and what share of it its longest chunk is."""
        logs = np.log(guess.seconds) + self._left(np.array([]), guess.deviation)
        mine, records = self._larger, np.full(self._nights, np.nan)
        if guess.is_begun:
            mine = np.full(self._nights, np.log(self._wish.volume_times))
        elif guess.records is not None and self._past.volume is not None:
            mine = mine + self._past.typical - np.log(guess.records)
        if guess.records is not None:
            records = guess.records * np.exp(mine)
        return logs + guess.steepness * mine, records, guess.chunk_share * np.exp(-mine)

    def _failures(self, model: StepModel) -> Floats:
        """Return how often it fails: as often as in the past night, or as it does on average."""
        rate = ((model.failures > 0).sum() + FAILURE_RATE) / (len(model.failures) + 1.0)
        unseen = (self._chance.random(self._nights) < rate).astype(np.float64)
        return np.where(self._is_unseen, unseen, model.failures[self._place])

    def _left(self, left: Floats, spread: float) -> Floats:
        """Return what each draw is above what is expected.

        Args:
            left: What past nights were; not a number where that is not known.
            spread: The standard deviation of one night.
        """
        shared = np.sqrt(SHARED) * self._factor + np.sqrt(1 - SHARED) * self._wild()
        unseen: Floats = UNSEEN_WIDER * spread * shared
        known = left[~np.isnan(left)]
        if not known.size:
            return np.clip(unseen, -LOG_MOST, LOG_MOST)
        seen = left[self._place]
        seen = np.where(np.isnan(seen), self._chance.choice(known, self._nights), seen)
        noise = self._blur * spread * self._chance.standard_normal(self._nights)
        return np.clip(np.where(self._is_unseen, unseen, seen + noise), -LOG_MOST, LOG_MOST)

    def _wild(self) -> Floats:
        """Draw from Student's t with a standard deviation of 1."""
        wild: Floats = self._chance.standard_t(DEGREES, self._nights)
        wild /= np.sqrt(DEGREES / (DEGREES - 2))
        return wild
