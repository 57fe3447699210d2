"""A network that falls silent in mid-chunk: nothing is answered, and nobody hangs up.

Server and run live in two networks of their own, joined by a cable that is cut. Needs root.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.postgres_server import Server, breakable_server

from .cable import FAR_ADDRESS, Cable, cable, inside
from .outages import PATIENT, SEEN_S_MAX, SMALL, WHOLE, Place
from .world import wait_until_stopped

pytestmark = [pytest.mark.slow, pytest.mark.torture, pytest.mark.timeout(180)]

SHORT_LEASE = ("--lease-s", "2")
LONG_LEASE = ("--lease-s", "120")
"""With this one the server itself ends an idle transaction after four minutes only."""

ENDED_S_MAX = 30.0


@pytest.fixture(scope="module")
def wire() -> Iterator[Cable]:
    with cable() as laid:
        yield laid


@pytest.fixture(scope="module")
def server(wire: Cable) -> Iterator[Server]:
    with breakable_server("--address", FAR_ADDRESS, within=inside(wire.far)) as found:
        yield found


def admin_of(server: Server) -> psycopg.Connection:
    """Reach the server through its socket, which is a file and knows no network."""
    return psycopg.connect(host=str(server.socket), user="postgres", autocommit=True)


@pytest.fixture(params=["ledger beside the job", "ledger on the server"])
def place(
    server: Server, wire: Cable, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Place]:
    """Give a place whose run is at the near end, and whose database at the far end."""
    url = f"postgresql://postgres@{FAR_ADDRESS}/hole"
    ledger = None if request.param == "ledger beside the job" else url
    with admin_of(server) as admin:
        admin.execute("create database hole strategy file_copy")
        here = Place.make(tmp_path, here_url(server), ledger=ledger)
        yield replace(here.reached_by(url), within=inside(wire.near))
        wire.mend()
        admin.execute("drop database hole with (force)")


def here_url(server: Server) -> str:
    """Return the URL by which the test itself reaches the database, whatever the cable does."""
    return f"postgresql://postgres@/hole?host={server.socket}"


def test_a_silence_is_waited_for(place: Place, server: Server, wire: Cable) -> None:
    with place.started(*SMALL, "--patience-s", "60", *SHORT_LEASE) as running:
        running.until_all_committed()
        wire.cut()
        running.until_it_fails("chunk.before_marker", "chunk.after_commit", 9)
        wire.mend()
        running.end()

    assert 0 == running.status, running.err
    assert WHOLE == place.left(here_url(server))


def test_a_silence_that_lasts_fails_the_run_which_then_resumes(
    place: Place, server: Server, wire: Cable
) -> None:
    with place.started(*SMALL, "--patience-s", "1", *SHORT_LEASE) as running:
        running.until_all_committed()
        wire.cut()
        running.end()
    silent = place.run(*SMALL, "--patience-s", "1", *SHORT_LEASE)
    here = here_url(server)
    seen = replace(place, url=here, ledger=place.ledger and here)
    seen.assert_no_more_is_said_than_happened()
    wire.mend()
    again = place.run(*SMALL, *PATIENT)

    assert [1, 1, 0] == [ran.status for ran in (running, silent, again)], again.err
    assert WHOLE == place.left(here_url(server))


def test_a_server_ends_by_itself_what_nobody_is_behind(
    place: Place, server: Server, wire: Cable
) -> None:
    """Also sessions in the middle of a COPY, which are not idle to it."""
    with place.started(*SMALL, *SHORT_LEASE) as running:
        running.until_all_committed()
        wire.cut()
        ends_at_s = time.monotonic() + SEEN_S_MAX
        while sessions(server):
            assert time.monotonic() < ends_at_s, sessions(server)
            time.sleep(0.2)


def test_a_session_whose_end_nobody_heard_of_keeps_no_other_run_out(
    place: Place, server: Server, wire: Cable
) -> None:
    """The owner's machine is lost in mid-transaction: the server holds its locks, and waits."""
    fault = "chunk.before_commit:9:stop"
    with place.started(*SMALL, *LONG_LEASE, fault=fault) as running:
        wait_until_stopped(running.process)
        wire.cut()
        running.process.send_signal(signal.SIGKILL)
        running.end()
    held = sessions(server)
    wire.replace_near()
    wire.mend()
    began_s = time.monotonic()
    again = place.run(*SMALL, *LONG_LEASE, "--takeover-s", "2")

    assert "idle in transaction" in held
    assert 0 == again.status, again.err
    assert time.monotonic() - began_s < ENDED_S_MAX
    assert WHOLE == place.left(here_url(server))


def sessions(server: Server) -> list[str]:
    """Return what each session of the run is doing on the server."""
    with admin_of(server) as admin:
        asked = "select state from pg_stat_activity where datname = 'hole'"
        return [state for (state,) in admin.execute(asked).fetchall()]
