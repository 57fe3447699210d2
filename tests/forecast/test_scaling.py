"""How the time of a step follows its knobs: found from few measurements, told truly."""

from __future__ import annotations

from itertools import product

import pytest

from daybreak.errors import ParameterError
from daybreak.forecast.scaling import (
    Scaling,
    Setting,
    Timing,
    fastest,
    fit_scaling,
    smallest,
)

GRID = [Setting(p, c) for p, c in product((1, 2, 4, 8, 16), (100, 1_000, 10_000, 100_000))]
RECORDS = 1_000_000
WORKLOADS = [
    Scaling(1e-5, 2e-3, 0.0, 0.0, 0.0, 0.05),  # everything side by side
    Scaling(1e-5, 2e-3, 1e-11, 0.1, 0.0, 0.05),
    Scaling(2e-6, 5e-2, 1e-12, 0.38, 0.01, 0.05),  # a lock
    Scaling(3e-5, 1e-4, 1e-10, 0.02, 0.02, 0.05),  # workers that disturb each other
    Scaling(1e-5, 1e-3, 0.0, 1.0, 0.0, 0.05),  # one at a time
]


def few(truth: Scaling) -> list[Timing]:
    """Measure six of the twenty settings, without noise."""
    chosen = [Setting(1, c) for c in (100, 10_000, 100_000)] + [
        Setting(p, 10_000) for p in (2, 4, 8)
    ]
    return [Timing(one, RECORDS, truth.seconds(one, RECORDS)) for one in chosen]


@pytest.mark.parametrize("truth", WORKLOADS)
def test_the_law_is_found_again(truth: Scaling) -> None:
    found = fit_scaling(few(truth))

    for setting in GRID:
        expected_s = truth.seconds(setting, RECORDS)
        assert found.seconds(setting, RECORDS) == pytest.approx(expected_s, rel=1e-6)


@pytest.mark.parametrize("truth", WORKLOADS)
def test_the_fastest_is_the_fastest(truth: Scaling) -> None:
    best = fastest(fit_scaling(few(truth)), GRID, RECORDS)
    least_s = min(truth.seconds(setting, RECORDS) for setting in GRID)

    assert truth.seconds(best, RECORDS) <= 1.03 * least_s


def test_no_more_workers_than_are_needed() -> None:
    scaling = WORKLOADS[0]
    alone_s = scaling.seconds(Setting(1, 1_000), RECORDS)

    assert Setting(1, 10_000) == smallest(scaling, GRID, RECORDS, 2 * alone_s, 0.95)
    half = smallest(scaling, GRID, RECORDS, 0.7 * alone_s, 0.95)
    assert half is not None
    assert 2 == half.parallel
    assert smallest(scaling, GRID, RECORDS, 1e-3, 0.95) is None


def test_workers_that_disturb_each_other_have_a_best_number() -> None:
    assert WORKLOADS[0].parallel_most is None
    assert 7 == WORKLOADS[3].parallel_most


def test_probability_is_a_half_at_the_likely_time() -> None:
    scaling, setting = WORKLOADS[1], Setting(2, 1_000)
    likely_s = scaling.seconds(setting, RECORDS)

    assert scaling.probability(setting, RECORDS, likely_s) == pytest.approx(0.5)
    assert scaling.probability(setting, RECORDS, 1.2 * likely_s) > 0.99


def test_one_worker_must_have_been_measured() -> None:
    with pytest.raises(ParameterError, match="one worker"):
        fit_scaling([Timing(Setting(2, 100), 100, 1.0)])
