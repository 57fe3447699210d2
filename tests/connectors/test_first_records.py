"""The first records of a source: its own ends, its own order, fewer of them."""

from __future__ import annotations

import pytest

from daybreak.connectors.first_records import FirstRecords
from daybreak.connectors.sequence import SequenceSource
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
