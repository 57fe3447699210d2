"""Whether the places where a run writes can be written, and have room: asked before it begins."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..databases import Database
from ..databases.url import file_of
from ..errors import PreflightError, RightsMissing

_MB = 1_000_000


def places_of(ledger: str, runs: Path, databases: Mapping[str, Database]) -> dict[str, Path]:
    """Return where a run writes on this machine's own disks, by what it is for people.

    Args:
        ledger: URL of the ledger.
        runs: The folder of the runs' folders.
        databases: The job's, bound.
    """
    urls = {"the ledger": ledger}
    urls |= {f"database {name}": database.url for name, database in databases.items()}
    files = {what: file_of(url) for what, url in urls.items()}
    return {what: file for what, file in files.items() if file is not None} | {
        "the runs' folder": runs
    }


def disk_findings(places: Mapping[str, Path], free_bytes_min: int) -> Iterable[PreflightError]:
    """Yield what is wrong with the disks, once for each of them.

    Args:
        places: As `places_of` gives them; what does not exist yet is made in its folder.
        free_bytes_min: How much must be free.
    """
    told: set[int] = set()
    for what, path in places.items():
        there = _existing(path)
        if there.stat().st_dev in told:
            continue
        finding = _finding(what, path, there, free_bytes_min)
        if finding is not None:
            told.add(there.stat().st_dev)
            yield finding


def _finding(what: str, path: Path, there: Path, free_bytes_min: int) -> PreflightError | None:
    facts = os.statvfs(there)
    free = facts.f_bavail * facts.f_frsize
    if facts.f_flag & os.ST_RDONLY:
        return PreflightError(
            f"{what} cannot be written: {path} is on a disk that is mounted read-only",
            hint="mount it for writing, or name another place",
        )
    if free < free_bytes_min:
        return PreflightError(
            f"there is too little room for {what}: {free / _MB:.1f} MB are free at {there},"
            f" expected {free_bytes_min / _MB:g}",
            hint="make room, or say that less is enough: --disk-free-mb N",
        )
    for needed in {there, there.parent if there.is_file() else there}:
        if not os.access(needed, os.W_OK | (os.X_OK if needed.is_dir() else 0)):
            return RightsMissing(
                f"{what} cannot be written: this user may not write {needed}",
                hint=f"chown or chmod {needed}; a SQLite file needs its folder writable too",
            )
    return None


def _existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path
