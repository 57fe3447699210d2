"""The time that a running step still takes, on steps whose end is known."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from daybreak.model.eta import Estimate, Eta, Growth, eta_of, growth_of

TOTAL = 1_000_000
CHUNK = 5_000


def cost(power: float) -> Callable[[float], float]:
    """Seconds up to a record, so that all of them take an hour."""
    return lambda records: 3600 * (records / TOTAL) ** power


def at_share(
    seconds: Callable[[float], float],
    share: float,
    *,
    noise: float = 0.0,
    seed: int = 0,
    growth: Growth | None = None,
) -> Estimate:
    """Run a step up to a share of its records."""
    chance = random.Random(seed)
    eta, now_s = Eta(TOTAL, growth), 0.0
    for end in range(CHUNK, int(TOTAL * share) + 1, CHUNK):
        took_s = seconds(end) - seconds(end - CHUNK)
        took_s *= chance.lognormvariate(0, noise)
        now_s += took_s
        eta = eta.heard(CHUNK, now_s, took_s)
    found = eta.estimate()
    assert found is not None
    return found


@pytest.mark.parametrize("power", [1.0, 1.2, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.9])
def test_a_power_law_is_found_from_the_chunks_alone(power: float, share: float) -> None:
    whole_s = cost(power)(TOTAL)
    elapsed_s = cost(power)(TOTAL * share)

    estimate = at_share(cost(power), share)

    assert elapsed_s + estimate.remaining_s == pytest.approx(whole_s, rel=0.2)
    assert estimate.low_s <= whole_s - elapsed_s <= estimate.high_s


def test_at_the_middle_of_a_quadratic_step_elapsed_by_share_halves_its_time() -> None:
    elapsed_s = cost(2)(TOTAL / 2)
    naive_s = elapsed_s / 0.5
    estimate = at_share(cost(2), 0.5, noise=0.2)

    assert 1_800 == pytest.approx(naive_s)
    assert 3_600 == pytest.approx(elapsed_s + estimate.remaining_s, rel=0.2)
    assert estimate.law.startswith(("n^1.9", "n^2.0", "n^2.1"))


@pytest.mark.parametrize("power", [1.0, 1.5, 2.0])
def test_the_interval_holds_the_end_about_as_often_as_it_says(power: float) -> None:
    held = 0
    for seed in range(100):
        share = random.Random(seed).choice([0.1, 0.3, 0.6])
        left_s = cost(power)(TOTAL) - cost(power)(TOTAL * share)
        estimate = at_share(cost(power), share, noise=0.3, seed=seed)
        held += estimate.low_s <= left_s <= estimate.high_s

    assert held >= 85, f"seeds 0 to 99: {held}"


def test_the_interval_narrows_as_it_goes() -> None:
    widths = []
    for share in (0.01, 0.1, 0.5, 0.9):
        estimate = at_share(cost(1.5), share, noise=0.1)
        widths.append(estimate.high_s / estimate.low_s)

    assert widths == sorted(widths, reverse=True)


def test_a_database_that_turned_slower_moves_the_estimate_within_a_few_chunks() -> None:
    def seconds(records: float) -> float:
        return 3600 * (records + 2 * max(records - TOTAL / 2, 0)) / TOTAL

    estimate = at_share(seconds, 0.6)

    assert estimate.remaining_s == pytest.approx(3600 * 3 * 0.4, rel=0.25)


def test_warm_up_with_small_dear_chunks_does_not_spoil_it() -> None:
    eta, now_s, done = Eta(TOTAL), 0.0, 0
    for records in [1_000, 4_000, 16_000, *[30_000] * 10]:
        took_s = 0.5 + records * 1e-4
        now_s, done = now_s + took_s, done + records
        eta = eta.heard(records, now_s, took_s)
    estimate = eta.estimate()

    assert estimate is not None
    rest_s = (TOTAL - done) * (1e-4 + 0.5 / 30_000)
    assert estimate.remaining_s == pytest.approx(rest_s, rel=0.15)


PAST = Growth("n²", (1_000.0, 2.0 * TOTAL), (0.0036, 4 * 3600.0), spread=0.1, safe=1.5)


def test_a_law_of_past_runs_is_known_after_the_first_chunk() -> None:
    estimate = at_share(cost(2), 0.01, growth=PAST)

    assert estimate.remaining_s == pytest.approx(3600, rel=0.02)
    assert "n², from past runs" == estimate.law
    assert estimate.safe_s >= 1.4 * estimate.remaining_s


def test_tonight_may_be_slower_than_the_past_and_the_ratio_says_so() -> None:
    estimate = at_share(lambda records: 3 * cost(2)(records), 0.3, growth=PAST)

    assert estimate.remaining_s == pytest.approx(3 * 3600 * (1 - 0.09), rel=0.05)


def test_pauses_between_attempts_are_left_out_and_chunks_side_by_side_count_once() -> None:
    began = datetime(2026, 11, 27, 2, tzinfo=UTC)
    ends_s = [10, 10.1, 20, 20.1, 10_020, 10_020.1]  # two at a time, and a night in between
    chunks = [(100, began + timedelta(seconds=end_s), 10.0) for end_s in ends_s]

    estimate = eta_of(1_200, chunks).estimate()

    assert estimate is not None
    assert estimate.remaining_s == pytest.approx(30, rel=0.15)


def test_nothing_is_said_before_anything_is_measured() -> None:
    assert Eta(TOTAL).estimate() is None
    assert Eta(TOTAL).heard(0, 1.0, 1.0).estimate() is None


def test_the_first_chunks_warn_nobody() -> None:
    assert not at_share(cost(1), 0.01).is_firm
    assert at_share(cost(1), 0.05).is_firm


def test_a_source_that_gives_more_than_it_said_is_nearly_done() -> None:
    estimate = Eta(100).heard(150, 1.0, 1.0).estimate()

    assert estimate is not None
    assert 0 == estimate.remaining_s


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_the_chunks_of_a_past_run_say_how_a_step_grows(power: float) -> None:
    began = datetime(2026, 11, 26, 2, tzinfo=UTC)
    ends = [cost(power)(end) for end in range(0, TOTAL + 1, CHUNK)]
    chunks = [
        (CHUNK, began + timedelta(seconds=end), end - begin)
        for begin, end in itertools.pairwise(ends)
    ]
    growth = growth_of(chunks, spread=0.1, safe=1.2)

    assert growth is not None
    assert f"n^{power:.1f}" == growth.law
    for records in (1_000, 12_345, TOTAL / 3, TOTAL, 3 * TOTAL):
        assert growth.at(records) == pytest.approx(cost(power)(records), rel=0.02)


def test_one_chunk_says_nothing_of_growth() -> None:
    now = datetime(2026, 11, 26, 2, tzinfo=UTC)

    assert growth_of([(100, now, 1.0)], spread=0.1, safe=1.2) is None
