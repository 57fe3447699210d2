"""Whether what is left of a job ends in its window, by its net and by what was said before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Any, cast

import pytest

from daybreak import Job
from daybreak.errors import DefinitionError
from daybreak.model.overrun import Left, Outlook, is_last_boundary, left_of, outlook

NOW = datetime(2026, 11, 27, 3, tzinfo=UTC)
ENDS_AT = NOW + timedelta(seconds=1_000)


def diamond() -> Job:
    """Four steps: the second and the third side by side."""
    job = Job("orders")

    def nothing() -> str:
        raise AssertionError("nobody runs it")

    first = job.task(name="first")(nothing)
    sides = [job.task(name=name, after=first)(nothing) for name in ("left", "right")]
    job.task(name="last", after=sides)(nothing)
    return job


def test_what_is_left_is_the_longest_way_through_the_net() -> None:
    left = {"first": Left(10, 20), "left": Left(100, 110), "right": Left(50, 500), "last": Left(1)}

    assert Left(111, 520) == left_of(diamond().steps, left)
    assert Left(100, 500) == left_of(diamond().steps[1:3], left)
    assert Left() == left_of(diamond().steps, {})


def sharing() -> Job:
    """Three steps side by side that share three sessions: two want two of them, one wants one."""
    job = Job("orders", limits={"db": 3})

    def nothing() -> str:
        raise AssertionError("nobody runs it")

    for name, sessions in (("load", 2), ("stock", 2), ("mail", 1)):
        job.task(name=name, uses={"db": sessions})(nothing)
    return job


def test_steps_that_may_not_be_at_work_together_come_one_after_the_other() -> None:
    left = {"load": Left(100, 150), "stock": Left(50, 60), "mail": Left(120, 120)}

    assert Left(220, 270) == left_of(sharing().steps, left)


def test_a_step_at_work_does_not_begin_again_when_what_is_before_it_is_done() -> None:
    job = Job("orders", limits={"db": 1})

    def nothing() -> str:
        raise AssertionError("nobody runs it")

    first = job.task(name="first", uses={"db": 1})(nothing)
    job.task(name="second", after=first, uses={"db": 1})(nothing)

    assert Left(100, 110) == left_of(job.steps, {"second": Left(100, 110)}, {"second"})


def test_who_is_at_work_has_what_it_uses_whoever_is_first_in_the_job() -> None:
    left = {"load": Left(100, 100), "stock": Left(50, 50), "mail": Left(10, 10)}

    assert Left(150, 150) == left_of(sharing().steps, left, {"stock"})
    assert Left(100, 100) == left_of(sharing().steps, left, {"load", "stock"})  # a limit was cut


@pytest.mark.slow
def test_many_steps_that_share_a_limit_are_looked_at_in_a_moment() -> None:
    """It is done once a second: if it took the cube of their number, it would take six seconds."""
    job = Job("orders", limits={"db": 3})
    for number in range(600):
        job.task(name=f"step_{number}", uses={"db": 1})(lambda: "nobody runs it")
    left = {step.name: Left(10, 20) for step in job.steps}

    began_s = process_time()
    assert Left(2_000, 4_000) == left_of(job.steps, left)
    assert process_time() - began_s < 2


def test_what_is_done_or_unknown_holds_nobody_up() -> None:
    assert Left(50, 50) == left_of(sharing().steps, {"stock": Left(50, 50)}, {"stock"})


@pytest.mark.parametrize(
    ("likely_s", "safe_s", "expected"),
    [
        (500, 999, Outlook.ON_TIME),
        (500, 1_001, Outlook.AT_RISK),
        (1_001, 2_000, Outlook.LATE),
    ],
)
def test_the_safe_bound_warns_first(likely_s: float, safe_s: float, expected: Outlook) -> None:
    assert expected is outlook(Left(likely_s, safe_s), NOW, ENDS_AT, Outlook.ON_TIME)


def test_a_warning_is_taken_back_only_when_there_is_room() -> None:
    near = Left(500, 980)

    assert Outlook.ON_TIME is outlook(near, NOW, ENDS_AT, Outlook.ON_TIME)
    assert Outlook.AT_RISK is outlook(near, NOW, ENDS_AT, Outlook.AT_RISK)
    assert Outlook.ON_TIME is outlook(Left(500, 940), NOW, ENDS_AT, Outlook.AT_RISK)
    assert Outlook.LATE is outlook(Left(980, 980), NOW, ENDS_AT, Outlook.LATE)


def test_behind_the_end_it_has_overrun() -> None:
    assert Outlook.OVER is outlook(Left(), ENDS_AT, ENDS_AT, Outlook.ON_TIME)


def test_a_chunk_that_would_end_beyond_the_window_is_not_begun() -> None:
    assert not is_last_boundary(NOW, ENDS_AT, 1_000)
    assert is_last_boundary(NOW, ENDS_AT, 1_001)
    assert is_last_boundary(ENDS_AT, ENDS_AT, 0)


def test_a_policy_needs_a_window_and_is_one_of_two() -> None:
    assert "warn" == Job("orders").on_overrun
    assert "stop" == Job("orders", window="02:00-05:00 UTC", on_overrun="stop").on_overrun
    with pytest.raises(DefinitionError, match="this one has none"):
        Job("orders", on_overrun="stop")
    with pytest.raises(DefinitionError, match="expected on_overrun to be 'warn' or 'stop'"):
        Job("orders", window="02:00-05:00 UTC", on_overrun=cast("Any", "cry"))
