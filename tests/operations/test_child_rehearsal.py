"""Whoever ends a forecast ends the rehearsal that it waits for: nobody is left behind."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import IO

import pytest

pytestmark = pytest.mark.slow

JOB = """
import os
from pathlib import Path
from daybreak import Database, Job, Transaction, Work, source

db = Database("sqlite:///letters.db")
job = Job("letters")
TOLD = []

def write(number: int, tx: Transaction) -> None:
    if not TOLD:
        Path("pid").write_text(str(os.getpid()))
        TOLD.append(open("line", "rb", buffering=0))
    TOLD[0].read(1)  # so long as nobody writes, the record takes
    tx.execute("insert into letters (n) values (:n)", n=number)

@job.step(chunk=1, impact="Nobody gets a letter.")
def letters() -> Work:
    return source(range(10_000)).each(write, database=db)
"""


SAMPLE = 16
"""Records of the first sample."""


class Forecast:
    """A forecast in a process of its own, whose rehearsal is in the middle of its first chunk."""

    def __init__(self, folder: Path, command: str) -> None:
        self.folder = folder
        (folder / "letters.py").write_text(JOB)
        with closing(sqlite3.connect(folder / "letters.db")) as connection:
            connection.execute("create table letters (n integer primary key)")
        os.mkfifo(folder / "line")
        (folder / "temporary").mkdir()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "daybreak", command, "letters.py", "letters"],
            cwd=folder,
            env={**os.environ, "TMPDIR": str(folder / "temporary")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.line: IO[bytes] = (folder / "line").open("wb", buffering=0)  # waits for the step
        self.passed = 0
        self.rehearsal = int((folder / "pid").read_text())

    def ended(self) -> tuple[int, str]:
        """Let records pass, ever more slowly, until it has ended; return status and words."""
        while True:
            try:
                _, err = self.process.communicate(timeout=self.let_pass())
            except subprocess.TimeoutExpired:
                continue
            return self.process.returncode, err

    def let_pass(self) -> float:
        """Let a record pass; return how long to wait for what comes of it: so none need many."""
        with suppress(BrokenPipeError):
            self.line.write(b".")
        self.passed += 1
        return min(0.05 * float(2**self.passed), 2.0)

    @property
    def is_rehearsing(self) -> bool:
        try:
            os.kill(self.rehearsal, 0)
        except ProcessLookupError:
            return False
        status = Path(f"/proc/{self.rehearsal}/stat")
        return not status.exists() or ") Z " not in status.read_text()

    @property
    def left(self) -> list[str]:
        """What the rehearsal has made, and did not remove."""
        return [path.name for path in (self.folder / "temporary").iterdir()]

    def letters(self) -> int:
        with closing(sqlite3.connect(self.folder / "letters.db")) as connection:
            (count,) = connection.execute("select count(*) from letters").fetchone()
        return int(count)

    def close(self) -> None:
        self.line.close()
        self.process.kill()
        self.process.communicate()
        with suppress(ProcessLookupError):
            os.kill(self.rehearsal, signal.SIGKILL)


@pytest.fixture
def begun(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Forecast]:
    forecast = Forecast(tmp_path, getattr(request, "param", "forecast"))
    yield forecast
    forecast.close()


@pytest.mark.parametrize(
    ("begun", "number"),
    [("forecast", signal.SIGTERM), ("forecast", signal.SIGINT), ("tune", signal.SIGTERM)],
    indirect=["begun"],
)
def test_a_signal_ends_the_rehearsal_too(begun: Forecast, number: signal.Signals) -> None:
    begun.process.send_signal(number)
    status, said = begun.ended()

    assert (4, True) == (status, "interrupted" in said), said
    assert not begun.is_rehearsing
    assert [] == begun.left, "it had the time to clean up"
    assert begun.passed < SAMPLE, "it did not go on to its end"
    assert 0 == begun.letters()


def test_a_second_signal_does_not_wait_for_a_record_that_never_ends(begun: Forecast) -> None:
    begun.process.send_signal(signal.SIGTERM)
    begun.process.send_signal(signal.SIGINT)  # two of a kind could become one on their way
    _, said = begun.process.communicate()

    assert (4, True) == (begun.process.returncode, "interrupted" in said), said
    assert not begun.is_rehearsing
    assert 0 == begun.letters()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent")
def test_a_forecast_that_is_killed_takes_its_rehearsal_along(begun: Forecast) -> None:
    begun.process.kill()
    begun.ended()
    while begun.is_rehearsing:
        threading.Event().wait(begun.let_pass())

    # What it has made may be left: nobody promises to clean up behind a SIGKILL.
    assert begun.passed < SAMPLE, "it did not go on to its end"
    assert 0 == begun.letters()
