"""A part of a source: its own ends, its own order, fewer records."""

from __future__ import annotations

import pytest

from daybreak.connectors.part_of_source import FirstRecords, SpreadRecords
from daybreak.connectors.sequence import SequenceSource
from daybreak.model.ranges import breaks
from daybreak.pipeline.nodes import IterableRoot


def first(records: int, of: int) -> FirstRecords:
    return FirstRecords(SequenceSource(IterableRoot(range(of))), records)


@pytest.mark.parametrize(
    ("records", "of", "expected"),
    [(1, 10, 1), (7, 10, 7), (10, 10, 10), (11, 10, 10), (5, 0, 0)],
)
def test_there_are_at_most_so_many(records: int, of: int, expected: int) -> None:
    source = first(records, of)
    parts = [] if source.whole().is_empty else list(source.ranges(source.whole(), 3))
    read = [value for part in parts for value in source.read(part).values]

    assert expected == source.total()
    assert list(range(expected)) == read


def test_the_ends_of_a_source_that_is_short_enough_are_its_own() -> None:
    whole = SequenceSource(IterableRoot(range(10)))

    assert whole.whole() == first(10, 10).whole() == first(99, 10).whole()
    assert whole.digest(whole.whole()) == first(99, 10).digest(whole.whole())


@pytest.mark.parametrize(
    ("records", "chunk", "of", "expected"),
    [
        (4, 2, 12, [0, 1, 6, 7]),  # two chunks, of two halves
        (6, 2, 12, [0, 1, 4, 5, 8, 9]),
        (5, 2, 12, [0, 4, 8]),  # never more than were asked for
        (3, 10, 12, [0, 1, 2]),  # less than a chunk
        (10, 4, 13, [0, 1, 2, 5, 6, 7, 10, 11, 12]),
        (12, 5, 13, [0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12]),  # the last stretch is shorter
        (12, 5, 12, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        (99, 5, 12, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        (5, 3, 0, []),
    ],
)
def test_a_sample_is_taken_from_everywhere(
    records: int, chunk: int, of: int, expected: list[int]
) -> None:
    source = SpreadRecords.of(SequenceSource(IterableRoot(range(of))), records)
    whole = source.whole()
    parts = [] if whole.is_empty else list(source.ranges(whole, chunk))

    assert expected == [value for part in parts for value in source.read(part).values]
    assert source.total() in (None, len(expected)), "it does not promise what it does not give"
    assert not list(breaks(whole, parts, source.in_order)), "the chain is closed all the same"
    for part in parts:
        assert source.digest(part) == source.read(part).digest
