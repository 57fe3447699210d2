"""Two looks prove that a file is the same, or that it is another one, or neither."""

from __future__ import annotations

import pytest

from daybreak.connectors.remote import Look


@pytest.mark.parametrize(
    ("one", "other", "is_surely"),
    [
        (Look(5, '"1"'), Look(5, '"1"'), True),
        (Look(5, '"1"', 1.0), Look(5, '"1"', 2.0), True),
        (Look(5, None, 1.0), Look(5, None, 1.0), True),
        (Look(5, '"1"'), Look(6, '"1"'), False),
        (Look(5, '"1"'), Look(5, '"2"'), False),
        (Look(5, '"1"', 1.0), Look(5, None, 1.0), False),
        (Look(5, None, 1.0), Look(5, None, 2.0), False),
        (Look(5), Look(5), False),
        (Look(None, '"1"'), Look(None, '"1"'), False),
    ],
)
def test_a_file_is_surely_the_same_by_size_and_version_or_time(
    one: Look, other: Look, *, is_surely: bool
) -> None:
    assert is_surely == one.is_surely(other)
    assert is_surely == other.is_surely(one)
    assert is_surely == Look.from_data(one.as_data()).is_surely(other)


def test_only_what_both_say_can_differ() -> None:
    assert [] == Look(5, '"1"').differences(Look(5, None, 3.0))
    assert ["size was 5, is 6", "version was 1, is 2"] == Look(5, "1").differences(Look(6, "2"))
