"""What past nights say about a night to come: how large it is, and what each step takes then.

The logarithm of a night's volume is a line over time with a part for each day of the week and for
the ends of months; that of a step's records follows the volume, that of its seconds the records.
What is left of each past night is kept together, step by step: so steps that are slow together stay
so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np

from .net import Floats
from .regression import Line, fitted

SECONDS_MIN: Final = 0.001
_NIGHTS_A_UNIT: Final = 30.0
"""Time is counted in months, so that slopes have a size that can be expected."""

_VOLUME_MEANS: Final = (*(0.0,) * 10, 0.15)
"""The last night of a month is expected to be large, for it mostly is."""

_VOLUME_DEVIATIONS: Final = (20.0, 0.1, *(0.3,) * 7, 0.3, 0.4)
_RATIO_DEVIATIONS: Final = (20.0,)
_STEP_DEVIATIONS: Final = (20.0, 0.4, 0.05, *(0.1,) * 7)


@dataclass(frozen=True)
class PastStep:
    """What one step took in one past night."""

    seconds: float
    """Above 0, without what failures cost."""

    records: int | None = None
    """Of a step in chunks; None for others."""

    failures: int = 0
    """How often it failed in that night before it was done."""

    chunk_share: float = 0.0
    """What its slowest chunk took, as a share of `seconds`; 0 if it is not in chunks."""


@dataclass(frozen=True)
class PastNight:
    """One past night of a job."""

    night: date
    steps: Mapping[str, PastStep]

    @property
    def volume(self) -> int:
        """The most records that any step read."""
        return max((one.records or 0 for one in self.steps.values()), default=0)


@dataclass(frozen=True)
class Guess:
    """What is known of a step that has no past: a forecast from rehearsals, or a person's word."""

    seconds: float
    """The median."""

    deviation: float
    """Standard deviation of its logarithm."""

    steepness: float = 1.0
    """The exponent by which it grows with the records."""

    records: int | None = None
    """For how many records that is; None for as many as are expected."""

    chunk_share: float = 0.0
    """What its longest chunk takes of that; 0 if it is not in chunks."""

    is_begun: bool = False
    """Whether it is of the run that goes on: how many records it has is known, whatever other steps
    read."""


@dataclass(frozen=True)
class StepModel:
    """What is expected of the seconds of one step."""

    line: Line
    left: Floats
    """Of each past night what the seconds were above the line; not a number where it is unknown."""

    ratio: Line | None
    """The logarithm of its records over the night's volume; None if it is not in chunks."""

    ratio_left: Floats
    failures: Floats
    """Of each past night how often it failed."""

    chunk_records: float
    """As many records as its slowest chunk took the time of; 0 if it is not in chunks. A night with
    more records has more chunks, not larger ones."""


@dataclass(frozen=True)
class Past:
    """What the past nights of a job have in them."""

    last: date
    """The newest of the nights; time is counted from it."""

    days: int
    """From the oldest of the nights to the newest."""

    nights: int
    volume: Line | None
    """None if no step of the job is in chunks."""

    volume_left: Floats
    typical: float
    """The logarithm of the median volume; records are counted from it."""

    steps: Mapping[str, StepModel]
    guesses: Mapping[str, Guess] = field(default_factory=dict)


def past_of(
    nights: Sequence[PastNight],
    names: Sequence[str],
    *,
    guesses: Mapping[str, Guess] | None = None,
    steepness: Mapping[str, tuple[float, float]] | None = None,
    tonight: date,
) -> Past:
    """Learn from past nights.

    Args:
        nights: The oldest first.
        names: The job's steps.
        guesses: Of steps that have no past.
        steepness: Of steps whose law was measured, the exponent at their size and its deviation.
        tonight: Stands for the last night where there is none.
    """
    last = nights[-1].night if nights else tonight
    volumes = _volumes(nights)
    has_volume = bool((volumes > 0).any())
    logs = np.log(np.maximum(volumes, 1.0))
    typical = float(np.median(logs[volumes > 0])) if has_volume else 0.0
    volume, left = None, np.full(len(nights), np.nan)
    if has_volume:
        rows = volumes > 0
        features = calendar_features([night.night for night in nights], last)
        volume = fitted(
            features[rows],
            logs[rows] - typical,
            prior_mean=np.array(_VOLUME_MEANS),
            prior_deviation=np.array(_VOLUME_DEVIATIONS),
            spread_prior=0.1,
        )
        left[rows] = volume.residuals
    models = {}
    for name in names:
        if any(name in night.steps for night in nights):
            prior = (steepness or {}).get(name)
            models[name] = _step_model(name, nights, volumes, last, typical=typical, prior=prior)
    known = {name: one for name, one in (guesses or {}).items() if name not in models}
    days = (last - nights[0].night).days if nights else 0
    return Past(last, days, len(nights), volume, left, typical, models, known)


