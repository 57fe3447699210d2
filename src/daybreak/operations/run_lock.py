"""The lock by which the processes of one machine agree on a run's owner.

The kernel gives it up when its holder dies, so that a run whose process was killed is taken over at
once. Between machines, and between containers that do not share the folder, the lease decides: a
lock's identity holds the machine's boot and the file's own number.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from ..ledger.rows import RunRow

ENVIRONMENT_HOST = "DAYBREAK_HOST"
"""Overrides the host's name, for containers that all have the same one, and for tests."""

LOCK_FILES = "owner.*.lock"
"""The lock files in a run's folder: one per host name."""

TRIES: Final = 5
TRY_AGAIN_S: Final = 0.01
"""Somebody who only looks whether the lock is held holds it for an instant."""


def host_name() -> str:
    """Return this machine's name, as others see it in the ledger."""
    return os.environ.get(ENVIRONMENT_HOST) or socket.gethostname()


def who() -> str:
    """Return who types here, for the audit: user and machine."""
    return f"{os.environ.get('USER', 'somebody')}@{host_name()}"


class RunLock:
    """An advisory lock on a file in the run's folder; one per host name."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"owner.{host_name()}.lock"
        self._file: IO[str] | None = None

    def acquire(self) -> bool:
        """Take the lock; False if another process of this machine holds it."""
        for number in range(TRIES):
            time.sleep(TRY_AGAIN_S if number else 0)
            if self._try():
                return True
        return False

    def _try(self) -> bool:
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    @property
    def lock_id(self) -> str:
        """Name the lock so that two processes know whether theirs is the same one."""
        return _lock_id(self._path)

    def release(self) -> None:
        """Give the lock up; the kernel does it anyway when the process ends."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None


def is_held(folder: Path, host: str) -> bool:
    """Whether a process of this machine holds a run's lock; for display only."""
    path = folder / f"owner.{host}.lock"
    try:
        with path.open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def is_given_up(run: RunRow) -> bool:
    """Whether this machine's kernel says that the owner of a run is dead.

    False where it cannot say: the owner is on another machine, or its lock file is another one.
    """
    if run.owner is None or run.owner.host != host_name():
        return False
    path = Path(run.folder) / f"owner.{host_name()}.lock"
    try:
        if _lock_id(path) != run.owner.lock_id:
            return False
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held, or not to be seen
        return False
    return True


def _lock_id(path: Path) -> str:
    facts = path.stat()
    return f"{host_name()}:{_boot()}:{facts.st_dev}:{facts.st_ino}"


def _boot() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else "unknown"
