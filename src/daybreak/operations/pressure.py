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
_PAGES: Final = tuple(2**power for power in range(9, 17))
_NUMBER: Final = 4


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

    files: dict[int, int] = field(default_factory=dict)
    """Temporary files of SQLite, by inode: how large they were at their largest, in bytes."""


@contextmanager
def pressure_seen() -> Iterator[Pressure]:
    """Look at this process as long as the block lasts, from a thread of its own."""
    seen = Pressure()
    faults_before, swap_before = _major_faults(), _swap_bytes()
    ends = threading.Event()

    def look() -> None:
        looks = 0
        while not ends.wait(PERIOD_S):
            _look_for_files(seen.files)
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
        seen.sqlite_bytes = sum(size for size in seen.files.values() if not _undoes(size))


def _major_faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_majflt


def _swap_bytes() -> int:
    with suppress(OSError, ValueError, IndexError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmSwap:"):
                return int(line.split()[1]) * 1024
    return 0


def _look_for_files(sizes: dict[int, int]) -> None:
    """Note how large the temporary files are that SQLite has open: it removes their names at once.

    Args:
        sizes: By inode, the largest size so far.
    """
    with suppress(OSError):
        for descriptor in os.listdir(_DESCRIPTORS):  # noqa: PTH208 - fifty times a second
            path = f"{_DESCRIPTORS}/{descriptor}"
            with suppress(OSError):  # closed meanwhile
                if _OF_SQLITE in os.readlink(path):  # noqa: PTH115 - as above
                    found = os.stat(path)  # noqa: PTH116 - as above
                    sizes[found.st_ino] = max(found.st_size, sizes.get(found.st_ino, 0))


def _undoes(size: int) -> bool:
    """Say whether a file holds pages for undoing a savepoint, each behind its number.

    Nothing but its length tells it from a sort's; of a sort's one in 125 has such a length. The
    number is written first, so a file may be seen when its last page is not there yet.
    """
    return any(size % (page + _NUMBER) in {0, _NUMBER} for page in _PAGES)
