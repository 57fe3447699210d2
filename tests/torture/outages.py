"""A run of `outage_job.py` in surroundings that a test breaks: start it, see it, compare it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from daybreak.databases.session import Session, opened
from daybreak.errors import SchemaMismatch
from daybreak.faultpoints import ENVIRONMENT_FAULT, ENVIRONMENT_TRACE, FaultPoint, Trace

from .outage_job import BAD, RECORDS

JOB = Path(__file__).with_name("outage_job.py")
NUMBERS = list(range(RECORDS))
NOTED = [number for number in NUMBERS if number % BAD]
STEPS = ("north", "south", "east", "notes")
MARKED = """
    select step, sum(records_read) as read, sum(rows_written) as written
    from {}markers group by step
"""
INCOMPLETE = "select step from {}markers where committed_at is null"
SAID = """
    select s.step, s.status, coalesce(sum(m.records_read), 0) as read
    from {0}steps s left join {0}measurements m on m.run_id = s.run_id and m.step = s.step
    group by s.step, s.status
"""
MADE = "create table notes (n integer primary key)"
SEEN_S_MAX = 60.0

# With gates in front of 20 and 40: each of three steps has 15 chunks and 2 workers. One waits at
# the first gate, the other one does what lies between the gates and waits at the second. The
# fourth step has no gates.
CHUNKS_BEFORE_FIRST = 3 * 9 + 15
CHUNKS_BEFORE_SECOND = CHUNKS_BEFORE_FIRST + 3 * 5
SMALL = tuple(word for step in STEPS for word in ("--set", f"{step}.chunk=1"))
"""Many small chunks: four times as many instants at which something can happen."""

PATIENT = ("--patience-s", "40", "--lease-s", "20")


@dataclass(frozen=True)
class Place:
    """A folder with the job, and the database it works in."""

    folder: Path
    url: str
    ledger: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    """More of its processes' environment."""
    within: tuple[str, ...] = ()
    """A command that starts the run in other surroundings: `ip netns exec NAME`."""

    @classmethod
    def make(
        cls,
        folder: Path,
        url: str,
        *,
        ledger: str | None = None,
        job: Path = JOB,
        made: str = MADE,
    ) -> Place:
        """Write the job, and make what it does not make itself."""
        shutil.copy(job, folder / "job.py")
        with opened(url) as session:
            session.script(made)
        environment = {ENVIRONMENT_TRACE: str(folder / "trace")}
        return cls(folder, url, ledger, environment)

    def hits(self, point: FaultPoint) -> int:
        """Return how often its processes have passed a fault point up to now."""
        return Trace(self.folder / "trace").counts()[point]

    def reached_by(self, url: str) -> Place:
        """Return the same place, whose database is reached another way."""
        return replace(self, url=url)

    def under(self, **environment: str) -> Place:
        """Return the same place, whose processes have more in their environment."""
        return replace(self, environment={**self.environment, **environment})

    @contextmanager
    def gate(self, number: int) -> Iterator[Gate]:
        """Keep a gate in front of a record of the three squares, closed until it is opened."""
        with (self.folder / f"gate-{number}").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield Gate(file)

    @contextmanager
    def started(self, *options: str, fault: str | None = None) -> Iterator[Running]:
        """Start the command; it is killed if the block is left before it has ended.

        Args:
            options: More of the command.
            fault: Which fault point to arm, and how: then nobody supervises the run.
        """
        ledger = () if self.ledger is None else ("--ledger", self.ledger)
        words = ["run", str(self.folder / "job.py"), "--database", self.url, *ledger, "--json"]
        alone = () if fault is None else ("--attempts", "1")
        armed = {} if fault is None else {ENVIRONMENT_FAULT: fault}
        said = self.folder / f"err-{len(list(self.folder.glob('err-*')))}"
        with (
            said.open("w") as err,
            subprocess.Popen(
                [*self.within, sys.executable, "-m", "daybreak", *words, *alone, *options],
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
                env={**os.environ, **self.environment, **armed},
                cwd=self.folder,
            ) as process,
        ):
            try:
                yield Running(process, said, [])
            finally:
                process.kill()

    def run(self, *options: str) -> Running:
        """Run the command to its end."""
        with self.started(*options) as running:
            running.end()
        return running

    def left(self, url: str | None = None) -> dict[str, list[int]]:
        """Read what is in the tables; one that is not made yet holds nothing."""
        with opened(url or self.url) as session:
            return {table: _numbers_in(session, table) for table in STEPS}

    @property
    def ledger_url(self) -> str:
        """Where its ledger is."""
        return self.ledger or f"sqlite:///{self.folder / '.daybreak' / 'ledger.db'}"

    def assert_no_more_is_said_than_happened(self) -> None:
        """Compare the ledger with the markers, and the markers with the rows; the run failed."""
        left = self.left()
        with opened(self.url) as session:
            spelled = "daybreak_" if session.dialect == "sqlite" else "daybreak."
            assert [] == session.query(INCOMPLETE.format(spelled))
            marked = {row.step: row for row in session.query(MARKED.format(spelled))}
        assert {step: len(left[step]) for step in STEPS} == {
            step: marked[step].written if step in marked else 0 for step in STEPS
        }
        with opened(self.ledger_url) as session:
            spelled = "" if session.dialect == "sqlite" else "daybreak_ledger."
            said = session.query(SAID.format(spelled))
            runs = session.query(f"select status from {spelled}runs")  # noqa: S608 - ours
        assert [row.status for row in runs] != ["done"], said
        for row in said:
            read = marked[row.step].read if row.step in marked else 0
            assert row.read <= read, row
            assert row.status != "done" or read == RECORDS, row


