"""Locks of others, deadlocks and serialization failures: the whole chunk is written again.

No record is to blame for them, so none is set aside. A lock that is never given up is waited for
as long as patience lasts; then the run has failed, and the same command resumes it.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from daybreak.databases.session import opened
from daybreak.faultpoints import FaultPoint

from .outages import CHUNKS_BEFORE_FIRST, NUMBERS, PATIENT, WHOLE, Place, Running, quarantined

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parent
LOCK_WAIT_S = 1.0
"""How long a chunk's statement waits for a lock: as long as the lease."""

LEASE = ("--lease-s", str(LOCK_WAIT_S))
PATIENCE_S = 2.0
END_S_MAX = 20.0
"""What a run may take to end on a busy machine, when its patience and its last wait are over."""

SEEN_S_MAX = 30.0
CHUNKS = 60
QUARANTINED = len(NUMBERS) - len(WHOLE["notes"])
TRY: FaultPoint = "chunk.before_marker"
"""Passed once for each try to write a chunk."""

SUSPICION: FaultPoint = "chunk.before_isolation"
"""Passed when the fault is looked for in the records."""


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for something that another process does."""
    ends_at_s = time.monotonic() + SEEN_S_MAX
    while not is_so():
        assert time.monotonic() < ends_at_s, f"not seen: {what}"
        time.sleep(0.02)


def totals(place: Place) -> list[int]:
    """Read how often each row was changed."""
    with opened(place.url) as session:
        return [row.total for row in session.query("select total from accounts order by n")]


# ------------------------------------------------------- deadlocks, serialization failures


def test_the_victim_of_a_deadlock_writes_its_whole_chunk_again(
    tmp_path: Path, postgres_url: str
) -> None:
    """Each of two steps has changed one row, and wants the other's: the server ends one."""
    made = """
        create table accounts (n integer primary key, total integer not null);
        insert into accounts values (1, 0), (2, 0);
    """
    place = Place.make(tmp_path, postgres_url, job=FOLDER / "deadlocked_job.py", made=made)
    ran = place.run(*PATIENT)

    with psycopg.connect(postgres_url) as admin:
        deadlocks = admin.execute(
            "select deadlocks from pg_stat_database where datname = current_database()"
        ).fetchone()
    assert (1,) == deadlocks
    assert 0 == ran.status, ran.err
    assert [2, 2] == totals(place)
    assert 2 + 1 == place.hits(TRY)
    assert 0 == place.hits(SUSPICION)
    assert 0 == quarantined(ran.events)


def test_a_serialization_failure_has_the_whole_chunk_written_again(
    tmp_path: Path, postgres_url: str
) -> None:
    """A row that is waited for moves to another part of its table: SQLSTATE 40001 at any level."""
    made = """
        create table accounts (n integer, part integer, total integer) partition by list (part);
        create table accounts_one partition of accounts for values in (1);
        create table accounts_two partition of accounts for values in (2);
        insert into accounts select n, 1, 0 from generate_series(1, 4) n;
    """
    place = Place.make(tmp_path, postgres_url, job=FOLDER / "moved_job.py", made=made)
    with psycopg.connect(postgres_url) as other, place.started(*PATIENT) as running:
        other.execute("update accounts set part = 2 where n = 4")
        wait_until(lambda: is_waited_for(postgres_url, other), "a chunk that waits for the row")
        other.commit()
        running.end()

    assert 0 == running.status, running.err
    assert [1, 1, 1, 1] == totals(place)
    assert 2 + 1 == place.hits(TRY)
    assert 0 == place.hits(SUSPICION)
    assert 0 == quarantined(running.events)


def is_waited_for(url: str, other: psycopg.Connection) -> bool:
    """Say whether a session waits for a lock that another one has."""
    with psycopg.connect(url, autocommit=True) as admin:
        waiting = admin.execute(
            "select 1 from pg_stat_activity where %s = any (pg_blocking_pids(pid))",
            [other.info.backend_pid],
        ).fetchall()
    return bool(waiting)


# ---------------------------------------------------------------- locks of others


@dataclass(frozen=True)
class Blocked:
    """A run in the middle of which another session has a lock that it needs."""

    place: Place
    running: Running
    release: Callable[[], object]
    chunks: int
    """How many chunks need it at once."""

    known_holder: str
    """Who has it, as far as the run can know."""


@contextmanager
def blocked(place: Place, *options: str) -> Iterator[Blocked]:
    """Start a run; let all go by that can, and give the rest, which cannot go on."""
    block = row_blocked if place.url.startswith("postgresql") else file_blocked
    with block(place, *options) as found:
        yield found


@contextmanager
def row_blocked(place: Place, *options: str) -> Iterator[Blocked]:
    """Insert a key that a chunk wants to insert as well, and do not commit."""
    with psycopg.connect(place.url) as other, place.started(*options) as running:
        other.execute("insert into notes (n) values (9)")
        running.until_chunks(CHUNKS - 1)
        yield Blocked(place, running, other.rollback, 1, 'in relation "notes_pkey"')
        other.rollback()


@contextmanager
def file_blocked(place: Place, *options: str) -> Iterator[Blocked]:
    """Begin to write in the file, in which there is one writer at a time."""
    path = place.url.removeprefix("sqlite:///")
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        place.gate(20) as first,
        place.gate(40) as second,
        place.started(*options) as running,
    ):
        running.until_chunks(CHUNKS_BEFORE_FIRST)
        running.until("step_ended")
        other.execute("begin immediate")
        first.open()
        second.open()
        yield Blocked(place, running, other.rollback, 6, f"locked by process {os.getpid()}")


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Place:
    return Place.make(tmp_path, database_url)


def test_a_chunk_whose_lock_is_held_by_another_is_tried_again_until_it_is_free(
    place: Place,
) -> None:
    with blocked(place, "--patience-s", "40", *LEASE) as run:
        tries = place.hits(TRY)
        wait_until(lambda: place.hits(TRY) >= tries + run.chunks + 2, "two more tries")
        run.release()
        run.running.end()

    assert 0 == run.running.status, run.running.err
    assert place.left() == WHOLE
    assert quarantined(run.running.events) == QUARANTINED


def test_a_lock_that_is_never_given_up_fails_the_run_which_then_resumes(place: Place) -> None:
    with blocked(place, "--patience-s", str(PATIENCE_S), *LEASE) as run:
        began_s = time.monotonic()
        run.running.end()
        took_s = time.monotonic() - began_s
    again = place.run(*PATIENT)

    assert 1 == run.running.status, run.running.err
    assert "DatabaseBusy" == run.running.ended["error"]
    assert run.known_holder in run.running.ended["message"]
    assert took_s <= PATIENCE_S + LOCK_WAIT_S + END_S_MAX
    assert 0 == again.status, again.err
    assert place.left() == WHOLE
