"""A disk that becomes full in mid-run: the run waits, or fails and resumes; the log is only lost.

Each place where a run writes lies on a small disk of its own in turn. Needs root, to mount it.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.postgres_server import Server, breakable_server

from .outages import PATIENT, SMALL, WHOLE, Place
from .small_disk import MB, SmallDisk, small_disk
from .undisturbed import Undisturbed, undisturbed, worlds
from .world import World, continued, wait_until_stopped
from .written import JOB as FILES_JOB

pytestmark = [pytest.mark.slow, pytest.mark.torture]

ANYHOW = ("--disk-free-mb", "0", *SMALL)
"""The preflight lets a run begin although the disk is small."""

BIG_ENOUGH = ("--disk-free-mb", "0")
"""The same for the other job."""

IMPATIENT = (*ANYHOW, "--patience-s", "1", "--lease-s", "3", "--takeover-s", "1")
WAITING = (*ANYHOW, *PATIENT)
FULL = "database or disk is full"
LOG_LOST = "the run's log cannot be written, the run goes on without it"


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk() as mounted:
        yield mounted


def fill_between_writes(disk: SmallDisk, file: Path) -> None:
    """Fill the disk while nobody writes to the SQLite file there: no journal gives room back."""
    with closing(sqlite3.connect(file, isolation_level=None, timeout=30)) as holder:
        holder.execute("begin immediate")
        disk.fill()
        holder.execute("rollback")


# ---------------------------------------------------------------- the ledger


@pytest.fixture
def ledger_place(disk: SmallDisk, tmp_path: Path) -> Place:
    """Give a place whose ledger alone lies on the small disk."""
    ledger = f"sqlite:///{disk.folder / 'ledger.db'}"
    return Place.make(tmp_path, f"sqlite:///{tmp_path / 'x.db'}", ledger=ledger)


def test_a_full_ledger_fails_the_run_which_resumes_when_there_is_room(
    disk: SmallDisk, ledger_place: Place
) -> None:
    """As long as it is full, the command says so; it accuses no other process."""
    with ledger_place.started(*IMPATIENT) as running:
        running.until_all_committed()
        fill_between_writes(disk, disk.folder / "ledger.db")
        running.end()
    still = ledger_place.run(*IMPATIENT)
    ledger_place.assert_no_more_is_said_than_happened()
    disk.free()
    again = ledger_place.run(*ANYHOW)

    assert [1, 1, 0] == [ran.status for ran in (running, still, again)], again.err
    assert FULL in running.err
    assert FULL in still.err
    assert ledger_place.left() == WHOLE


def test_a_ledger_that_was_full_for_a_while_is_waited_for(
    disk: SmallDisk, ledger_place: Place
) -> None:
    with ledger_place.started(*WAITING) as running:
        running.until_all_committed()
        fill_between_writes(disk, disk.folder / "ledger.db")
        running.until_it_fails("ledger.before_write", "ledger.after_commit", 3)
        disk.free()
        running.end()

    assert 0 == running.status, running.err
    assert ledger_place.left() == WHOLE


def test_a_ledger_that_cannot_even_be_made_fails_the_command(
    disk: SmallDisk, ledger_place: Place
) -> None:
    disk.fill()
    began = ledger_place.run(*IMPATIENT)
    disk.free()
    again = ledger_place.run(*ANYHOW)

    assert [1, 0] == [ran.status for ran in (began, again)], again.err
    assert FULL in began.err
    assert ledger_place.left() == WHOLE


# ---------------------------------------------------------------- the target


@pytest.fixture
def target_place(disk: SmallDisk, tmp_path: Path) -> Place:
    """Give a place whose database alone lies on the small disk."""
    return Place.make(tmp_path, f"sqlite:///{disk.folder / 'x.db'}")


def test_a_full_target_fails_the_run_which_resumes_when_there_is_room(
    disk: SmallDisk, target_place: Place
) -> None:
    with target_place.started(*IMPATIENT) as running:
        running.until_all_committed()
        fill_between_writes(disk, disk.folder / "x.db")
        running.end()
    still = target_place.run(*IMPATIENT)
    target_place.assert_no_more_is_said_than_happened()
    disk.free()
    again = target_place.run(*ANYHOW)

    assert [1, 1, 0] == [ran.status for ran in (running, still, again)], again.err
    assert FULL in running.err
    assert target_place.left() == WHOLE


def test_a_target_that_was_full_for_a_while_is_waited_for(
    disk: SmallDisk, target_place: Place
) -> None:
    with target_place.started(*WAITING) as running:
        running.until_all_committed()
        fill_between_writes(disk, disk.folder / "x.db")
        running.until_it_fails("chunk.before_marker", "chunk.after_marker", 12)
        disk.free()
        running.end()

    assert 0 == running.status, running.err
    assert target_place.left() == WHOLE


# ---------------------------------------------------------------- a target in PostgreSQL


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with breakable_server() as found:
        yield found


@pytest.fixture
def tablespace_place(server: Server, tmp_path: Path) -> Iterator[tuple[SmallDisk, Place]]:
    """Give a small disk with a database on it whose notes need a page every other row."""
    with small_disk(size_bytes=32 * MB) as disk, admin_of(server) as admin:
        folder = disk.folder / "tablespace"
        folder.mkdir()
        owner = (server.socket / ".s.PGSQL.5432").stat()
        os.chown(folder, owner.st_uid, owner.st_gid)
        admin.execute(f"create tablespace small location '{folder}'".encode())
        admin.execute(b"create database small tablespace small strategy file_copy")
        url = f"postgresql://postgres@/small?host={server.socket}"
        place = Place.make(tmp_path, url)
        with psycopg.connect(url, autocommit=True) as session:
            session.execute(
                "alter table notes add padding text not null default repeat('x', 3000);"
                "alter table notes alter padding set storage plain"
            )
        yield disk, place
        admin.execute(b"drop database small with (force)")
        admin.execute(b"drop tablespace small")


def admin_of(server: Server) -> psycopg.Connection:
    return psycopg.connect(host=str(server.socket), user="postgres", autocommit=True)


def test_a_full_tablespace_fails_the_run_which_resumes_when_there_is_room(
    tablespace_place: tuple[SmallDisk, Place],
) -> None:
    disk, place = tablespace_place
    with place.started(*IMPATIENT) as running:
        running.until_all_committed()
        with running.paused():
            disk.fill()
        running.end()
    place.assert_no_more_is_said_than_happened()
    disk.free()
    again = place.run(*ANYHOW)

    assert [1, 0] == [ran.status for ran in (running, again)], again.err
    assert "No space left on device" in running.err
    assert place.left() == WHOLE


def test_a_tablespace_that_was_full_for_a_while_is_waited_for(
    tablespace_place: tuple[SmallDisk, Place],
) -> None:
    disk, place = tablespace_place
    with place.started(*WAITING) as running:
        running.until_all_committed()
        with running.paused():
            disk.fill()
        running.until_it_fails("chunk.before_marker", "chunk.after_commit", 12)
        disk.free()
        running.end()

    assert 0 == running.status, running.err
    assert place.left() == WHOLE


def test_a_server_that_dies_of_a_full_log_of_its_own_fails_the_run_which_resumes(
    tmp_path: Path,
) -> None:
    """PostgreSQL cannot write its WAL any more, panics, and cannot recover: ledger and all."""
    with (
        small_disk(size_bytes=256 * MB) as disk,
        breakable_server("--place", str(disk.folder)) as server,
    ):
        url = f"postgresql://postgres@/postgres?host={server.socket}"
        place = Place.make(tmp_path, url, ledger=url)
        with place.started(*IMPATIENT) as running:
            running.until_all_committed()
            with running.paused():
                disk.fill()
                use_up_wal(server)
            running.end()
        disk.free()
        server.start()
        place.assert_no_more_is_said_than_happened()
        again = place.run(*ANYHOW)

        assert [1, 0] == [ran.status for ran in (running, again)], again.err
        assert place.left() == WHOLE


def use_up_wal(server: Server) -> None:
    """Have the server begin new files of its log until it dies of it."""
    with pytest.raises(psycopg.OperationalError), admin_of(server) as admin:
        for _ in range(20):
            admin.execute("select pg_switch_wal()")
            admin.execute("select pg_logical_emit_message(true, '', 'x')")


# ---------------------------------------------------------------- the run's folder


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[SmallDisk]:
    """Give a small disk in the place of the folder of the runs' folders."""
    with small_disk(tmp_path / ".daybreak" / "runs", size_bytes=MB) as mounted:
        yield mounted


