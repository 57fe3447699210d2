"""A world: one job, one database, one ledger, and the processes that work in it.

`run` starts the real command in a process of its own; `left` reads everything that a run leaves
behind, in an order of its own, so that two worlds can be compared.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from daybreak.databases.session import opened
from daybreak.faultpoints import (
    ENVIRONMENT_FAULT,
    ENVIRONMENT_TRACE,
)
from tests.kinds import ours

JOB = Path(__file__).with_name("killed_job.py")
RECORDS = 600
MENDED = {
    "if number.n % 97 == 0:": "if number.n == 97:",
    "if number % 40 == 0:": "if number == 80:",
}
"""What somebody mends in the job's file, and how: not all that was set aside passes then."""

PROCESS_S_MAX = 60.0
"""No process of a world lives longer than this."""


LEFT = {
    "squares": "select n, square from squares order by n",
    "labels": "select n, label from labels order by n",
    "totals": "select what, value from totals order by what",
    "fates": """
        select step, pass, sum(records_read) as counted, sum(records_passed) as passed,
          sum(records_filtered) as filtered, sum(records_quarantined) as quarantined,
          sum(rows_written) as written, sum(records_superseded) as superseded
        from daybreak.markers group by step, pass order by step, pass
    """,
    "quarantine": """
        select step, place, stage, reason, details, raw
        from daybreak.quarantine order by step, place, origin
    """,
    "incomplete": "select count(*) as markers from daybreak.markers where committed_at is null",
}


@dataclass(frozen=True)
class World:
    """Where the processes of one test work."""

    folder: Path
    url: str
    environment: Mapping[str, str] = field(default_factory=dict)
    restarts: str | None = None
    """The step that the command begins again, of the first run; None for a command that runs."""

    options: tuple[str, ...] = ()
    """More of the command."""

    @classmethod
    def make(
        cls,
        folder: Path,
        url: str,
        environment: Mapping[str, str] | None = None,
        job: Path = JOB,
    ) -> World:
        """Write the job, its input and its tables."""
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(job, folder / "job.py")
        rows = [
            f"{n},{'odd' if n % 2 else 'even'}" if n % 151 else f"{n}x,even"
            for n in range(1, RECORDS + 1)
        ]
        (folder / "numbers.csv").write_text("n,parity\n" + "\n".join(rows) + "\n")
        with opened(url) as session:
            session.script(
                "create table labels (n integer primary key, label text not null);\n"
                "create table totals (what varchar(20) primary key, value bigint not null);\n"
            )
        return cls(folder, url, environment or {})

    @property
    def command(self) -> list[str]:
        """The command that starts the job, and resumes it; or the one that begins a step again."""
        job = str(self.folder / "job.py")
        meant = (
            ["run", job, "--url", str(self.folder / "numbers.csv")]
            if self.restarts is None
            else ["restart", "1", self.restarts, "--file", job]
        )
        return [
            sys.executable,
            "-m",
            "daybreak",
            *meant,
            *self.options,
            "--database",
            self.url,
            *self.ledger,
            "--json",
            "--attempts",
            "1",  # what is killed is the run itself, and nobody starts it again
        ]

    @property
    def ledger(self) -> tuple[str, ...]:
        """Where the ledger is: on the server beside the data, or in its file beside the job."""
        return ("--ledger", self.url) if self.url.startswith("postgresql") else ()

    def quarantine(self, *words: str) -> list[str]:
        """Return the words behind `daybreak` that mean the quarantine of run 1."""
        file = str(self.folder / "job.py")
        said = [*words, "--file", file, "--database", self.url, *self.ledger, "--attempts", "1"]
        return ["quarantine", "1", *said]

    def mend(self) -> None:
        """Mend the job's file."""
        job = self.folder / "job.py"
        text = job.read_text()
        for broken, mended in MENDED.items():
            assert broken in text
            text = text.replace(broken, mended)
        job.write_text(text)

    def start(
        self, *options: str, fault: str | None = None, host: str | None = None
    ) -> subprocess.Popen[str]:
        """Start the command; `fault` arms a fault point, `host` pretends another machine."""
        environment = {**os.environ, **self.environment, ENVIRONMENT_TRACE: str(self.trace)}
        if fault is not None:
            environment[ENVIRONMENT_FAULT] = fault
        if host is not None:
            environment["DAYBREAK_HOST"] = host
        return subprocess.Popen(
            [*self.command, *options],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
        )

    def run(self, *options: str, fault: str | None = None, host: str | None = None) -> Ran:
        """Run the command to its end."""
        process = self.start(*options, fault=fault, host=host)
        try:
            out, err = process.communicate(timeout=PROCESS_S_MAX)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            out, err = process.communicate()
            raise AssertionError(f"the run did not end in {PROCESS_S_MAX} s: {err}") from None
        return Ran(process.returncode, out, err)

    @property
    def trace(self) -> Path:
        """Where the processes count the fault points they pass."""
        return self.folder / "trace"

    def left(self, of: Mapping[str, str] = LEFT) -> dict[str, Any]:
        """Read what the run left, without what may differ: instants, durations, epochs."""
        with opened(self.url) as session:
            return {
                name: [
                    tuple(_comparable(value) for value in row.values())
                    for row in session.query(ours(session, sql))
                ]
                for name, sql in of.items()
            }

    def checksum(self) -> str:
        """Hash what is left."""
        return hashlib.sha256(json.dumps(self.left(), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Ran:
    """How a process ended."""

    status: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """What it said on its standard output; a last line may be cut."""
        found = []
        for line in self.out.splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                found.append(json.loads(line))
        return found


def _comparable(value: object) -> object:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value if value is None or isinstance(value, str) else int(value)  # type: ignore[call-overload]


@contextlib.contextmanager
def stopped(process: subprocess.Popen[str]) -> Iterator[None]:
    """Keep a process stopped inside the block, and continue it behind it."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def wait_until_stopped(process: subprocess.Popen[str]) -> None:
    """Wait until the process has stopped itself at its fault point."""
    ends_at = time.monotonic() + PROCESS_S_MAX
    while time.monotonic() < ends_at:
        done, status = os.waitpid(process.pid, os.WUNTRACED | os.WNOHANG)
        if done and os.WIFSTOPPED(status):
            return
        assert not done, f"the process ended with {os.waitstatus_to_exitcode(status)}"
        time.sleep(0.01)
    raise AssertionError("the process never reached its fault point")


def continued(process: subprocess.Popen[str]) -> Ran:
    """Let a stopped process go on, to its end."""
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=PROCESS_S_MAX)
    return Ran(process.returncode, out, err)
