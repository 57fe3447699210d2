"""The figures of the pipeline measure what they say, tried with few records."""

from __future__ import annotations

import os
import sys
from functools import partial
from math import inf
from threading import Event, Thread

import pytest

from bench import auto_workers, cpu_stage, endings, pipeline_memory, slide, waiting_stage
from bench.measure import NOT_MEASURED
from daybreak import source


@pytest.fixture
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slide, "RECORDS", 3_000)
    monkeypatch.setattr(slide, "TOTAL", sum(n * n for n in range(3_000)))
    monkeypatch.setattr(waiting_stage, "RECORDS", 200)
    monkeypatch.setattr(cpu_stage, "SMALL_RECORDS", 3_000)
    monkeypatch.setattr(cpu_stage, "WORK_RECORDS", 400)


# ---------------------------------------------------------------- the slide's example


@pytest.mark.usefixtures("_few")
def test_both_ways_through_the_slides_example_add_up() -> None:
    assert slide.Ours().took_ns() > 0
    assert slide.plain_loop_ns() > 0


@pytest.mark.usefixtures("_few")
def test_a_wrong_total_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slide, "TOTAL", 1)

    with pytest.raises(AssertionError):
        slide.plain_loop_ns()
    with pytest.raises(AssertionError):
        slide.Ours().took_ns()


@pytest.mark.usefixtures("_few")
def test_a_worker_that_took_nothing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0 <= slide.smaller_share_seen_percent() <= 50

    monkeypatch.setattr(slide, "get_ident", lambda: 1)  # as if one thread had taken all

    assert 0 == slide.smaller_share_seen_percent()


@pytest.mark.usefixtures("_few")
def test_what_the_engine_does_not_report_is_not_measured() -> None:
    by_function, by_report = slide.Ours().shares()

    assert by_function.value is not None
    assert NOT_MEASURED == by_report.met


# ---------------------------------------------------------------- waiting and computing


@pytest.mark.slow
@pytest.mark.usefixtures("_few")
def test_every_way_to_wait_waits() -> None:
    ideal_s = 200 * waiting_stage.WAIT_S / waiting_stage.WORKERS

    for way in (
        partial(waiting_stage.took_s, waiting_stage.threads),
        waiting_stage.bare_threads_s,
        waiting_stage.bare_asyncio_s,
    ):
        assert way() >= ideal_s
    assert waiting_stage.one_sleep_s() >= waiting_stage.WAIT_S


@pytest.mark.usefixtures("_few")
def test_the_first_tenth_is_not_timed() -> None:
    records, elapsed_s = cpu_stage.warm_s(source(range(3_000)).map(cpu_stage.given_back), 3_000)

    assert 2_700 == records
    assert elapsed_s > 0
    assert cpu_stage.plain_loop_ns() > 0


@pytest.mark.slow
@pytest.mark.usefixtures("_few")
def test_processes_on_their_own_compute() -> None:
    rounds = cpu_stage.rounds_of(100.0)
    rate = cpu_stage.rate_of_others(rounds)

    assert 0 < rate < 2 * cpu_stage.WORKERS / 100e-6  # twice what it can be


# ---------------------------------------------------------------- endings


@pytest.mark.parametrize("kind", [kind for kind in endings.KINDS if kind.lane == "thread"], ids=str)
def test_a_pipeline_of_threads_ends(kind: endings.Kind) -> None:
    assert 0 < endings.ended_ms(kind) < 1000 * endings.SETTLE_S


def test_there_are_a_thousand_endings_of_twenty_kinds() -> None:
    assert 20 == len(endings.KINDS)
    assert 1_000 == endings.PER_KIND * len(endings.KINDS)


def test_a_thread_that_is_left_behind_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings, "SETTLE_S", 0.05)
    is_over = Event()
    strays: list[Thread] = []

    def strayed(kind: endings.Kind) -> float:
        strays.append(Thread(target=is_over.wait))
        strays[0].start()
        return end(kind)

    end = endings.end
    monkeypatch.setattr(endings, "end", strayed)
    try:
        assert inf == endings.ended_ms(endings.Kind("thread"))
    finally:
        is_over.set()
        strays[0].join()


def test_a_call_that_still_runs_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings, "SETTLE_S", 0.05)
    monkeypatch.setattr(endings, "RUNNING", {"a call"})

    assert inf == endings.ended_ms(endings.Kind("thread"))


def test_a_child_that_nobody_waited_for_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings, "SETTLE_S", 0.05)
    end = endings.end
    strays: list[int] = []

    def strayed(kind: endings.Kind) -> float:
        strays.append(os.posix_spawn(sys.executable, [sys.executable, "-c", ""], os.environ))
        return end(kind)

    monkeypatch.setattr(endings, "end", strayed)
    try:
        assert inf == endings.ended_ms(endings.Kind("thread"))
    finally:
        os.waitpid(strays[0], 0)


# ---------------------------------------------------------------- workers, memory


def test_a_number_of_workers_that_is_too_slow_is_given_up() -> None:
    workload = auto_workers.Workload("counts", best=1, records=100, fn=abs)

    assert 0 < auto_workers.took_s(workload, 1) < inf
    assert inf == auto_workers.took_s(workload, 1, give_up_s=0.0)


def test_the_best_numbers_of_the_workloads_differ() -> None:
    assert [1, 1, 4, 16, 64] == [workload.best for workload in auto_workers.workloads()]


@pytest.mark.slow
def test_the_peak_of_a_process_is_measured() -> None:
    assert 5 < pipeline_memory.peak_mb(1_000) < 500
