"""What the kernel says of a process that is short of memory, and what SQLite puts on disk in it.

Linux tells it; elsewhere nothing is seen but page faults.
"""

from __future__ import annotations

import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PERIOD_S: Final = 0.02
_SWAP_EVERY: Final = 10
"""Swap changes slowly: it is looked at every so many times."""

_DESCRIPTORS: Final = "/proc/self/fd"
_STATUS: Final = Path("/proc/self/status")
_OF_SQLITE: Final = "etilqs_"
_NUMBER: Final = 4
_LARGEST_PAGE_NUMBER: Final = 2**30
_ROLLBACK_JOURNAL: Final = 0xD9D505F9


@dataclass(slots=True)
class Pressure:
    """What was seen of this process while the block lasted."""

    major_faults: int = 0
    """Pages that had to be read from disk, for they were not in memory (any more)."""

    swap_bytes: int = 0
    """The most memory of it that lay in swap at once, beyond what did when it began."""

    sqlite_bytes: int = 0
    """What SQLite's sorts and indexes of its own put into temporary files: all, at their largest.
    What it keeps for undoing a savepoint is not among it."""

    sorts: dict[int, int] = field(default_factory=dict)
    """The same by inode."""


@contextmanager
def pressure_seen() -> Iterator[Pressure]:
    """Look at this process as long as the block lasts, from a thread of its own."""
    seen = Pressure()
    faults_before, swap_before = _major_faults(), _swap_bytes()
    ends = threading.Event()

    def look() -> None:
        looks = 0
        while not ends.wait(PERIOD_S):
            _look_for_files(seen.sorts)
            looks += 1
            if looks % _SWAP_EVERY == 0:
                seen.swap_bytes = max(seen.swap_bytes, _swap_bytes() - swap_before)

    thread = threading.Thread(target=look, name="daybreak pressure", daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        ends.set()
        thread.join()
        seen.major_faults = _major_faults() - faults_before
        seen.swap_bytes = max(seen.swap_bytes, _swap_bytes() - swap_before, 0)
        seen.sqlite_bytes = sum(seen.sorts.values())


def _major_faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_majflt


def _swap_bytes() -> int:
    with suppress(OSError, ValueError, IndexError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmSwap:"):
                return int(line.split()[1]) * 1024
    return 0


def _look_for_files(sorts: dict[int, int]) -> None:
    """Note how large SQLite's open temporary files are: it removes their names at once."""
    with suppress(OSError):
        for descriptor in os.listdir(_DESCRIPTORS):  # noqa: PTH208 - fifty times a second
            with suppress(OSError):  # closed meanwhile
                if _OF_SQLITE in os.readlink(f"{_DESCRIPTORS}/{descriptor}"):  # noqa: PTH115
                    _note(sorts, int(descriptor))


def _note(sorts: dict[int, int], descriptor: int) -> None:
    begins = os.pread(descriptor, _NUMBER, 0)
    if len(begins) == _NUMBER and not undoes(begins):
        found = os.fstat(descriptor)
        sorts[found.st_ino] = max(found.st_size, sorts.get(found.st_ino, 0))


def undoes(begins: bytes) -> bool:
    """Say whether a file that begins so keeps pages for undoing, and nothing that was sorted.

    For a savepoint each page stands behind its number, of four bytes, from 1. A sort's file begins
    with the length of a run, whose first bit is set where it takes more than one byte, and a table
    of SQLite's own with its name, which would be the number of a page behind the fifth terabyte; or
    with nothing, as long as its first page is in memory only.
    """
    number = int.from_bytes(begins, "big")
    return 0 < number < _LARGEST_PAGE_NUMBER or number == _ROLLBACK_JOURNAL
