"""One block through the stages of a chunk: results, origins, and every record's fate."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.pipeline import (
    Block,
    Cancelled,
    Carried,
    Filter,
    FlatMap,
    Map,
    Scope,
    Stage,
    Tap,
    carrier,
    current_scope,
)


class Bad(Exception):  # noqa: N818 - it reads as a sentence
    """What the functions of these tests raise on purpose."""


def carry(stages: list[Stage], block: Block[Any], *, scope: Scope) -> Carried:
    with carrier(scope, stages) as carries:
        return carries.carry(block)


def carried(stages: list[Stage], block: Block[Any]) -> Carried:
    with Scope(deadline_s=30) as scope:
        return carry(stages, block, scope=scope)


def block_of(count: int) -> Block[int]:
    return Block(list(range(count)), [f"line {number}" for number in range(count)])


# ---------------------------------------------------------------- against plain loops


@dataclass(frozen=True)
class Recipe:
    """A stage whose function behaves by arithmetic alone, so that plain loops can predict it."""

    kind: type[Stage]
    workers: int
    modulus: int
    fails_at: int | None

    def fn(self, value: int) -> Any:
        if value % self.modulus == self.fails_at:
            raise Bad(value)
        if self.kind is Filter:
            return value % self.modulus != 0
        if self.kind is FlatMap:
            return self.outputs(value)
        return value * 3 + 1

    def outputs(self, value: int) -> Iterator[int]:
        for step in range(value % self.modulus):
            if step == self.modulus - 2 and self.fails_at == 0:
                raise Bad(value)
            yield value + step

    def applied(self, value: int) -> list[int]:
        result = self.fn(value)
        if self.kind is Filter:
            return [value] if result else []
        if self.kind is FlatMap:
            return list(result)
        return [value] if self.kind is Tap else [result]

    def stage(self, number: int) -> Stage:
        return self.kind(f"{self.kind.__name__}-{number}", self.fn, self.workers)


recipes = st.lists(
    st.builds(
        Recipe,
        kind=st.sampled_from([Map, Filter, FlatMap, Tap]),
        workers=st.sampled_from([1, 1, 1, 3]),
        modulus=st.integers(2, 5),
        fails_at=st.none() | st.integers(0, 4),
    ),
    max_size=5,
)


def predicted(made_of: list[Recipe], value: int) -> list[int] | None:
    """Take one record through all stages with a plain loop; None if it fails."""
    values = [value]
    try:
        for recipe in made_of:
            values = [result for each in values for result in recipe.applied(each)]
    except Bad:
        return None
    return values


@given(made_of=recipes, count=st.integers(0, 40))
def test_carry_does_what_a_plain_loop_does(made_of: list[Recipe], count: int) -> None:
    block = block_of(count)
    expected = {
        origin: predicted(made_of, value)
        for value, origin in zip(block.values, block.origins, strict=True)
    }

    result = carried([recipe.stage(at) for at, recipe in enumerate(made_of)], block)

    arrived = list(zip(result.block.origins, result.block.values, strict=True))
    assert [
        (origin, value) for origin, values in expected.items() for value in values or []
    ] == arrived
    assert [origin for origin, values in expected.items() if values is None] == [
        failure.origin for failure in result.failures
    ]
    assert [] == [failure for failure in result.failures if not isinstance(failure.error, Bad)]
    assert sum(values == [] for values in expected.values()) == result.filtered
    assert count == len(set(result.block.origins)) + result.filtered + len(result.failures)


# ---------------------------------------------------------------- failures


def test_no_function_is_called_twice_for_a_record() -> None:
    calls: Counter[int] = Counter()

    def fails_sometimes(value: int) -> int:
        calls[value] += 1
        if value % 7 == 0:
            raise Bad
        return value

    for workers in (1, 4):
        calls.clear()
        carried([Map("m", fails_sometimes, workers)], block_of(1000))

        assert {1} == set(calls.values())
        assert 1000 == len(calls)


def test_a_failure_withdraws_all_outputs_of_its_record() -> None:
    def fails_late(value: int) -> Iterator[int]:
        yield from range(1000)
        if value == 1:
            raise Bad

    result = carried([FlatMap("f", fails_late)], block_of(3))

    assert {"line 0": 1000, "line 2": 1000} == Counter(result.block.origins)
    assert ["line 1"] == [failure.origin for failure in result.failures]
    assert 0 == result.filtered


def test_a_failed_record_whose_other_outputs_are_dropped_is_not_filtered_too() -> None:
    def fails_at_five(value: int) -> int:
        if value == 5:
            raise Bad
        return value

    def raises_or_says_no(value: int) -> bool:
        return fails_at_five(value) < 0

    triplets = FlatMap("triplets", lambda value: [value, value + 5, value + 7])
    none = Filter("none", lambda _value: False)
    for stages in ([Map("bad", fails_at_five), none], [Filter("bad", raises_or_says_no)]):
        for workers in (1, 2):
            chain = [triplets, *(replace(stage, workers=workers) for stage in stages)]
            result = carried(chain, block_of(1))

            assert (0, ["bad"]) == (result.filtered, [each.stage for each in result.failures])


def test_a_record_is_filtered_once_though_all_its_outputs_are_dropped() -> None:
    many = FlatMap("many", lambda value: range(1000 * value))
    none = Filter("none", lambda _value: False)
    result = carried([many, none], block_of(4))

    assert 4 == result.filtered
    assert [] == result.block.values


def test_a_record_with_one_surviving_output_passes() -> None:
    many = FlatMap("many", lambda _value: range(1000))
    last = Filter("last", lambda value: value == 999)
    result = carried([many, last], block_of(4))

    assert 0 == result.filtered
    assert [999] * 4 == result.block.values


def test_failures_come_in_source_order_whatever_the_stage() -> None:
    def fails_at(*bad: int) -> Callable[[int], int]:
        def fn(value: int) -> int:
            if value in bad:
                raise Bad
            return value

        return fn

    result = carried([Map("a", fails_at(900, 3), 4), Map("b", fails_at(500, 1))], block_of(1000))

    assert [("line 1", "b"), ("line 3", "a"), ("line 500", "b"), ("line 900", "a")] == [
        (failure.origin, failure.stage) for failure in result.failures
    ]


@pytest.mark.parametrize("kind", [Map, Filter, FlatMap, Tap])
@pytest.mark.parametrize("workers", [1, 3])
def test_stop_iteration_is_an_ordinary_failure(kind: type[Stage], workers: int) -> None:
    def stops(value: int) -> Any:
        if value == 1:
            raise StopIteration
        return [value]

    result = carried([kind("stops", stops, workers)], block_of(3))

    assert ["line 0", "line 2"] == list(result.block.origins)
    assert [RuntimeError] == [type(failure.error) for failure in result.failures]


def test_a_filter_whose_answer_has_no_truth_fails_its_record() -> None:
    class Neither:
        def __bool__(self) -> bool:
            raise Bad

    result = carried([Filter("f", lambda _value: Neither())], block_of(1))

    assert ["f"] == [failure.stage for failure in result.failures]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, MemoryError])
@pytest.mark.parametrize("workers", [1, 3])
def test_what_is_no_records_fault_goes_through(kind: type[BaseException], workers: int) -> None:
    def ends(_value: int) -> None:
        raise kind

    with pytest.raises(kind):
        carried([Tap("ends", ends, workers)], block_of(3))


# ---------------------------------------------------------------- origins


def test_map_and_tap_keep_origins() -> None:
    result = carried([Map("m", str), Tap("t", len)], Block([7, 8], range(2)))

    assert (["7", "8"], [0, 1]) == (result.block.values, list(result.block.origins))


def test_a_chunk_without_stages_passes_as_it_is() -> None:
    block = block_of(5)

    assert Carried(block, 0, []) == carried([], block)


def test_an_empty_block_passes_every_kind_of_stage() -> None:
    stages = [Map("m", str, 3), Filter("f", bool), FlatMap("x", list, 2), Tap("t", len)]

    assert [] == carried(stages, block_of(0)).block.values


def test_a_block_with_fewer_origins_than_values_is_refused() -> None:
    with pytest.raises(AssertionError):
        Block([1, 2], range(1))


# ---------------------------------------------------------------- threads, cancellation


def test_stages_with_one_worker_start_no_thread() -> None:
    used = set()

    def note(_value: int) -> None:
        used.add(threading.get_ident())

    carried([Tap("a", note), Tap("b", note)], block_of(600))

    assert {threading.get_ident()} == used


def test_workers_call_the_function_side_by_side_and_keep_the_order() -> None:
    together = threading.Barrier(4, timeout=30)

    def wait_for_three_others(value: int) -> int:
        together.wait()
        return value

    result = carried([Map("m", wait_for_three_others, 4)], block_of(8))

    assert list(range(8)) == result.block.values


def test_a_worker_sees_the_scope() -> None:
    with Scope() as scope:
        stage = Map("m", lambda _value: current_scope(), 2)
        result = carry([stage], block_of(3), scope=scope)

    assert {scope} == set(result.block.values)


@pytest.mark.parametrize("workers", [1, 2])
def test_cancelling_the_scope_ends_the_chunk_between_two_records(workers: int) -> None:
    calls: list[int] = []
    outcome: list[str] = []

    def work(scope: Scope) -> None:
        def fn(value: int) -> None:
            calls.append(value)
            if len(calls) == 5:
                scope.cancel()
            scope.wait(0.002)  # slow enough to be taken one by one

        try:
            carry([Tap("t", fn, workers)], block_of(10_000), scope=scope)
        except Cancelled:
            outcome.append("cancelled")
            raise

    with Scope() as scope:
        scope.start(work, scope)

    assert ["cancelled"] == outcome
    assert len(calls) < 20


def test_all_chunks_share_the_workers_of_a_stage() -> None:
    before = threading.active_count()
    with Scope() as scope, carrier(scope, [Map("m", str, 4)]) as carries:
        for _ in range(20):
            carries.carry(block_of(10))

        assert threading.active_count() == before + 4
