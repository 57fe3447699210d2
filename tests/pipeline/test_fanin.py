"""Results of workers on their way to the next stage: in order, or as they come; and the bounds."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from daybreak.pipeline import Block
from daybreak.pipeline.buffers import BYTES, RECORDS
from daybreak.pipeline.fanin import AsReady, FanIn, InOrder
from daybreak.pipeline.hand import Hand, Weighed

BOTH = pytest.mark.parametrize("kind", [InOrder, AsReady])


def hand_of(start: int, records: int, slice_records: int) -> Hand:
    numbers = range(start, start + records)
    return Hand(Block(list(numbers), numbers), slice_records)


def work_off(fan_in: FanIn, hand: Hand, number: int) -> None:
    """Put in the results of a slice: its records, negated."""
    block = hand.slice(number)
    fan_in.add(hand, number, piece([-value for value in block.values], block.origins))
    fan_in.end(hand, number)


def piece(values: list[Any], origins: Sequence[int], size: int = 100) -> Weighed:
    return Weighed(Block(values, origins), size)


def taken(fan_in: FanIn, records: int = 1_000) -> list[Any]:
    values = []
    while fan_in.is_ready:
        values += fan_in.take(records).values
    return values


def test_later_results_wait_for_earlier_ones() -> None:
    fan_in = InOrder(8)
    first, second = hand_of(0, 4, 2), hand_of(4, 2, 2)
    fan_in.put(first)
    fan_in.put(second)
    work_off(fan_in, second, 0)
    work_off(fan_in, first, 1)
    assert not fan_in.is_ready
    work_off(fan_in, first, 0)

    assert [0, -1, -2, -3, -4, -5] == taken(fan_in)


def test_results_of_a_slice_in_work_leave_if_it_is_their_turn() -> None:
    fan_in = InOrder(8)
    hand = hand_of(0, 4, 2)
    fan_in.put(hand)
    fan_in.add(hand, 0, piece(["a"], [0]))
    assert ["a"] == taken(fan_in)
    fan_in.add(hand, 1, piece(["c"], [2]))
    assert not fan_in.is_ready
    fan_in.end(hand, 0)

    assert ["c"] == taken(fan_in)


def test_without_order_results_leave_as_they_come() -> None:
    fan_in = AsReady(8)
    first, second = hand_of(0, 2, 1), hand_of(2, 2, 1)
    fan_in.put(first)
    fan_in.put(second)
    work_off(fan_in, second, 1)
    work_off(fan_in, first, 0)

    assert [-3, 0] == taken(fan_in)


@BOTH
def test_slices_without_results_are_passed_over(kind: type[FanIn]) -> None:
    fan_in = kind(8)
    hand = hand_of(0, 3, 1)
    fan_in.put(hand)
    fan_in.end(hand, 0)
    fan_in.end_alone(hand, 1, [])
    work_off(fan_in, hand, 2)

    assert [-2] == taken(fan_in)
    assert 0 == len(fan_in)


def test_what_was_given_back_follows_the_slice_it_came_from() -> None:
    fan_in = InOrder(8)
    hand = hand_of(0, 8, 4)
    fan_in.put(hand)
    rest = hand_of(2, 2, 1)
    fan_in.add(hand, 0, piece([0, -1], [0, 1]))
    fan_in.put_rest(hand, 0, rest)
    fan_in.end(hand, 0)
    work_off(fan_in, hand, 1)
    assert [0, -1] == taken(fan_in)
    work_off(fan_in, rest, 1)
    assert [] == taken(fan_in)
    work_off(fan_in, rest, 0)

    assert [-2, -3, -4, -5, -6, -7] == taken(fan_in)
    assert 0 == len(fan_in)


@BOTH
def test_no_more_records_are_taken_than_wanted_and_none_is_lost(kind: type[FanIn]) -> None:
    fan_in = kind(8)
    hand = hand_of(0, 10, 5)
    fan_in.put(hand)
    work_off(fan_in, hand, 0)
    work_off(fan_in, hand, 1)
    sizes = []
    values = []
    while fan_in.is_ready:
        block = fan_in.take(3)
        assert block.values == [-origin for origin in block.origins]
        sizes.append(len(block))
        values += block.values

    assert max(sizes) <= 3
    assert [-value for value in range(10)] == values


@BOTH
def test_so_many_slices_may_be_open_or_so_many_records_of_small_ones(kind: type[FanIn]) -> None:
    fan_in = kind(4)
    for start in range(0, 300, 100):
        assert fan_in.has_room
        fan_in.put(hand_of(start, 100, 50))
    assert fan_in.has_room  # six slices, but of three hundred records only
    fan_in.put(hand_of(300, RECORDS, 500))

    assert not fan_in.has_room


@BOTH
def test_one_hand_may_always_be_opened(kind: type[FanIn]) -> None:
    fan_in = kind(1)
    assert fan_in.has_room
    hand = hand_of(0, RECORDS * 2, 1)
    fan_in.put(hand)
    fan_in.weighed(hand, BYTES * 2)
    assert not fan_in.has_room
    for number in range(hand.slices):
        work_off(fan_in, hand, number)
    taken(fan_in)

    assert fan_in.has_room


@BOTH
def test_heavy_records_that_travel_alone_leave_no_room_and_their_weight_leaves_with_them(
    kind: type[FanIn],
) -> None:
    fan_in = kind(100)
    hand = hand_of(0, 1, 1)
    fan_in.put(hand)
    fan_in.weighed(hand, BYTES - 1)
    assert fan_in.has_room
    fan_in.weighed(hand, BYTES)
    assert not fan_in.has_room
    assert not fan_in.is_low
    fan_in.end_alone(hand, 0, ["x"])
    taken(fan_in)

    assert fan_in.has_room
    assert BYTES <= fan_in.bytes_peak


@BOTH
def test_whoever_waits_for_room_is_woken_at_half(kind: type[FanIn]) -> None:
    fan_in = kind(4)
    hands = [hand_of(start, 1_000, 1_000) for start in range(0, 4_000, 1_000)]
    for hand in hands:
        fan_in.put(hand)
    assert not fan_in.has_room
    for left, hand in zip((3, 2, 1, 0), hands, strict=True):
        work_off(fan_in, hand, 0)
        taken(fan_in, 9_999)
        assert (left <= 2) == fan_in.is_low


def test_a_slice_with_many_results_has_to_wait_for_its_turn() -> None:
    fan_in = InOrder(8)
    hand = hand_of(0, 2, 1)
    fan_in.put(hand)
    for place in range(2):
        assert fan_in.may_add(hand, 1), place
        fan_in.add(hand, 1, piece(["x"] * 600, [1] * 600))

    assert not fan_in.may_add(hand, 1)
    assert fan_in.may_add(hand, 0)


def test_without_order_many_results_have_to_wait_until_some_were_taken() -> None:
    fan_in = AsReady(4)
    hand = hand_of(0, 9, 1)
    fan_in.put(hand)
    for number in range(4):
        assert fan_in.may_add(hand, number)
        fan_in.add(hand, number, piece(["x"] * 300, [number] * 300))
    assert not fan_in.may_add(hand, 4)
    fan_in.take(300)

    assert fan_in.may_add(hand, 4)


@BOTH
def test_heavy_results_have_to_wait_and_leave_no_room_until_they_were_taken(
    kind: type[FanIn],
) -> None:
    fan_in = kind(100)
    hand = hand_of(0, 2, 1)
    fan_in.put(hand)
    fan_in.add(hand, 0, piece(["x"], [0], BYTES))
    assert not fan_in.may_add(hand, 0)
    assert not fan_in.has_room
    assert ["x"] == taken(fan_in)

    assert fan_in.may_add(hand, 0)
    assert fan_in.has_room
    assert BYTES <= fan_in.bytes_peak <= BYTES + 2


@BOTH
def test_any_order_of_work_gives_all_results_and_ends_with_nothing_open(
    kind: type[FanIn], seed: int
) -> None:
    chance = random.Random(seed)
    for _ in range(50):
        fan_in = kind(chance.randrange(1, 9))
        hands = []
        start = 0
        for _ in range(chance.randrange(1, 6)):
            hands.append(hand_of(start, chance.randrange(1, 9), chance.randrange(1, 5)))
            start += len(hands[-1].block)
            fan_in.put(hands[-1])
        slices = [(hand, number) for hand in hands for number in range(hand.slices)]
        chance.shuffle(slices)
        values = []
        for hand, number in slices:
            if hand.slice_records == 1 and chance.random() < 0.5:
                fan_in.end_alone(hand, number, [-hand.block.values[number]])
            else:
                work_off(fan_in, hand, number)
            if chance.random() < 0.5:
                values += taken(fan_in, chance.randrange(1, 5))
        values += taken(fan_in)

        expected = [-value for value in range(start)]
        assert expected == (values if kind is InOrder else sorted(values, reverse=True))
        assert 0 == len(fan_in)
        assert fan_in.has_room