def logged(folder: Path) -> list[str]:
    """Return the events in a run's log; lines that a full disk cut off are none."""
    lines = (folder / "log.jsonl").read_text().split("\n")
    found = []
    for line in lines:
        with suppress(json.JSONDecodeError):
            found.append(json.loads(line)["event"])
    return found


def test_a_full_folder_of_the_run_costs_the_log_and_the_notes_only(
    runs: SmallDisk, tmp_path: Path
) -> None:
    place = Place.make(tmp_path, f"sqlite:///{tmp_path / 'x.db'}")
    with place.started(*ANYHOW) as running:
        running.until_all_committed()
        runs.fill()
        running.end()

    assert 0 == running.status, running.err
    assert 1 == running.err.count(LOG_LOST)
    assert place.left() == WHOLE
    assert "run_ended" not in logged(runs.folder / "1")


@pytest.fixture
def log_place(disk: SmallDisk, tmp_path: Path) -> Place:
    """Give a place whose log alone lies on the small disk."""
    run = tmp_path / ".daybreak" / "runs" / "1"
    run.mkdir(parents=True)
    (run / "log.jsonl").symlink_to(disk.folder / "log.jsonl")
    return Place.make(tmp_path, f"sqlite:///{tmp_path / 'x.db'}")


def test_a_full_log_is_told_of_once_and_goes_on_when_there_is_room(
    disk: SmallDisk, log_place: Place
) -> None:
    with log_place.started(*ANYHOW) as running:
        running.until_all_committed()
        disk.fill()
        running.until_chunks(running.chunks + 20)
        disk.free()
        running.end()
    told = logged(disk.folder)

    assert 0 == running.status, running.err
    assert 1 == running.err.count(LOG_LOST)
    assert log_place.left() == WHOLE
    assert ("run_started", "run_ended") == (told[0], told[-1])
    assert told.count("chunk_committed") < running.chunks


