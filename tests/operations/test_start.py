"""Starting and resuming: which run is meant, who owns it, and what makes a run fail."""

from __future__ import annotations

import os
import re
import resource
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from daybreak.connectors.file_source import FileSource
from daybreak.connectors.table import TableSink
from daybreak.databases.session import opened
from daybreak.errors import (
    DatabaseBusy,
    DatabaseUnreachable,
    DaybreakError,
    DefinitionError,
    ForeignLedger,
    LedgerBehind,
    LedgerVersionError,
    PreflightError,
    RightsMissing,
    RunOwned,
    TooManyBadRecords,
    TransientError,
)
from daybreak.execution.chunk_notes import ChunkNotes
from daybreak.ledger.store import LedgerStore
from daybreak.model.chunk import Written
from daybreak.model.ranges import Range
from daybreak.model.status import RunStatus
from daybreak.operations.load import load_job
from daybreak.operations.settings import Settings
from daybreak.operations.start import Outcome, start
from daybreak.pipeline import Block, Carried, Carrier
from daybreak.telemetry import ChunkCommitted, Event, Said, Telemetry
from tests.operations.conftest import StopAfter

pytestmark = pytest.mark.slow_on_postgresql

JOB = """
from pydantic import BaseModel
from daybreak import Database, Job, Run, Transaction, Work, files

db = Database("sqlite:///shop.db")
job = Job("orders"{options})

class Order(BaseModel):
    id: int
    name: str

@job.task(impact="Nothing is loaded.")
def check(run: Run, folder: str) -> files.File[Order]:
    return run.check(files.csv(folder + "/orders.csv", Order))

@job.step(after=check, chunk=100, impact="Orders are missing.")
def load(run: Run) -> Work:
    return run[check].into(db.table("orders", Order, key="id", mode="replace", create=True))

@job.atomic(db, after=load, impact="Nobody knows how many.")
def count(tx: Transaction) -> int:
    return tx.one("select count(*) from orders", int)
"""
RECORDS = 1_000


