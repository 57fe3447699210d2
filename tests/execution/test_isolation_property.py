"""Exactly the bad records are set aside, and all others written, whatever the chunks are."""

from __future__ import annotations

import random

import pytest

from daybreak.databases.session import opened
from daybreak.model.ownership import Pass
from daybreak.model.ranges import Range
from tests.execution.house import OF, House
from tests.execution.things import Loading, Oracle, drawn, empty_things, in_table, make_things
from tests.kinds import EVERY_KIND, TWO_KINDS

pytestmark = pytest.mark.slow

RECORDS = 24
FEW, MANY, ALL = 4, 12, 30
"""So many draws: on every kind of database, on the two that most use, and there as torture.

Each session draws others.
"""

DRAWS = [
    *(pytest.param(kind, number) for kind in TWO_KINDS for number in range(MANY)),
    *(
        pytest.param(kind, number, marks=pytest.mark.torture)
        for kind in TWO_KINDS
        for number in range(MANY, ALL)
    ),
    # One draw takes these as long as ten the others.
    *(pytest.param(kind, 0) for kind in EVERY_KIND[2:]),
    *(
        pytest.param(kind, number, marks=pytest.mark.torture)
        for kind in EVERY_KIND[2:]
        for number in range(1, FEW)
    ),
]


@pytest.mark.parametrize(("database_url", "number"), DRAWS, indirect=["database_url"])
def test_exactly_the_bad_are_set_aside_whatever_the_chunks(
    house: House, seed: int, number: int
) -> None:
    chance = random.Random(seed + number)
    dialect = make_things(house)
    things = drawn(chance, RECORDS)
    ledger = house.owned()
    sizes = [1, RECORDS, *chance.sample(range(2, RECORDS), 2)]
    sizes = sizes if dialect in TWO_KINDS else sizes[1:3]
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
            empty_things(session)
