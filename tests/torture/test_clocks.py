"""A wall clock that jumps by a day in mid-run: the run's, its rival's or the database server's.

No lease is lost or stolen by it, no duration becomes negative, and the result is the same. The
rival pretends to be another machine, with a lock of its own: only the lease tells it of the owner.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from daybreak.databases.session import opened
from daybreak.ledger.store import LedgerStore
from tests.postgres_server import Server, breakable_server

from .clocks import ShiftedClock, shifted_clock
from .outages import (
    CHUNKS_BEFORE_FIRST,
    CHUNKS_BEFORE_SECOND,
    NUMBERS,
    WHOLE,
    Place,
    Running,
    quarantined,
)

pytestmark = pytest.mark.torture

LEASE_S = 2.0
LEASE = ("--lease-s", str(LEASE_S), "--attempts", "1")
BEATS_A_LEASE = 3
OWNED_BY_ANOTHER = 5
START_S_MAX = 8.0
"""What a successor may take beyond the lease: its start, and its first look."""

BEAT_S_MAX = 60.0
QUARANTINED = len(NUMBERS) - len(WHOLE["notes"])


@dataclass(frozen=True)
class Stage:
    """A place, and the one clock of it that jumps."""

    place: Place
    """Whose processes have that clock, if it is not the server's."""

    right: Place
    """The same, with the right time."""

    clock: ShiftedClock

    def jump_to(self, days: int) -> None:
        """Set the clock so many days ahead, and see to it that whoever looks at it sees that."""
        self.clock.jump_to(days)
        error = self._time() - datetime.now(UTC) - timedelta(days=days)
        assert abs(error) < timedelta(minutes=1), "the clock does not jump"

    def _time(self) -> datetime:
        if self.place == self.right:
            with opened(self.right.url) as session:
                now: datetime = session.query("select clock_timestamp() as now")[0].now
                return now
        words = [sys.executable, "-c", "import time; print(time.time())"]
        environment = {**os.environ, **self.place.environment}
        out = subprocess.check_output(words, env=environment, text=True)
        return datetime.fromtimestamp(float(out), UTC)

    @property
    def rival(self) -> Place:
        """Another machine."""
        return self.right.under(DAYBREAK_HOST="another-machine")

    @property
    def jumping_rival(self) -> Place:
        """Another machine whose clock jumps, if it is not the server's."""
        return self.place.under(DAYBREAK_HOST="another-machine")


@pytest.fixture(scope="module")
def clock() -> Iterator[ShiftedClock]:
    with shifted_clock() as found:
        yield found


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Server, ShiftedClock]]:
    """Give a server with a clock of its own."""
    with shifted_clock() as found, breakable_server(environment=found.environment) as server:
        yield server, found


@pytest.fixture(params=["sqlite", "postgresql", "server"])
def stage(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    clock: ShiftedClock,
    server: tuple[Server, ShiftedClock],
) -> Iterator[Stage]:
    """Give a place on each kind of database; last one where the server's clock jumps."""
    if request.param == "sqlite":
        url, ledger = f"sqlite:///{tmp_path}/world.db", f"sqlite:///{tmp_path}/ledger.db"
    else:
        url = ledger = _database_on(server[0])
    jumping = server[1] if request.param == "server" else clock
    right = Place.make(tmp_path, url, ledger=ledger)
    place = right if request.param == "server" else right.under(**jumping.environment)
    yield Stage(place, right, jumping)
    jumping.jump_to(0)


def _database_on(server: Server) -> str:
    name = f"clock_{time.monotonic_ns()}"
    with psycopg.connect(host=str(server.socket), user="postgres", autocommit=True) as admin:
        admin.execute(f"create database {name} strategy file_copy".encode())
    return f"postgresql://postgres@/{name}?host={server.socket}"


