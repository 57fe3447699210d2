"""A database that goes away in mid-chunk while four steps run: it is waited for, or the run fails.

Ledger and data lie on the server that is broken, unless a test says otherwise.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.postgres_server import Server, breakable_server

from .outages import CHUNKS_BEFORE_FIRST, NUMBERS, PATIENT, WHOLE, Place, quarantined

pytestmark = pytest.mark.slow

AWAY_S = 20.0
QUARANTINED = len(NUMBERS) - len(WHOLE["notes"])


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with breakable_server() as found:
        yield found


@pytest.fixture
def place(server: Server, tmp_path: Path) -> Place:
    """Give a place with a database and a ledger of its own on the server."""
    name = f"outage_{tmp_path.name.replace('-', '_').lower()}"[:60]
    with psycopg.connect(host=str(server.socket), user="postgres", autocommit=True) as admin:
        admin.execute(f'create database "{name}" strategy file_copy'.encode())
    url = f"postgresql://postgres@/{name}?host={server.socket}"
    return Place.make(tmp_path, url, ledger=url)


@pytest.mark.parametrize("chunks", [1, 9, 30])
def test_a_server_that_crashes_and_comes_back_is_waited_for(
    server: Server, place: Place, chunks: int
) -> None:
    with place.started(*PATIENT) as running:
        running.until_chunks(chunks)
        server.crash()
        server.start()
        running.end()

    assert 0 == running.status, running.err
    assert place.left() == WHOLE
    assert quarantined(running.events) == QUARANTINED
    said = [event["message"] for event in running.events if event["event"] == "said"]
    assert any(message.startswith("trying again for 40 s at most:") for message in said), said


@pytest.mark.torture
@pytest.mark.timeout(150)
def test_a_server_that_is_away_for_twenty_seconds_is_waited_for(
    server: Server, place: Place
) -> None:
    """Three steps have two chunks each in hand when it goes away, and others before them."""
    with (
        place.gate(20) as first,
        place.gate(40) as second,
        place.started("--patience-s", "60") as running,
    ):
        running.until_chunks(CHUNKS_BEFORE_FIRST)
        server.crash()
        try:
            first.open()
            second.open()
            with pytest.raises(subprocess.TimeoutExpired):  # it waits, and does not end
                running.process.wait(AWAY_S)
        finally:
            server.start()
        running.end()

    assert 0 == running.status, running.err
    assert place.left() == WHOLE
    assert quarantined(running.events) == QUARANTINED
    assert AWAY_S <= running.ended["duration_s"]


def test_a_server_that_stays_away_fails_the_run_which_then_resumes(
    server: Server, place: Place
) -> None:
    with place.started("--patience-s", "1", "--lease-s", "20") as running:
        running.until_chunks(5)
        server.crash()
        try:
            running.end()
        finally:
            server.start()
    again = place.run(*PATIENT)

    assert 1 == running.status, running.err
    assert 0 == again.status, again.err
    assert place.left() == WHOLE


def test_a_killed_backend_resets_all_sessions_and_the_run_goes_on(
    server: Server, place: Place
) -> None:
    """The server ends every session when one of its processes was killed, and recovers."""
    with place.started(*PATIENT) as running:
        running.until_chunks(6)
        with psycopg.connect(place.url, autocommit=True) as admin:
            victims = admin.execute(
                "select pid from pg_stat_activity where application_name like 'daybreak:%' limit 1"
            ).fetchall()
            kill_hard(victims[0][0])
        running.end()

    assert 0 == running.status, running.err
    assert place.left() == WHOLE
    server.start()  # it never stopped; this proves that it still answers


def kill_hard(pid: int) -> None:
    """Kill a process of the server, which is ours: it runs below a process that we started."""
    os.kill(pid, signal.SIGKILL)


def test_sessions_that_an_administrator_ends_are_opened_anew(place: Place) -> None:
    with place.started(*PATIENT) as running:
        for chunks in (3, 8, 13, 18):
            running.until_chunks(chunks)
            with psycopg.connect(place.url, autocommit=True) as admin:
                admin.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where application_name like 'daybreak%' and pid <> pg_backend_pid()"
                )
        running.end()

    assert 0 == running.status, running.err
    assert place.left() == WHOLE
    assert quarantined(running.events) == QUARANTINED
