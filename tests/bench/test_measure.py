"""Intervals and verdicts follow the rule of bench/measure.py, whatever is measured."""

from __future__ import annotations

import json
import random
from functools import partial
from statistics import median

import pytest

from bench.measure import (
    NOT_MEASURED,
    Figure,
    Interval,
    Met,
    Pair,
    Spread,
    Target,
    absent,
    bounded,
    bounded_quantile,
    compared,
    counted,
    in_turns,
    interleaved,
    interval_of_median,
    interval_of_quantile,
    observed,
    pairs_from,
    rounded,
)


def figure_of(ratios: list[float], target: Target) -> Figure:
    pairs = [Pair(ours=10 * ratio, theirs=10) for ratio in ratios]
    return compared("speed", pairs, lambda pair: pair.ratio, unit="times", target=target)


# ---------------------------------------------------------------- intervals


@pytest.mark.parametrize(
    ("count", "rank"),
    [
        (5, 1),  # 1 - 2/32 = 93.75 %
        (7, 1),  # without the two outermost it would be 87.5 %
        (8, 2),  # 1 - 18/256 = 92.97 %
        (10, 2),
        (11, 3),
        (20, 6),
        (100, 42),
    ],
)
def test_an_interval_lies_between_the_ranks_of_the_books(count: int, rank: int) -> None:
    samples = list(range(1, count + 1))

    assert Interval(rank, count + 1 - rank) == interval_of_median(samples)


def test_an_interval_does_not_depend_on_the_order_of_its_samples() -> None:
    assert interval_of_median([1, 2, 3, 4, 5, 6, 7, 8]) == interval_of_median(
        [8, 1, 7, 2, 6, 3, 5, 4]
    )


def test_an_interval_holds_the_true_median_as_often_as_it_says(seed: int) -> None:
    chance = random.Random(seed)
    tries = 2000
    held = 0
    for _ in range(tries):
        low, high = interval_of_median([chance.expovariate(1) for _ in range(13)])
        held += low <= 0.693147 <= high

    assert held / tries > 0.88  # 90.8 % are expected; 4 standard deviations are 2.6 %


def test_many_samples_are_no_trouble() -> None:
    low, high = interval_of_median([float(n) for n in range(4_001)])

    assert 1940 < low < 2000 < high < 2060


def test_fewer_than_five_samples_have_no_interval() -> None:
    with pytest.raises(ValueError, match="at least 5 samples, got 4"):
        interval_of_median([1, 2, 3, 4])


@pytest.mark.parametrize("count", [5, 7, 8, 20, 101, 500])
def test_the_quantile_in_the_middle_is_the_median(count: int) -> None:
    samples = list(range(count))

    assert interval_of_median(samples) == interval_of_quantile(samples, 0.5)


def test_the_interval_of_a_quantile_is_that_of_the_binomial_law() -> None:
    samples = list(range(1, 1_001))

    assert Interval(985, 996) == interval_of_quantile(samples, 0.99)  # 990 +- 1.64 x 3.15


def test_an_interval_of_a_quantile_that_reaches_beyond_the_samples_is_refused() -> None:
    assert 299 == interval_of_quantile(list(range(1, 300)), 0.99).high
    with pytest.raises(ValueError, match="more than 298 samples"):
        interval_of_quantile(list(range(1, 299)), 0.99)


# ---------------------------------------------------------------- verdicts


@pytest.mark.parametrize(
    ("ratios", "met"),
    [
        pytest.param([1.0, 1.01, 1.02, 1.03, 1.04], True, id="narrow and below"),
        pytest.param([1.12, 1.13, 1.14, 1.15, 1.16], False, id="narrow and above"),
        pytest.param([0.95, 1.0, 1.05, 1.1, 1.14], True, id="the median decides, not the worst"),
        pytest.param([0.5, 0.6, 0.7, 0.8, 0.9], NOT_MEASURED, id="wide, though all are below"),
        pytest.param([1.2, 1.5, 1.8, 2.1, 2.4], NOT_MEASURED, id="wide, though all are above"),
        pytest.param([1.0, 1.0, 1.0, 1.0, 1.11], NOT_MEASURED, id="wide on one side"),
        pytest.param([1.0, 1.0, 1.0, 1.0], NOT_MEASURED, id="four pairs are too few"),
    ],
)
def test_a_target_is_met_by_a_median_that_is_known_well_enough(
    ratios: list[float], met: Met
) -> None:
    figure = figure_of(ratios, Target("<=", 1.1))

    assert met == figure.met
    assert median(ratios) == pytest.approx(figure.value)


def test_the_ratio_decides_how_sure_a_difference_is() -> None:
    sure = [Pair(ours=100 + n, theirs=100) for n in range(1, 6)]
    unsure = [Pair(ours=1 + n / 3, theirs=1) for n in range(1, 6)]
    target = Target("<", 5)

    def met(pairs: list[Pair]) -> Met:
        return compared("cost", pairs, lambda p: p.difference, unit="ms", target=target).met

    assert met(sure) is True  # from 1 to 5 ms, of 100 ms
    assert met(unsure) == NOT_MEASURED  # all far below 5 ms, of 1 ms


