"""A step does what the target's markers lack, and believes nothing but them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from daybreak.databases.target import DatabaseTarget
from daybreak.errors import ProofFailed
from daybreak.ledger.owned import OwnedRun
from daybreak.model.chunk import Marker
from daybreak.model.fate import Counts
from daybreak.model.ownership import Ownership
from daybreak.model.ranges import Range
from daybreak.telemetry import ChunkCommitted, Event
from tests.execution.house import CLOCK, OF, House

pytestmark = pytest.mark.slow_on_postgresql

GOOD = [number for number in range(40) if number % 10 != 5]
FATES = Counts(read=40, passed=36, quarantined=4, written=36)


def after_chunk(house: House, number: int, act: Callable[[], object]) -> None:
    """Do something as soon as that many chunks are committed."""
    seen: list[Event] = []

    def listen(event: Event) -> None:
        if isinstance(event, ChunkCommitted):
            seen.append(event)
            if len(seen) == number:
                act()

    house.telemetry.subscribe(listen)


def commit_alone(house: House, ledger: OwnedRun, after: int, upto: int) -> None:
    """Commit one range of good records as an owner would."""
    part = Range.of(after, upto)
    records = upto - after
    counts = Counts(read=records, passed=records, written=records)
    with house.target.writer(ledger.ownership) as writer:
        writer.begin(OF, part)
        for number in range(after, upto):
            writer.transaction.execute("insert into numbers (n) values (:n)", n=number)
        epoch = ledger.ownership.epoch
        writer.commit(OF, Marker(part, epoch, counts, 0, "", 0.1, CLOCK.now()))


def test_a_step_commits_everything_once_and_says_its_fates(house: House) -> None:
    assert house.attempt(house.plan(range(40))) == FATES

    assert GOOD == house.numbers()


def test_a_stopped_step_ends_at_a_chunk_and_goes_on_with_another_chunk_size(house: House) -> None:
    after_chunk(house, 1, lambda: house.stop.request("a test"))
    plan = house.plan(range(40))

    assert house.attempt(plan, chunk=3) is None

    house.stop = type(house.stop)()
    assert house.attempt(plan, chunk=7) == FATES
    assert GOOD == house.numbers()


def test_holes_between_committed_ranges_are_filled(house: House) -> None:
    """Chunks are committed in any order; what is missing is not just the end."""
    first = house.owned()
    for after, upto in ((16, 20), (26, 33)):
        commit_alone(house, first, after, upto)

    house.attempt(house.plan(range(40)))

    assert GOOD == house.numbers()


def test_a_commit_that_the_target_lost_is_done_again(house: House) -> None:
    """The ledger has written the chunk down; only the target's word counts."""
    plan = house.plan(range(40))
    after_chunk(house, 2, lambda: house.stop.request("a test"))
    assert house.attempt(plan, chunk=2) is None
    house.lose_marker(Range.of(0, 2))
    house.spoil("delete from numbers where n < 2")

    house.stop = type(house.stop)()
    assert house.attempt(plan) == FATES
    assert GOOD == house.numbers()


def test_a_marker_that_vanishes_while_the_step_runs_fails_the_proof(house: House) -> None:
    """The rows are still there and the sums of this process are right: the chain is not."""
    after_chunk(house, 2, lambda: house.lose_marker(Range.of(0, 10)))

    with pytest.raises(ProofFailed):
        house.attempt(house.plan(range(40)))


@dataclass(frozen=True)
class OwnedLate(DatabaseTarget):
    """A target whose old owner commits once more, just before the take-over is announced."""

    last_words: Callable[[], None] = field(kw_only=True)

    def announce(self, ownership: Ownership) -> None:
        self.last_words()
        super().announce(ownership)


def test_what_the_old_owner_committed_last_is_seen(house: House) -> None:
    """Its range is cut otherwise than the new owner's would be: nothing may be planned before."""
    first = house.owned()
    target = OwnedLate(
        house.url, "shop", CLOCK, last_words=lambda: commit_alone(house, first, 0, 4)
    )

    counts = house.attempt(house.plan(range(40), target=target))

    assert counts == FATES
    assert GOOD == house.numbers()
