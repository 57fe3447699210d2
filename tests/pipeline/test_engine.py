"""Opening a pipeline: its results against plain loops, and every way to end."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable, Iterator
from itertools import count, islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.errors import DeadlinePassed, DefinitionError, SpentSource, StuckWorker
from daybreak.pipeline import BLOCK_RECORDS, Pipeline, Root, Scope, current_scope, source
from daybreak.pipeline import scope as scope_module
from daybreak.pipeline.buffers import BLOCKS, RECORDS
from daybreak.pipeline.fanin import SLICES_PER_WORKER

LONG_S = 30.0  # a deadline that only a deadlock reaches


class Bad(Exception):  # noqa: N818 - it reads as a sentence
    """What the functions of these tests raise on purpose."""


# ---------------------------------------------------------------- against plain loops

verbs = st.lists(
    st.tuples(
        st.sampled_from(["map", "filter", "flat_map", "tap"]),
        st.integers(1, 4),
        st.integers(2, 5),
    ),
    max_size=5,
)


def chained(pipeline: Pipeline[int], steps: list[tuple[str, int, int]], **more: Any) -> Any:
    for verb, workers, modulus in steps:
        fns: dict[str, Any] = {
            "map": lambda value, by=modulus: value * by + 1,
            "filter": lambda value, by=modulus: value % by != 0,
            "flat_map": lambda value, by=modulus: range(value, value + value % by),
            "tap": lambda _value: None,
        }
        pipeline = getattr(pipeline, verb)(fns[verb], workers=workers, **more)
    return pipeline


def looped(values: Iterable[int], steps: list[tuple[str, int, int]]) -> list[int]:
    for verb, _workers, by in steps:
        match verb:
            case "map":
                values = [value * by + 1 for value in values]
            case "filter":
                values = [value for value in values if value % by != 0]
            case "flat_map":
                values = [each for value in values for each in range(value, value + value % by)]
    return list(values)


@given(steps=verbs, records=st.integers(0, 300))
def test_an_ordered_pipeline_gives_what_a_comprehension_gives(
    steps: list[tuple[str, int, int]], records: int
) -> None:
    results = chained(source(range(records)), steps).collect(deadline_s=LONG_S)

    assert looped(range(records), steps) == results


@given(steps=verbs, records=st.integers(0, 300))
def test_an_unordered_pipeline_gives_the_same_in_any_order(
    steps: list[tuple[str, int, int]], records: int
) -> None:
    results = chained(source(range(records)), steps, ordered=False).collect(deadline_s=LONG_S)

    assert sorted(looped(range(records), steps)) == sorted(results)


@given(steps=verbs, records=st.integers(1, 200), data=st.data())
def test_a_failure_at_any_record_is_raised_after_nothing_but_its_predecessors(
    steps: list[tuple[str, int, int]], records: int, data: st.DataObject
) -> None:
    bad = data.draw(st.integers(0, records - 1))

    def fails(value: int) -> int:
        if value == bad:
            raise Bad(value)
        return value

    received = []
    first = source(range(records)).map(fails, workers=data.draw(st.integers(1, 3)))
    with pytest.raises(Bad) as caught, chained(first, steps).open(deadline_s=LONG_S) as results:
        for result in results:
            received.append(result)  # noqa: PERF402 - what came before the failure counts

    before = looped(range(bad), steps)
    assert before[: len(received)] == received
    assert [f"where: stage fails, record {bad} of its source, from 0"] == caught.value.__notes__


@given(steps=verbs, records=st.integers(0, 200), data=st.data())
def test_a_break_at_any_result_ends_everything(
    steps: list[tuple[str, int, int]], records: int, data: st.DataObject
) -> None:
    wanted = data.draw(st.integers(0, 20))
    with chained(source(range(records)), steps).open(deadline_s=LONG_S) as results:
        received = list(islice(results, wanted))

    assert looped(range(records), steps)[:wanted] == received


# ---------------------------------------------------------------- order and flow


def test_results_keep_their_order_although_later_records_are_ready_earlier() -> None:
    later_ones_are_through = threading.Event()
    seen = []

    def first_one_waits(value: int) -> int:
        if value == 0:
            assert later_ones_are_through.wait(LONG_S)
        seen.append(value)
        if len(seen) == 3:
            later_ones_are_through.set()
        return value

    results = source(range(100)).map(first_one_waits, workers=2).collect(deadline_s=LONG_S)

    assert list(range(100)) == results
    assert 0 != seen[0]


def test_without_order_a_slow_record_holds_nothing_up() -> None:
    all_others_are_out = threading.Event()

    def first_one_waits(value: int) -> int:
        if value == 0:
            assert all_others_are_out.wait(LONG_S)
        return value

    pipeline = source(range(100)).map(first_one_waits, workers=2, ordered=False)
    with pipeline.open(deadline_s=LONG_S) as results:
        received = list(islice(results, 99))
        all_others_are_out.set()
        received += results

    assert [*range(1, 100), 0] == received


def test_a_slow_record_bounds_how_far_the_others_run_ahead() -> None:
    go_on = threading.Event()
    seen = []

    def first_one_waits(value: int) -> int:
        if value == 0:
            assert go_on.wait(LONG_S)
        seen.append(value)
        return value

    read = []

    def records() -> Iterator[int]:
        for number in range(1_000_000):
            read.append(number)
            yield number

    with source(records).map(first_one_waits, workers=3).open(deadline_s=LONG_S) as results:
        current_scope().wait(0.2)  # as far as they get
        ahead = len(read)
        go_on.set()
        assert 0 == next(results)

    # Slices that are open, one hand more, and what waits in front of them or is being read.
    assert ahead <= BLOCK_RECORDS * (SLICES_PER_WORKER * 3 + 1 + BLOCKS + 1)


def test_a_slow_record_bounds_what_is_held_back_behind_it() -> None:
    go_on = threading.Event()
    given = []

    def first_one_waits(value: int) -> Iterator[int]:
        assert value or go_on.wait(LONG_S)
        for number in range(100_000):
            given.append(number)
            yield number

    with source([0, 1]).flat_map(first_one_waits, workers=2).open(deadline_s=LONG_S) as results:
        current_scope().wait(0.2)  # as far as it gets
        ahead = len(given)
        go_on.set()
        assert [*range(100_000), *range(100_000)] == list(results)

    assert ahead <= RECORDS + BLOCK_RECORDS


def test_results_keep_their_order_while_the_way_out_is_full() -> None:
    pipeline = source(range(20_000)).map(abs, workers=4).map(abs, workers=3)
    with pipeline.open(deadline_s=LONG_S) as results:
        for _ in range(20):
            current_scope().wait(0.005)  # the consumer is slower than all stages
            assert (first := next(results)) == next(results) - 1
        assert list(range(first + 2, 20_000)) == list(results)


def test_ten_records_are_worked_on_by_ten_workers_at_once() -> None:
    together = threading.Barrier(10, timeout=LONG_S)

    def wait_for_nine_others(value: int) -> int:
        together.wait()
        return value

    pipeline = source(range(10)).map(wait_for_nine_others, workers=10)

    assert list(range(10)) == pipeline.collect(deadline_s=LONG_S)


def test_a_trickling_source_is_not_held_back() -> None:
    """Each record is given only after the result of the one before has arrived."""
    arrived = threading.Semaphore(1)

    def records() -> Iterator[int]:
        for number in range(50):
            assert arrived.acquire(timeout=LONG_S)
            yield number

    pipeline = source(records).map(abs).map(abs, workers=2).filter(lambda _value: True)
    with pipeline.open(deadline_s=LONG_S) as results:
        received = []
        for result in results:
            received.append(result)
            arrived.release()

    assert list(range(50)) == received


def test_a_flat_map_without_end_hands_on_what_it_has() -> None:
    endless = source([5]).flat_map(count, workers=2).map(lambda value: value)
    with endless.open(deadline_s=LONG_S) as results:
        assert list(range(5, 3005)) == list(islice(results, 3000))


def test_generators_of_a_flat_map_are_closed_when_nobody_wants_more() -> None:
    closed = []

    def endless(value: int) -> Iterator[int]:
        try:
            yield from count(value)
        finally:
            closed.append(value)

    with source([1]).flat_map(endless).open(deadline_s=LONG_S) as results:
        next(results)

    assert [1] == closed


def test_neighbours_with_one_worker_share_one_thread() -> None:
    used: set[int] = set()

    def note(_value: object) -> None:
        used.add(threading.get_ident())

    source(range(100)).tap(note).map(str).tap(note).run(deadline_s=LONG_S)

    assert 1 == len(used)


# ---------------------------------------------------------------- sources


def test_a_source_may_be_a_function_and_opened_again() -> None:
    def letters() -> Iterator[str]:
        yield from "abc"

    pipeline = source(letters).map(str.upper)

    assert ["A", "B", "C"] == pipeline.collect() == pipeline.collect()


def test_a_spent_iterator_is_an_error_and_not_silence() -> None:
    pipeline = source(iter([1, 2]))
    longer = pipeline.map(str)

    assert [1, 2] == pipeline.collect()
    with pytest.raises(SpentSource, match="read only once"):
        longer.collect()


def test_a_generator_that_has_ended_elsewhere_is_spent() -> None:
    generator = (number for number in range(3))
    list(generator)

    with pytest.raises(SpentSource):
        source(generator).collect()
    with pytest.raises(SpentSource):
        source(lambda: generator).collect()


def test_a_source_that_was_broken_off_is_closed_and_spent() -> None:
    closed = []

    def endless() -> Iterator[int]:
        try:
            yield from count()
        finally:
            closed.append(True)

    pipeline = source(endless())
    with pipeline.open(deadline_s=LONG_S) as results:
        next(results)
    with pytest.raises(SpentSource):
        pipeline.collect()

    assert [True] == closed


def test_an_error_of_the_source_is_raised_after_its_records() -> None:
    def records() -> Iterator[int]:
        yield 1
        raise Bad

    with pytest.raises(Bad):
        source(records).collect()


def test_a_pipeline_of_another_room_cannot_be_opened_without_a_job() -> None:
    class Table(Root):
        """A root of some other room."""

    pipeline: Pipeline[int] = Pipeline((Table(),))
    with pytest.raises(DefinitionError, match="begins with Table"):
        pipeline.map(str).collect()


# ---------------------------------------------------------------- ending


def test_leaving_an_infinite_pipeline_joins_everything() -> None:
    pipeline = source(count).map(lambda value: value, workers=3).map(str).map(int, workers=2)
    with pipeline.open() as results:
        for result in results:
            if result == 1000:
                break

    assert 1000 == result


def test_a_break_wakes_a_source_that_waits_through_its_scope() -> None:
    def tick() -> Iterator[int]:
        yield 1
        while not current_scope().wait(3600):
            yield 2

    with source(tick).open() as results:
        for _ in results:
            break


def test_an_exception_of_the_consumer_goes_through() -> None:
    with pytest.raises(Bad), source(count).map(str, workers=2).open() as results:
        next(results)
        raise Bad


def test_stopping_drains_what_was_read() -> None:
    read = []

    def records() -> Iterator[int]:
        for number in count():
            read.append(number)
            yield number

    with source(records).map(lambda value: value, workers=2).open(deadline_s=LONG_S) as results:
        received = list(islice(results, 10))
        results.stop()
        received += results

    assert received == list(range(len(received)))
    assert len(read) - 1 <= len(received) <= len(read)
    assert results.report.sources[0].records == len(received)


def test_stopping_ends_the_results_although_the_source_is_silent() -> None:
    def records() -> Iterator[int]:
        yield 1
        current_scope().wait(3600)
        yield 2

    with source(records).open() as results:
        assert 1 == next(results)
        results.stop()
        assert [] == list(results)
        scope = current_scope()
        assert isinstance(scope, Scope)
        scope.cancel()  # or leaving would wait for the source as long as it is silent


def test_a_deadline_ends_a_slow_pipeline() -> None:
    def slow(value: int) -> int:
        current_scope().wait(3600)
        return value

    with pytest.raises(DeadlinePassed):
        source(range(5)).map(slow, workers=2).collect(deadline_s=0.05)


def test_a_stuck_function_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope_module, "UNWIND_S", 0.05)
    release = threading.Event()
    before = set(threading.enumerate())

    def never_returns(_value: int) -> None:
        release.wait()

    with pytest.raises(StuckWorker, match="'never_returns'") as caught:
        source([1]).tap(never_returns).collect(deadline_s=0.05)
    stuck = set(threading.enumerate()) - before
    release.set()
    for thread in stuck:
        thread.join()

    assert "release.wait()" in str(caught.value)


def test_stop_iteration_of_a_stage_is_not_taken_for_the_end() -> None:
    def stops(value: int) -> int:
        if value == 3:
            raise StopIteration
        return value

    for workers in (1, 2):
        with pytest.raises(RuntimeError, match="'stops' raised StopIteration"):
            source(range(10)).map(stops, workers=workers).collect(deadline_s=LONG_S)


def test_a_pipeline_may_be_opened_inside_another() -> None:
    inner = source(range(3)).map(lambda value: value + 1, workers=2)

    def total(value: int) -> int:
        return value + sum(inner.collect())

    results = source(range(20)).map(total, workers=2).collect(deadline_s=LONG_S)

    assert [value + 6 for value in range(20)] == results


@pytest.mark.slow
def test_failures_and_breaks_at_random_places_leave_nothing(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        bad, wanted = chance.randrange(500), chance.randrange(500)

        def fails(value: int, bad: int = bad) -> int:
            if value == bad:
                raise Bad(value)
            return value

        pipeline = source(range(400))
        for _ in range(chance.randrange(1, 4)):
            pipeline = pipeline.map(
                fails, workers=chance.randrange(1, 4), ordered=chance.random() < 0.5
            )
        try:
            with pipeline.open(deadline_s=LONG_S) as results:
                received = list(islice(results, wanted))
        except Bad:
            assert bad < 400
        else:
            assert min(wanted, 400) == len(received)
            assert len(received) == len(set(received))
