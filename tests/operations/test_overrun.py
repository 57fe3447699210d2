"""`on_overrun="stop"`: status 4 at the end of the window, the same run by the same command."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from daybreak.cli.exits import Exit, exit_of_outcome
from daybreak.databases.session import opened
from daybreak.model.status import RunStatus
from daybreak.operations.load import load_job
from daybreak.operations.settings import Settings
from daybreak.operations.start import Outcome, start
from daybreak.telemetry import ChunkCommitted, Event, Overrun, RunStarted, Telemetry
from tests.execution.pacing import TurnedClock
from tests.operations import turning

JOB = """
from daybreak import Database, Job, Transaction, Work, source
from tests.operations import turning

db = Database()
job = Job("resend", window="02:00-02:10 UTC", on_overrun="stop")

def send(number: int, tx: Transaction) -> None:
    tx.execute("insert into sent (n) values (:n)", n=number)
    turning.CLOCK.turn(20)

@job.step(chunk=5, impact="The partner does not know of them.")
def resend() -> Work:
    return source(range(40)).each(send, database=db)

@job.task(after=resend, impact="Nobody knows.")
def report() -> str:
    return "done"
"""


class Nights:
    """The same command, night after night, by a clock that only the job turns."""

    def __init__(self, folder: Path, url: str) -> None:
        self.url = url
        self.file = folder / "resend.py"
        self.file.write_text(JOB)
        with opened(url) as session:
            session.script("create table sent (n integer primary key);")
        self.events: list[Event] = []

    def run(self) -> Outcome:
        self.events = []
        telemetry = Telemetry()
        telemetry.subscribe(self.events.append)
        settings = Settings(databases={"": self.url}, takeover_s=2)
        return start(load_job(self.file), settings, telemetry, clock=turning.CLOCK)

    def sent(self) -> list[int]:
        with opened(self.url) as session:
            return [row.n for row in session.query("select n from sent order by n")]


@pytest.mark.slow
def test_the_same_command_goes_on_with_the_run_the_next_night(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty records of 20 s in windows of ten minutes, five a chunk: six chunks the first night."""
    clock = TurnedClock()
    monkeypatch.setattr(turning, "CLOCK", clock)
    nights = Nights(tmp_path, sqlite_url)

    first = nights.run()

    assert (RunStatus.STOPPED, Exit.STOPPED) == (first.status, exit_of_outcome(first))
    assert list(range(30)) == nights.sent()
    stopping = [event for event in nights.events if isinstance(event, Overrun)][-1]
    assert stopping.is_stopping
    window_end = clock.now().replace(hour=2, minute=10, second=0)
    assert window_end == stopping.window_ends_at
    commits = [event.at for event in nights.events if isinstance(event, ChunkCommitted)]
    assert all(at <= window_end for at in commits)

    clock.turn((window_end + timedelta(hours=23, minutes=50) - clock.now()).total_seconds())
    second = nights.run()

    assert (RunStatus.DONE, first.run) == (second.status, second.run)
    assert list(range(40)) == nights.sent()
    started = next(event for event in nights.events if isinstance(event, RunStarted))
    assert started.is_resumed
    assert clock.now().date() - timedelta(days=1) == started.night


def test_a_night_is_warned_by_what_the_night_before_took(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty seconds a record; the second night the window has room for half of them."""
    clock = TurnedClock()
    monkeypatch.setattr(turning, "CLOCK", clock)
    nights = Nights(tmp_path, sqlite_url)
    nights.file.write_text(JOB.replace("02:10", "03:10").replace("insert", "insert or replace"))
    assert RunStatus.DONE is nights.run().status

    clock.turn(86_400 - clock.at_s)
    nights.file.write_text(JOB.replace("02:10", "02:07").replace("insert", "insert or replace"))
    assert RunStatus.STOPPED is nights.run().status

    first = next(event for event in nights.events if isinstance(event, Overrun))
    assert first.at == clock.now().replace(hour=2, minute=0, second=0)  # before anything was done
    assert "will overrun" == first.outlook
    assert [] == first.unknown
