"""What channels hold, and how the buffers of stages number what they hand out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.pipeline import Block
from daybreak.pipeline.buffers import BLOCKS, BYTES, RECORDS, Blocks, Filling, Items


def test_items_come_out_one_by_one_in_order() -> None:
    items: Items[str] = Items()

    items.put("a")
    items.put("b")
    assert 2 == len(items)
    assert ["a", "b"] == [items.take(9), items.take(9)]
    assert 0 == len(items)


@given(
    blocks=st.lists(st.lists(st.integers(), min_size=1, max_size=9), min_size=1),
    wish=st.integers(1, 9),
)
def test_blocks_come_out_whole_or_in_parts_and_never_mixed(
    blocks: list[list[int]], wish: int
) -> None:
    buffer = Blocks()
    for place, values in enumerate(blocks):
        buffer.put(Block(values, [place] * len(values)))
    assert sum(map(len, blocks)) == len(buffer)
    values = []
    while buffer.is_ready:
        block = buffer.take(wish)
        assert 1 == len(set(block.origins))
        assert len(block) <= wish
        values += block.values

    assert [value for each in blocks for value in each] == values
    assert 0 == len(buffer)


def test_a_block_in_the_making_may_be_taken_in_part() -> None:
    buffer = Blocks()
    filling = Filling(10, 5)
    buffer.fill(filling)
    taken: list[Block[int]] = []

    def numbers() -> Iterator[int]:
        for number in range(9):
            if number == 3:
                buffer.gather()
                taken.append(buffer.take(9))
            yield number

    filling.extend(numbers())

    assert [Block([0, 1, 2], range(10, 13))] == taken
    assert Block([3, 4], range(13, 15)) == filling.taken()


def test_a_block_in_the_making_can_be_cut_short_without_losing_a_record() -> None:
    filling = Filling(0, 5)

    def numbers() -> Iterator[int]:
        for number in range(9):
            if number == 2:
                filling.cut()
            yield number

    records = numbers()
    filling.extend(records)

    assert [0, 1, 2] == filling.taken().values
    assert 3 == next(records)


@pytest.mark.parametrize(("records", "fits"), [(999, True), (1_000, True), (63_000, False)])
def test_heavy_records_fill_a_channel_before_many_do(records: int, fits: bool) -> None:  # noqa: FBT001
    buffer = Blocks()
    for _ in range(2):
        buffer.put(Block([b"x" * 1_000] * records, range(records)))

    assert fits == buffer.has_room


def block(records: int, size: int = 0) -> Block[bytes]:
    return Block([bytes(size)] * records, range(records))


@pytest.mark.parametrize("records", [1, 10, 125, 1_000, 8_192])
def test_a_channel_of_blocks_has_room_for_many_records_or_a_few_blocks(records: int) -> None:
    buffer = Blocks()
    while buffer.has_room:
        buffer.put(block(records))

    assert RECORDS <= len(buffer) < RECORDS + BLOCKS * records
    assert len(buffer) >= BLOCKS * records


def test_room_is_told_of_when_half_was_taken() -> None:
    buffer = Blocks()
    while buffer.has_room:
        buffer.put(block(1_000))
    lows = []
    while buffer.is_ready:
        buffer.take(8_192)
        lows.append(buffer.is_low)

    assert [False] * (BLOCKS // 2 - 1) + [True] * (BLOCKS // 2 + 1) == lows


def test_one_block_fits_whatever_its_weight() -> None:
    buffer = Blocks()
    assert buffer.has_room
    buffer.put(block(1, BYTES + 1))
    assert not buffer.has_room
    assert not buffer.is_low
    buffer.take(1)

    assert buffer.has_room
    assert BYTES < buffer.bytes_peak


def test_a_block_weighs_until_all_of_it_was_taken() -> None:
    buffer = Blocks()
    buffer.put(block(10, BYTES // 10))
    buffer.take(9)
    buffer.put(block(1))
    assert not buffer.has_room
    buffer.take(1)

    assert buffer.has_room


def test_a_channel_says_how_heavy_records_are() -> None:
    buffer = Blocks()
    assert 1 == buffer.record_bytes
    buffer.put(block(100, 5_000))

    assert 5_000 <= buffer.record_bytes < 5_100


def test_items_have_room_up_to_a_number() -> None:
    items: Items[int] = Items(2)
    items.put(1)
    assert items.has_room
    items.put(2)
    assert not items.has_room
    assert not items.is_low
    items.take(1)

    assert items.is_low


def test_only_a_block_in_the_making_is_looked_for() -> None:
    buffer = Blocks()
    assert buffer.look_again_s(0) is None
    buffer.fill(Filling(0, 5))
    looks = [buffer.look_again_s(look) for look in range(20)]
    assert None not in looks
    assert sorted(looks, key=lambda seconds: seconds or 0) == looks  # ever more seldom
    buffer.fill(None)

    assert buffer.look_again_s(0) is None


def test_nothing_is_gathered_of_a_block_that_has_nothing_yet() -> None:
    buffer = Blocks()
    buffer.fill(Filling(0, 5))
    buffer.gather()

    assert not buffer.is_ready