class House:
    """One job's folder, and a way to start it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.events: list[Event] = []
        self.write_job()
        rows = (f"{n},order {n}" for n in range(1, RECORDS + 1))
        (folder / "orders.csv").write_text("id,name\n" + "\n".join(rows) + "\n")

    def write_job(self, options: str = "") -> None:
        (self.folder / "orders_job.py").write_text(JOB.format(options=options))

    def start(self, listener: Callable[[Event], None] | None = None, **settings: Any) -> Outcome:
        telemetry = Telemetry()
        self.events = []
        telemetry.subscribe(self.events.append)
        if listener is not None:
            telemetry.subscribe(listener)
        common = Settings(
            parameters={"folder": str(self.folder)}, databases={"": self.url}, takeover_s=2
        )
        return start(
            load_job(self.folder / "orders_job.py"), replace(common, **settings), telemetry
        )

    @property
    def chunks(self) -> list[ChunkCommitted]:
        return [event for event in self.events if isinstance(event, ChunkCommitted)]

    def orders(self) -> list[int]:
        with opened(self.url) as session:
            return [row.id for row in session.query("select id from orders order by id")]


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> House:
    return House(tmp_path, database_url)


@pytest.fixture
def sqlite_house(tmp_path: Path, sqlite_url: str) -> House:
    return House(tmp_path, sqlite_url)


ALL = list(range(1, RECORDS + 1))


def failure_of(outcome: Outcome) -> DaybreakError:
    assert RunStatus.FAILED == outcome.status
    assert outcome.error is not None
    return outcome.error


# ---------------------------------------------------------------- which run is meant


def test_a_run_is_done_once(house: House) -> None:
    first = house.start()
    again = house.start()

    assert (RunStatus.DONE, False) == (first.status, first.was_done)
    assert (first.run, True) == (again.run, again.was_done)
    assert ALL == house.orders()


@pytest.mark.slow
def test_again_begins_a_new_run(house: House) -> None:
    first = house.start()
    second = house.start(again=True)

    assert first.run != second.run
    assert 10 == len(house.chunks)
    assert ALL == house.orders()


@pytest.mark.slow
def test_another_parameter_means_another_run(sqlite_house: House) -> None:
    first = sqlite_house.start()
    other = sqlite_house.start(parameters={"folder": f"{sqlite_house.folder}/."})

    assert first.run != other.run


@pytest.mark.slow
def test_every_night_has_its_run_and_an_unfinished_one_comes_first(
    sqlite_house: House, stop_after: StopAfter
) -> None:
    sqlite_house.write_job(', window="02:00-05:00 Asia/Tokyo"')
    monday = sqlite_house.start(night=date(2026, 3, 2))
    tuesday = sqlite_house.start(stop_after(2), night=date(2026, 3, 3))
    resumed = sqlite_house.start()

    assert monday.run != tuesday.run
    assert RunStatus.STOPPED == tuesday.status
    assert (tuesday.run, RunStatus.DONE) == (resumed.run, resumed.status)


@pytest.mark.slow
def test_sigterm_stops_between_two_chunks_and_the_same_command_goes_on(
    house: House, stop_after: StopAfter
) -> None:
    stopped = house.start(
        stop_after(3), knobs={"load": {"chunk": 10}}
    )  # so many that it comes soon
    before = len(house.chunks)
    resumed = house.start(knobs={"load": {"chunk": 37, "parallel": 3}})

    assert RunStatus.STOPPED == stopped.status
    assert 3 <= before < RECORDS // 10
    assert RunStatus.DONE == resumed.status
    assert ALL == house.orders()
    assert RECORDS - 10 * before == sum(chunk.counts.read for chunk in house.chunks)


@pytest.mark.slow
def test_a_resume_reads_next_to_nothing_before_its_first_commit(
    house: House, monkeypatch: pytest.MonkeyPatch, stop_after: StopAfter
) -> None:
    """At 90 %, with a chunk of five: at most one in a hundred of the source's bytes."""
    house.start(stop_after(90), knobs={"load": {"chunk": 10}})
    size = (house.folder / "orders.csv").stat().st_size
    read: list[int] = []
    original = FileSource.read

    def counting(self: FileSource, part: Range) -> Any:
        found = original(self, part)
        read.append(found.bytes_read)
        return found

    monkeypatch.setattr(FileSource, "read", counting)
    house.start(knobs={"load": {"chunk": 5}})

    assert read[0] <= size / 100
    assert ALL == house.orders()


@pytest.mark.slow
def test_chunks_in_the_order_of_the_source_are_committed_in_it(
    house: House, stop_after: StopAfter
) -> None:
    """Also behind a stop; and no knob sets them side by side."""
    job = house.folder / "orders_job.py"
    job.write_text(job.read_text().replace("chunk=100", 'chunk=100, order="source"'))
    house.start(stop_after(3))
    parts = [chunk.part for chunk in house.chunks]
    house.start(knobs={"load": {"chunk": 50}})
    parts += [chunk.part for chunk in house.chunks]

    assert parts == sorted(parts, key=lambda part: int(part.strip("(").partition(",")[0] or 0))
    assert ALL == house.orders()
    with pytest.raises(DefinitionError, match="in the order of the source cannot be 4 in flight"):
        house.start(knobs={"load": {"parallel": 4}})


# ---------------------------------------------------------------- what makes a run fail


