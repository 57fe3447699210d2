"""Exactly the bad records are set aside, and all others written, whatever the chunks are."""

from __future__ import annotations

import random

import pytest

from daybreak.databases.session import opened
from daybreak.model.ownership import Pass
from daybreak.model.ranges import Range
from tests.execution.house import OF, House
from tests.execution.things import Loading, Oracle, drawn, in_table, make_things

pytestmark = pytest.mark.slow

RECORDS = 24
FAST, ALL = 4, 30
"""So many draws: always, and in the slow suite."""

DRAWS = [
    *range(FAST),
    *(pytest.param(number, marks=pytest.mark.slow) for number in range(FAST, ALL)),
]


@pytest.mark.parametrize("number", DRAWS)
def test_exactly_the_bad_are_set_aside_whatever_the_chunks(
    house: House, seed: int, number: int
) -> None:
    chance = random.Random(seed + number)
    dialect = make_things(house)
    things = drawn(chance, RECORDS)
    ledger = house.owned()
    sizes = [1, RECORDS, *chance.sample(range(2, RECORDS), 2)]
    with house.target.writer(ledger.ownership) as writer, opened(house.url) as session:
        for pass_number, size in enumerate(sizes, start=1):
            loading = Loading(house, writer, things, Pass(OF.step, pass_number))
            expected = Oracle(dialect)
            for start in range(0, RECORDS, size):
                part = Range.of(start, min(start + size, RECORDS))
                bad = expected.refuse(things[start : start + size])
                counts = loading.commit(part).marker.counts

                assert bad == loading.set_aside(part), f"{part} of {things}"
                assert counts.written == counts.passed == counts.read - len(bad)
            assert sorted(expected.rows, key=lambda thing: thing.id) == in_table(house)
            session.execute("delete from things")
