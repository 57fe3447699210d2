"""Points become a law, a prediction, an interval, a bound and a grade."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from math import exp, inf, log, nan, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import daybreak
from daybreak.errors import ParameterError
from daybreak.forecast import Forecast, fit
from daybreak.forecast.bound import most
from daybreak.forecast.points import points_of

Pairs = list[tuple[float, float]]
SIZES = np.geomspace(1_000, 100_000, 13)
GROWTHS: dict[str, Callable[[float], float]] = {
    "constant": lambda _: 5.0,
    "log n": log,
    "√n": sqrt,
    "n": lambda n: n,
    "n log n": lambda n: n * log(n),
    "n^1.5": lambda n: n**1.5,
    "n²": lambda n: n**2,
    "n³": lambda n: n**3,
    "n^2.4": lambda n: n**2.4,
    "exponential": lambda n: exp(n / 8_000),
    "saturating": lambda n: 1 - exp(-n / 5_000),
}


def points(growth: Callable[[float], float], seed: int, noise: float = 0.02) -> Pairs:
    """Measure a synthetic program: two looks at each of thirteen sizes, with noise."""
    chance = np.random.default_rng(seed)
    return [
        (float(n), growth(float(n)) * exp(chance.normal(0, noise))) for n in SIZES for _ in range(2)
    ]


curves = st.builds(
    lambda name, seed, noise: points(GROWTHS[name], seed, noise),
    st.sampled_from(sorted(GROWTHS)),
    st.integers(0, 2**16),
    st.sampled_from([0.0, 0.02, 0.1]),
)
few = settings(max_examples=max(5, settings().max_examples // 5))  # each fits every law


@pytest.mark.parametrize("law", GROWTHS)
def test_a_law_is_found_in_its_own_curve(law: str) -> None:
    forecast = fit(points(GROWTHS[law], seed=1, noise=0.005))

    assert law == str(forecast.law)
    assert forecast.law == forecast.laws[0]


def test_two_points_of_a_square_are_told_as_one() -> None:
    """10,000 records take 20 minutes, twice as many four times as long."""
    forecast = fit([(10_000, 1_200), (20_000, 4_800)])

    assert "n²" == str(forecast.law)
    assert "yes" == forecast.super_linear
    assert "C" == forecast.grade(100_000)
    assert 120_000 == pytest.approx(forecast.predict(100_000))
    low, high = forecast.interval(100_000)
    assert low < 120_000 < high < forecast.safe_bound(100_000) * 1.0001
    assert 40_000 == forecast.next_size(100_000)
    assert "only 2 sizes were measured" in forecast.reasons(100_000)[0]


@few
@given(curves, st.sampled_from([1e-6, 3.0, 1e9]))
def test_another_unit_of_the_amount_changes_the_amount_alone(pairs: Pairs, times: float) -> None:
    one = fit(pairs)
    other = fit([(n, times * amount) for n, amount in pairs])

    assert one.laws == other.laws
    assert other.predict(1e6) == pytest.approx(times * one.predict(1e6), rel=1e-6)
    assert other.safe_bound(1e6) == pytest.approx(times * one.safe_bound(1e6), rel=1e-4)


@pytest.mark.parametrize("law", ["n", "n^1.5", "n²", "n³"])
def test_another_unit_of_the_records_changes_little(law: str) -> None:
    """A logarithm knows absolute sizes, so laws with one weigh a little more or less."""
    pairs = points(GROWTHS[law], seed=2)
    one, other = fit(pairs), fit([(1_000 * n, amount) for n, amount in pairs])

    assert one.law == other.law
    assert other.predict(1e9) == pytest.approx(one.predict(1e6), rel=0.03)


@few
@given(curves, st.randoms(use_true_random=False))
def test_the_order_of_the_points_says_nothing(pairs: Pairs, chance: Any) -> None:
    shuffled = pairs.copy()
    chance.shuffle(shuffled)

    assert fit(pairs) == fit(shuffled)


@few
@given(curves)
def test_predictions_never_fall_and_lie_between_their_bounds(pairs: Pairs) -> None:
    forecast = fit(pairs)
    asked = [50.0, 1e3, 1e4, 9e4, 1e5, 1.1e5, 1e6, 1e7]
    predicted = [forecast.predict(n) for n in asked]

    assert predicted == sorted(predicted)
    for n, amount in zip(asked, predicted, strict=True):
        low, high = forecast.interval(n)
        assert 0 < low <= amount <= high <= forecast.safe_bound(n)


@few
@given(curves)
def test_a_kept_forecast_answers_as_the_original(pairs: Pairs) -> None:
    forecast = fit(pairs, unit="bytes")

    assert forecast == Forecast.from_json(json.loads(json.dumps(forecast.to_json())))


def test_a_forecast_of_another_format_is_refused() -> None:
    with pytest.raises(ParameterError, match="format 2, got 0"):
        Forecast.from_json({"format": 0})


def test_the_safe_bound_knows_of_a_square_that_nobody_saw() -> None:
    """A sixth at the largest size hides in a band of 10 %, and is two thirds of it all later."""
    line = points_of((float(n), float(n)) for n in SIZES)
    forecast = fit(points(GROWTHS["n"], seed=3, noise=0.02))

    assert 2.5e6 < most(line, 1e6, 0.1, 1.0) < 4e6
    assert 1e6 == pytest.approx(most(line, 1e6, 1e-6, 1.0), rel=1e-3)
    hidden = most(forecast.points, 1e6, 3 * forecast.noise, forecast.steepness)
    assert forecast.safe_bound(1e6) >= max(hidden, 1.05 * forecast.interval(1e6)[1])


def test_a_hidden_square_that_can_be_seen_raises_the_alarm() -> None:
    forecast = fit(points(lambda n: 0.7 * n + 0.3 * n**2 / 100_000, seed=4, noise=0.01))

    assert "no" != forecast.super_linear


@pytest.mark.parametrize("law", ["n", "n log n", "√n"])
def test_tame_growth_raises_no_alarm(law: str) -> None:
    assert "yes" != fit(points(GROWTHS[law], seed=5)).super_linear


def test_a_good_ladder_of_a_plain_law_is_graded_a_near_by_and_c_far_away() -> None:
    forecast = fit(points(GROWTHS["n²"], seed=6, noise=0.01))

    assert "A" == forecast.grade(200_000)
    assert () == forecast.reasons(200_000)
    assert forecast.next_size(200_000) is None
    assert "C" == forecast.grade(100_000_000)


def test_memory_that_nears_what_the_machine_has_is_refused() -> None:
    forecast = fit(points(lambda n: 1e7 + 100 * n, seed=7), unit="bytes")

    assert "C" != forecast.grade(1e6, limit=1e9)
    assert "C" == forecast.grade(1e6, limit=1.4e8)
    assert "memory" in forecast.reasons(1e6, limit=1.4e8)[0]


def test_a_break_within_the_points_is_told_and_a_hiccup_is_not() -> None:
    """From some size on everything takes three times as long; or one size did once."""
    pairs = points(GROWTHS["n"], seed=9)
    broken = [(n, 3 * amount if n > 30_000 else amount) for n, amount in pairs]
    hiccup = [(n, 3 * amount if 30_000 < n < 35_000 else amount) for n, amount in pairs]

    assert "C" == fit(broken).grade(200_000)
    assert any("growth breaks" in reason for reason in fit(broken).reasons(200_000))
    assert not any("growth breaks" in reason for reason in fit(hiccup).reasons(200_000))


@pytest.mark.parametrize("law", ["exponential", "saturating"])
def test_growth_that_cannot_be_carried_on_is_refused(law: str) -> None:
    assert "C" == fit(points(GROWTHS[law], seed=8)).grade(200_000)


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([], "at least two sizes, got 0"),
        ([(10, 1.0), (10, 1.1)], "at least two sizes, got 1"),
        ([(10, 1.0), (20, nan)], "finite"),
        ([(10, 1.0), (20, inf)], "finite"),
        ([(10, 1.0), (20, -1.0)], "at least 0"),
        ([(0, 1.0), (20, 1.0)], "records from 1e-09"),
        ([(1e300, 1.0), (20, 1.0)], "to 1e\\+18"),
        ([(10**400, 1.0), (20, 1.0)], "finite"),
        ([(10, 0.0), (20, 0.0)], "all amounts are 0"),
        ([(10, 1.0), ("20", 1.0)], "records to be a finite number, got '20'"),
        ([(True, 1.0), (20, 1.0)], "got True"),
        (["12", "24"], "as \\(records, amount\\), got '12'"),
        ([(1, 2, 3), (2, 3, 4)], "as \\(records, amount\\)"),
        (None, "pairs, got None"),
    ],
)
def test_points_that_say_nothing_are_refused(pairs: Any, words: str) -> None:
    with pytest.raises(ParameterError, match=words) as refused:
        fit(pairs)

    assert refused.value.hint


def test_nonsense_is_refused() -> None:
    forecast = fit([(10, 1.0), (20, 2.0)])

    with pytest.raises(ParameterError, match="seconds, bytes"):
        fit([(10, 1.0), (20, 2.0)], unit="hours")  # type: ignore[arg-type]
    for records in (0, 1e300, 10**400, "10", nan):
        with pytest.raises(ParameterError, match="expected records"):
            forecast.predict(records)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="between 0 and 1"):
        forecast.interval(100, level=90)
    with pytest.raises(ParameterError, match="the level to be"):
        forecast.interval(100, level="0.9")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="limit above 0"):
        forecast.grade(100, limit=0)


def test_numbers_of_numpy_are_numbers() -> None:
    forecast = fit([(np.int64(10), np.float32(2)), (np.int32(20), np.float64(4))])

    assert "n" == forecast.law.name
    assert forecast.predict(40) == forecast.predict(float(np.int64(40)))


def test_a_forecast_says_itself_in_a_line() -> None:
    assert "n² (or n³), from 2 sizes of 10,000 to 20,000 records: 4,800 seconds there" == str(
        fit([(10_000, 1_200), (20_000, 4_800)])
    )


def test_one_measurement_far_above_the_others_is_not_firm() -> None:
    sizes = [10, 20, 40, 80, 160, 320, 640, 50_000]
    alone = fit([(n, float(n)) for n in sizes])
    together = fit([(n, float(n)) for n in [*sizes, 50_000]])

    assert "50,000 records were measured once, far above the others" in alone.reasons(50_000)
    assert "A" == together.grade(50_000)


def test_the_door_leads_to_the_forecast_and_costs_nothing_until_it_is_used() -> None:
    code = (
        "import sys, daybreak; assert not {'numpy', 'daybreak.forecast'} & set(sys.modules);"
        "import daybreak.forecast as f; assert 'scipy' not in sys.modules;"
        "assert daybreak.forecast.fit is f.fit"
    )

    assert daybreak.forecast.fit is fit
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_repeat_that_was_disturbed_does_not_count() -> None:
    clean = points_of([(size, size) for size in SIZES])
    disturbed = points_of([(size, size * times) for size in SIZES for times in (1.0, 1.7, 1.01)])

    assert disturbed.amounts == pytest.approx([a * 1.005 for a in clean.amounts])
    assert disturbed.noise < 0.02


def test_a_spike_is_left_out_and_a_cliff_is_not() -> None:
    spiked = points_of([(size, size * (1.4 if at == 5 else 1)) for at, size in enumerate(SIZES)])
    broken = points_of([(size, size * (3 if at > 5 else 1)) for at, size in enumerate(SIZES)])

    assert SIZES[5] not in spiked.sizes
    assert 12 == len(spiked.sizes)
    assert 13 == len(broken.sizes)


def test_records_that_cost_more_from_some_size_on_are_no_square() -> None:
    forecast = fit([(n, n + max(n - 12_000, 0)) for n in SIZES])

    assert "n" == forecast.law.name
    assert forecast.predict(1e6) == pytest.approx(1e6 + 988_000, rel=0.15)


def test_a_square_that_is_evident_is_named_before_it_rules() -> None:
    """With 40 % of it the exponent is one that caches make too, but not in such a way."""
    hidden = fit(points(lambda n: 0.6 * n + 0.4 * n**2 / 100_000, seed=4, noise=0.005))
    cache = fit(points(lambda n: n**1.12, seed=4, noise=0.005))

    assert hidden.points.exponent < hidden.constants.steep_from
    assert ("n²", "yes") == (hidden.law.name, hidden.super_linear)
    assert "yes" != cache.super_linear


def test_growth_that_has_just_changed_is_less_sure() -> None:
    steady = fit([(n, n) for n in SIZES])
    changed = fit([(n, n * (n / 40_000) ** 0.4 if n > 40_000 else n) for n in SIZES])

    assert changed.points.unsteadiness > 0.1 > steady.points.unsteadiness
    assert changed.deviation(1e6) > 2 * steady.deviation(1e6)
