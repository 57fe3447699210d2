"""Records that stay bytes have the fates that their values have, reasons included."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from daybreak import Database, files
from daybreak.abc import ChunkWriter
from daybreak.check import by_columns
from daybreak.check.by_columns import looks_at
from daybreak.connectors.file_root import FileRoot
from daybreak.connectors.scanned_source import ScannedSource
from daybreak.connectors.table import TableSink
from daybreak.databases.session import opened
from daybreak.execution.bad_budget import BadBudget
from daybreak.execution.committer import Committed, Committer
from daybreak.execution.draft import draft_of
from daybreak.execution.raw_units import RawUnits, raw_draft_of, without
from daybreak.model.chunk import ChunkInput
from daybreak.model.limits import BadLimit
from daybreak.model.ownership import Pass
from daybreak.model.ranges import Range
from daybreak.model.row import Row
from daybreak.pipeline.block import Block
from daybreak.pipeline.carry import Carried
from tests.execution.house import CLOCK, OF, House
from tests.execution.things import Oracle, Thing, drawn, in_table, make_things

pytestmark = pytest.mark.slow_on_postgresql

RECORDS = 24
DRAWS = [
    *range(3),
    *(pytest.param(number, marks=pytest.mark.slow) for number in range(3, 30)),
]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_columns, "COLUMNAR_BYTES_MIN", 0)
    monkeypatch.setattr(by_columns, "BLOCK_BYTES", 300)


def source_of(path: Path, things: Sequence[Thing]) -> ScannedSource:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writing = csv.writer(stream, lineterminator="\n")
        writing.writerow(asdict(things[0]))
        writing.writerows(asdict(thing).values() for thing in things)
    root = files.csv(path, Thing).root
    assert isinstance(root, FileRoot)
    source = ScannedSource.of(root, looks_at)
    assert source is not None
    return source


class Loading:
    """Commits the records of a file in chunks, as bytes or as values."""

    def __init__(self, house: House, writer: ChunkWriter, of: Pass, *, is_raw: bool) -> None:
        self._house = house
        self._pass = of
        self._is_raw = is_raw
        self.sink = TableSink(Database(house.url).table("things", Thing, key="id"))
        budget = BadBudget(BadLimit.parse("100%"), total=None, read=0, bad=0)
        self._committer = Committer(writer, self.sink, of, epoch=1, budget=budget, clock=CLOCK)

    def commit(self, part: Range, read: ChunkInput) -> Committed:
        if self._is_raw:
            assert read.as_bytes is not None
            draft = raw_draft_of(part, read, read.as_bytes)
        else:
            carried: Carried = Carried(Block(list(read.values), list(read.origins)), 0, [])
            draft = draft_of(part, read, carried)
        return self._committer.commit(draft, began_s=0.0)

    def quarantine(self) -> list[Row]:
        with opened(self._house.url) as session:
            spelled = "daybreak_" if session.dialect == "sqlite" else "daybreak."
            return session.query(  # the names are ours
                "select range_after, origin, place, stage, reason, details, raw, by_check"  # noqa: S608 - ours
                f" from {spelled}quarantine where pass = :pass_ order by range_after, origin",
                pass_=self._pass.number,
            )


def drawn_for_a_file(chance: random.Random) -> list[Thing]:
    """Draw records that can be written down in a file."""
    things = drawn(chance, RECORDS)
    unwritable = {"\ud800", "\0", ""}
    return [replace(one, name="good") if one.name in unwritable else one for one in things]


@pytest.mark.parametrize("number", DRAWS)
def test_bytes_have_the_fates_of_values(
    house: House, seed: int, number: int, tmp_path: Path
) -> None:
    chance = random.Random(seed + number)
    dialect = make_things(house)
    things = drawn_for_a_file(chance)
    size = chance.choice([1, 5, RECORDS])
    ledger = house.owned()
    found: list[tuple[Any, ...]] = []
    with house.target.writer(ledger.ownership) as writer, opened(house.url) as session:
        for pass_number, is_raw in enumerate([True, False], start=1):
            source = source_of(tmp_path / "things.csv", things)
            loading = Loading(house, writer, Pass(OF.step, pass_number), is_raw=is_raw)
            expected = Oracle(dialect)
            counts = []
            for place, part in enumerate(source.ranges(source.whole(), size)):
                bad = expected.refuse(things[place * size : (place + 1) * size])
                done = loading.commit(part, source.read(part)).marker.counts
                counts.append(done)
                assert len(bad) == done.quarantined, f"{part} of {things}"
            assert sorted(expected.rows, key=lambda thing: thing.id) == in_table(house)
            found.append((counts, [*map(dict, loading.quarantine())], in_table(house)))
            session.execute("delete from things")

    assert found[1] == found[0]


def test_good_records_on_postgresql_are_written_as_bytes(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(postgres_url)
    make_things(house)
    things = [Thing(id=number, code=number) for number in range(1, 40)]
    monkeypatch.setattr(TableSink, "write", lambda *_: pytest.fail("values were written"))
    with house.target.writer(house.owned().ownership) as writer:
        source = source_of(tmp_path / "things.csv", things)
        loading = Loading(house, writer, OF, is_raw=True)
        for part in source.ranges(source.whole(), 30):
            loading.commit(part, source.read(part))

    assert things == in_table(house)
    house.store.close()


def test_bad_ones_among_many_are_found_without_making_the_values_of_all(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(postgres_url)
    make_things(house)
    things = [Thing(id=n, code=n, amount=1) for n in range(1, 400)]
    bad = [Thing(id=n, code=1) for n in range(1001, 1005)]
    bad += [Thing(id=n, code=n, amount=-1) for n in range(1005, 1009)]
    mixed = things[:100] + bad[:3] + things[100:200] + bad[3:] + things[200:]
    with house.target.writer(house.owned().ownership) as writer:
        source = source_of(tmp_path / "things.csv", mixed)
        loading = Loading(house, writer, OF, is_raw=True)
        (part,) = source.ranges(source.whole(), 10_000)
        read = source.read(part)
        assert read.as_bytes is not None
        monkeypatch.setattr(read.as_bytes, "values", lambda: pytest.fail("values were made"))
        counts = loading.commit(part, read).marker.counts

    assert len(bad) == counts.quarantined
    assert things == in_table(house)
    house.store.close()


def test_units_are_taken_out_by_their_places(tmp_path: Path) -> None:
    things = [Thing(id=number) for number in range(1, 20)]
    source = source_of(tmp_path / "things.csv", things)
    read = source.read(next(source.ranges(source.whole(), 100)))
    assert read.as_bytes is not None
    units: Any = RawUnits(read.as_bytes, read.origins)

    left: Any = without([0, 5, 18], units)

    numbers = [number for number in range(19) if number not in {0, 5, 18}]
    assert numbers == [unit.origin for unit in left]
    assert [things[number] for number in numbers] == [unit.values[0] for unit in left]
    assert [things[number] for number in numbers[3:9]] == list(left[3:9].records.values())
    assert numbers[3:9] == list(left[3:9].origins)
