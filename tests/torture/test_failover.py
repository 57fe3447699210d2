"""A standby that takes over without the last commits: the ledger says more than it, and that shows.

Streaming replication between two servers of one's own; the primary is killed while its standby
hears nothing any more. One name leads to whichever of the two is meant, as a virtual address does.
"""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest

from daybreak.databases.session import opened
from tests.postgres_server import Server, breakable_server

from .outages import SEEN_S_MAX, SMALL, WHOLE, Place, Running
from .world import wait_until_stopped

pytestmark = [pytest.mark.slow, pytest.mark.torture]

IMPATIENT = ("--patience-s", "1", "--lease-s", "5")
NORTH_FIRST = ("--set", "north.chunk=3")
"""A third of the chunks: north is done when the others are not."""

FROZEN_AT = 40
"""The standby hears of nothing any more behind so many chunks."""


@dataclass
class Pair:
    """A primary, its standby, and the name that leads to one of them."""

    primary: Server
    standby: Server
    door: Path

    def freeze(self) -> None:
        """Let the standby hear nothing any more: what it has is complete, and stays as it is."""
        with admin_of(self.primary) as admin:
            self._wait_until_it_has_all(admin)
            (sender,) = admin.execute("select pid from pg_stat_replication").fetchone() or (0,)
        self._sender = psutil.Process(sender)
        self._sender.suspend()

    def _wait_until_it_has_all(self, admin: psycopg.Connection) -> None:
        """Have it replay what was committed so far."""
        asked = "select pg_current_wal_lsn()"
        (upto,) = admin.execute(asked).fetchone() or ("",)
        with admin_of(self.standby) as follower:
            follower.execute(
                f"do $$ begin for tried in 1..{SEEN_S_MAX:.0f}00 loop"
                f" if pg_last_wal_replay_lsn() >= '{upto}' then return; end if;"
                " perform pg_sleep(0.01); end loop; raise 'it does not follow'; end $$".encode()
            )

    def kill_primary(self) -> None:
        """Kill the primary as a lost machine would: no goodbye, nothing sent any more."""
        postmaster = self._sender.parent()
        assert postmaster is not None
        family = [postmaster, *postmaster.children()]
        for process in family:
            process.kill()
        psutil.wait_procs(family, SEEN_S_MAX)

    def fail_over(self) -> None:
        """Make the standby the primary, and let the name lead to it."""
        with admin_of(self.standby) as admin:
            assert (True,) == admin.execute("select pg_promote()").fetchone()
        self.lead_to(self.standby)

    def lead_to(self, server: Server) -> None:
        """Let the name lead to a server."""
        self.door.unlink(missing_ok=True)
        self.door.symlink_to(server.socket)


def admin_of(server: Server) -> psycopg.Connection:
    return psycopg.connect(host=str(server.socket), user="postgres", autocommit=True)


@pytest.fixture
def pair() -> Iterator[Pair]:
    with (
        breakable_server("--replicated") as primary,
        breakable_server("--standby-of", str(primary.socket)) as standby,
        tempfile.TemporaryDirectory(prefix="daybreak-door-") as folder,
    ):
        found = Pair(primary, standby, Path(folder) / "door")
        found.lead_to(primary)
        yield found


@pytest.fixture
def place(pair: Pair, tmp_path: Path) -> Place:
    """Give a place whose target is behind the name; its ledger is a file."""
    return Place.make(tmp_path, f"postgresql://postgres@/postgres?host={pair.door}")


def frozen(pair: Pair, running: Running) -> None:
    """Freeze the standby at the run's fault point, and let the run go on."""
    wait_until_stopped(running.process)
    pair.freeze()
    running.process.send_signal(signal.SIGCONT)


def kept(place: Place) -> dict[str, list[Any]]:
    """Read all that a chunk leaves."""
    with opened(place.url) as session:
        return {
            **place.left(),
            "markers": session.query("select * from daybreak.markers order by step, range_after"),
            "quarantine": session.query("select * from daybreak.quarantine order by step, origin"),
        }


def test_a_target_that_lost_a_finished_step_is_refused_until_it_is_brought_back(
    pair: Pair, place: Place
) -> None:
    fault = f"chunk.after_commit:{FROZEN_AT}:stop"
    with place.started(*SMALL, *NORTH_FIRST, *IMPATIENT, fault=fault) as running:
        frozen(pair, running)
        while {"step_ended"} != {event["event"] for event in running.events[-1:]}:
            assert running.hear(), running.err
        with running.paused():
            pair.kill_primary()
        running.end()
    pair.fail_over()
    before = kept(place)
    refused = place.run(*IMPATIENT)
    after = kept(place)
    pair.primary.start()
    pair.lead_to(pair.primary)
    again = place.run()

    assert [1, 1, 0] == [ran.status for ran in (running, refused, again)], again.err
    assert "LedgerBehind: step north: the ledger says: read 60 = " in refused.err
    assert "the target lost commits" in refused.err
    assert before == after
    assert place.left() == WHOLE


def test_a_run_whose_commits_the_target_lost_behind_its_end_is_not_called_done(
    pair: Pair, place: Place
) -> None:
    with place.started(*IMPATIENT, fault=f"chunk.after_commit:{FROZEN_AT}:stop") as running:
        frozen(pair, running)
        running.end()
    pair.kill_primary()
    pair.fail_over()
    refused = place.run(*IMPATIENT)
    pair.primary.start()
    pair.lead_to(pair.primary)
    again = place.run()

    assert [0, 1, 0] == [ran.status for ran in (running, refused, again)], refused.err
    assert "LedgerBehind" in refused.err
    assert place.left() == WHOLE


def test_what_a_target_lost_of_unfinished_steps_is_done_again_and_told(
    pair: Pair, place: Place
) -> None:
    fault = f"chunk.after_commit:{FROZEN_AT}:stop"
    with place.started(*SMALL, *IMPATIENT, fault=fault) as running:
        frozen(pair, running)
        running.until_chunks(2 * FROZEN_AT)
        with running.paused():
            pair.kill_primary()
        running.end()
    pair.fail_over()
    has = len(kept(place)["markers"])
    again = place.run(*SMALL)
    told = [event["message"] for event in again.events if event["event"] == "said"]

    assert [1, 0] == [ran.status for ran in (running, again)], again.err
    assert FROZEN_AT <= has < 2 * FROZEN_AT
    assert told
    assert all("lost commits" in message for message in told)
    assert place.left() == WHOLE
