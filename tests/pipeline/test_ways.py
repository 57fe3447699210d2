"""Records in groups, from several pipelines, and one of two ways."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import chain, count, islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.pipeline import Pipeline, current_scope, source

LONG_S = 30.0  # a deadline that only a deadlock reaches
HOUR_S = 3600.0

numbers = source(range(10))


class Bad(Exception):  # noqa: N818 - it reads as a sentence
    """What is raised on purpose."""


def is_odd(value: int) -> bool:
    return value % 2 == 1


def unchanged(records: Pipeline[Any]) -> Pipeline[Any]:
    return records


async def double_later(value: int) -> int:
    await asyncio.sleep(0)
    return value * 2


# ---------------------------------------------------------------- groups


@given(records=st.integers(0, 300), size=st.integers(1, 40), workers=st.integers(1, 3))
def test_a_group_has_so_many_records_and_the_last_has_the_rest(
    records: int, size: int, workers: int
) -> None:
    pipeline = source(range(records)).map(abs, workers=workers).group(size)

    assert [list(range(records))[start : start + size] for start in range(0, records, size)] == (
        pipeline.collect(deadline_s=LONG_S)
    )


def test_a_group_goes_on_when_its_time_is_over_although_it_has_few() -> None:
    arrived = threading.Event()

    def trickle() -> Iterator[int]:
        yield 1
        yield 2
        assert arrived.wait(LONG_S)  # nothing more comes until the group is through
        yield 3

    with source(trickle).group(100, within_s=0.05).open(deadline_s=LONG_S) as results:
        first = next(results)
        while sum(map(len, [first])) < 2:  # a machine that is slow may have parted them
            first += next(results)
        arrived.set()
        assert [[3]] == list(results)

    assert [1, 2] == first


def test_a_group_that_is_full_does_not_wait_for_its_time() -> None:
    assert [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]] == numbers.group(5, within_s=HOUR_S).collect(
        deadline_s=LONG_S
    )


def test_a_group_without_a_time_waits_for_its_records() -> None:
    go_on = threading.Event()
    timer = threading.Timer(0.05, go_on.set)

    def pauses() -> Iterator[int]:
        yield 1
        assert go_on.wait(LONG_S)
        yield 2

    timer.start()
    assert [[1, 2]] == source(pauses).group(2).collect(deadline_s=LONG_S)
    timer.join()


def test_a_group_ends_with_a_break_while_it_waits() -> None:
    def one_and_silence() -> Iterator[int]:
        yield from range(3)
        current_scope().wait(HOUR_S)

    with source(one_and_silence).group(2).open(deadline_s=LONG_S) as results:
        assert [0, 1] == next(results)


def test_a_stop_lets_the_last_group_through() -> None:
    with source(count).group(7).open(deadline_s=LONG_S) as results:
        received = list(islice(results, 3))
        results.stop()
        received += results
    records = list(chain.from_iterable(received))

    assert list(range(len(records))) == records
    assert {7} >= {len(group) for group in received[:-1]}


def test_stages_work_on_groups_like_on_any_record() -> None:
    pipeline = numbers.group(4).map(sum, workers=2).group(2)

    assert [[6, 22], [17]] == pipeline.collect(deadline_s=LONG_S)


# ---------------------------------------------------------------- merging


def test_a_merge_gives_all_records_of_all_and_keeps_the_order_of_each() -> None:
    tens = source(range(100, 400)).map(abs, workers=3)
    twos = source(range(1000, 1300)).filter(lambda value: value % 2 == 0).map(abs)
    results = source(range(90)).map(abs).merge(tens, twos).collect(deadline_s=LONG_S)

    assert list(range(90)) == [value for value in results if value < 100]
    assert list(range(100, 400)) == [value for value in results if 100 <= value < 1000]
    assert list(range(1000, 1300, 2)) == [value for value in results if value >= 1000]


def test_a_merge_gives_records_as_they_come() -> None:
    others_are_out = threading.Event()

    def waits_for_the_others() -> Iterator[int]:
        assert others_are_out.wait(LONG_S)
        yield -1

    pipeline = source(waits_for_the_others).merge(source(range(5)))
    with pipeline.open(deadline_s=LONG_S) as results:
        received = list(islice(results, 5))
        others_are_out.set()
        received += results

    assert [0, 1, 2, 3, 4, -1] == received


def test_a_merge_of_one_that_never_ends_can_be_left() -> None:
    with source(count).merge(source([])).map(str).open(deadline_s=LONG_S) as results:
        assert 50 == len(list(islice(results, 50)))


def test_merges_go_into_merges() -> None:
    inner = source([1]).merge(source([2]).map(double_later, workers=2))
    pipeline = source([0]).merge(inner.merge(source([3]))).map(str)

    assert ["0", "1", "3", "4"] == sorted(pipeline.collect(deadline_s=LONG_S))


def test_a_merge_of_nothing_changes_nothing() -> None:
    assert list(range(10)) == numbers.merge().collect(deadline_s=LONG_S)


def test_an_error_on_any_side_of_a_merge_ends_all() -> None:
    def fails(_value: int) -> int:
        raise Bad

    for pipeline in (
        source(count).merge(source([1]).map(fails)),
        source([1]).map(fails).merge(source(count)),
    ):
        with pytest.raises(Bad):
            pipeline.run(deadline_s=LONG_S)


def test_a_stop_ends_all_sources_of_a_merge() -> None:
    async def endless() -> AsyncIterator[int]:
        for number in count():
            await asyncio.sleep(0)
            yield number

    with source(count).merge(source(endless)).open(deadline_s=LONG_S) as results:
        received = list(islice(results, 100))
        results.stop()
        received += results

    assert 100 <= len(received)
    assert sum(each.records for each in results.report.sources) == len(received)


# ---------------------------------------------------------------- splitting


def test_each_record_goes_one_of_two_ways_and_each_way_keeps_its_order() -> None:
    pipeline = source(range(500)).split(
        is_odd,
        lambda records: records.map(str, workers=3),
        lambda records: records.filter(lambda value: value % 3 == 0).map(lambda value: -value),
    )
    results: list[Any] = list(pipeline.collect(deadline_s=LONG_S))

    assert [str(value) for value in range(1, 500, 2)] == [e for e in results if type(e) is str]
    assert [-value for value in range(0, 500, 6)] == [e for e in results if type(e) is int]


def test_a_way_may_leave_its_records_unchanged() -> None:
    pipeline = numbers.split(is_odd, unchanged, lambda records: records.map(lambda value: -value))

    assert [-8, -6, -4, -2, 0, 1, 3, 5, 7, 9] == sorted(pipeline.collect(deadline_s=LONG_S))


def test_both_ways_may_be_unchanged() -> None:
    assert list(range(10)) == sorted(numbers.split(is_odd, unchanged, unchanged).collect())


def test_a_way_may_have_anything_a_pipeline_may_have() -> None:
    pipeline = numbers.split(
        is_odd,
        lambda records: records.map(double_later, workers=2).group(2),
        lambda records: records.merge(source([100])).split(
            lambda value: value > 4, lambda inner: inner.map(str), unchanged
        ),
    )

    assert ["0", "100", "2", "4", "6", "8", "[10, 14]", "[18]", "[2, 6]"] == sorted(
        repr(each).strip("'") for each in pipeline.collect(deadline_s=LONG_S)
    )


def test_whatever_is_true_is_a_yes() -> None:
    predicate: Callable[..., Any] = lambda value: "yes" if value > 7 else None  # noqa: E731
    pipeline = numbers.split(predicate, lambda records: records.map(str), unchanged)

    assert ["8", "9"] == [each for each in pipeline.collect() if isinstance(each, str)]


@pytest.mark.parametrize("at", [0, 5, 400])
def test_an_error_of_the_predicate_ends_all_and_says_where(at: int) -> None:
    def fails(value: int) -> bool:
        if value == at:
            raise Bad
        return is_odd(value)

    with pytest.raises(Bad) as caught:
        source(count).split(fails, unchanged, unchanged).run(deadline_s=LONG_S)

    assert [f"where: stage fails, record {at} of its source, from 0"] == caught.value.__notes__


@pytest.mark.parametrize("is_yes", [True, False])
def test_an_error_on_either_way_ends_all(is_yes: bool) -> None:  # noqa: FBT001 - a column
    def fails(_value: int) -> int:
        raise Bad

    ways = (unchanged, lambda records: records.map(fails, workers=2))
    then, otherwise = ways[::-1] if is_yes else ways
    with pytest.raises(Bad):
        source(count).split(is_odd, then, otherwise).run(deadline_s=LONG_S)


def test_a_split_can_be_left_while_its_predicate_waits() -> None:
    waits = threading.Event()

    def waits_at_five(value: int) -> bool:
        if value == 5:
            waits.set()
            current_scope().wait(HOUR_S)
        return is_odd(value)

    with source(count).split(waits_at_five, unchanged, unchanged).open(deadline_s=LONG_S) as r:
        next(r)
        assert waits.wait(LONG_S)


def test_a_predicate_that_turns_slow_holds_few_records_back() -> None:
    asked = []

    def turns_slow(value: int) -> bool:
        asked.append(value)
        if value >= 100_000:
            current_scope().wait(0.005)
        return True

    with source(count).split(turns_slow, unchanged, unchanged).open(deadline_s=LONG_S) as results:
        for value in results:
            if value == 100_010:
                break
        ahead = len(asked) - 100_011

    assert ahead < 200  # a block has 8,192


def test_a_split_without_records_ends() -> None:
    assert [] == source([]).split(is_odd, unchanged, unchanged).collect(deadline_s=LONG_S)
