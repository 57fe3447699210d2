"""The report: its sentences, its numbers for collectors, and that they add up on every lane.

Who is named as the bottleneck is tested in `test_meter`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from daybreak.pipeline import Collect, Pipeline, Report, StageReport, source
from tests.pipeline import process_functions

LONG_S = 30.0  # a deadline that only a deadlock reaches
RECORDS = 500

IDLE = StageReport("idle", 1, 10, 0.01, 0.5, 0.5)
BUSY = StageReport("work", 4, 10, 8.0, 0.0, 0.0)


def report_of(stage: StageReport, *, cpu_s: float = 0.1) -> Report:
    return Report(
        stages=[IDLE, stage],
        sources=[replace(IDLE, name="numbers")],
        consumer=replace(IDLE, name="consumer"),
        elapsed_s=2.0,
        cpu_s=cpu_s,
        errors=(),
    )


def double(value: int) -> int:
    return value * 2


async def double_later(value: int) -> int:
    return value * 2


# ---------------------------------------------------------------- sentences


@pytest.mark.parametrize(
    ("stage", "cpu_s", "remedy"),
    [
        pytest.param(BUSY, 0.1, "more workers would help", id="waits"),
        pytest.param(
            replace(BUSY, rate="200/s", held=BUSY.busy * 0.9),
            0.1,
            "it is held to 200/s; a higher rate would help",
            id="rate",
        ),
        pytest.param(
            replace(BUSY, rate="200/s", held=BUSY.busy * 0.1),
            0.1,
            "more workers would help",
            id="rate that holds nothing",
        ),
        pytest.param(
            replace(BUSY, cpu=1.9),
            1.95,
            'it computes, on one core (the GIL); on="process" would help, not more workers',
            id="GIL",
        ),
        pytest.param(
            replace(BUSY, cpu=1.9, rate="200/s", held=BUSY.busy * 0.9),
            1.95,
            "it is held to 200/s; a higher rate would help",
            id="rate before GIL",
        ),
        pytest.param(
            replace(BUSY, cpu=1.9, lane="process"), 1.95, "more workers would help", id="processes"
        ),
        pytest.param(replace(BUSY, cpu=0.1), 1.95, "more workers would help", id="others compute"),
        pytest.param(
            replace(BUSY, chosen="auto chose 4 of at most 8 workers", starved=0.1),
            0.1,
            "auto chose 4 of at most 8 workers",
            id="auto",
        ),
    ],
)
def test_the_remedy_follows_from_what_holds_the_stage_back(
    stage: StageReport, cpu_s: float, remedy: str
) -> None:
    sentence = report_of(stage, cpu_s=cpu_s).bottleneck

    assert sentence.startswith("stage 'work' is the bottleneck: its 4 workers are busy ")
    assert sentence.endswith(f"; {remedy}")


def test_a_pipeline_that_took_no_time_has_a_bottleneck_all_the_same() -> None:
    assert "is the bottleneck: " in replace(report_of(BUSY), elapsed_s=0.0).bottleneck


def test_a_stage_that_is_held_to_a_rate_says_so() -> None:
    report = source(range(30)).map(double, rate="200/s").run(deadline_s=LONG_S)

    assert report.bottleneck.endswith("it is held to 200/s; a higher rate would help")


# ---------------------------------------------------------------- numbers for collectors


def test_every_row_gives_the_same_numbers_with_units() -> None:
    report = report_of(replace(BUSY, failures=3, queue_peak=7, bytes_peak=700, lane="async"))
    metrics = report.metrics()
    of_work = {
        (metric.name, metric.attributes.get("daybreak.state", "")): (metric.value, metric.unit)
        for metric in metrics
        if metric.attributes["daybreak.stage"] == "work"
    }

    assert {"numbers", "idle", "work", "consumer"} == {
        metric.attributes["daybreak.stage"] for metric in metrics
    }
    assert {
        ("daybreak.pipeline.records", ""): (10, "{record}"),
        ("daybreak.pipeline.failures", ""): (3, "{record}"),
        ("daybreak.pipeline.workers", ""): (4, "{worker}"),
        ("daybreak.pipeline.queue.peak", ""): (7, "{record}"),
        ("daybreak.pipeline.queue.peak_size", ""): (700, "By"),
        ("daybreak.pipeline.time", "busy"): (8.0, "s"),
        ("daybreak.pipeline.time", "starved"): (0.0, "s"),
        ("daybreak.pipeline.time", "blocked"): (0.0, "s"),
    } == of_work
    assert {"async"} == {
        metric.attributes["daybreak.lane"]
        for metric in metrics
        if metric.attributes["daybreak.stage"] == "work"
    }
    assert {8} == set(Counter(metric.attributes["daybreak.stage"] for metric in metrics).values())


# ---------------------------------------------------------------- adding up


LANES: list[Any] = [
    pytest.param(double, {}, "thread", id="thread"),
    pytest.param(double, {"workers": 3}, "thread", id="threads"),
    pytest.param(double, {"workers": 3, "ordered": False}, "thread", id="threads, unordered"),
    pytest.param(double, {"workers": 2, "block": 1}, "thread", id="threads, one by one"),
    pytest.param(double_later, {"workers": 3}, "async", id="async"),
    pytest.param(double_later, {"workers": 3, "block": 1}, "async", id="async, one by one"),
    pytest.param(
        process_functions.double,
        {"workers": 2, "on": "process"},
        "process",
        id="processes",
        marks=pytest.mark.slow,
    ),
]


@pytest.mark.parametrize(("fn", "options", "lane"), LANES)
def test_records_and_times_add_up(fn: Callable[..., Any], options: Any, lane: str) -> None:
    pipeline: Pipeline[int] = source(range(RECORDS)).map(fn, name="double", **options).map(abs)
    with pipeline.open(deadline_s=LONG_S) as results:
        assert RECORDS == len(list(results))
    report = results.report
    rows = [*report.sources, *report.stages, report.consumer]
    stage = report.stages[0]

    assert {RECORDS} == {row.records for row in rows}
    assert ("double", lane) == (stage.name, stage.lane)
    assert options.get("workers", 1) == stage.workers
    assert stage.workers >= len(stage.slices)
    assert sum(stage.slices) >= 1
    assert report.elapsed_s > 0
    for row in rows:
        assert row.busy >= 0
        assert row.starved >= 0
        assert row.blocked >= 0
        assert row.busy + row.starved + row.blocked <= report.elapsed_s * row.workers * 1.1 + 0.05
    assert 1 <= stage.queue_peak <= RECORDS
    assert stage.bytes_peak >= 1
    assert () == tuple(report.errors)


@pytest.mark.parametrize(("fn", "options", "lane"), LANES)
def test_a_break_leaves_a_report_too(fn: Callable[..., Any], options: Any, lane: str) -> None:
    pipeline: Pipeline[int] = source(range(100_000)).map(fn, **options)
    with pipeline.open(deadline_s=LONG_S) as results:
        assert 10 == len(list(islice(results, 10)))
    report = results.report

    assert report.sources[0].records >= report.stages[0].records >= report.consumer.records >= 10
    assert lane == report.stages[0].lane


def test_all_nodes_that_have_records_have_rows() -> None:
    pipeline = (
        source(range(100))
        .split(
            lambda value: value < 30,
            lambda few: few.map(double, workers=2),
            lambda many: many.flat_map(lambda value: [value, value]),
        )
        .merge(source([1, 2, 3]))
        .group(10)
    )
    report = pipeline.run(deadline_s=LONG_S)

    assert [("split", 100), ("double", 30), ("flat_map", 70), ("group", 173)] == [
        (stage.name, stage.records) for stage in report.stages
    ]
    assert [100, 3] == [source.records for source in report.sources]
    assert 18 == report.consumer.records


def test_a_row_says_how_many_records_failed() -> None:
    def fails(value: int) -> int:
        if value < 3:
            raise ValueError(value)
        return value

    report = source(range(10)).map(fails, errors=Collect()).map(abs).run(deadline_s=LONG_S)

    assert [(10, 3), (7, 0)] == [(stage.records, stage.failures) for stage in report.stages]
    assert 3 == len(report.errors)


def test_the_report_of_a_run_that_failed_says_how_far_it_came() -> None:
    def ends_badly() -> Iterator[int]:
        yield from range(500)
        raise OSError("gone")

    with (
        pytest.raises(OSError, match="gone") as caught,
        source(ends_badly).map(double).open(deadline_s=LONG_S) as results,
    ):
        list(results)

    assert (caught.value,) == tuple(results.report.errors)
    assert 500 == results.report.sources[0].records
