"""Gaps and breaks in chains of ranges, against an oracle that counts every place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from daybreak.model.cursor import START, decode
from daybreak.model.ranges import Range, breaks, gaps

Ends = tuple[int, int]
LAST = 30


def in_order(texts: Sequence[str]) -> list[str]:
    """Sort as a source of integers does; the start comes first."""
    return sorted(texts, key=place_of)


def place_of(text: str) -> int:
    place = 0 if text == START else decode(text)
    assert isinstance(place, int)
    return place


def range_of(ends: Ends) -> Range:
    after, upto = ends
    return Range.of(after or None, upto)


def ends_of(part: Range) -> Ends:
    return place_of(part.after), place_of(part.upto)


def is_closed(last: int, done: Sequence[Ends]) -> bool:
    """Say whether every place from 1 to `last`, and no other, is covered exactly once."""
    covered = Counter(place for after, upto in done for place in range(after + 1, upto + 1))
    return dict.fromkeys(range(1, last + 1), 1) == covered


CUTS = st.sets(st.integers(1, LAST - 1), max_size=8)
FORWARD = st.tuples(st.integers(0, LAST), st.integers(1, LAST + 3)).filter(lambda x: x[0] < x[1])


def chain(cuts: set[int]) -> list[Ends]:
    """Cut (0, LAST] into ranges that join."""
    places = [0, *sorted(cuts), LAST]
    return list(pairwise(places))


WHOLE = range_of((0, LAST))


@given(CUTS, st.data())
def test_a_closed_chain_is_accepted_in_any_order(cuts: set[int], data: st.DataObject) -> None:
    done = [range_of(ends) for ends in data.draw(st.permutations(chain(cuts)))]

    assert [] == breaks(WHOLE, done, in_order)
    assert [] == gaps(WHOLE, done, in_order)


@given(CUTS, st.data())
def test_one_lost_range_is_found_where_it_was(cuts: set[int], data: st.DataObject) -> None:
    done = data.draw(st.permutations(chain(cuts)))
    after, upto = lost = done.pop()
    (found,) = breaks(WHOLE, [range_of(ends) for ends in done], in_order)

    assert ("a gap", lost) == (found.kind, (place_of(found.after), place_of(found.upto)))
    assert [lost] == [ends_of(g) for g in gaps(WHOLE, [range_of(e) for e in done], in_order)]
    assert f"a gap at ({after or 'start'}, {upto}]" == str(found)


@given(CUTS, st.data())
def test_one_doubled_range_is_found(cuts: set[int], data: st.DataObject) -> None:
    done = data.draw(st.permutations(chain(cuts)))
    doubled = data.draw(st.sampled_from(done))
    found = breaks(WHOLE, [range_of(ends) for ends in [*done, doubled]], in_order)

    assert [("two ranges", doubled)] == [
        (each.kind, (place_of(each.after), place_of(each.upto))) for each in found
    ]


@given(CUTS, FORWARD)
def test_one_range_more_than_the_chain_is_found(cuts: set[int], extra: Ends) -> None:
    assert breaks(WHOLE, [range_of(ends) for ends in [*chain(cuts), extra]], in_order)


@given(CUTS, st.data())
def test_a_range_that_ends_too_early_or_too_late_is_found(
    cuts: set[int], data: st.DataObject
) -> None:
    done = data.draw(st.permutations(chain(cuts)))
    after, upto = done.pop()
    other = data.draw(st.integers(after + 1, LAST + 3))
    assume(other != upto)

    assert breaks(WHOLE, [range_of(ends) for ends in [*done, (after, other)]], in_order)


@given(st.lists(FORWARD, max_size=6))
def test_breaks_are_found_exactly_where_the_oracle_finds_one(done: list[Ends]) -> None:
    found = breaks(WHOLE, [range_of(ends) for ends in done], in_order)

    assert is_closed(LAST, done) == (found == [])


@given(CUTS, st.data())
def test_gaps_are_what_is_missing_and_close_the_chain(cuts: set[int], data: st.DataObject) -> None:
    done = data.draw(st.lists(st.sampled_from(chain(cuts)), unique=True))
    missing = gaps(WHOLE, [range_of(ends) for ends in done], in_order)

    assert is_closed(LAST, [*done, *map(ends_of, missing)])
    assert [] == breaks(WHOLE, [*map(range_of, done), *missing], in_order)
    assert sorted(map(ends_of, missing)) == [ends_of(gap) for gap in missing]


def test_nothing_done_leaves_everything_to_do() -> None:
    assert [WHOLE] == gaps(WHOLE, [], in_order)
    assert ["a gap at (start, 30]"] == [str(each) for each in breaks(WHOLE, [], in_order)]


def test_an_empty_source_needs_no_range_and_stands_none() -> None:
    nothing = Range(START, START)

    assert nothing.is_empty
    assert [] == gaps(nothing, [], in_order)
    assert [] == breaks(nothing, [], in_order)
    assert breaks(nothing, [range_of((0, 1))], in_order)


def test_ranges_that_lead_in_a_circle_are_no_chain() -> None:
    circle = [range_of((0, 5)), Range.of(5, 3), Range.of(3, 5)]

    assert breaks(WHOLE, circle, in_order)


@pytest.mark.parametrize(
    ("part", "shown"),
    [(Range.of(None, 3), "(start, 3]"), (Range.of("a", "b"), "(a, b]")],
    ids=["first", "texts"],
)
def test_a_range_reads_as_its_ends(part: Range, shown: str) -> None:
    assert shown == str(part)
    assert part == Range.of(part.after_cursor, part.upto_cursor)
