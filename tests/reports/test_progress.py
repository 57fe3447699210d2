"""What is known of a run: rates that move, remaining times, steps that go on."""

from __future__ import annotations

import pytest

from daybreak.model.fate import Counts
from daybreak.model.status import RunStatus, StepStatus
from daybreak.reports.progress import Progress, StepProgress, resumed_line
from tests.reports.conftest import Events, HandClock, Watched


def load_of(progress: Progress) -> StepProgress:
    return progress.step("load")


def test_steps_wait_until_they_start(watched: Watched, events: Events) -> None:
    watched.hear(events.run("check", "load"))
    watched.hear(events.step("check", None))

    assert [("check", StepStatus.RUNNING), ("load", StepStatus.WAITING)] == [
        (step.name, step.status) for step in watched.progress.steps
    ]


def test_the_rate_and_the_rest_come_from_the_chunks(watched: Watched, events: Events) -> None:
    watched.hear(events.step(total=100))
    watched.pass_s(2)
    watched.hear(events.chunk(40))

    assert 20 == load_of(watched.progress).rate.per_s(watched.clock())
    assert 3 == load_of(watched.progress).remaining_s(watched.clock())


def test_the_rate_forgets_what_is_long_ago(watched: Watched, events: Events) -> None:
    watched.hear(events.step(total=None))
    for _fast in range(10):
        watched.pass_s(1)
        watched.hear(events.chunk(1000))
    for _slow in range(40):
        watched.pass_s(1)
        watched.hear(events.chunk(10))

    assert 10 == pytest.approx(load_of(watched.progress).rate.per_s(watched.clock()))


def test_chunks_that_take_minutes_have_a_rate(watched: Watched, events: Events) -> None:
    watched.hear(events.step())
    for _chunk in range(8):
        watched.pass_s(120)
        watched.hear(events.chunk(12))

    assert 0.1 == pytest.approx(load_of(watched.progress).rate.per_s(watched.clock()))


def test_the_rate_falls_while_nothing_is_committed(watched: Watched, events: Events) -> None:
    watched.hear(events.step())
    watched.pass_s(1)
    watched.hear(events.chunk(10))
    watched.pass_s(9)

    assert 1 == load_of(watched.progress).rate.per_s(watched.clock())


@pytest.mark.parametrize("total", [None, 100])
def test_nothing_is_said_of_the_rest_before_the_first_chunk(
    total: int | None, watched: Watched, events: Events
) -> None:
    watched.hear(events.step(total=total))
    watched.pass_s(5)

    assert load_of(watched.progress).remaining_s(watched.clock()) is None


def test_a_resumed_step_counts_what_was_done_but_not_in_its_rate(
    watched: Watched, events: Events
) -> None:
    watched.hear(events.run("load", is_resumed=True))
    watched.hear(events.step(done=Counts(read=90_000, passed=90_000), total=100_000))
    watched.pass_s(1)
    watched.hear(events.chunk(1_000))
    step = load_of(watched.progress)

    assert step.is_resumed
    assert 91_000 == step.counts.read
    assert 9 == step.remaining_s(watched.clock())
    assert "resumed run 1: load goes on after 91,000 records" == resumed_line("1", step)


def test_a_step_that_failed_keeps_what_it_had_committed(watched: Watched, events: Events) -> None:
    watched.hear(events.step())
    watched.hear(events.chunk(10, quarantined=2))
    watched.hear(events.ended(status=StepStatus.FAILED, error="no"))
    step = load_of(watched.progress)

    assert (StepStatus.FAILED, 10, 2, "no") == (
        step.status,
        step.counts.read,
        step.counts.quarantined,
        step.error,
    )


def test_the_end_of_a_run_is_known(events: Events) -> None:
    progress = Progress(HandClock())
    progress.hear(events.run("load"))
    progress.hear(events.end(RunStatus.STOPPED))

    assert (RunStatus.STOPPED, 3, 14.0) == (
        progress.status,
        progress.quarantined,
        progress.duration_s,
    )
