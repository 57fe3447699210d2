"""What channels hold, and how the buffers of stages number what they hand out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from daybreak.pipeline import Block
from daybreak.pipeline.buffers import Blocks, Items, Records


def test_items_come_out_one_by_one_in_order() -> None:
    items: Items[str] = Items()

    assert [1, 2] == [items.put("a"), items.put("b")]
    assert ["a", "b"] == [items.take(9), items.take(9)]
    assert 0 == len(items)


@given(records=st.lists(st.integers(), min_size=1), wish=st.integers(1, 9))
def test_records_come_out_in_hands_with_their_places_as_origins(
    records: list[int], wish: int
) -> None:
    buffer = Records()
    for record in records:
        buffer.put(record)
    values: list[int] = []
    while len(buffer):
        hand = buffer.take(wish)
        assert len(values) == hand.number
        assert list(range(len(values), len(values) + len(hand.block))) == list(hand.block.origins)
        assert len(hand.block) <= wish
        values += hand.block.values

    assert records == values


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
    while len(buffer):
        hand = buffer.take(wish)
        assert len(values) == hand.number
        assert 1 == len(set(hand.block.origins))
        assert len(hand.block) <= wish
        values += hand.block.values

    assert [value for each in blocks for value in each] == values
