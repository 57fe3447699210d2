"""A take-over announces, then closes; only then may markers be read."""

from __future__ import annotations

import threading

import pytest

from daybreak.errors import LeaseLost
from daybreak.execution.targets import Targets
from daybreak.model.ranges import Range
from tests.execution.house import OF, House


def test_joining_closes_the_epochs_of_earlier_owners(house: House) -> None:
    house.owned()
    house.owned()

    dot = "_" if house.url.startswith("sqlite") else "."
    closed = f"select count(*) from daybreak{dot}epochs where closed_at is not null"  # noqa: S608 - ours
    assert 1 == house.target.count(closed)


def test_an_earlier_owner_is_refused_after_the_join(house: House) -> None:
    first = house.owned()
    second = house.owned()

    with house.target.writer(first.ownership) as old, pytest.raises(LeaseLost):
        old.begin(OF, Range.of(0, 1))
    with house.target.writer(second.ownership) as new:
        new.begin(OF, Range.of(0, 1))


@pytest.mark.slow
def test_a_busy_owner_begins_no_chunk_while_the_take_over_waits_for_one(postgres_url: str) -> None:
    """Announced first, the take-over waits for chunks in flight only; else for ever."""
    house = House(postgres_url)
    first, second = house.owned(), house.owner()
    with (
        house.target.writer(first.ownership) as in_flight,
        house.target.writer(first.ownership) as late,
    ):
        in_flight.begin(OF, Range.of(0, 1))
        joining = threading.Thread(target=Targets(second.ownership).join, args=[house.target])
        joining.start()
        joining.join(0.3)
        waited = joining.is_alive()
        try:
            with pytest.raises(LeaseLost):
                late.begin(OF, Range.of(1, 2))
        finally:
            late.rollback()
            in_flight.rollback()
            joining.join()
    house.store.close()

    assert waited
