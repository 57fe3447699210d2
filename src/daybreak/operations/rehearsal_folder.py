"""The folder of a rehearsal: temporary, removed at its end, or by the next one if it was killed."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

PREFIX: Final = "daybreak-rehearsal-"
LOCK: Final = "owner.lock"
"""The kernel gives it up when its holder dies: so a folder without an owner is known."""

_YOUNG_S: Final = 3600.0
"""A folder without a lock may be about to get one, but not for so long."""


_turn: Final = threading.Lock()


@contextmanager
def rehearsal_folder() -> Iterator[Path]:
    """Give an empty folder as long as the block lasts; first remove those that nobody owns.

    One at a time in a process, for a rehearsal binds the databases that a job's file declares.
    """
    remove_orphans()
    with _turn:
        folder, lock = owned_folder()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.close()


def owned_folder() -> tuple[Path, IO[str]]:
    """Make a folder, and own it as long as the file that is returned is open."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        with suppress(OSError):  # somebody took it for an orphan in this very instant
            lock = (folder / LOCK).open("a+")
            if _is_taken(lock) and (folder / LOCK).exists():
                return folder, lock
            lock.close()


def remove_orphans() -> None:
    """Remove the folders of rehearsals that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # somebody else's, or just gone
            if _is_orphan(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_orphan(folder: Path) -> bool:
    try:
        with (folder / LOCK).open("r+") as lock:
            return _is_taken(lock)
    except FileNotFoundError:
        return time.time() - folder.stat().st_mtime > _YOUNG_S


def _is_taken(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