def _numbers_in(session: Session, table: str) -> list[int]:
    try:
        rows = session.query(f"select n from {table} order by n")  # noqa: S608 - ours
    except SchemaMismatch:
        return []
    return [row.n for row in rows]


@dataclass(frozen=True)
class Gate:
    """What keeps a run in its middle, its transactions closed and its heart beating."""

    file: IO[str]

    def open(self) -> None:
        """Let the run pass, now and later."""
        fcntl.flock(self.file, fcntl.LOCK_UN)


WHOLE = {"north": NUMBERS, "south": NUMBERS, "east": NUMBERS, "notes": NOTED}
"""What an undisturbed run leaves."""


@dataclass
class Running:
    """A process at work."""

    process: subprocess.Popen[str]
    said: Path
    """Where its standard error goes."""

    events: list[dict[str, Any]]

    def until_chunks(self, count: int) -> None:
        """Read its events until so many chunks are committed."""
        while self.chunks < count:
            assert self.hear(), f"it ended after {self.chunks} chunks: {self.err}"

    def until(self, name: str) -> dict[str, Any]:
        """Return the first event of a name; read on until it comes."""
        while not (named := [event for event in self.events if event["event"] == name]):
            assert self.hear(), f"it ended without {name}: {self.err}"
        return named[0]

    def until_all_committed(self) -> None:
        """Read its events until every step has committed a chunk."""
        while not {*STEPS} <= {event["step"] for event in self.events if event.get("part")}:
            assert self.hear(), f"it ended before: {self.err}"

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Keep it and its attempt stopped inside the block, and continue them behind it."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        pids = [pid, *map(int, children)]
        for one in pids:
            os.kill(one, signal.SIGSTOP)
        try:
            yield
        finally:
            for one in pids:
                os.kill(one, signal.SIGCONT)

    def until_it_fails(self, begun: FaultPoint, done: FaultPoint, times: int) -> None:
        """Wait until something was begun so much more often than done, since now."""
        trace = Trace(self.said.with_name("trace"))

        def failed() -> int:
            counts = trace.counts()
            return counts[begun] - counts[done]

        since = failed()
        ends_at_s = time.monotonic() + SEEN_S_MAX
        while failed() < since + times:
            assert time.monotonic() < ends_at_s, f"it never failed: {self.err}"
            time.sleep(0.005)

    def hear(self) -> bool:
        """Read one event; say whether there was one."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if line:
            self.events.append(json.loads(line))
        return bool(line)

    @property
    def chunks(self) -> int:
        """How many chunks are committed so far."""
        return sum(1 for event in self.events if event["event"] == "chunk_committed")

    def end(self) -> int:
        """Wait for its end; return its exit status."""
        while self.hear():
            pass
        return self.process.wait(SEEN_S_MAX)

    @property
    def err(self) -> str:
        """What it said on its standard error."""
        return self.said.read_text()

    @property
    def status(self) -> int:
        """How it ended."""
        return self.process.returncode

    @property
    def ended(self) -> dict[str, Any]:
        """What it said last."""
        return self.events[-1]


def quarantined(events: Sequence[dict[str, Any]]) -> int:
    """Return how many records the run says it set aside."""
    return int(next(event["quarantined"] for event in events if event["event"] == "run_ended"))
