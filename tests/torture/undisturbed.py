"""The run that nobody disturbed: what every other must be equal to. Made once a session."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg

from daybreak.faultpoints import FaultPoint, Trace
from tests import mariadb_server

from .world import JOB, World


@dataclass(frozen=True)
class Undisturbed:
    """What one undisturbed run left, and how it passed."""

    checksum: str
    hits: dict[FaultPoint, int]
    """How often each fault point was passed."""

    first_commit_s: float
    """From the start of the process to its first commit."""

    last_commit_s: float


@contextlib.contextmanager
def worlds(
    dialect: str, socket: Path | None, job: Path = JOB, *, through: Path | None = None
) -> Iterator[World]:
    """Make a world of one's own on a kind of database; nothing of it is left afterwards.

    Args:
        dialect: One of `kinds.EVERY_KIND`.
        socket: The folder of the server's socket.
        job: The job's file.
        through: The folder of a proxy's, by which the world reaches the server.
    """
    folder = Path(tempfile.mkdtemp(prefix="daybreak-world-"))
    try:
        with database_of(dialect, folder, socket) as url:
            reached = url if through is None else url.replace(f"host={socket}", f"host={through}")
            yield World.make(folder, reached, job=job)
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def database_of(dialect: str, folder: Path, socket: Path | None) -> Iterator[str]:
    """Make an empty database for a folder; nothing of it is left afterwards."""
    if dialect in ("sqlite", "duckdb"):
        yield f"{dialect}:///{folder / 'world.db'}"
        return
    assert socket is not None
    name = folder.name.replace("-", "_").lower()
    if dialect == "mysql":
        with mariadb_server.database(socket, name) as url:
            yield url
        return
    with psycopg.connect(
        host=str(socket), user="postgres", dbname="postgres", autocommit=True
    ) as admin:
        admin.execute(f"create database {name} strategy file_copy".encode())
        try:
            yield f"postgresql://postgres@/{name}?host={socket}"
        finally:
            admin.execute(f"drop database {name} with (force)".encode())


_lock = threading.Lock()


def undisturbed(dialect: str, socket: Path | None) -> Undisturbed:
    """Return what an undisturbed run leaves on a kind of database."""
    with _lock:
        return _measured(dialect, socket)


@cache
def _measured(dialect: str, socket: Path | None) -> Undisturbed:
    with worlds(dialect, socket) as world:
        with world.start() as process:
            first_s, last_s = _commit_times(world, process)
            assert process.stderr is not None
            assert process.wait() == 0, process.stderr.read()
        trace = Trace(world.trace)
        return Undisturbed(world.checksum(), trace.counts(), first_s, last_s)


def _commit_times(world: World, process: subprocess.Popen[str]) -> tuple[float, float]:
    assert process.stdout is not None
    began_s = time.monotonic()
    times = [
        time.monotonic() - began_s
        for line in process.stdout
        if json.loads(line)["event"] == "chunk_committed"
    ]
    assert times, f"no chunk was committed in {world.folder}"
    return times[0], times[-1]