def until_a_lease_has_passed(place: Place) -> None:
    """Wait until an owner has renewed its lease so often that the one before is over."""
    assert place.ledger is not None
    ends_at_s = time.monotonic() + BEAT_S_MAX
    with closing(LedgerStore.open(place.ledger, is_reader=True)) as ledger:
        first = _beat(ledger)
        while _beat(ledger) <= first + BEATS_A_LEASE:
            assert time.monotonic() < ends_at_s, "the owner's heart does not beat any more"
            time.sleep(0.05)


def _beat(ledger: LedgerStore) -> int:
    lease = ledger.run(1).lease
    assert lease is not None
    return lease.beat


def spans_of(place: Place) -> list[timedelta]:
    """Return how long the run and its steps took, by the instants that `daybreak status` tells."""
    words = ["status", "1", "--ledger", str(place.ledger), "--json"]
    out = subprocess.check_output([sys.executable, "-m", "daybreak", *words], text=True)
    report = json.loads(out)
    assert report["line"]["state"] == "done"
    return [_span(one) for one in (report["line"], *report["steps"])]


def _span(line: dict[str, Any]) -> timedelta:
    began, ended = (datetime.fromisoformat(line[name]) for name in ("started_at", "ended_at"))
    return ended - began


def test_a_clock_that_jumps_a_day_either_way_in_mid_run_changes_nothing(stage: Stage) -> None:
    place = stage.place
    with (
        place.gate(20) as first,
        place.gate(40) as second,
        place.started(*LEASE) as running,
    ):
        running.until_chunks(CHUNKS_BEFORE_FIRST)
        stage.jump_to(days=1)
        until_a_lease_has_passed(place)
        ahead = stage.rival.run(*LEASE)
        first.open()
        running.until_chunks(CHUNKS_BEFORE_SECOND)
        stage.jump_to(days=-1)
        until_a_lease_has_passed(place)
        behind = stage.rival.run(*LEASE)
        second.open()
        running.end()

    assert (OWNED_BY_ANOTHER, OWNED_BY_ANOTHER) == (ahead.status, behind.status), ahead.err
    assert 0 == running.status, running.err
    assert place.left() == WHOLE
    assert quarantined(running.events) == QUARANTINED
    assert_no_duration_is_negative(place, running)


def assert_no_duration_is_negative(place: Place, running: Running) -> None:
    """Look at everything that the ledger and the events say about durations."""
    assert place.ledger is not None
    with closing(LedgerStore.open(place.ledger, is_reader=True)) as ledger:
        measured = [
            one
            for step in ("north", "south", "east", "notes")
            for one in ledger.measurements(1, step)
        ]
        assert 1 == ledger.run(1).epoch
    told = [event["duration_s"] for event in running.events if "duration_s" in event]

    assert 60 == len(measured)
    assert all(0 <= one.duration_s < BEAT_S_MAX for one in measured)
    assert all(0 <= duration_s < BEAT_S_MAX for duration_s in told)
    assert all(span >= timedelta(0) for span in spans_of(place)), spans_of(place)


@pytest.mark.parametrize("days", [1, -1])
def test_another_host_takes_over_a_lease_after_the_owner_died_and_never_before(
    stage: Stage, days: int
) -> None:
    """Its clock is a day ahead or behind; or the server's jumps, in the owner's mid-run."""
    with (
        stage.right.gate(20) as first,
        stage.right.gate(40) as second,
        stage.right.started(*LEASE) as owner,
    ):
        owner.until_chunks(CHUNKS_BEFORE_FIRST)
        stage.jump_to(days)
        refused = stage.jumping_rival.run(*LEASE)
        assert owner.process.poll() is None
        owner.process.kill()
        killed_at_s = time.monotonic()
        with stage.jumping_rival.started(*LEASE) as successor:
            successor.until("run_started")
            took_s = time.monotonic() - killed_at_s
            first.open()
            second.open()
            successor.end()

    assert OWNED_BY_ANOTHER == refused.status, refused.err
    assert 0 == successor.status, successor.err
    assert LEASE_S <= took_s <= LEASE_S + START_S_MAX
    assert stage.place.left() == WHOLE
    assert quarantined(successor.events) == QUARANTINED
