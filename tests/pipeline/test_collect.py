"""`errors=Collect(...)`: failures are set aside and kept in the report, as long as they are few."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from daybreak.errors import DefinitionError, ProcessDied, TooManyBadRecords
from daybreak.pipeline import Collect, current_scope, source
from daybreak.pipeline.carry import refuse_in_a_step
from tests.pipeline import process_functions

LONG_S = 30.0  # a deadline that only a deadlock reaches


def double_but_seven(value: int) -> int:
    return process_functions.double_but_seven(value)


async def double_but_seven_later(value: int) -> int:
    return process_functions.double_but_seven(value)


LANES: list[Any] = [
    pytest.param(double_but_seven, {}, id="thread"),
    pytest.param(double_but_seven, {"workers": 3}, id="threads"),
    pytest.param(double_but_seven_later, {}, id="async"),
    pytest.param(double_but_seven_later, {"workers": 3}, id="several async"),
    pytest.param(
        process_functions.double_but_seven,
        {"on": "process", "workers": 2},
        id="processes",
        marks=pytest.mark.slow,
    ),
]
lanes = pytest.mark.parametrize(("fn", "options"), LANES)


@lanes
def test_failures_are_kept_and_the_others_go_on(fn: Any, options: Any) -> None:
    pipeline = source(range(100)).map(fn, errors=Collect(), name="double", **options)
    with pipeline.open(deadline_s=LONG_S) as results:
        assert [value * 2 for value in range(100) if value % 10 != 7] == list(results)
    report = results.report

    assert [f"seven: {value}" for value in range(7, 100, 10)] == sorted(
        (str(error) for error in report.errors), key=lambda text: int(text.split()[1])
    )
    assert all(isinstance(error, ValueError) for error in report.errors)
    assert {f"where: stage double, record {value} of its source, from 0" for value in (7, 97)} <= {
        error.__notes__[-1] for error in report.errors
    }
    assert (100, 10) == (report.stages[0].records, report.stages[0].failures)


@lanes
def test_one_failure_more_than_allowed_ends_the_pipeline(fn: Any, options: Any) -> None:
    pipeline = source(count).map(fn, errors=Collect(max=3), name="double", **options)
    with (
        pytest.raises(
            TooManyBadRecords, match="'double': 4 records failed, 3 may; the last: Va"
        ) as caught,
        pipeline.open(deadline_s=LONG_S) as results,
    ):
        for _ in results:
            pass

    assert isinstance(caught.value.__cause__, ValueError)
    assert "report.errors" in caught.value.hint
    assert caught.value in results.report.errors
    assert 4 <= sum(isinstance(error, ValueError) for error in results.report.errors)


@lanes
def test_as_many_failures_as_allowed_are_no_end(fn: Any, options: Any) -> None:
    pipeline = source(range(40)).map(fn, errors=Collect(max=4), **options)

    assert 36 == len(pipeline.collect(deadline_s=LONG_S))


def test_no_failure_may_be_allowed() -> None:
    with pytest.raises(TooManyBadRecords, match="1 records failed, 0 may"):
        source(range(40)).map(double_but_seven, errors=Collect(max=0)).run(deadline_s=LONG_S)


@lanes
def test_a_share_is_exceeded_from_ten_failures_on(fn: Any, options: Any) -> None:
    few = source(range(90)).map(fn, errors=Collect(max_rate="5%"), **options)
    assert 81 == len(few.collect(deadline_s=LONG_S))  # nine of ninety are more than 5%, but few

    many = source(range(200)).map(fn, errors=Collect(max_rate="5%"), name="x", **options)
    with pytest.raises(TooManyBadRecords, match=r"'x': 1\d of \d+ records failed, 5\.000% may"):
        many.run(deadline_s=LONG_S)


@lanes
def test_a_share_that_is_not_exceeded_is_no_end(fn: Any, options: Any) -> None:
    pipeline = source(range(8, 400)).map(fn, errors=Collect(max_rate="15%"), **options)

    assert 353 == len(pipeline.collect(deadline_s=LONG_S))


@pytest.mark.parametrize("is_async", [False, True], ids=["thread", "async"])
def test_a_share_is_one_of_the_records_that_have_come_though_many_work_on_them(
    is_async: bool,  # noqa: FBT001 - a column of a table
) -> None:
    """Slow records are claimed one by one; those in work count from the beginning."""

    def fails_often(value: int) -> int:
        current_scope().wait(0.001)
        if value % 5 < 2:
            raise ValueError(value)
        return value

    async def fails_often_later(value: int) -> int:
        await asyncio.sleep(0.001)
        if value % 5 < 2:
            raise ValueError(value)
        return value

    fn: Any = fails_often_later if is_async else fails_often
    add: Any = source(range(1000)).map
    results = add(fn, workers=32, errors=Collect(max_rate="60%")).collect(deadline_s=LONG_S)

    assert 600 == len(results)


def test_each_stage_sets_aside_for_itself() -> None:
    def fails_at(bad: int) -> Any:
        def fails(value: int) -> int:
            if value == bad:
                raise ValueError(bad)
            return value

        return fails

    pipeline = (
        source(range(9))
        .map(fails_at(3), errors=Collect(max=1), name="first")
        .filter(fails_at(4), errors=Collect(max=1), name="second")
        .tap(fails_at(5), errors=Collect(max=1), name="third")
    )
    with pipeline.open(deadline_s=LONG_S) as results:
        assert [1, 2, 6, 7, 8] == list(results)
    report = results.report

    assert [(9, 1), (8, 1), (6, 1)] == [(each.records, each.failures) for each in report.stages]
    assert [(3,), (4,), (5,)] == [error.args for error in report.errors]


def test_the_next_stage_is_as_strict_as_ever() -> None:
    pipeline = source(range(9)).map(abs, errors=Collect()).map(double_but_seven)
    with pytest.raises(ValueError, match="seven: 7"):
        pipeline.run(deadline_s=LONG_S)


@pytest.mark.parametrize("workers", [1, 3])
def test_what_is_no_records_fault_is_raised(workers: int) -> None:
    def runs_out(value: int) -> int:
        if value == 3:
            raise MemoryError
        return value

    pipeline = source(range(9)).map(runs_out, workers=workers, errors=Collect())
    with pytest.raises(MemoryError):
        pipeline.run(deadline_s=LONG_S)


def test_outputs_of_a_flat_map_stay_if_its_generator_fails_later() -> None:
    def up_to_two(value: int) -> Iterator[int]:
        for each in range(value):
            if each == 600:
                raise ValueError(value)
            yield each

    with source([700, 5]).flat_map(up_to_two, errors=Collect()).open(deadline_s=LONG_S) as results:
        received = list(results)

    assert list(range(5)) == received[-5:]
    assert list(range(len(received) - 5)) == received[:-5]
    assert 1 == len(results.report.errors)


@pytest.mark.slow
def test_a_record_that_kills_its_process_is_set_aside_alone() -> None:
    pipeline = source(range(30)).map(
        process_functions.die_at_seven, on="process", errors=Collect(max=1)
    )
    with pipeline.open(deadline_s=LONG_S) as results:
        assert [value for value in range(30) if value != 7] == list(results)
    (error,) = results.report.errors

    assert isinstance(error, ProcessDied)
    assert "where: stage die_at_seven, record 7 of its source, from 0" in error.__notes__


def test_a_step_sets_aside_by_itself_and_refuses_to_collect() -> None:
    for pipeline in (
        source(range(3)).map(abs, errors=Collect()),
        source(range(3)).split(
            bool, lambda records: records, lambda records: records.map(abs, errors=Collect())
        ),
    ):
        with pytest.raises(DefinitionError, match="'abs' collects errors, but a step") as caught:
            refuse_in_a_step(pipeline.inner, "load")
        assert "max_bad" in caught.value.hint