@pytest.mark.parametrize("words", [[], ["--json"]], ids=["for people", "for programs"])
def test_nothing_that_is_told_of_a_run_can_fail_it(
    disk: SmallDisk, log_place: Place, words: list[str]
) -> None:
    """Log, standard output and standard error are all on the full disk."""
    disk.fill()
    command = [sys.executable, "-m", "daybreak", "run", "job.py", "--database", log_place.url]
    with (disk.folder / "out").open("w") as out:
        ran = subprocess.run(
            [*command, *ANYHOW, *words],
            stdout=out,
            stderr=out,
            cwd=log_place.folder,
            timeout=60,
            check=False,
        )
    disk.free()

    assert 0 == ran.returncode
    assert log_place.left() == WHOLE


# ---------------------------------------------------------------- what a task leaves in the folder


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path, f"sqlite:///{tmp_path / 'world.db'}")


@pytest.fixture
def expected() -> Undisturbed:
    return undisturbed("sqlite", None)


def test_a_file_that_cannot_be_fetched_whole_is_not_there(
    runs: SmallDisk, world: World, expected: Undisturbed
) -> None:
    numbers = world.folder / "numbers.csv"
    assert numbers.stat().st_size > 4096
    runs.fill()
    os.truncate(runs.folder / "filler", MB - 4096)
    failed = world.run(*BIG_ENOUGH)
    fetched = [path.name for path in (runs.folder / "1").iterdir() if "numbers" in path.name]
    runs.free()
    again = world.run(*BIG_ENOUGH)

    assert 1 == failed.status, failed.err
    assert "No space left on device" in failed.err
    assert [] == fetched
    assert (0, expected.checksum) == (again.status, world.checksum()), again.err


@pytest.mark.parametrize("published", range(1, 4), ids=["the file", "its checksum", "the index"])
def test_what_a_task_publishes_on_a_full_disk_is_published_by_the_next_attempt(
    runs: SmallDisk, world: World, expected: Undisturbed, published: int
) -> None:
    """Full from just before a file is renamed: whatever comes behind it finds no room."""
    with world.start(*BIG_ENOUGH, fault=f"publish.before_rename:{published}:stop") as running:
        wait_until_stopped(running)
        runs.fill()
        failed = continued(running)
    runs.free()
    again = world.run(*BIG_ENOUGH)

    assert 1 == failed.status, failed.err
    assert re.search(r"SourceError: .* cannot be written: No space left on device", failed.err)
    assert (0, expected.checksum) == (again.status, world.checksum()), again.err


# ---------------------------------------------------------------- files that steps write


@pytest.mark.parametrize("where", ["parts", "file"])
def test_a_full_disk_under_a_file_fails_the_run_which_goes_on_when_there_is_room(
    where: str,
) -> None:
    """Filled under the parts, or under the file when all parts are there."""
    with worlds("sqlite", None, FILES_JOB) as world:
        folder = world.folder / (".daybreak/runs" if where == "parts" else "out")
        job = world.folder / "job.py"
        job.write_text(job.read_text().replace('FOLDER / "squares', 'FOLDER / "out" / "squares'))
        (world.folder / "out").mkdir()
        impatient = replace(world, options=(*BIG_ENOUGH, "--patience-s", "1"))
        with small_disk(folder) as disk:
            with impatient.start(fault="part.before_sync:4:stop") as process:
                wait_until_stopped(process)
                disk.fill()
                full = continued(process)
            half = list((world.folder / "out").glob("*.csv"))
            disk.free()
            again = impatient.run()
            squares = (world.folder / "out" / "squares.csv").read_text()

    assert [1, 0] == [full.status, again.status], (full.err, again.err)
    assert "No space left on device" in full.err
    assert [] == half
    assert squares.endswith('600,360000,"even,\n"\n')
