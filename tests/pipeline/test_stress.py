"""Threads that change places after every few instructions: whatever can race, does."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import count, islice

import pytest

from daybreak.pipeline import Block, Filter, FlatMap, Map, Scope, carrier, source

pytestmark = pytest.mark.slow

LONG_S = 30.0
STRESS_S = 0.7  # for each test


class Bad(Exception):  # noqa: N818 - it reads as a sentence
    """What the functions of these tests raise on purpose."""


@pytest.fixture(autouse=True)
def _threads_change_places() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def rounds() -> Iterator[int]:
    end = time.monotonic() + STRESS_S
    for number in count():
        if time.monotonic() > end:
            return
        yield number


def square(received: Iterable[int]) -> Iterator[int]:
    for number in received:
        yield number * number


def test_fan_out_and_fan_in_lose_and_double_nothing(seed: int) -> None:
    chance = random.Random(seed)
    for _ in rounds():
        records, workers = chance.randrange(200), chance.randrange(1, 5)
        with Scope(deadline_s=LONG_S, capacity=chance.randrange(1, 6)) as scope:
            first = scope.go(range, records)
            squares = list(scope.merge(*(scope.go(square, first) for _ in range(workers))))

        assert [number * number for number in range(records)] == sorted(squares)


def test_an_error_is_never_taken_for_the_end_of_the_data(seed: int) -> None:
    chance = random.Random(seed)
    sums: list[int] = []

    def total(received: Iterable[int]) -> Iterator[int]:
        sums.append(sum(received))
        yield sums[0]

    def fails(records: int) -> Iterator[int]:
        yield from range(records)
        raise Bad

    for _ in rounds():
        with pytest.raises(Bad), Scope(deadline_s=LONG_S) as scope:
            list(scope.go(total, scope.go(fails, chance.randrange(5))))

    assert [] == sums


def test_leaving_at_any_moment_joins_everything(seed: int) -> None:
    chance = random.Random(seed)
    for _ in rounds():
        with Scope(deadline_s=LONG_S, capacity=chance.randrange(1, 4)) as scope:
            first = scope.go(count)
            merged = scope.merge(scope.go(square, first), scope.go(square, first))
            list(islice(merged, chance.randrange(20)))


def test_a_chain_that_nobody_reads_is_never_cut_while_it_moves(seed: int) -> None:
    chance = random.Random(seed)
    for _ in rounds():
        records = chance.randrange(100)
        seen: list[int] = []

        def keep(received: Iterable[int], seen: list[int] = seen) -> Iterator[int]:
            seen.extend(received)
            yield from ()

        with Scope(deadline_s=LONG_S, capacity=1) as scope:
            scope.go(keep, scope.go(square, scope.go(square, scope.go(range, records))))

        assert records == len(seen)


def test_an_ordered_fan_in_keeps_order_and_records(seed: int) -> None:
    chance = random.Random(seed)
    for _ in rounds():
        records = chance.randrange(400)
        pipeline = source(range(records))
        for _ in range(chance.randrange(1, 4)):
            pipeline = pipeline.flat_map(lambda value: (value,), workers=chance.randrange(1, 5))

        assert list(range(records)) == pipeline.collect(deadline_s=LONG_S)


def test_a_failure_beside_a_break_leaves_nothing(seed: int) -> None:
    chance = random.Random(seed)

    def fails(value: int) -> int:
        if value == 37:
            raise Bad
        return value

    for _ in rounds():
        pipeline = source(count).map(fails, workers=chance.randrange(1, 4)).map(str, workers=2)
        try:
            with pipeline.open(deadline_s=LONG_S) as results:
                received = list(islice(results, chance.randrange(60)))
        except Bad:
            continue
        assert [str(number) for number in range(len(received))] == received
        assert len(received) <= 37


def test_carry_gives_every_record_one_fate(seed: int) -> None:
    chance = random.Random(seed)

    def fails(value: int) -> int:
        if value % 13 == 0:
            raise Bad
        return value

    stages = [
        FlatMap("twins", lambda value: [value, value + 1], 3),
        Map("fails", fails, 2),
        Filter("even", lambda value: value % 6 == 0, 3),
    ]
    with Scope(deadline_s=LONG_S) as scope, carrier(scope, stages) as carries:
        for _ in rounds():
            records = chance.randrange(150)
            result = carries.carry(Block(list(range(records)), range(records)))

            failed = [n for n in range(records) if n % 13 in (0, 12)]
            passed = [n for n in range(records) if n % 6 in (0, 5) and n % 13 not in (0, 12)]
            assert failed == [failure.origin for failure in result.failures]
            assert passed == list(result.block.origins)
            assert records - len(failed) - len(passed) == result.filtered
