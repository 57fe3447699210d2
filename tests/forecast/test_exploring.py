"""Which settings are measured, and which one is recommended."""

from __future__ import annotations

from itertools import product

import pytest

from daybreak.forecast.exploring import (
    Aim,
    explored,
    first_setting,
    measurements_for,
    next_setting,
    recommended,
)
from daybreak.forecast.scaling import Scaling, Timing, fit_scaling
from daybreak.forecast.scaling_laws import Setting
from tests.forecast.scaled_steps import STEPS, ScaledStep

GRID = [Setting(p, c) for p, c in product((1, 2, 4, 8), (100, 300, 1_000, 3_000, 10_000))]
RECORDS = 1_000_000
QUICK = {"a lock"}
"""What is explored even in `make check`."""


def explore(step: ScaledStep, aim: Aim, asked: list[Setting], longest_s: float | None) -> Scaling:
    """Measure a quarter of the grid, without noise."""

    def measure(setting: Setting) -> Timing:
        asked.append(setting)
        return Timing(setting, RECORDS, step.seconds(setting, RECORDS))

    return explored(GRID, measure, aim, most=measurements_for(GRID), longest_s=longest_s)


def recommend(step: ScaledStep, aim: Aim) -> tuple[Setting, bool | None]:
    found = recommended(explore(step, aim, [], None), GRID, aim)
    return found.setting, found.is_in_time


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in STEPS],
)
def test_the_fastest_is_hardly_slower_than_the_best(name: str) -> None:
    step = STEPS[name]
    setting, is_in_time = recommend(step, Aim(RECORDS))
    least_s = min(step.seconds(one, RECORDS) for one in GRID)

    assert step.seconds(setting, RECORDS) <= 1.05 * least_s
    assert is_in_time is None


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_window_is_met_by_no_more_workers_than_are_needed(name: str, workers: int) -> None:
    """The window is a fifth longer than the best that so many workers can do."""
    step = STEPS[name]
    window_s = 1.2 * min(step.seconds(one, RECORDS) for one in GRID if one.parallel == workers)
    setting, is_in_time = recommend(step, Aim(RECORDS, window_s))

    assert is_in_time
    assert step.seconds(setting, RECORDS) <= window_s
    assert setting.parallel <= workers


@pytest.mark.slow
def test_a_window_that_nothing_fits_gets_the_fastest() -> None:
    step = STEPS["a lock"]
    setting, is_in_time = recommend(step, Aim(RECORDS, 1e-3))

    assert is_in_time is False
    least_s = min(step.seconds(one, RECORDS) for one in GRID)
    assert step.seconds(setting, RECORDS) <= 1.05 * least_s


@pytest.mark.slow
def test_of_equal_times_a_small_setting_is_recommended() -> None:
    """Every setting was measured, and all took the same."""
    same = [Timing(one, RECORDS, 10.0) for one in GRID]

    assert recommended(fit_scaling(same), GRID, Aim(RECORDS)).setting <= Setting(2, 1_000)


def test_a_quarter_of_the_settings_is_measured_each_once() -> None:
    asked: list[Setting] = []
    explore(STEPS["a lock"], Aim(RECORDS), asked, None)

    assert asked[0] == first_setting(GRID) == Setting(1, 1_000)
    assert len(asked) == len(set(asked)) == 5
    assert set(asked) <= set(GRID)


@pytest.mark.slow
def test_both_knobs_are_turned() -> None:
    asked: list[Setting] = []
    explore(STEPS["large chunks cost"], Aim(RECORDS), asked, None)

    assert len({one.parallel for one in asked}) > 1
    assert len({one.chunk for one in asked}) > 1


@pytest.mark.slow
def test_what_likely_takes_too_long_is_not_measured() -> None:
    step = STEPS["commits decide"]
    asked: list[Setting] = []
    longest_s = 2 * step.seconds(Setting(1, 1_000), RECORDS)
    explore(step, Aim(RECORDS), asked, longest_s)

    assert all(step.seconds(one, RECORDS) <= 2 * longest_s for one in asked)


def test_nothing_is_left_to_measure_when_all_was() -> None:
    step = STEPS["side by side"]
    few = [Setting(1, 100), Setting(2, 100)]
    scaling = explored(
        few, lambda one: Timing(one, RECORDS, step.seconds(one, RECORDS)), Aim(RECORDS), most=9
    )

    assert 2 == len(scaling.timings)
    assert next_setting(scaling, few, Aim(RECORDS)) is None


@pytest.mark.parametrize(("settings", "measured"), [(1, 1), (4, 4), (20, 5), (36, 8)])
def test_neither_very_few_nor_many_are_measured(settings: int, measured: int) -> None:
    assert measured == measurements_for([Setting(1, n + 1) for n in range(settings)])
