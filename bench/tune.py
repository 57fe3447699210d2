"""How good the recommendations of `daybreak tune` are: `python -m bench tune`.

Judged on the kept grids of twenty workloads (`scaling.measuring` measures them; how is said in
`scaling.judging`): twenty settings each, of which tune may measure five.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from .measure import Figure, Spread, Target
from .scaling.judging import Case, cases, noise_of
from .scaling.measuring import kept_points
from .scaling.workloads import WORKLOADS

RIGHT_PERCENT_MIN: Final = 90.0
MEASURED_PERCENT_MAX: Final = 25.0


def recommendations() -> Iterator[Figure]:
    """Judge every workload that was measured."""
    kept = kept_points()
    yield from figures_of(list(cases(kept)))
    noise = noise_of(kept)
    percent = None if noise is None else 100 * noise
    yield Figure("measurements of one setting differ by", percent, "%", None, None, None)


def figures_of(found: Sequence[Case]) -> Iterator[Figure]:
    """Yield what was judged."""
    workloads = {case.workload for case in found}
    target = Target("=", len(WORKLOADS))
    yield Figure(
        "workloads with a whole grid",
        len(workloads),
        "",
        target,
        target.is_met_by(len(workloads)),
        None,
    )
    right = Target(">=", RIGHT_PERCENT_MIN)
    windows = [case for case in found if case.window_s is not None]
    fastest = [case for case in found if case.window_s is None]
    for name, group in (
        ("recommended within 5 % of the best, of all", found),
        ("of the fastest", fastest),
        ("in a window", windows),
    ):
        yield _share(name, group, lambda case: case.is_right, right)
    yield _share(
        "in a window, and no more workers than are needed", windows, lambda c: c.is_simple, None
    )
    yield _measured(found)


def _measured(found: Sequence[Case]) -> Figure:
    name, most = "measured of the grid at most", Target("<=", MEASURED_PERCENT_MAX)
    if not found:
        return Figure(name, None, "%", most, "not measured", None)
    percent = 100 * max(case.measured for case in found) / len(WORKLOADS[0].grid)
    return Figure(name, percent, "%", most, most.is_met_by(percent), None)


def _share(
    name: str, group: Sequence[Case], test: Callable[[Case], bool], target: Target | None
) -> Figure:
    if not group:
        return Figure(name, None, "%", target, "not measured", None)
    value = 100 * sum(map(test, group)) / len(group)
    met = None if target is None else target.is_met_by(value)
    return Figure(name, value, "%", target, met, Spread(samples=len(group)))


PARTS: Mapping[str, Callable[[], Iterator[Figure]]] = {"recommendations": recommendations}
