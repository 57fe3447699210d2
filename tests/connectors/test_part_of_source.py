"""A part of a source: its own ends, its own order, fewer records."""

from __future__ import annotations

from itertools import pairwise

import pytest

from daybreak.connectors.part_of_source import FirstRecords, SpreadRecords
from daybreak.connectors.sequence import SequenceSource
from daybreak.model.ranges import Range, breaks
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
        (4, 2, 12, [[0, 3], [6, 9]]),  # of four stretches, two in each chunk
        (6, 4, 12, [[0, 2, 4, 6], [8, 10]]),
        (3, 10, 12, [[0, 4, 8]]),  # less than a chunk
        (10, 4, 13, [[0, 1, 2, 3], [5, 6, 7, 9], [10, 11]]),
        (12, 5, 13, [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]]),
        (12, 5, 12, [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]]),
        (99, 5, 12, [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]]),
        (32, 100, 64, [[n for n in range(64) if n % 4 < 2]]),  # of 16 places two each
        (5, 3, 0, []),
    ],
)
def test_a_sample_is_taken_from_everywhere(
    records: int, chunk: int, of: int, expected: list[list[int]]
) -> None:
    source = SpreadRecords.of(SequenceSource(IterableRoot(range(of))), records)
    whole = source.whole()
    parts = [] if whole.is_empty else list(source.ranges(whole, chunk))
    read = [source.read(part) for part in parts]

    assert expected == [list(one.values) for one in read]
    assert source.total() in (None, sum(map(len, expected))), "it does not promise what it lacks"
    assert not list(breaks(whole, parts, source.in_order)), "the chain is closed all the same"
    assert [one.digest for one in read] == [source.digest(part) for part in parts]
    for one in read:
        assert [str(value + 1) for value in one.values] == list(map(one.cursor, one.origins))
        assert [repr(value).encode() for value in one.values] == list(map(one.raw, one.origins))


class Uneven(SequenceSource):
    """A source that knows places which lie close together."""

    def stretches(self, gap: Range, count: int) -> list[Range]:
        ends = [0, *range(1, count), gap.upto_cursor]
        return [Range.of(*pair) for pair in pairwise(ends)]


def test_what_a_stretch_lacks_the_others_give() -> None:
    source = SpreadRecords(Uneven(IterableRoot(range(100))), 32)
    (part,) = source.ranges(source.whole(), 100)

    assert [*range(15), *range(15, 32)] == list(source.read(part).values)


def test_a_source_without_known_places_gives_its_first_records() -> None:
    class Unknown(SequenceSource):
        def stretches(self, gap: Range, count: int) -> list[Range]:
            del count
            return [gap]

    source = SpreadRecords(Unknown(IterableRoot(range(100))), 25)
    parts = list(source.ranges(source.whole(), 10))
    read = [list(source.read(part).values) for part in parts]

    assert [[*range(10)], [*range(10, 20)], [*range(20, 25)]] == read
    assert not list(breaks(source.whole(), parts, source.in_order))
    assert 1 == source.places


def test_a_range_that_is_divided_once_more_stays_as_it_is() -> None:
    source = SpreadRecords.of(SequenceSource(IterableRoot(range(100))), 40)
    parts = list(source.ranges(source.whole(), 20))

    assert [parts[0]] == list(source.ranges(parts[0], 5))
