"""The plan of a night: its probabilities, moments and advice, on nets with known answers."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from daybreak.forecast.draws import Draws, Wish, drawn
from daybreak.forecast.failing import Resuming
from daybreak.forecast.growth import breaking
from daybreak.forecast.net import attempt, net_of
from daybreak.forecast.night import NightPlan, Question, planned
from daybreak.forecast.past import Guess, Past, PastNight, PastStep, past_of

FIRST = date(2026, 3, 2)
SEED = 20_261_127


def fixed(*nights: list[float], chunk_s: float | None = None) -> Draws:
    """Give nights whose seconds are known; a failure costs all of a step, or a chunk."""
    seconds = np.array(nights, dtype=np.float64)
    return Draws(
        seconds=seconds,
        chunk_s=seconds.copy() if chunk_s is None else np.full(seconds.shape, float(chunk_s)),
        records=np.full(seconds.shape, np.nan),
        failures=np.zeros(seconds.shape, dtype=np.int64),
        volume=np.full(len(seconds), np.nan),
    )


def plan_of(draws: Draws, window_s: float | None, *, chunked: bool = False) -> NightPlan:
    """Plan a line of two steps, a and b; a failed run goes on after 10 seconds."""
    net = net_of([("a", [], {}), ("b", ["a"], {})], {})
    question = Question(Resuming(net, (chunked, chunked), 10.0), window_s, wanted=0.9)
    return planned(question, draws, np.random.default_rng(SEED))


def test_probabilities_count_nights() -> None:
    plan = plan_of(fixed([100, 50], [100, 150], [100, 60], [100, 70]), 275)

    # With a once more: 260, 360, 270, 280; with b once more: 210, 410, 230, 250.
    assert [0.5, 0.75] == [step.failing.in_time for step in plan.steps]
    assert ("a", 0.5) == (plan.worst, plan.worst_in_time)
    assert 1.0 == plan.clean.in_time
    assert (("a", "b"), 1.0) == (plan.path, plan.path_share)


def test_the_latest_start_leaves_what_the_night_takes() -> None:
    plan = plan_of(fixed([100, 50]), 300)

    assert 300 - 150 == plan.latest_start_s
    assert 300 - 260 == plan.latest_start_failing_s


def test_the_point_of_no_return_leaves_a_restart_and_the_work_from_there_on() -> None:
    late_a, late_b = plan_of(fixed([200, 50]), 300), plan_of(fixed([20, 230]), 300)

    assert 300 - 10 - (200 + 50) == late_a.no_return_s
    assert 300 - 10 - 230 == late_b.no_return_s


def test_there_is_no_point_of_no_return_where_every_failure_can_be_repaired() -> None:
    assert np.inf == plan_of(fixed([100, 50], chunk_s=5), 300, chunked=True).no_return_s
    assert 0 == plan_of(fixed([200, 95], chunk_s=5), 300, chunked=True).no_return_s


def test_halving_the_longer_step_is_the_best_gain() -> None:
    plan = plan_of(fixed([100, 40]), None)

    assert ["a", "b"] == [gain.name for gain in plan.gains]
    assert 50 == plan.gains[0].saved_s
    assert (None, None) == (plan.clean.in_time, plan.no_return_s)


def made_past(nights: int, *, growth: float = 0.0, steepness: float = 1.0) -> Past:
    """Give a past of one step in chunks and one task, with a little noise."""
    chance = np.random.default_rng(SEED)
    past = []
    for day in range(nights):
        records = 1e6 * np.exp(growth * day / 30 + 0.1 * chance.standard_normal())
        seconds = 1_000 * (records / 1e6) ** steepness * np.exp(0.03 * chance.standard_normal())
        tell_s = 60.0 * np.exp(0.03 * chance.standard_normal())
        steps = {
            "load": PastStep(float(seconds), int(records), chunk_share=0.1),
            "tell": PastStep(float(tell_s)),
        }
        past.append(PastNight(FIRST + timedelta(days=day), steps))
    return past_of(past, ["load", "tell"], tonight=FIRST + timedelta(days=nights))


def test_the_same_seed_gives_the_same_nights_and_another_gives_others() -> None:
    past, wish = made_past(30), Wish(FIRST + timedelta(days=30))
    one, same, other = (
        drawn(past, ["load", "tell"], wish, 50, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )

    assert (one.seconds == same.seconds).all()
    assert (one.seconds != other.seconds).any()


def test_twice_the_records_take_as_long_as_the_past_says_they_grow() -> None:
    past, night = made_past(90, steepness=1.6), FIRST + timedelta(days=90)
    once, twice = (
        drawn(past, ["load"], Wish(night, times), 2_000, np.random.default_rng(SEED))
        for times in (1.0, 2.0)
    )
    grows = np.median(twice.seconds[:, 0]) / np.median(once.seconds[:, 0])

    assert pytest.approx(2**1.6, rel=0.1) == grows
    assert pytest.approx(2) == np.median(twice.volume) / np.median(once.volume)


def test_few_nights_make_a_wide_answer() -> None:
    def width(nights: int) -> float:
        wish = Wish(FIRST + timedelta(days=nights))
        draws = drawn(made_past(nights), ["load"], wish, 2_000, np.random.default_rng(SEED))
        low, high = np.quantile(draws.seconds[:, 0], (0.05, 0.95))
        return float(high / low)

    assert width(3) > 1.3 * width(60)


def test_a_step_without_a_past_is_drawn_around_the_guess() -> None:
    past = past_of([], ["load"], guesses={"load": Guess(600.0, 0.2)}, tonight=FIRST)
    draws = drawn(past, ["load"], Wish(FIRST), 4_000, np.random.default_rng(SEED))

    assert pytest.approx(600, rel=0.05) == np.median(draws.seconds)


def test_growth_says_when_the_window_breaks() -> None:
    """With 5 % more a month, a window that holds 1.5 times as much lasts for about eight months."""
    past, tonight = made_past(180, growth=0.05), FIRST + timedelta(days=180)
    window_s = 1.5 * float(np.exp(0.05 * 6)) * 1_000
    net = net_of([("load", [], {})], {})

    def in_time(draws: Draws) -> float:
        return float((attempt(net, draws.seconds).over <= window_s).mean())

    found = breaking(past, ["load"], Wish(tonight), in_time, wanted=0.5, seed=SEED)

    assert pytest.approx(1.5, rel=0.1) == found.volume_times
    assert pytest.approx(0.05, abs=0.02) == found.growth_a_month
    assert found.on is not None
    assert 150 < (found.on - tonight).days < 350


def test_a_window_that_hardly_any_record_fits_in_is_broken_whatever_comes() -> None:
    past, tonight = made_past(1), FIRST + timedelta(days=1)
    found = breaking(past, ["load", "tell"], Wish(tonight), lambda _: 0.0, wanted=0.5, seed=SEED)

    assert 0.0 == found.volume_times
    assert (None, 0) == (found.on, found.days_ahead)


def test_a_rate_of_growth_says_how_far_off_it_may_be() -> None:
    doubts = []
    for nights in (30, 180):
        past, tonight = made_past(nights, growth=0.05), FIRST + timedelta(days=nights)
        found = breaking(past, ["load"], Wish(tonight), lambda _: 1.0, wanted=0.5, seed=SEED)
        assert found.growth_a_month is not None
        assert found.growth_doubt is not None
        assert abs(found.growth_a_month - 0.05) < 1.5 * found.growth_doubt
        doubts.append(found.growth_doubt)

    assert doubts[1] < doubts[0] / 3


def test_more_records_make_more_chunks_and_not_larger_ones() -> None:
    past, night = made_past(60), FIRST + timedelta(days=60)
    once, many = (
        drawn(past, ["load"], Wish(night, times), 2_000, np.random.default_rng(SEED))
        for times in (1.0, 30.0)
    )

    assert pytest.approx(100, rel=0.2) == np.median(once.chunk_s)
    assert pytest.approx(100, rel=0.2) == np.median(many.chunk_s)


def test_a_night_that_did_not_get_to_its_end_was_not_a_small_one() -> None:
    """A tenth of the nights has a small step done and the large one missing."""
    nights, names = [], ["look", "load"]
    for day in range(40):
        steps = {"look": PastStep(1.0, 100)}
        if day % 10:
            steps["load"] = PastStep(1_000.0, 1_000_000, chunk_share=0.01)
        nights.append(PastNight(FIRST + timedelta(days=day), steps))
    tonight = FIRST + timedelta(days=40)
    past = past_of(nights, names, tonight=tonight)
    draws = drawn(past, names, Wish(tonight), 4_000, np.random.default_rng(SEED))

    assert pytest.approx(1_000_000, rel=0.1) == np.median(draws.volume)
    assert np.quantile(draws.seconds[:, 1], 0.02) > 700
    assert pytest.approx(100, rel=0.1) == np.median(draws.records[:, 0])


def test_a_step_that_has_begun_keeps_its_own_records() -> None:
    """Whatever the other steps read in past nights."""
    nights = [PastNight(FIRST + timedelta(days=d), {"look": PastStep(1.0, 100)}) for d in range(9)]
    tonight = FIRST + timedelta(days=9)
    guess = Guess(3_600.0, 0.1, records=1_000_000, chunk_share=0.01, is_begun=True)
    past = past_of(nights, ["look", "load"], guesses={"load": guess}, tonight=tonight)
    once, twice = (
        drawn(past, ["look", "load"], Wish(tonight, times), 2_000, np.random.default_rng(SEED))
        for times in (1.0, 2.0)
    )

    assert pytest.approx(3_600, rel=0.05) == np.median(once.seconds[:, 1])
    assert pytest.approx(1_000_000) == np.median(once.records[:, 1])
    assert pytest.approx(2_000_000) == np.median(twice.records[:, 1])


def test_a_step_that_ran_only_where_the_largest_did_not_is_planned_by_its_own_nights() -> None:
    nights = [
        PastNight(FIRST + timedelta(days=day), {"load": PastStep(3_600.0, 1_000_000)})
        for day in range(4)
    ]
    nights.append(PastNight(FIRST + timedelta(days=4), {"look": PastStep(2.0, 100)}))
    tonight = FIRST + timedelta(days=5)
    past = past_of(nights, ["load", "look"], tonight=tonight)
    draws = drawn(past, ["load", "look"], Wish(tonight), 4_000, np.random.default_rng(SEED))

    assert 1 < np.median(draws.seconds[:, 1]) < 4


@pytest.mark.parametrize("days", [1, 3])
def test_a_step_that_got_another_name_is_planned_by_its_nights_under_the_new_one(days: int) -> None:
    nights = [
        PastNight(FIRST + timedelta(days=day), {name: PastStep(3_600.0, 1_000_000)})
        for day, name in enumerate(["old"] * days + ["new"] * days)
    ]
    tonight = FIRST + timedelta(days=2 * days)
    past = past_of(nights, ["new"], tonight=tonight)
    draws = drawn(past, ["new"], Wish(tonight), 4_000, np.random.default_rng(SEED))

    assert pytest.approx(3_600, rel=0.2) == np.median(draws.seconds)
