"""Every record that was read has one fate, and the sum says so."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.model.fate import Counts, Fate

NUMBERS = st.integers(0, 10**9)
COUNTS = st.builds(Counts, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS)
FATES = [fate.value for fate in Fate]
BALANCED = Counts(read=10, passed=4, filtered=3, quarantined=2, superseded=1, written=8)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_counts_balance_when_each_record_has_one_fate(
    passed: int, filtered: int, quarantined: int, superseded: int, written: int
) -> None:
    read = passed + filtered + quarantined + superseded

    assert Counts(read, passed, filtered, quarantined, superseded, written).is_balanced
    assert not Counts(read + 1, passed, filtered, quarantined, superseded, written).is_balanced


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("difference", [-1, 1], ids=["lost", "doubled"])
def test_one_record_more_or_less_of_any_fate_is_seen(fate: str, difference: int) -> None:
    numbers = {field.name: getattr(BALANCED, field.name) for field in fields(Counts)}
    numbers[fate] += difference

    assert BALANCED.is_balanced
    assert not Counts(**numbers).is_balanced


@given(COUNTS, COUNTS)
def test_the_sum_of_two_adds_every_number(one: Counts, other: Counts) -> None:
    total = one + other

    for field in fields(Counts):
        name = field.name
        assert getattr(one, name) + getattr(other, name) == getattr(total, name)


@given(st.lists(COUNTS, max_size=5))
def test_chunks_may_be_added_in_any_order(chunks: list[Counts]) -> None:
    assert sum(chunks, Counts()) == sum(reversed(chunks), Counts())


def test_nothing_read_is_balanced() -> None:
    assert Counts().is_balanced
    assert BALANCED == BALANCED + Counts()


def test_every_fate_has_its_number() -> None:
    assert {"read", "written", *FATES} == {field.name for field in fields(Counts)}


def test_counts_read_as_the_sum_that_they_are() -> None:
    assert "read 10 = passed 4 + filtered 3 + quarantined 2 + superseded 1" == str(BALANCED)
