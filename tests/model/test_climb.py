"""What a number of workers follows from: the stage's side of it is in tests/pipeline."""

from __future__ import annotations

from daybreak.model.climbing import TRY_AGAIN_S, Climb


def climbed(climb: Climb, best: int, measurements: int) -> Climb:
    """Measure some times what grows with the workers up to a number, and not beyond."""
    for number in range(measurements):
        if climb.rests_until_s is None:
            climb = climb.measured(100.0 * min(climb.workers, best), float(number))
    return climb


def test_trouble_halves_the_workers_and_they_rest() -> None:
    climb = climbed(Climb(8), best=8, measurements=3)
    assert 8 == climb.workers

    less = climb.backed_off(10.0)

    assert (4, 4) == (less.workers, less.settled)
    assert less.rested(10.0 + TRY_AGAIN_S / 2) == less
    assert 8 == less.rested(10.0 + TRY_AGAIN_S).measured(400.0, 13.0).workers


def test_each_trouble_is_followed_by_a_longer_rest() -> None:
    climb = climbed(Climb(8), best=8, measurements=3).backed_off(10.0).backed_off(20.0)

    assert 2 == climb.workers
    assert climb.rests_until_s == 20.0 + 2 * TRY_AGAIN_S


def test_trouble_leaves_one_worker_at_least() -> None:
    assert 1 == Climb(8).backed_off(0.0).workers


def test_it_never_has_more_than_its_bound() -> None:
    assert 3 == climbed(Climb(3), best=8, measurements=9).workers


def test_the_last_step_up_to_a_bound_that_is_no_power_of_two_has_to_gain_as_well() -> None:
    """Four are best: six get no more done than four, though more than three would."""
    climb = climbed(Climb(6), best=4, measurements=9)

    assert (4, 4) == (climb.workers, climb.settled)
    assert "auto chose 4 of at most 6 workers: 6 got 400 records/s done, 4 400" == (
        climb.told("records/s")
    )
    assert 6 == climbed(Climb(6), best=6, measurements=9).workers