def test_a_lost_record_fails_the_run(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Carrier.carry

    def losing(self: Carrier, block: Block[Any], **options: Any) -> Carried:
        carried = original(self, block, **options)
        lost = Block(carried.block.values[:-1], list(carried.block.origins)[:-1])
        return replace(carried, block=lost)

    monkeypatch.setattr(Carrier, "carry", losing)

    assert "do not add up" in str(failure_of(house.start()))


def test_a_lost_chunk_fails_the_run(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    original = FileSource.ranges

    def skipping(self: FileSource, gap: Range, chunk_records: int) -> Iterator[Range]:
        for number, part in enumerate(original(self, gap, chunk_records)):
            if number != 4:
                yield part

    monkeypatch.setattr(FileSource, "ranges", skipping)

    assert "do not form a chain: a gap at (400, 500]" in str(failure_of(house.start()))


def test_an_overlapping_chunk_fails_the_run(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of a chunk once more: its rows meet the key, its range the chain."""
    original = FileSource.ranges

    def doubling(self: FileSource, gap: Range, chunk_records: int) -> Iterator[Range]:
        yield from original(self, gap, chunk_records)
        yield Range.of(450, 500)

    monkeypatch.setattr(FileSource, "ranges", doubling)
    outcome = house.start()

    assert "overlap" in str(failure_of(outcome)) or "set aside" in str(outcome.error)


@pytest.mark.slow
def test_a_chunk_that_is_written_twice_fails_the_run(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = TableSink.write

    def twice(self: TableSink, tx: Any, records: Sequence[Any]) -> Written:
        written = original(self, tx, records)
        again = [record.model_copy(update={"id": record.id + 10_000}) for record in records]
        original(self, tx, again)
        return written

    monkeypatch.setattr(TableSink, "write", twice)

    assert "holds 2,000 rows, but this step wrote 1,000" in str(failure_of(house.start()))


def test_a_failed_step_is_resumed_where_it_failed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = FileSource.read

    def breaking(self: FileSource, part: Range) -> Any:
        if part == Range.of(500, 600):
            raise OSError("the disk is gone")
        return original(self, part)

    with monkeypatch.context() as broken:
        broken.setattr(FileSource, "read", breaking)
        failed = house.start()
    resumed = house.start()

    assert "OSError: the disk is gone" in str(failure_of(failed))
    assert ("load", "Orders are missing.") == (failed.step, failed.impact)
    assert RunStatus.DONE == resumed.status
    assert ALL == house.orders()


# ---------------------------------------------------------------- surroundings that are not ready


def test_what_was_committed_when_a_step_failed_is_known(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine the failure is heard of before the chunks that were committed."""
    (tmp_path / "job.py").write_text("""
from daybreak import Database, Job, Quarantine, Work, source

db = Database("sqlite:///numbers.db")
job = Job("numbers")

def number(n: int) -> dict[str, int]:
    if n >= 20:
        raise Quarantine("too large")
    return {"n": n}

@job.step(chunk=10, max_bad=3, impact="There are no numbers.")
def numbers() -> Work:
    return source(range(30)).map(number).into(db.table("numbers", key="n"))
""")
    with opened(sqlite_url) as session:
        session.execute("create table numbers (n integer primary key)")
    ledger = f"sqlite:///{tmp_path / 'ledger.db'}"
    monkeypatch.setattr(ChunkNotes, "heard", lambda _notes, _marker: None)
    settings = Settings(databases={"": sqlite_url}, ledger=ledger)
    outcome = start(load_job(tmp_path / "job.py"), settings, Telemetry())

    assert isinstance(outcome.error, TooManyBadRecords)
    store = LedgerStore.open(ledger)
    (step,) = store.steps(1)
    store.close()
    assert 20 == step.counts.passed


def test_a_second_ledger_on_the_same_target_is_refused(house: House, stop_after: StopAfter) -> None:
    house.start(stop_after(2))
    second = house.start(ledger=f"sqlite:///{house.folder}/second.db")

    assert isinstance(failure_of(second), ForeignLedger)
    assert "is owned by ledger" in str(second.error)


@pytest.mark.slow
def test_commits_that_a_target_lost_of_an_unfinished_step_are_told_and_done_again(
    sqlite_house: House, stop_after: StopAfter
) -> None:
    data, backup = sqlite_house.folder / "x.db", sqlite_house.folder / "backup.db"
    small = {"load": {"chunk": 20}}  # so many that the stop comes before the last
    sqlite_house.start(stop_after(2), knobs=small)
    shutil.copy(data, backup)
    sqlite_house.start(stop_after(2), knobs=small)
    shutil.copy(backup, data)
    again = sqlite_house.start(knobs={"load": {"chunk": 50}})

    told = [event.message for event in sqlite_house.events if isinstance(event, Said)]
    assert [RunStatus.DONE, ALL] == [again.status, sqlite_house.orders()]
    assert 1 == len(told)
    assert re.match(
        r"database lost commits \(failover, restored backup\?\): \d+0 records were committed, it"
        r" knows of \d+0; what is missing is done again$",
        told[0],
    )
    ledger = LedgerStore.open(f"sqlite:///{sqlite_house.folder}/.daybreak/ledger.db")
    measured = ledger.measurements(1, "load")
    audit = [line.what for line in ledger.audit(1)]
    ledger.close()
    assert RECORDS == sum(one.counts.read for one in measured)
    assert 1 == audit.count("commits lost")


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["a commit", "the atomic step", "its tables", "the file"])
def test_a_run_is_not_called_done_if_its_target_lost_what_it_did(
    sqlite_house: House, lost: str
) -> None:
    """As a failover or a restored backup loses it; brought back, the run is done as before."""
    data, whole = sqlite_house.folder / "x.db", sqlite_house.folder / "whole.db"
    sqlite_house.start()
    shutil.copy(data, whole)
    if lost == "the file":
        data.unlink()
    else:
        spoil = {
            "a commit": "delete from daybreak_markers where records_read = 100 and epoch = 1",
            "the atomic step": "delete from daybreak_markers where step = 'count'",
            "its tables": "drop table daybreak_markers",
        }
        with opened(sqlite_house.url) as session:
            session.execute(spoil[lost])
    with pytest.raises(LedgerBehind, match=r"step (load|count): the ledger"):
        sqlite_house.start()
    shutil.copy(whole, data)

    assert sqlite_house.start().was_done


def test_a_ledger_of_a_newer_version_is_refused(sqlite_house: House) -> None:
    sqlite_house.start()
    with sqlite3.connect(sqlite_house.folder / ".daybreak" / "ledger.db") as ledger:
        ledger.execute("update meta set version = 999")
    ledger.close()

    with pytest.raises(LedgerVersionError, match="999"):
        sqlite_house.start()


def test_a_database_that_does_not_answer_is_said(sqlite_house: House) -> None:
    with pytest.raises(DatabaseUnreachable, match="cannot connect"):
        sqlite_house.start(databases={"": "postgresql://nobody@127.0.0.1:1/none"})


def test_a_folder_that_is_missing_is_said(sqlite_house: House) -> None:
    with pytest.raises(DatabaseUnreachable, match="does not exist"):
        sqlite_house.start(databases={"": "sqlite:////no/such/folder/x.db"})


@pytest.mark.slow
def test_a_ledger_that_cannot_be_written_is_nobodys_fault(
    sqlite_house: House, stop_after: StopAfter
) -> None:
    """A full disk is no other process: there is nobody to be ended."""
    sqlite_house.start(stop_after(2))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(TransientError, match="the ledger could not be reached") as caught:
            sqlite_house.start(takeover_s=0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert not isinstance(caught.value, DatabaseBusy)
    assert RunStatus.DONE == sqlite_house.start().status


def test_missing_rights_are_said_with_what_to_grant(tmp_path: Path, postgres_url: str) -> None:
    user = f"reader_{os.getpid()}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        with suppress(psycopg.errors.DuplicateObject):
            admin.execute(f"create role {user} login".encode())
        try:
            house = House(tmp_path, postgres_url.replace("postgres@", f"{user}@"))
            with pytest.raises(RightsMissing, match="lacks CREATE on database") as caught:
                house.start()
        finally:
            admin.execute(f"drop role {user}".encode())

    assert "grant create on database" in caught.value.hint


def test_a_table_without_the_key_is_refused_before_anything_is_written(house: House) -> None:
    with opened(house.url) as session:
        session.script("create table orders (id integer, name text)")
    error = failure_of(house.start())

    assert isinstance(error, PreflightError)
    assert "(id) is no unique key of orders" in str(error)


def test_a_table_without_a_column_is_refused(house: House) -> None:
    with opened(house.url) as session:
        session.script("create table orders (id integer primary key)")
    error = failure_of(house.start())

    assert isinstance(error, PreflightError)
    assert "has no column name" in str(error)


def test_a_second_process_is_told_who_owns_the_run(sqlite_house: House) -> None:
    told: list[RunOwned] = []

    def second(event: Event) -> None:
        if isinstance(event, ChunkCommitted) and not told:
            house = House.__new__(House)
            house.folder, house.url = sqlite_house.folder, sqlite_house.url
            with pytest.raises(RunOwned, match=f"process {os.getpid()}") as refused:
                house.start()
            told.append(refused.value)

    outcome = sqlite_house.start(second)

    assert RunStatus.DONE == outcome.status
    assert 1 == len(told)
