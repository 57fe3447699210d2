"""What a plan knows of a job's steps, and from where: past runs, a forecast, a person's word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Final

from ..errors import PreflightError
from ..forecast import Forecast
from ..forecast.past import Guess, Past, PastNight, PastStep, past_of
from ..ledger.forecasts import KeptForecast
from ..ledger.history import StepTime
from ..model.chunk_size import CHUNK_S
from ..model.job import Job, Step, StepKind
from .what_if import WhatIf

WORD_DEVIATION: Final = 0.3
"""How far off a person's word about a step's seconds is, as a deviation of its logarithm."""

DEVIATION_MIN: Final = 0.1
"""No forecast of a step's seconds is surer than that."""

GUESSED_CHUNK_SHARE: Final = 0.1
"""What the longest chunk of a step takes of it, where no run has shown it."""

AUTO_CHUNK_S: Final = 2 * CHUNK_S
"""The same in seconds, if its size adapts: one that misses its aim is halved."""

_SECONDS_MIN: Final = 1e-3


@dataclass(frozen=True)
class Basis:
    """What is known of a job, and in which words that is said."""

    past: Past
    sources: Mapping[str, str]
    """By step: `61 runs`, `a forecast`, `your word`."""

    notes: Sequence[str]
    """What should be known of it."""


def basis_of(
    job: Job,
    file: str,
    steps: Sequence[Step[Any]],
    *,
    history: Sequence[StepTime],
    forecasts: Sequence[KeptForecast],
    what_if: WhatIf,
    tonight: date,
    begun: Mapping[str, Guess],
) -> Basis:
    """Collect what is known of steps.

    Args:
        job: Theirs.
        file: Its file as typed, for what to type next.
        steps: Those to be planned.
        history: What they took in past runs, the oldest first.
        forecasts: Those the ledger keeps, the oldest first.
        what_if: May have a person's word on them.
        tonight: The planned night.
        begun: What those take that have begun in the run that goes on, by their chunks so far.

    Raises:
        PreflightError: If nothing is known of some; the hint says what to run.
    """
    nights = _nights(history, tonight)
    kept = {one.step: one for one in forecasts if Forecast.can_read(one.forecast)}
    seen = {name for night in nights for name in night.steps}
    guesses: dict[str, Guess] = {}
    sources: dict[str, str] = {}
    notes: list[str] = []
    unknown = []
    for step in steps:
        if step.name in what_if.step_s:
            guesses[step.name] = _word(step, what_if)
            sources[step.name] = "your word"
        elif step.name in seen:
            count = sum(step.name in night.steps for night in nights)
            sources[step.name] = "1 run" if count == 1 else f"{count} runs"
        elif step.name in begun:
            guesses[step.name] = begun[step.name]
            sources[step.name] = "its chunks so far"
        elif step.name in kept:
            guesses[step.name], note = _forecast(step, kept[step.name], what_if)
            sources[step.name] = "a forecast"
            notes.append(note)
        else:
            unknown.append(step)
    if unknown:
        raise _nothing_known(job, file, unknown)
    names = [step.name for step in steps]
    told = {name for name in names if name in what_if.step_s}
    nights = [_without(night, told) for night in nights]
    past = past_of(
        nights, names, guesses=guesses, steepness=_steepness(names, kept), tonight=tonight
    )
    if what_if.records and past.volume is None and not any(g.records for g in guesses.values()):
        notes.append(
            f"records={what_if.records} changes nothing: nobody knows for how many records these"
            " times are; records=2x does"
        )
    return Basis(past, sources, notes)


def _nights(history: Sequence[StepTime], tonight: date) -> list[PastNight]:
    nights = []
    for _, times in groupby(history, key=lambda time: time.run):
        of_run = list(times)
        night = of_run[0].night or of_run[0].began_at.date()
        if night <= tonight:
            nights.append(PastNight(night, {time.step: _past_step(time) for time in of_run}))
    return sorted(nights, key=lambda one: one.night)


def _past_step(time: StepTime) -> PastStep:
    seconds = max(time.seconds, _SECONDS_MIN)
    return PastStep(
        seconds=seconds,
        records=time.records,
        failures=max(time.attempts - 1, 0),
        chunk_share=min(time.chunk_s_max / seconds, 1.0) if time.chunks else 0.0,
    )


def _without(night: PastNight, names: set[str]) -> PastNight:
    return PastNight(night.night, {n: one for n, one in night.steps.items() if n not in names})


def _word(step: Step[Any], what_if: WhatIf) -> Guess:
    is_chunked = step.kind is StepKind.STEP
    seconds = max(what_if.step_s[step.name], _SECONDS_MIN)
    return Guess(
        seconds=seconds,
        deviation=WORD_DEVIATION,
        steepness=1.0 if is_chunked else 0.0,
        chunk_share=_adapted(step, GUESSED_CHUNK_SHARE, seconds) if is_chunked else 0.0,
    )


def _adapted(step: Step[Any], chunk_share: float, seconds: float) -> float:
    """Return what share the longest chunk is: one that adapts takes no longer than it may."""
    return min(chunk_share, AUTO_CHUNK_S / seconds) if step.knobs.chunk_adapts else chunk_share


def _forecast(step: Step[Any], kept: KeptForecast, what_if: WhatIf) -> tuple[Guess, str]:
    forecast = Forecast.from_json(kept.forecast)
    records = what_if.records or round(forecast.points.largest)
    at = f"at {records:,} records" + ("" if what_if.records else ", the most that were measured")
    doubt = ""
    if step.knobs.parallel > kept.workers:
        doubt = f"; it was measured with {kept.workers} in flight, and has {step.knobs.parallel}"
    grade = forecast.grade(records)
    seconds = max(forecast.predict(records), _SECONDS_MIN)
    guess = Guess(
        seconds=seconds,
        deviation=max(forecast.deviation(records), DEVIATION_MIN),
        steepness=forecast.steepness,
        records=records,
        chunk_share=_adapted(step, min(step.knobs.chunk / records, 1.0), seconds),
    )
    return guess, f"{step.name} is known by a forecast only, of grade {grade}, {at}{doubt}"


def _steepness(
    names: Sequence[str], kept: Mapping[str, KeptForecast]
) -> dict[str, tuple[float, float]]:
    found = {}
    for name in names:
        if name in kept:
            forecast = Forecast.from_json(kept[name].forecast)
            found[name] = (forecast.steepness, 0.2)
    return found


def _nothing_known(job: Job, file: str, unknown: Sequence[Step[Any]]) -> PreflightError:
    names = ", ".join(step.name for step in unknown)
    chunked = [step.name for step in unknown if step.kind is StepKind.STEP]
    others = [step.name for step in unknown if step.kind is not StepKind.STEP]
    ways = [f"daybreak forecast {file} {name}" for name in chunked]
    if others:
        ways.append(f"one run of the job for {', '.join(others)}")
    word = ",".join(f"{step.name}=10m" for step in unknown)
    return PreflightError(
        f"nothing is known of what {names} of job {job.name} will take: no run has done it, and"
        " there is no forecast",
        hint=f"measure first: {'; '.join(ways)}; or say what you think: --what-if {word}",
    )