@pytest.mark.parametrize(
    ("target", "values"),
    [
        (Target("<", 1), {0.9: True, 1.0: False, 1.1: False}),
        (Target("<=", 1), {0.9: True, 1.0: True, 1.1: False}),
        (Target("=", 1), {0.9: False, 1.0: True, 1.1: False}),
        (Target(">=", 1), {0.9: False, 1.0: True, 1.1: True}),
        (Target(">", 1), {0.9: False, 1.0: False, 1.1: True}),
    ],
    ids=str,
)
def test_a_target_knows_its_bound(target: Target, values: dict[float, bool]) -> None:
    assert values == {value: target.is_met_by(value) for value in values}


def test_a_count_is_right_or_wrong() -> None:
    none = counted("differences", 0, unit="records", target=Target("=", 0))
    one = counted("differences", 1, unit="records", target=Target("=", 0))

    assert [True, False] == [none.met, one.met]


def test_a_figure_without_a_peer_is_not_measured() -> None:
    assert absent("against X", unit="times", target=Target("<", 1)).met == NOT_MEASURED


def test_a_figure_without_a_target_has_no_verdict() -> None:
    once, often = observed("a", [3.0], unit="s"), observed("b", [1.0, 2, 3, 4, 5], unit="s")

    assert (3.0, None, Spread(samples=1)) == (once.value, once.met, once.spread)
    assert (3.0, None, Spread(samples=5, low=1.0, high=5.0)) == (
        often.value,
        often.met,
        often.spread,
    )


# ---------------------------------------------------------------- measuring in turns


def test_who_goes_first_alternates() -> None:
    order: list[str] = []

    def side(name: str, value: float) -> float:
        order.append(name)
        return value

    pairs = interleaved(lambda: side("ours", 2), lambda: side("theirs", 1), pairs=4)

    assert ["ours", "theirs", "theirs", "ours", "ours", "theirs", "theirs", "ours"] == order
    assert [Pair(ours=2, theirs=1)] * 4 == pairs


def test_each_round_begins_with_another_way() -> None:
    order: list[str] = []

    def way(name: str, value: float) -> float:
        order.append(name)
        return value

    took = in_turns({name: partial(way, name, value) for name, value in (("a", 1), ("b", 2))}, 3)

    assert ["a", "b", "b", "a", "a", "b"] == order
    assert {"a": [1, 1, 1], "b": [2, 2, 2]} == took
    assert [Pair(ours=1, theirs=2)] * 3 == pairs_from(took["a"], took["b"])


# ---------------------------------------------------------------- what programs read


def test_a_figure_is_one_json_object_with_six_keys() -> None:
    told = figure_of([1.0, 1.0123456, 1.02, 1.03, 1.04], Target("<=", 1.1)).as_json()

    assert {
        "figure": "speed",
        "value": 1.02,
        "unit": "times",
        "target": "<= 1.1",
        "met": True,
        "spread": {
            "samples": 5,
            "low": 1.0,
            "high": 1.04,
            "ratio_low": 1.0,
            "ratio_high": 1.04,
        },
    } == json.loads(json.dumps(told))


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1.23456, 1.235), (0.000123456, 0.0001235), (280_481, 280_481), (280_481.7, 280_500.0)],
)
def test_numbers_keep_four_digits_and_counts_keep_all(value: float, shown: float) -> None:
    assert shown == rounded(value)


@pytest.mark.parametrize(
    ("samples", "met"),
    [
        pytest.param([0.1, 0.5, 1.0, 1.5, 1.9], True, id="all below, however far apart"),
        pytest.param([2.1, 2.5, 3.0, 3.5, 9.0], False, id="all above"),
        pytest.param([1.0, 1.5, 1.9, 2.0, 2.1], NOT_MEASURED, id="on both sides"),
    ],
)
def test_a_bound_is_met_by_the_whole_interval_or_missed_by_it(
    samples: list[float], met: Met
) -> None:
    figure = bounded("gap", samples, unit="s", target=Target("<=", 2))

    assert (met, median(samples)) == (figure.met, figure.value)
    assert Spread(5, min(samples), max(samples)) == figure.spread


@pytest.mark.parametrize(
    ("slow", "met"),
    [
        pytest.param(2, True, id="fewer than 1 % can be slow"),
        pytest.param(10, NOT_MEASURED, id="1 % are slow"),
        pytest.param(30, False, id="more than 1 % are slow"),
    ],
)
def test_a_quantile_may_be_passed_by_so_many(slow: int, met: Met) -> None:
    samples = [90.0] * slow + [10.0] * (1_000 - slow)
    figure = bounded_quantile("ends", samples, 0.99, unit="ms", target=Target("<=", 50))

    assert met == figure.met
    assert (90.0 if slow > 10 else 10.0) == figure.value
