"""The bench of `daybreak tune` judges by the truth, and gives tune no more than a quarter of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.scaling.judging import Case, best_of, cases, times_of
from bench.scaling.measuring import add, bench, keep, kept_points, missing
from bench.scaling.workloads import WORKLOADS, Workload
from bench.tune import figures_of
from daybreak.forecast.exploring import Aim
from daybreak.forecast.scaling_laws import Setting
from tests.forecast.scaled_steps import STEPS

WORKLOAD = WORKLOADS[0]


def kept_of(name: str, repeats: int) -> dict[str, Any]:
    """Return points as they are kept, of a step whose law is known."""
    kept: dict[str, Any] = {"machine": "none", "workloads": {}}
    for _ in range(repeats):
        for setting in WORKLOAD.grid:
            add(kept, WORKLOAD, setting, STEPS[name].seconds(setting, WORKLOAD.records))
    return kept


def test_there_are_twenty_workloads_of_twenty_settings() -> None:
    assert 20 == len({one.step for one in WORKLOADS})
    assert {20} == {len(set(one.grid)) for one in WORKLOADS}
    assert all(8 * max(one.chunks) * 2 <= one.records for one in WORKLOADS)


def test_what_is_kept_is_not_measured_again(tmp_path: Path) -> None:
    path = tmp_path / "points.json"
    keep(kept_of("a lock", 1), path)
    kept = kept_points(path)

    assert [] == missing(WORKLOAD, kept, 1)
    assert sorted(WORKLOAD.grid) == sorted(missing(WORKLOAD, kept, 2))
    assert 40 == len(missing(WORKLOADS[1], kept, 2))


def test_half_a_grid_is_not_judged() -> None:
    kept = kept_of("a lock", 1)
    kept["workloads"][WORKLOAD.step]["points"].pop()

    assert [] == list(cases(kept))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a lock", "two processors"])
def test_a_known_law_is_judged_right(name: str) -> None:
    found = list(cases(kept_of(name, 2)))

    assert 8 == len(found), "the fastest and three windows, twice"
    assert all(case.is_right for case in found)
    assert {5} == {case.measured for case in found}


def test_the_best_in_a_window_has_the_fewest_workers() -> None:
    truth = {one: s[0] for one, s in times_of(points_of("side by side")).items()}
    alone_s = min(seconds for one, seconds in truth.items() if one.parallel == 1)

    assert 8 == best_of(truth, Aim(WORKLOAD.records)).parallel
    assert 1 == best_of(truth, Aim(WORKLOAD.records, 1.2 * alone_s)).parallel
    assert 2 == best_of(truth, Aim(WORKLOAD.records, 0.7 * alone_s)).parallel


def points_of(name: str) -> list[dict[str, Any]]:
    points: list[dict[str, Any]] = kept_of(name, 1)["workloads"][WORKLOAD.step]["points"]
    return points


@pytest.mark.parametrize(
    ("took_s", "workers", "is_right", "is_simple"),
    [
        pytest.param(1.04, 2, True, True, id="hardly slower"),
        pytest.param(1.06, 2, False, False, id="slower"),
        pytest.param(0.80, 4, True, False, id="faster by more workers"),
    ],
)
def test_right_is_within_a_twentieth(
    *, took_s: float, workers: int, is_right: bool, is_simple: bool
) -> None:
    case = Case("x", 2.0, 5, Setting(workers, 100), took_s, Setting(2, 300), 1.0)

    assert (is_right, is_simple) == (case.is_right, case.is_simple)
    assert not Case("x", 0.9, 5, Setting(2, 100), 0.95, Setting(2, 300), 1.0).is_right, "too late"


def test_figures_say_how_many_were_right() -> None:
    right = Case("x", None, 5, Setting(2, 100), 1.0, Setting(2, 300), 1.0)
    wrong = replace(right, window_s=0.9)
    figures = {one.figure: one for one in figures_of([right, right, right, wrong])}

    assert 75.0 == figures["recommended within 5 % of the best, of all"].value
    assert (100.0, 0.0) == (figures["of the fastest"].value, figures["in a window"].value)
    assert 25.0 == figures["measured of the grid at most"].value
    assert figures["workloads with a whole grid"].met is False


def test_what_was_not_measured_is_not_met() -> None:
    assert not [figure.figure for figure in figures_of([]) if figure.met is True]


@pytest.fixture(scope="module")
def rehearse() -> Iterator[Callable[[Workload, Setting], float]]:
    with bench() as found:
        yield found


@pytest.mark.slow
@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda one: one.step)
def test_a_workload_can_be_measured(
    workload: Workload, rehearse: Callable[[Workload, Setting], float]
) -> None:
    """Two workers, four chunks; every record is read."""
    assert 0 < rehearse(replace(workload, records=32), Setting(2, 8))
