"""A run that is killed in its middle, and the one that goes on with it: how long nothing commits.

The run is killed with SIGKILL, its supervisor first, whereupon the kernel kills the attempt. The
same command is started at once. Its first commit is told by its first event of a chunk, and so is
the first commit of the run that was killed, which was a new one: from its start to there is what
starting costs. Each pair has a folder and a database of its own; commits are durable.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.postgres_server import running_server
from tests.torture.undisturbed import database_of

from .flights_job import nobodys_settings
from .measure import Pair

JOB: Final = Path(__file__).with_name("endless_job.py")
CHUNKS_BEFORE: Final = 20
"""The run is killed when so many chunks are committed."""


@contextmanager
def servers() -> Iterator[dict[str, Path | None]]:
    """Start what the kinds of databases need; give each by its name, with its server's socket."""
    with running_server(is_durable=True) as socket:
        yield {"PostgreSQL": socket, "SQLite": None}


def pairs_of(
    socket: Path | None, pairs: int, options: Sequence[str] = (), *, host: str | None = None
) -> list[Pair]:
    """Kill runs; ours is from the kill to the next commit, theirs from a start to the first one.

    Args:
        socket: Of the server; None for SQLite.
        pairs: How many runs.
        options: More of the command.
        host: As which machine the command goes on; None for the same one.
    """
    return [_pair(socket, options, host) for _ in range(pairs)]


def _pair(socket: Path | None, options: Sequence[str], host: str | None) -> Pair:
    dialect = "sqlite" if socket is None else "postgresql"
    with (
        TemporaryDirectory(prefix="daybreak-bench-") as place,
        database_of(dialect, Path(place), socket) as url,
    ):
        folder = Path(place)
        shutil.copy(JOB, folder / "job.py")
        ledger = () if socket is None else ("--ledger", url)
        words = ["run", "job.py", "--database", url, *ledger, "--json", *options]
        with _started(words, folder) as first:
            start_s = first.until_commits(1) - first.began_s
            first.until_commits(CHUNKS_BEFORE)
            killed_s = first.kill()
        with _started(words, folder, **({} if host is None else {"DAYBREAK_HOST": host})) as second:
            gap_s = second.until_commits(1) - killed_s
        assert second.is_resumed
    return Pair(ours=gap_s, theirs=start_s)


@dataclass(slots=True)
class _Started:
    """A command at work."""

    process: subprocess.Popen[str]
    said: Path
    began_s: float
    commits: int = 0
    is_resumed: bool = False

    def until_commits(self, count: int) -> float:
        """Hear of so many commits; return when the last one was told, on the monotonic clock."""
        assert self.process.stdout is not None
        while self.commits < count:
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError(f"it ended after {self.commits} commits:\n{self._end_of_said()}")
            event = json.loads(line)
            self.commits += event["event"] == "chunk_committed"
            self.is_resumed |= event["event"] == "run_started" and event["is_resumed"]
        return time.monotonic()

    def kill(self) -> float:
        """Kill it; return when, on the monotonic clock."""
        killed_s = time.monotonic()
        self.process.kill()
        return killed_s

    def _end_of_said(self) -> str:
        return self.said.read_text()[-2000:]


@contextmanager
def _started(words: Sequence[str], folder: Path, **environment: str) -> Iterator[_Started]:
    """Start a command; it is killed when the block is left."""
    said = folder / "said"
    began_s = time.monotonic()
    with (
        said.open("w") as err,
        subprocess.Popen(
            [sys.executable, "-m", "daybreak", *words],
            cwd=folder,
            env=nobodys_settings() | environment,
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
        ) as process,
    ):
        try:
            yield _Started(process, said, began_s)
        finally:
            process.kill()
