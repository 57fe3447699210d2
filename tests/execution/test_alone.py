"""In which parts a sink is given a range that is tried alone: few tries, none left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from daybreak.abc import Transaction
from daybreak.connectors.functions import EachChunkSink
from daybreak.execution.alone import ONE_BY_ONE_MAX
from daybreak.execution.chunked_step import ChunkedStep
from daybreak.execution.in_flight import InFlight
from daybreak.model.deaths import Guilty, Named, Suspect, Work
from daybreak.model.fate import Counts
from daybreak.model.knobs import Knobs
from daybreak.model.ownership import Pass
from daybreak.model.ranges import Range
from tests.execution.house import Bodies, House, loading

LARGE = 2_500
PART = 50
"""The root of that."""


class Suspecting(InFlight):
    """Notes by which one range is suspected."""

    def __init__(self, suspect: Suspect) -> None:
        super().__init__()
        self._suspect = suspect
        self.lived: list[Work] = []

    def suspects(self, _of: Pass) -> list[Suspect]:
        return [self._suspect]

    def survived(self, work: Work) -> None:
        self.lived.append(work)


class Heard:
    """A function for `each_chunk` that remembers what it was given; some records are orphans."""

    def __init__(self, refused: Sequence[int] = ()) -> None:
        self.given: list[Sequence[int]] = []
        self._refused = set(refused)

    def __call__(self, numbers: Sequence[int], tx: Transaction) -> None:
        self.given.append(list(numbers))
        rows = [{"n": n, "parent": -1 if n in self._refused else None} for n in numbers]
        tx.executemany("insert into numbers (n, parent) values (:n, :parent)", rows)

    @property
    def taken(self) -> list[Sequence[int]]:
        """What was not refused."""
        return [numbers for numbers in self.given if not self._refused.intersection(numbers)]


def tried(house: House, heard: Heard, records: int, suspect: Suspect) -> Counts | None:
    """Run a step of one chunk, whose range is suspected."""
    plan = house.plan(range(records), sink=EachChunkSink(heard))
    around = house.around(house.owner(), Bodies(plan, Knobs(chunk=records)))
    return ChunkedStep(loading(), replace(around, in_flight=Suspecting(suspect))).run(None)


def suspect_of(records: int, **known: Any) -> Suspect:
    return replace(Suspect(Range.of(0, records), deaths=2), **known)


def test_few_records_are_tried_one_by_one(house: House) -> None:
    heard = Heard()
    tried(house, heard, 20, suspect_of(20))

    assert [*([n] for n in range(20)), [*range(20)]] == heard.given


@pytest.mark.slow
@pytest.mark.parametrize("records", [ONE_BY_ONE_MAX + 1, LARGE, LARGE + 1])
def test_many_records_are_tried_in_about_as_many_parts_as_each_has_records(
    house: House, records: int
) -> None:
    heard = Heard()
    tried(house, heard, records, suspect_of(records))
    *parts, whole = heard.given

    assert list(range(records)) == whole == [n for part in parts for n in part]
    assert len(parts) + max(map(len, parts)) <= 2 * records**0.5 + 3


def test_the_part_in_which_a_process_died_is_tried_one_by_one_first(house: House) -> None:
    heard = Heard()
    named = Named(100, "heard", PART)
    tried(house, heard, LARGE, suspect_of(LARGE, candidate=named))

    assert [[n] for n in named.origins] == heard.given[:PART]
    assert [PART] * PART == [len(part) for part in heard.given[PART:-1]]
    assert list(range(LARGE)) == house.numbers()


def test_a_record_that_is_known_to_kill_is_tried_with_no_others(house: House) -> None:
    heard = Heard()
    guilty = (Guilty(Named(110, "heard"), "killed its process"),)
    candidate = Named(100, "heard", PART)
    counts = tried(house, heard, LARGE, suspect_of(LARGE, candidate=candidate, guilty=guilty))

    assert not any(110 in part for part in heard.given)
    assert [[n] for n in candidate.origins if n != 110] == heard.given[: PART - 1]
    assert counts is not None
    assert (LARGE, LARGE - 1, 1) == (counts.read, counts.passed, counts.quarantined)


@pytest.mark.slow
def test_a_record_that_is_refused_hides_none_behind_it(house: House) -> None:
    """Each record was taken in a part, or refused alone, before the chunk is written in earnest."""
    refused = [3, 4, 60, 1_203, 2_499]
    heard = Heard(refused)
    tried(house, heard, LARGE, suspect_of(LARGE))
    in_earnest = next(n for n, part in enumerate(heard.given) if len(part) == LARGE)
    before = heard.given[:in_earnest]

    seen = {n for part in before if part in heard.taken or len(part) == 1 for n in part}
    assert set(range(LARGE)) == seen
    assert sorted({*range(LARGE)} - {*refused}) == house.numbers()