def _volumes(nights: Sequence[PastNight]) -> Floats:
    """Return the volume of each night; 0 where it is not known.

    It is not known of a night that did not get to its end: perhaps its largest step is missing.
    """
    reading = [{name for name, one in night.steps.items() if one.records} for night in nights]
    times = Counter(name for names in reading for name in names)
    usual = {name for name, count in times.items() if 2 * count >= len(nights)}
    known = [usual <= names for names in reading]
    return np.array(
        [night.volume if is_known else 0 for night, is_known in zip(nights, known, strict=True)],
        dtype=np.float64,
    )


def calendar_features(nights: Sequence[date], last: date) -> Floats:
    """Return what the calendar says of nights: 1, months since `last`, weekday, ends of months."""
    table = np.zeros((len(nights), 11))
    table[:, 0] = 1.0
    for row, night in enumerate(nights):
        table[row, 1] = (night - last).days / _NIGHTS_A_UNIT
        table[row, 2 + night.weekday()] = 1.0
        table[row, 9] = night.day == 1
        table[row, 10] = (night + timedelta(days=1)).day == 1
    return table


def step_features(calendar: Floats, larger: Floats) -> Floats:
    """Return what a step's seconds depend on: 1, log of its records, months, weekday."""
    return np.concatenate([calendar[:, :1], larger[:, None], calendar[:, 1:9]], axis=1)


def _step_model(
    name: str,
    nights: Sequence[PastNight],
    volumes: Floats,
    last: date,
    *,
    typical: float,
    prior: tuple[float, float] | None,
) -> StepModel:
    rows = [row for row, night in enumerate(nights) if name in night.steps]
    mine = [nights[row].steps[name] for row in rows]
    calendar = calendar_features([nights[row].night for row in rows], last)
    is_known = volumes[rows] > 0
    logs = np.where(is_known, np.log(np.maximum(volumes[rows], 1.0)), typical)
    if not is_known.any():  # then its nights count as usual ones: there is no ratio to be had
        is_known = np.ones(len(rows), dtype=np.bool_)
    is_chunked = any(one.records is not None for one in mine)
    ratio, ratio_left = None, np.full(len(nights), np.nan)
    larger = logs - typical if typical else np.zeros(len(rows))
    if is_chunked:
        own = np.log([max(one.records or 0, 1) for one in mine])
        ratio = fitted(
            np.ones((int(is_known.sum()), 1)),
            (own - logs)[is_known],
            prior_mean=np.zeros(1),
            prior_deviation=np.array(_RATIO_DEVIATIONS),
            spread_prior=0.05,
        )
        ratio_left[np.array(rows)[is_known]] = ratio.residuals
        larger = own - typical - ratio.mean[0]
    exponent, deviation = prior or ((1.0, 0.4) if is_chunked else (0.3, 0.5))
    means = np.array([0.0, exponent, *(0.0,) * 8])
    deviations = np.array(_STEP_DEVIATIONS)
    deviations[1] = deviation
    line = fitted(
        step_features(calendar, larger),
        np.log([max(one.seconds, SECONDS_MIN) for one in mine]),
        prior_mean=means,
        prior_deviation=deviations,
    )
    left = np.full(len(nights), np.nan)
    left[rows] = line.residuals
    failures = np.zeros(len(nights))
    failures[rows] = [one.failures for one in mine]
    chunks = [one.chunk_share * (one.records or 0) for one in mine if one.chunk_share > 0]
    return StepModel(
        line=line,
        left=left,
        ratio=ratio,
        ratio_left=ratio_left,
        failures=failures,
        chunk_records=float(np.quantile(chunks, 0.9)) if chunks else 0.0,
    )
