"""Which samples a forecast takes: enough sizes, far apart, within what they may cost."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from daybreak.operations.sample_sizes import Tried, first_size, next_size


def taken(
    cost_s: Callable[[int], float], *, budget_s: float, most: int | None = None, first: int = 100
) -> list[Tried]:
    """Take samples as a forecast does, at a cost that is known."""
    tried = [Tried(first, cost_s(first))]
    chance = Random(1)
    while (size := next_size(tried, most=most, budget_s=budget_s, chance=chance)) is not None:
        tried.append(Tried(size, cost_s(size)))
        assert len(tried) < 100, "it ends"
    return tried


@pytest.mark.parametrize("power", [0.5, 1.0, 1.5, 2.0, 3.0])
def test_the_budget_is_kept_and_used(power: float) -> None:
    tried = taken(lambda n: 0.5 + (n / 1_000) ** power, budget_s=60)
    spent_s = sum(one.cost_s for one in tried)

    assert spent_s <= 60
    assert len(tried) >= 6, "cubic growth leaves room for few"


def test_growth_that_is_linear_is_seen_over_a_wide_span() -> None:
    tried = taken(lambda n: 0.5 + n / 10_000, budget_s=60)
    sizes = [one.records for one in tried]

    assert len(set(sizes)) >= 10
    assert max(sizes) / min(sizes) >= 64


def test_no_sample_is_larger_than_what_there_is() -> None:
    sizes = [one.records for one in taken(lambda _: 0.01, budget_s=60, most=3_000)]

    assert 3_000 == max(sizes)
    assert len(set(sizes)) == len(sizes) >= 7


def test_of_a_small_source_smaller_samples_are_taken_too() -> None:
    sizes = [one.records for one in taken(lambda _: 1.0, budget_s=60, most=5, first=5)]
    assert [5, 2, 1] == sizes[:3]
    assert len(set(sizes)) == len(sizes), "none twice"
    few = taken(lambda _: 61.0, budget_s=60, most=5, first=5)
    assert [5, 2] == [one.records for one in few], "two whatever the budget"


@pytest.mark.parametrize("records", [0, 1])
def test_a_source_of_a_record_or_none_is_sampled_once(records: int) -> None:
    assert [Tried(records, 1.0)] == taken(lambda _: 1.0, budget_s=60, most=records, first=records)


def test_two_sizes_are_taken_whatever_the_budget() -> None:
    assert [Tried(100, 61.0), Tried(200, 61.0)] == taken(lambda _: 61.0, budget_s=60)


@pytest.mark.parametrize(
    ("chunk", "most", "expected"),
    [
        (10_000, None, 312),
        (100, None, 16),
        (10_000, 1_000_000, 312),
        (10_000, 6_400, 100),
        (10, 3, 1),
    ],
)
def test_the_first_sample_is_small(chunk: int, most: int | None, expected: int) -> None:
    assert expected == first_size(chunk, most)
