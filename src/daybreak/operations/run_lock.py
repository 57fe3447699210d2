"""The lock by which the processes of one machine agree on a run's owner.

The kernel gives it up when its holder dies, so that a run whose process was killed is taken over at
once. Between machines, and between containers that do not share the folder, the lease decides: a
lock's identity holds the machine's boot and the file's own number.
"""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import IO

ENVIRONMENT_HOST = "DAYBREAK_HOST"
"""Overrides the host's name, for containers that all have the same one, and for tests."""

LOCK_FILES = "owner.*.lock"
"""The lock files in a run's folder: one per host name."""


def host_name() -> str:
    """Return this machine's name, as others see it in the ledger."""
    return os.environ.get(ENVIRONMENT_HOST) or socket.gethostname()


class RunLock:
    """An advisory lock on a file in the run's folder; one per host name."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"owner.{host_name()}.lock"
        self._file: IO[str] | None = None

    def acquire(self) -> bool:
        """Take the lock; False if another process of this machine holds it."""
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
        facts = self._path.stat()
        return f"{host_name()}:{_boot()}:{facts.st_dev}:{facts.st_ino}"

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


def _boot() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else "unknown"
