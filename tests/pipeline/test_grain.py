"""The number of records taken in hand at once."""

from __future__ import annotations

from daybreak.pipeline import BLOCK_RECORDS
from daybreak.pipeline.grain import HAND_S, Grain


def test_a_grain_begins_with_one_record_and_grows_to_a_block_while_hands_are_short() -> None:
    grain = Grain()
    seen = [grain.records]
    for _ in range(20):
        grain.took(grain.records, HAND_S / 1000)
        seen.append(grain.records)

    assert 1 == seen[0]
    assert sorted(seen) == seen
    assert BLOCK_RECORDS == seen[-1]


def test_a_grain_falls_to_what_fits_but_by_half_at_most() -> None:
    grain = Grain()
    grain.records = 100
    grain.took(100, HAND_S * 1.25)
    assert 80 == grain.records

    for expected in (40, 20, 10, 5, 2, 1, 1):
        grain.took(grain.records, HAND_S * 1000)
        assert expected == grain.records


def test_a_hand_that_was_not_full_says_nothing_about_larger_ones() -> None:
    grain = Grain()
    grain.records = 8
    grain.took(3, 0.0)

    assert 8 == grain.records
