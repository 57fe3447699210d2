"""About how many records are left of a source that cannot count them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.model.expected import DOUBT_MAX, About, Expected


def walked(about: About | None, *, records: int, share: float | None, chunks: int = 10) -> Expected:
    expected = Expected(about)
    for _ in range(chunks):
        expected = expected.heard(records // chunks, None if share is None else share / chunks)
    return expected


def test_before_the_walk_the_idea_counts_and_towards_its_end_what_was_walked() -> None:
    wrong = About(1_000, spread=0.5)  # there are 4,000
    begun = walked(wrong, records=40, share=0.01).left()
    late = walked(wrong, records=3_600, share=0.9).left()

    assert begun is not None
    assert late is not None
    assert 960 == pytest.approx(begun.records, rel=0.3)
    assert 400 == pytest.approx(late.records, rel=0.1)


def test_without_distances_between_keys_the_idea_is_all_there_is() -> None:
    left = walked(About(1_000, spread=0.3), records=900, share=None).left()

    assert left is not None
    assert (100, DOUBT_MAX) == (left.records, left.doubt), "a tenth that is left is hardly known"
    assert walked(About(1_000, spread=0.3), records=1_100, share=None).left() is None


def test_nothing_is_said_where_nothing_is_known() -> None:
    assert Expected().left() is None
    assert walked(None, records=10, share=0.001).left() is None, "too little of the way"
    assert walked(None, records=1_000, share=1.0).left() is None, "nothing is left"


@given(
    share=st.floats(0.02, 0.98),
    records=st.integers(1_000, 10**9),
    off=st.floats(-0.6, 0.6),
)
def test_of_evenly_spaced_keys_the_rest_lies_within_its_doubt(
    share: float, records: int, off: float
) -> None:
    """The idea is off by at most two of its deviations."""
    about = About(round(records * math.exp(off)), spread=0.3)
    left = walked(about, records=round(records * share), share=share).left()
    rest = records * (1 - share)

    assert left is not None
    assert abs(math.log(left.records / rest)) <= max(2.5 * left.doubt, 0.7)
