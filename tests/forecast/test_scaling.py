"""How the time of a step follows its knobs: what is believed after few measurements."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from daybreak.errors import ParameterError
from daybreak.forecast.scaling import NOISE, Timing, fit_scaling
from daybreak.forecast.scaling_laws import Setting, drawn_laws
from tests.forecast.scaled_steps import STEPS, ScaledStep

GRID = [Setting(p, c) for p, c in product((1, 2, 4, 8), (100, 300, 1_000, 3_000, 10_000))]
RECORDS = 1_000_000
CORNERS = [Setting(1, 100), Setting(1, 10_000), Setting(8, 100), Setting(8, 10_000)]
LOCKED = STEPS["a lock"]


def timings(step: ScaledStep, settings: list[Setting]) -> list[Timing]:
    return [Timing(one, RECORDS, step.seconds(one, RECORDS)) for one in settings]


def test_the_same_laws_are_drawn_again() -> None:
    once, again = drawn_laws(GRID, count=50), drawn_laws(GRID, count=50)

    assert np.array_equal(once.costs(GRID), again.costs(GRID))
    assert not np.array_equal(once.costs(GRID), drawn_laws(GRID, count=50, seed=1).costs(GRID))


def test_no_law_makes_workers_better_than_they_are_many() -> None:
    laws = drawn_laws(GRID, count=500)
    alone, together = laws.costs([Setting(1, 100)]), laws.costs([Setting(8, 100)])

    assert (together >= alone / 8 * (1 - 1e-9)).all()


def test_workers_without_a_chunk_in_the_last_round_do_not_help() -> None:
    """Nine chunks take two rounds of eight workers, as sixteen do."""
    laws = drawn_laws(GRID, count=50)
    nine, sixteen = (laws.costs([Setting(8, 100)], chunks * 100) for chunks in (9, 16))

    assert (nine >= sixteen).all()
    assert (nine > sixteen).any()


@pytest.mark.parametrize("name", STEPS)
def test_what_was_measured_is_believed(name: str) -> None:
    step = STEPS[name]
    found = fit_scaling(timings(step, CORNERS), GRID)

    for setting in CORNERS:
        expected_s = step.seconds(setting, RECORDS)
        assert found.seconds(setting, RECORDS) == pytest.approx(expected_s, rel=2 * NOISE)


def test_the_serial_share_is_found() -> None:
    """By the law 0.38 of the work is serial, and crosstalk is as if a little more were."""
    found = fit_scaling(timings(LOCKED, [*CORNERS, Setting(4, 1_000)]), GRID)

    assert found.serial(Setting(8, 1_000)) == pytest.approx(0.46, abs=0.1)
    assert 0.0 == found.serial(Setting(1, 1_000))


def test_probability_is_a_half_at_the_likely_time() -> None:
    found = fit_scaling(timings(LOCKED, CORNERS), GRID)
    setting = Setting(4, 1_000)
    likely_s = found.seconds(setting, RECORDS)

    assert found.probability(setting, RECORDS, likely_s) == pytest.approx(0.5)
    assert found.probability(setting, RECORDS, 3 * likely_s) > 0.99


def test_what_was_measured_is_surer_than_what_was_not() -> None:
    found = fit_scaling(timings(LOCKED, [Setting(1, 100)]), GRID)
    near, far = Setting(1, 100), Setting(8, 10_000)
    late = [1.2 * found.seconds(one, RECORDS) for one in (near, far)]

    assert found.probability(near, RECORDS, late[0]) > found.probability(far, RECORDS, late[1])


def test_measurements_that_no_law_explains_are_missed() -> None:
    calm = fit_scaling(timings(LOCKED, CORNERS), GRID)
    jumping = [
        Timing(Setting(1, chunk), RECORDS, seconds)
        for chunk, seconds in ((100, 10.0), (300, 20.0), (1_000, 10.0), (3_000, 20.0))
    ]

    assert fit_scaling(jumping, GRID).miss > 2 * calm.miss


def test_something_must_have_been_measured() -> None:
    with pytest.raises(ParameterError, match="expected a measurement"):
        fit_scaling([])
