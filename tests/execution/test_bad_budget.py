"""Too many bad records stop a step before the chunk that has them is committed."""

from __future__ import annotations

import pytest

from daybreak.errors import TooManyBadRecords
from daybreak.execution.bad_budget import BadBudget
from daybreak.model.chunk import SetAside
from daybreak.model.limits import BadLimit


def aside(records: int, *, by_check: bool = False) -> list[SetAside]:
    return [SetAside(n, str(n), "map", "no", {}, b"", by_check) for n in range(records)]


def test_bad_records_of_all_chunks_and_attempts_count_together() -> None:
    budget = BadBudget(BadLimit.parse(12), total=None, read=10, bad=5)
    budget.charge(aside(6), read=100)

    with pytest.raises(TooManyBadRecords, match="13 of 210 records"):
        budget.charge(aside(2), read=100)


def test_a_chunk_that_was_not_committed_is_refunded() -> None:
    budget = BadBudget(BadLimit.parse(5), total=None, read=0, bad=0)
    for _ in range(3):
        budget.charge(aside(5), read=10)
        budget.refund(aside(5), read=10)

    with pytest.raises(TooManyBadRecords, match="6 of 10"):
        budget.charge(aside(6), read=10)


def test_what_the_check_refused_is_not_held_against_the_step() -> None:
    budget = BadBudget(BadLimit.parse(0), total=None, read=0, bad=0)
    budget.charge(aside(50, by_check=True), read=100)

    with pytest.raises(TooManyBadRecords):
        budget.charge(aside(1), read=1)


def test_what_is_foreseen_is_not_charged() -> None:
    budget = BadBudget(BadLimit.parse(5), total=None, read=0, bad=0)
    for _ in range(3):
        budget.refuse_excess(aside(5), read=10)

    with pytest.raises(TooManyBadRecords, match="6 of 10 records"):
        budget.refuse_excess(aside(6), read=10)
