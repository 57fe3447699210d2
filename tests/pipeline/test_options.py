"""What can be said of a stage, and what is refused when the pipeline is built."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest

from daybreak import Retry
from daybreak.errors import DefinitionError
from daybreak.pipeline import BLOCK_RECORDS, Collect, Pipeline, Scope, Stage, source
from daybreak.pipeline.options import SECONDS_MAX, is_async, lane_of
from daybreak.pipeline.stage_options import OPTIONS

numbers = source(range(4))


def double(value: int) -> int:
    return value * 2


async def later(value: int) -> int:
    return value


async def outputs(value: int) -> AsyncIterator[int]:
    yield value


class Caller:
    def __call__(self, value: int) -> int:
        return value


class AsyncCaller:
    async def __call__(self, value: int) -> int:
        return value

    async def method(self, value: int) -> int:
        return value


A_NUMBER_OF_SECONDS = "a positive number of seconds, 2,000,000 at most"


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        *[
            ("workers", value, 'an integer from 1 to 1000, or "auto"')
            for value in (0, -1, 1.0, True, None, 1_001, "2", "AUTO", [2])
        ],
        *[("ordered", value, "True or False") for value in (1, None, "no")],
        *[("on", value, '"thread" or "process"') for value in ("loop", "", ["thread"], 1)],
        *[("using", value, "a function that returns a context manager") for value in (1, "client")],
        *[
            ("timeout_s", value, A_NUMBER_OF_SECONDS)
            for value in (0, -1, True, "1 s", float("inf"), float("nan"), SECONDS_MAX + 1)
        ],
        *[
            ("linger_s", value, A_NUMBER_OF_SECONDS)
            for value in (0, -0.1, True, "1 s", float("inf"), float("nan"))
        ],
        *[
            ("block", value, "an integer from 1 to 8192")
            for value in (0, -1, 1.0, True, BLOCK_RECORDS + 1, "1")
        ],
        *[("retry", value, "a Retry") for value in (3, True, Retry)],
        *[("errors", value, "a Collect") for value in (10, "1%", Collect)],
        *[("name", value, "a text") for value in (3, "", ["x"])],
    ],
)
def test_an_option_that_makes_no_sense_is_refused(option: str, value: Any, expected: str) -> None:
    options: dict[str, Any] = {option: value}
    with pytest.raises(DefinitionError) as caught:
        numbers.map(later if option == "timeout_s" else double, **options)

    assert f"expected {option} to be {expected}, got {value!r}" == str(caught.value)
    assert "stage" in caught.value.where


@pytest.mark.parametrize("verb", ["map", "filter", "flat_map", "tap"])
def test_every_verb_refuses_what_is_no_option(verb: str) -> None:
    add: Callable[..., object] = getattr(numbers, verb)
    with pytest.raises(DefinitionError, match="unknown option 'wrokers'") as caught:
        add(double, wrokers=2)

    assert "a stage takes workers, ordered, rate," in caught.value.hint


def test_every_option_of_a_stage_is_known() -> None:
    stage = numbers.map(double).inner[0]
    assert isinstance(stage, Stage)

    assert {*OPTIONS} == {*vars(stage)} - {"fn", "lane"}


def test_an_async_function_runs_on_the_event_loop_only() -> None:
    add: Callable[..., object] = numbers.map
    for on in ("thread", "process"):
        with pytest.raises(DefinitionError, match="'later' is an async function") as caught:
            add(later, on=on)
        assert "drop on=" in caught.value.hint


def test_a_time_limit_of_a_thread_is_refused_with_the_reason() -> None:
    with pytest.raises(DefinitionError, match="a call in a thread cannot be ended") as caught:
        numbers.map(double, timeout_s=1)

    assert 'on="process"' in caught.value.hint
    assert numbers.map(double, timeout_s=1, on="process").inner
    assert numbers.map(later, timeout_s=1).inner


@pytest.mark.parametrize(
    ("fn", "expected"),
    [
        (double, False),
        (later, True),
        (outputs, True),
        (partial(later), True),
        (partial(partial(double)), False),
        (Caller(), False),
        (AsyncCaller(), True),
        (AsyncCaller().method, True),
        (str, False),
        (AsyncCaller, False),  # calling a class gives an object at once
        (len, False),
    ],
)
def test_what_is_async_is_seen_through_partials_and_objects(
    fn: Callable[..., Any],
    expected: bool,  # noqa: FBT001 - a column of a table
) -> None:
    assert expected == is_async(fn)


def test_the_lane_follows_the_function_and_where_it_is_put() -> None:
    assert ("async", "thread", "thread", "process") == (
        lane_of(later, None),
        lane_of(double, None),
        lane_of(double, "thread"),
        lane_of(double, "process"),
    )


@pytest.mark.parametrize("most", [-1, 1.5, True, "1%"])
def test_a_bound_of_failures_is_a_count(most: Any) -> None:
    with pytest.raises(DefinitionError, match="expected max of Collect to be 0 or more"):
        Collect(max=most)


@pytest.mark.parametrize("rate", [100, 0.01, "1", "lots", "101%", "-1%", b"1%"])
def test_a_share_of_failures_is_a_percentage(rate: Any) -> None:
    with pytest.raises(DefinitionError, match="expected max_rate of Collect to be a percentage"):
        Collect(max_rate=rate)


@pytest.mark.parametrize("records", [0, -1, 2.0, True, None, 1_000_001])
def test_a_group_has_a_number_of_records(records: Any) -> None:
    with pytest.raises(DefinitionError, match="expected group to have from 1 to 1,000,000 records"):
        numbers.group(records)


@pytest.mark.parametrize("within_s", [0, -1, "1", True, float("inf"), float("nan")])
def test_a_group_waits_for_a_number_of_seconds(within_s: Any) -> None:
    with pytest.raises(DefinitionError, match="expected within_s to be a positive number"):
        numbers.group(3, within_s=within_s)


@pytest.mark.parametrize("deadline_s", [0, -1, "1", True, float("inf"), float("nan")])
def test_a_deadline_is_a_number_of_seconds_and_refused_before_anything_is_read(
    deadline_s: Any,
) -> None:
    once = source(iter([1, 2]))
    with pytest.raises(DefinitionError, match="expected deadline_s to be a positive number"):
        once.collect(deadline_s=deadline_s)
    with pytest.raises(DefinitionError, match="expected deadline_s to be a positive number"):
        Scope(deadline_s=deadline_s)

    assert [1, 2] == once.collect()


def ways(then: Any, otherwise: Any = lambda records: records) -> Any:
    return numbers.split(bool, then, otherwise)


def test_a_way_of_a_split_adds_stages_to_what_it_is_given() -> None:
    for way in (lambda _records: numbers, lambda _records: None, lambda _records: [1]):
        with pytest.raises(DefinitionError, match="a way of split bool to add stages") as caught:
            ways(way)
        with pytest.raises(DefinitionError, match="a way of split bool to add stages"):
            ways(lambda records: records, way)
        assert "lambda records" in caught.value.hint


@pytest.mark.parametrize("predicate", [None, "odd", later, outputs, partial(later)])
def test_a_split_asks_a_plain_function(predicate: Any) -> None:
    with pytest.raises(DefinitionError, match="predicate of a split to be a plain function"):
        numbers.split(predicate, lambda records: records, lambda records: records)


@pytest.mark.parametrize("other", [[1, 2], "x", None])
def test_only_pipelines_are_merged(other: Any) -> None:
    with pytest.raises(DefinitionError, match="expected a pipeline to merge with"):
        numbers.merge(other)


def test_what_is_no_function_is_refused() -> None:
    for wrong in (3, "double", None):
        add: Any = numbers.map
        with pytest.raises(DefinitionError, match="to be a function, got"):
            add(wrong)


def test_a_replacement_is_held_to_the_options_of_its_stage() -> None:
    pipeline: Pipeline[int] = numbers.map(double, on="process", name="work")

    with pytest.raises(DefinitionError, match="'work' is an async function"):
        pipeline.replace("work", later)
