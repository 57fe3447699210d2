"""The forecast on real programs of known growth, beside other methods, from points that are kept.

Measured by `python -m bench.corpus.measuring`, judged here. In the development part and the
calibration part the intervals of each family are calibrated on all the others; the test part is
judged by the constants as they are. A method without an interval is judged by its prediction alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import exp, nan
from statistics import median
from typing import Any, Final

import numpy as np

from .corpus.judging import (
    FIRM_ERROR,
    TOLD,
    Case,
    Judged,
    guesses,
    is_right,
    judged,
    left_out,
    shares,
)
from .corpus.measuring import kept_points
from .corpus.program import FACTORS, Part
from .measure import Figure, Target, absent, counted

MEDIAN_PERCENT: Final = {2: 4.0, 4: 7.0, 10: 13.0}
P90_PERCENT: Final = {2: 15.0, 4: 30.0, 10: 60.0}
EDGE_TIMES: Final = {2: 1.2, 4: 1.5, 10: 2.2}


def figures(part: Part) -> Iterator[Figure]:
    """Judge a part."""
    kept = kept_points(part)
    if not kept["programs"]:
        yield absent(f"programs of the {part} part", unit="programs")
        return
    programs = judged(kept) if part == "test" else left_out(kept)
    yield counted(
        f"programs of the {part} part", len(programs), unit="programs", target=Target(">=", 1)
    )
    yield from _laws(programs)
    yield from _errors(programs)
    yield from _intervals(programs)
    yield from _dangers(programs)
    yield from _grades(programs)
    yield from _peers(kept, programs)


PARTS: Mapping[str, Callable[[], Iterator[Figure]]] = {
    "development": partial(figures, "development"),
    "calibration": partial(figures, "calibration"),
    "test": partial(figures, "test"),
}


def _figure(name: str, value: float, unit: str, sense: Any, bound: float) -> Figure:
    """Make a figure of a number that the kept points decide; nothing is timed here."""
    if value != value:  # noqa: PLR0124 - not a number: there was no such case
        return absent(name, unit=unit, target=Target(sense, bound))
    target = Target(sense, bound)
    return Figure(name, value, unit, target, target.is_met_by(value), spread=None)


def _share(
    name: str,
    programs: Sequence[Judged],
    test: Callable[[Judged], bool],
    bound: float,
    sense: Any = ">=",
) -> Figure:
    label = f"{name} (of {len(programs)})"
    return _figure(label, 100 * shares(programs, test), "%", sense, bound)


def _laws(programs: Sequence[Judged]) -> Iterator[Figure]:
    yield _share("right law", programs, lambda p: is_right(p.forecast.law.name, p.program.law), 88)
    quiet = [p for p in programs if p.forecast.noise <= 0.03]
    yield _share(
        "right law, noise at most 3 %",
        quiet,
        lambda p: is_right(p.forecast.law.name, p.program.law),
        92,
    )
    yield _share("true law in the set", programs, _has_true_law, 97)
    size = sum(len(p.forecast.laws) for p in programs) / len(programs)
    yield Figure("laws in the set, mean", size, "laws", None, None, spread=None)


def _has_true_law(judged: Judged) -> bool:
    return any(is_right(law.name, judged.program.law) for law in judged.forecast.laws)


def _errors(programs: Sequence[Judged]) -> Iterator[Figure]:
    for factor in FACTORS:
        errors = [100 * c.error for p in programs for c in p.cases if c.factor == factor]
        if errors:
            name = f"error at {factor} times"
            yield _figure(f"{name}, median", median(errors), "%", "<=", MEDIAN_PERCENT[factor])
            p90 = float(np.quantile(errors, 0.9))
            yield _figure(f"{name}, 90th percentile", p90, "%", "<=", P90_PERCENT[factor])


def _intervals(programs: Sequence[Judged]) -> Iterator[Figure]:
    for factor in FACTORS:
        cases = [c for p in programs for c in p.cases if c.factor == factor]
        if not cases:
            continue
        covered = 100 * sum(c.is_covered for c in cases) / len(cases)
        name = f"in the 90 % interval at {factor} times"
        yield _figure(name, covered, "%", ">=", 85)
        yield _figure(f"{name}, not to be too wide", covered, "%", "<=", 95)
        edge = median(
            c.forecast.interval(c.records)[1] / c.forecast.predict(c.records) for c in cases
        )
        name = f"upper edge over prediction at {factor} times, median"
        yield _figure(name, edge, "times", "<=", EDGE_TIMES[factor])


def _dangers(programs: Sequence[Judged]) -> Iterator[Figure]:
    known = [p for p in programs if p.cases]
    hidden = [p for p in known if p.program.is_hidden]
    yield _share("safe bound holds at the largest multiple", known, _is_safe, 97)
    yield _share("the same, n² hidden", hidden, _is_safe, 90)
    bounds = [
        p.forecast.safe_bound(p.cases[-1].records) / p.forecast.predict(p.cases[-1].records)
        for p in known
    ]
    yield Figure("safe bound over prediction, median", median(bounds), "times", None, None, None)
    yield _share("alarm yes, n² hidden", hidden, lambda p: p.forecast.super_linear == "yes", 80)
    yield _share(
        "alarm yes or possible, n² hidden", hidden, lambda p: p.forecast.super_linear != "no", 80
    )
    tame = [p for p in programs if p.program.law in TAME]
    yield _share("false yes", tame, lambda p: p.forecast.super_linear == "yes", 5, "<=")
    yield _share(
        "possible, without cause", tame, lambda p: p.forecast.super_linear != "no", 100, "<="
    )
    cliffs = [p for p in programs if p.program.is_cliff]
    yield _share("cliffs graded C beforehand", cliffs, lambda p: p.grade == "C", 60)


TAME: Final = ("constant", "log n", "√n", "n", "n log n", "saturating")


def _is_safe(judged: Judged) -> bool:
    last = judged.cases[-1]
    return last.truth <= judged.forecast.safe_bound(last.records)


def _grades(programs: Sequence[Judged]) -> Iterator[Figure]:
    cases = [case for program in programs for case in program.cases]
    yield from _firm("any multiple", cases)
    yield from _firm("the largest multiple", [p.cases[-1] for p in programs if p.cases])


def _firm(where: str, cases: Sequence[Case]) -> Iterator[Figure]:
    firm = [case for case in cases if case.grade == "A"]
    share = 100 * len(firm) / len(cases)
    yield _figure(f"grade A at {where} (of {len(cases)})", share, "%", ">=", 40)
    close = 100 * sum(case.error <= FIRM_ERROR for case in firm) / len(firm) if firm else nan
    yield _figure(f"grade A at {where}, within 15 % (of {len(firm)})", close, "%", ">=", 90)


def _peers(kept: Mapping[str, Any], programs: Sequence[Judged]) -> Iterator[Figure]:
    for method, said in guesses(kept).items():
        asked = [p for p in programs if p.program.name in said]
        right = sum(is_right(said[p.program.name].law, p.program.law) for p in asked)
        if method != TOLD:
            yield Figure(f"{method}: right law", 100 * right / len(asked), "%", None, None, None)
        for factor in FACTORS:
            errors = [
                100 * abs(said[c.program.name].predict(c.records) / c.truth - 1)
                for p in asked
                for c in p.cases
                if c.factor == factor
            ]
            if errors:
                name = f"{method}: error at {factor} times"
                yield Figure(f"{name}, median", median(errors), "%", None, None, None)
                p90 = float(np.quantile(errors, 0.9))
                yield Figure(f"{name}, 90th percentile", p90, "%", None, None, None)


def lines(programs: Sequence[Judged]) -> Iterator[str]:
    """Say what became of each program, one a line, for those who look for reasons."""
    for p in programs:
        ratios = " ".join(f"{exp(-c.log_error):.2f}" for c in p.cases)
        laws = ", ".join(law.name for law in p.forecast.laws)
        yield (
            f"{p.program.name:28} {p.program.law:8} {laws:44} noise {p.forecast.noise:.3f}"
            f" {p.forecast.super_linear:18} {p.grade} predicted/true {ratios}"
        )
