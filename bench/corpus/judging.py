"""How a forecast, and each of its peers, did on the kept points of a part of the corpus.

Nothing is measured here. A case is one program at one multiple of its largest size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from typing import Any, Final, TypeAlias

import numpy as np

from daybreak.forecast import Forecast, fit
from daybreak.forecast.calibration import CONSTANTS, Constants
from daybreak.operations.measure import at_one_speed
from daybreak.operations.measured_point import Point

from ..peers.growth import METHODS, Guess, exponent_of, told
from .program import FACTORS, PROGRAMS, Program

Pairs: TypeAlias = list[tuple[int, float]]
FIRM_ERROR: Final = 0.15
TOLD: Final = "the true law, told"
CASES_MIN: Final = 20
SPREADS: Final = (0.8, 3.0)


@dataclass(frozen=True, slots=True)
class Case:
    """A forecast against the truth."""

    program: Program
    forecast: Forecast
    factor: int
    truth: float

    @property
    def records(self) -> int:
        """For how many records it was."""
        return self.program.largest * self.factor

    @property
    def log_error(self) -> float:
        """The logarithm of truth over prediction."""
        return log(self.truth / self.forecast.predict(self.records))

    @property
    def error(self) -> float:
        """How far the prediction is off, relative to the truth."""
        return abs(exp(-self.log_error) - 1)

    @property
    def grade(self) -> str:
        """The grade for so many records, by time alone."""
        return self.forecast.grade(self.records)

    @property
    def is_covered(self) -> bool:
        """Whether the truth lies in the 90 % interval."""
        low, high = self.forecast.interval(self.records)
        return low <= self.truth <= high


@dataclass(frozen=True, slots=True)
class Judged:
    """One program: what was forecast, and all its cases."""

    program: Program
    forecast: Forecast
    memory: Forecast
    cases: tuple[Case, ...]

    @property
    def grade(self) -> str:
        """The grade at the largest multiple, memory looked at too where the cliff is known."""
        records = self.program.largest * (self.program.factors or FACTORS)[-1]
        grades = [self.forecast.grade(records)]
        if self.program.limit is not None:
            ground = min(self.memory.points.amounts)
            grades.append(self.memory.grade(records, limit=ground + self.program.limit))
        return max(grades)


def judged(kept: Mapping[str, Any], constants: Constants = CONSTANTS) -> list[Judged]:
    """Forecast every program that is kept, by its ladder alone."""
    found = []
    for name, program_points in sorted(kept["programs"].items()):
        program = PROGRAMS[name]
        ladder, truth = of_one_speed(program_points)
        points = program_points["points"]
        forecast = fit(ladder, constants=constants)
        memory = fit(
            [(p["records"], p["bytes"]) for p in points], unit="bytes", constants=constants
        )
        found.append(Judged(program, forecast, memory, cases_of(program, forecast, truth)))
    return found


def of_one_speed(kept: Mapping[str, Any]) -> tuple[Pairs, Pairs]:
    """Return the ladder and the truth of a program, for the machine as quick as for the ladder."""
    ladder, truth = ([Point(**point) for point in kept[part]] for part in ("points", "truth"))
    best_s = min(point.yardstick_s for point in ladder)
    return at_one_speed(ladder, best_s), at_one_speed(truth, best_s)


def cases_of(program: Program, forecast: Forecast, truth: Pairs) -> tuple[Case, ...]:
    """Put together what was measured at each multiple."""
    return tuple(
        Case(program, forecast, records // program.largest, seconds) for records, seconds in truth
    )


def is_right(said: str, true: str) -> bool:
    """Say whether a law is the true one; a power by a tenth is."""
    return said == true or _is_near_power(said, true)


def _is_near_power(said: str, true: str) -> bool:
    powers = [exponent_of(law) for law in (said, true)]
    return None not in powers and abs(powers[0] - powers[1]) <= 0.101  # type: ignore[operator]


# ---------------------------------------------------------------- left out families


def left_out(kept: Mapping[str, Any], constants: Constants = CONSTANTS) -> list[Judged]:
    """Judge with intervals calibrated without the family that is judged."""
    everything = judged(kept, constants)
    found = []
    for one in everything:
        others = [each for each in everything if each.program.family != one.program.family]
        forecast = replace(one.forecast, constants=calibrated(others, constants))
        cases = tuple(replace(case, forecast=forecast) for case in one.cases)
        found.append(replace(one, forecast=forecast, cases=cases))
    return found


def calibrated(programs: Sequence[Judged], constants: Constants) -> Constants:
    """Choose the interval's widths so that nine tenths of the cases lie in it.

    Every family counts the same, however many programs it has; so does every multiple. What is
    graded C does not count: its interval is not offered for use.
    """
    cases = [case for each in programs if each.grade != "C" for case in each.cases]
    if len(cases) < CASES_MIN:
        return constants
    deviations = np.array(
        [case.log_error / case.forecast.deviation(case.records) for case in cases]
    )
    families = [case.program.family for case in cases]
    weights = np.array([1.0 / families.count(family) for family in families])
    return replace(
        constants,
        spread=float(np.clip(-_quantile(deviations, weights, 0.05), *SPREADS)),
        spread_up=float(np.clip(_quantile(deviations, weights, 0.95), *SPREADS)),
    )


def _quantile(values: Any, weights: Any, level: float) -> float:
    order = np.argsort(values)
    cumulated = (np.cumsum(weights[order]) - weights[order] / 2) / np.sum(weights)
    return float(np.interp(level, cumulated, values[order]))


# ---------------------------------------------------------------- peers


def guesses(kept: Mapping[str, Any]) -> dict[str, dict[str, Guess]]:
    """Return what every peer says of every program: method, then program.

    Beside them stands what one would say who is told the true law, of the laws of one shape.
    """
    found: dict[str, dict[str, Guess]] = {method: {} for method in (*METHODS, TOLD)}
    for name, program_points in kept["programs"].items():
        ladder, _ = of_one_speed(program_points)
        sizes = np.array([records for records, _ in ladder], dtype=float)
        amounts = np.array([seconds for _, seconds in ladder])
        for method, guess in METHODS.items():
            found[method][name] = guess(sizes, amounts)
        if known := told(PROGRAMS[name].law, sizes, amounts):
            found[TOLD][name] = known
    return found


def shares(programs: Sequence[Judged], test: Callable[[Judged], bool]) -> float:
    """Return which part of programs passes a test."""
    return sum(map(test, programs)) / len(programs) if programs else float("nan")
