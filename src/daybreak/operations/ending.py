"""Ending an owner that does not end by itself, where the operator asks for it: `--kill-owner`.

An owner holds a lock file in its run's folder as long as it lives, and the kernel says which
process that is: so nobody else is ever ended, whatever number the ledger remembers.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from ..databases.holders import LOCKS, holders_of_file
from ..errors import PreflightError
from .run_lock import LOCK_FILES

GONE_S: Final = 10.0
"""How long a killed process may take to be gone: its memory has to be given back."""

LOOK_S: Final = 0.02


def end_owners(runs: Iterable[Path]) -> list[int]:
    """Kill the processes of this machine that own one of these runs; return their numbers.

    What they had committed stays; what they had not is rolled back by the database.

    Args:
        runs: Folders of runs.

    Raises:
        PreflightError: If nobody can say who owns them, or one cannot be ended.
    """
    if not LOCKS.exists():
        raise PreflightError(
            f"--kill-owner needs {LOCKS}, which this system does not have",
            hint="end the owner yourself; `daybreak status` names its process",
        )
    files = [file for folder in runs for file in folder.glob(LOCK_FILES)]
    ended = sorted({pid for file in files for pid in holders_of_file(file)} - {os.getpid()})
    for pid in ended:
        _kill(pid)
    _wait_until_gone(files, ended)
    return ended


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise PreflightError(
            f"process {pid} owns the run and belongs to another user",
            hint=f"end it as that user: kill -9 {pid}",
        ) from error


def _wait_until_gone(files: Iterable[Path], ended: Iterable[int]) -> None:
    """Wait until the kernel has given the locks back."""
    ends_at_s = time.monotonic() + GONE_S
    with suppress(FileNotFoundError):
        while any(set(ended).intersection(holders_of_file(file)) for file in files):
            if time.monotonic() > ends_at_s:
                raise PreflightError(
                    f"process {', '.join(map(str, ended))} was killed, and is still there",
                    hint="see what it waits for in the kernel: its disk may not answer",
                )
            time.sleep(LOOK_S)
