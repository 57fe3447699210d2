"""Who holds a file's locks, by the kernel's word, so that an error can name the process."""

from __future__ import annotations

import os
from pathlib import Path

from .url import file_of

LOCKS = Path("/proc/locks")


def holders_of_file(file: Path) -> list[int]:
    """Return the processes that hold a lock on a file; empty where nobody can say.

    Linux lists every lock with the number of its file. A process of another container is listed
    with a number that means nothing here, and left out.
    """
    try:
        number, locks = str(file.stat().st_ino), LOCKS.read_text()
    except OSError:
        return []
    found = set()
    for line in locks.splitlines():
        fields = line.replace("->", "").split()
        is_file = len(fields) > 5 and fields[5].rsplit(":", 1)[-1] == number  # noqa: PLR2004
        if is_file and int(fields[4]) > 0:
            found.add(int(fields[4]))
    return sorted(found)


def holders_of(url: str) -> list[int]:
    """Return the processes that hold a lock on the file of a database; empty for servers."""
    file = file_of(url)
    return [] if file is None else holders_of_file(file)


def said_holders(file: Path) -> str:
    """Say who holds a file's locks, as the end of a sentence; empty if nobody can say."""
    pids = holders_of_file(file)
    others = [pid for pid in pids if pid != os.getpid()]
    if others:
        return f"; it is locked by process {', '.join(map(str, others))}"
    return f"; it is locked by this process itself, {os.getpid()}" if pids else ""
