"""Parts and their markers: who was replaced commits none, and publishes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from daybreak import files
from daybreak.abc import ChunkWriter
from daybreak.connectors import file_publication
from daybreak.connectors.file_sink import FileSink
from daybreak.connectors.files_target import FilesTarget
from daybreak.databases.target import DatabaseTarget
from daybreak.errors import LeaseLost, TransientError
from daybreak.execution.targets import Targets
from daybreak.faultpoints import InjectedFault
from daybreak.ledger.owned import OwnedRun
from daybreak.model.chunk import Marker
from daybreak.model.fate import Counts
from daybreak.model.ranges import Range
from tests.execution.house import CLOCK, OF, House

pytestmark = pytest.mark.slow_on_postgresql

FIRST, SECOND = Range.of(0, 10), Range.of(10, 20)


@dataclass(frozen=True)
class Number:
    n: int


class Place:
    """A file that a step writes, in the hands of one owner after the other."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self.file = folder / "numbers.csv"
        self.folder = folder
        self.sink = FileSink(files.csv(self.file, Number).root, folder)  # type: ignore[arg-type]
        register = DatabaseTarget(house.url, "the register", CLOCK, holds_parts=True)
        self.target = FilesTarget(register, self.sink, folder)

    def owned(self) -> OwnedRun:
        ledger = self.house.owner()
        Targets(ledger.ownership).join(self.target)
        return ledger

    def take(self, writer: ChunkWriter, part: Range, number: int) -> Marker:
        """Bring a record into an open part; return the marker with which it would be committed."""
        assert writer.begin(OF, part)
        self.sink.write(writer.transaction, [Number(number)])
        counts = Counts(read=1, passed=1, written=1)
        return Marker(part, 1, counts, 0, "", 0.0, CLOCK.now())

    def commit(self, writer: ChunkWriter, part: Range, number: int) -> None:
        writer.commit(OF, self.take(writer, part, number))

    def publish(self, ledger: OwnedRun) -> None:
        self.target.publish(ledger.ownership, OF, [FIRST.after, SECOND.after])

    def parts(self) -> list[Path]:
        return list(self.folder.glob("parts/*/*/*"))


@pytest.fixture
def place(house: House, tmp_path: Path) -> Place:
    return Place(house, tmp_path)


def test_parts_are_joined_in_the_order_of_the_source(place: Place) -> None:
    ledger = place.owned()
    with place.target.writer(ledger.ownership) as writer:
        place.commit(writer, SECOND, 2)
        place.commit(writer, FIRST, 1)
    place.publish(ledger)

    assert place.file.read_text() == "n\n1\n2\n"
    assert [] == place.parts()


def test_who_was_replaced_commits_no_part_and_leaves_none(place: Place) -> None:
    """Fenced off at the door already, and again if it happens behind it."""
    old = place.owned()
    with place.target.writer(old.ownership) as writer:
        marker = place.take(writer, FIRST, 1)
        place.owned()
        with pytest.raises(LeaseLost):
            writer.commit(OF, marker)
        writer.rollback()
        with pytest.raises(LeaseLost):
            writer.begin(OF, SECOND)

    assert [] == place.parts()
    assert [] == place.target.markers(old.ownership.run_key, OF)


def test_a_second_try_of_a_range_counts_nothing(place: Place) -> None:
    ledger = place.owned()
    with (
        place.target.writer(ledger.ownership) as first,
        place.target.writer(ledger.ownership) as second,
    ):
        late = place.take(second, FIRST, 7)
        place.commit(first, FIRST, 1)
        with pytest.raises(TransientError, match="committed by another try"):
            second.commit(OF, late)
        second.rollback()

        assert not second.begin(OF, FIRST)
        assert FIRST == getattr(second.stored(OF, FIRST), "part", None)
    assert 1 == len(place.parts())


@pytest.mark.parametrize("point", ["publication.after_begin", "publication.after_join"])
def test_who_is_replaced_while_it_publishes_makes_nothing_known(
    place: Place, arm: Callable[[str], None], point: str
) -> None:
    """The file of its successor stays, and nothing of the loser's is left beside it."""
    old = place.owned()
    with place.target.writer(old.ownership) as writer:
        place.commit(writer, FIRST, 1)
    place.file.write_text("yesterday's\n")
    arm(f"{point}:1:raise")
    with pytest.raises(InjectedFault):
        place.publish(old)
    new = place.owned()
    with pytest.raises(LeaseLost):
        place.publish(old)
    seen = place.file.read_text()
    place.publish(new)

    assert seen == "yesterday's\n"
    assert place.file.read_text() == "n\n1\n"
    assert [] == list(place.folder.glob(".*.partial"))


def test_what_an_older_epoch_left_half_is_removed_and_nothing_else(place: Place) -> None:
    """Else one that wakes up behind its fence could still rename it."""
    old = place.owned()
    name = file_publication._temporary_name(place.file.name, old.ownership, OF)
    (place.folder / name).write_text("half a fi")
    others = place.folder / ".numbers.csv.0123456789ab.1.partial"
    others.write_text("of another run")
    place.publish(place.owned())

    assert ".1.partial" in name
    assert [others] == list(place.folder.glob(".*.partial"))
    assert place.file.read_text() == "n\n"
