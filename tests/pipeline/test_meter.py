"""What the stages did with their time, and who is the bottleneck."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from daybreak.pipeline import Report, StageReport, source


def row(name: str, busy: float, *, workers: int = 1, records: int = 10) -> StageReport:
    return StageReport(name, workers, records, busy, 0.0, 0.0)


def report(*stages: StageReport, read: float = 0.1, took: float = 0.1, records: int = 10) -> Report:
    return Report(
        stages=stages,
        sources=[row("numbers", read, records=records)],
        consumer=row("consumer", took),
        elapsed_s=2.0,
        cpu_s=0.1,
        errors=(),
    )


def spin(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            report(row("fetch", 7.84, workers=4), row("parse", 1.9)),
            (
                "stage 'fetch' is the bottleneck: its 4 workers are busy 98% of the time; "
                "more workers would help"
            ),
        ),
        (
            report(row("fetch", 4.0, workers=4), row("parse", 1.8)),
            (
                "stage 'parse' is the bottleneck: its one worker is busy 90% of the time; "
                "more workers would help"
            ),
        ),
        (
            report(row("fetch", 0.2), read=1.0),
            (
                "source 'numbers' is the bottleneck: busy 50% of the time, "
                "and the stages wait for it"
            ),
        ),
        (
            report(row("fetch", 0.2), took=2.0),
            ("the consumer is the bottleneck: busy 100% of the time, and the stages wait for it"),
        ),
        (report(records=0), "no records came from the source"),
    ],
    ids=["workers", "one worker", "source", "consumer", "nothing"],
)
def test_the_bottleneck_is_who_was_busiest(given: Report, sentence: str) -> None:
    assert sentence == given.bottleneck


def test_every_stage_is_counted_also_where_stages_share_a_thread() -> None:
    pipeline = (
        source(range(1000))
        .filter(lambda value: value % 2 == 0)
        .flat_map(lambda value: [value, value])
        .map(str, workers=3)
    )
    done = pipeline.run()

    assert [("filter", 1000, 1), ("flat_map", 500, 1), ("str", 1000, 3)] == [
        (stage.name, stage.records, stage.workers) for stage in done.stages
    ]
    assert (1000, 1000) == (done.sources[0].records, done.consumer.records)
    assert () == done.errors


def test_a_slow_stage_is_busy_and_the_others_wait() -> None:
    def slow(value: int) -> int:
        spin(0.002)
        return value

    done = source(range(100)).map(slow, name="slow", workers=2).map(str, workers=2).run()
    busiest, idle = done.stages

    assert busiest.busy >= 0.2
    assert idle.starved > idle.busy
    assert done.bottleneck.startswith("stage 'slow' is the bottleneck")


def test_a_slow_source_is_the_bottleneck() -> None:
    def records() -> Iterator[int]:
        for number in range(100):
            spin(0.001)
            yield number

    assert source(records).map(str).run().bottleneck.startswith("source 'records' is")


def test_a_slow_consumer_is_the_bottleneck_and_fills_the_queue_in_front_of_it() -> None:
    with source(range(5000)).map(str).open() as results:
        for number, _result in enumerate(results):
            if number < 200:
                spin(0.001)

    assert results.report.bottleneck.startswith("the consumer is the bottleneck")
    assert 1 <= results.report.consumer.queue_peak
    assert 1 <= results.report.stages[0].queue_peak


def test_a_report_keeps_the_errors() -> None:
    def fails(_value: int) -> None:
        raise OSError("no")

    with pytest.raises(OSError, match="no") as caught, source([1]).tap(fails).open() as results:
        list(results)

    assert (caught.value,) == results.report.errors


def test_a_report_can_be_read_while_it_runs() -> None:
    with source(range(10)).map(str).open() as results:
        next(results)
        assert results.report.elapsed_s > 0
        assert 1 <= results.report.consumer.records <= 10
