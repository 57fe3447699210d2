"""Two real processes, one ledger, one unit: never both at work, whatever becomes of one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from daybreak.ledger.store import LedgerStore
from daybreak.operations.inspect import run_report

pytestmark = pytest.mark.slow

JOB = Path(__file__).with_name("sharing_job.py")
ELSEWHERE = {"DAYBREAK_HOST": "elsewhere"}
LEASE_S = "2"
DONE, STOPPED, OWNED = 0, 4, 5


class Processes:
    """Processes that run the job beside each other, each by a name of its own."""

    def __init__(self, folder: Path, ledger: str) -> None:
        self.folder = folder
        self.ledger = ledger
        (folder / "job.py").write_text(JOB.read_text())
        store = LedgerStore.open(ledger)
        store.set_limit("db", 1, who="a test")
        store.close()
        self.all: list[subprocess.Popen[str]] = []

    def start(self, name: str, **environment: str) -> subprocess.Popen[str]:
        """Start the command of that name, or type it again."""
        for barrier in (self.folder / f"{name}.began", self.folder / f"{name}.go"):
            if not barrier.exists():
                os.mkfifo(barrier)
        command = [sys.executable, "-m", "daybreak", "run", str(self.folder / "job.py")]
        command += ["--folder", str(self.folder), "--name", name, "--ledger", self.ledger]
        process = subprocess.Popen(
            [*command, "--lease-s", LEASE_S, "--attempts", "1", "--json"],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.all.append(process)
        return process

    def wait_until_at_work(self, name: str) -> None:
        (self.folder / f"{name}.began").open().close()

    def let_go(self, name: str) -> None:
        (self.folder / f"{name}.go").write_text("go")


@pytest.fixture
def processes(tmp_path: Path, database_url: str) -> Iterator[Processes]:
    found = Processes(tmp_path, database_url.replace("x.db", "ledger.db"))
    yield found
    for process in found.all:
        process.kill()
        process.communicate()


def heard(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    """Read what a process says until it tells an event."""
    assert process.stdout is not None
    for line in process.stdout:
        said: dict[str, Any] = json.loads(line)
        if said["event"] == event:
            return said
    raise AssertionError(f"it ended without {event}: {rest_of(process.stderr)}")


def rest_of(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.read()


def ended(process: subprocess.Popen[str]) -> int:
    process.communicate(timeout=50)
    return process.returncode


def test_the_second_waits_and_says_for_whom_until_the_first_has_ended(
    processes: Processes,
) -> None:
    one = processes.start("one")
    processes.wait_until_at_work("one")
    two = processes.start("two")
    waits = heard(two, "step_waits")
    report = run_report(processes.ledger, 2)

    assert "db: 1 of 1 in use by run 1 step load" == waits["what"]
    assert ("db", 1, 1, 1) == (waits["limit"], waits["units"], waits["wanted"], waits["in_use"])
    assert [waits["what"]] == [step.waits_for for step in report.steps]
    processes.let_go("one")
    processes.wait_until_at_work("two")
    processes.let_go("two")
    assert [DONE, DONE] == [ended(one), ended(two)]
    assert [None] == [step.waits_for for step in run_report(processes.ledger, 2).steps]


def test_a_kill_of_who_has_it_gives_it_to_who_waits_and_the_killed_run_waits_in_turn(
    processes: Processes,
) -> None:
    one = processes.start("one")
    processes.wait_until_at_work("one")
    two = processes.start("two")
    heard(two, "step_waits")
    one.kill()
    processes.wait_until_at_work("two")
    again = processes.start("one")
    waits = heard(again, "step_waits")

    assert ["run 2 step load"] == waits["holders"]
    processes.let_go("two")
    processes.wait_until_at_work("one")
    processes.let_go("one")
    assert [-signal.SIGKILL, DONE, DONE] == [ended(one), ended(two), ended(again)]


def test_a_kill_on_another_machine_gives_it_away_after_the_lease(processes: Processes) -> None:
    one = processes.start("one", **ELSEWHERE)
    processes.wait_until_at_work("one")
    two = processes.start("two")
    heard(two, "step_waits")
    one.kill()
    processes.wait_until_at_work("two")
    processes.let_go("two")

    assert [-signal.SIGKILL, DONE] == [ended(one), ended(two)]


def test_an_owner_that_slept_through_its_lease_ends_when_it_wakes(processes: Processes) -> None:
    """Its share is somebody else's by now; the same command waits for it anew."""
    one = processes.start("one", **ELSEWHERE)
    processes.wait_until_at_work("one")
    one.send_signal(signal.SIGSTOP)
    # The sleeper holds the lock by which this job proves that it is alone: that is not ours to do.
    (processes.folder / "busy").unlink()
    two = processes.start("two")
    processes.wait_until_at_work("two")
    one.send_signal(signal.SIGCONT)
    failure = heard(one, "failure")
    processes.let_go("two")

    assert "LeaseLost" == failure["error"]
    assert "another run has its shares" in failure["message"]
    assert [OWNED, DONE] == [ended(one), ended(two)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_it_waits_ends_it_at_once_and_frees_its_place(
    processes: Processes, number: signal.Signals
) -> None:
    one = processes.start("one")
    processes.wait_until_at_work("one")
    two = processes.start("two")
    heard(two, "step_waits")
    two.send_signal(number)

    assert STOPPED == ended(two)
    store = LedgerStore.open(processes.ledger, is_reader=True)
    assert [1] == [claim.run.id for claim in store.claims()]
    store.close()
    processes.let_go("one")
    assert DONE == ended(one)
