"""Precedence at a SQLite file: among processes, who has waited goes before who is only going on.

SQLite's lock has no queue: whoever waits looks again every now and then, up to 0.1 s apart, and a
busy process has taken it again by then. Eight workers kept a take-over out for up to 25 s (1,070
chunks). So who must not be passed locks a sign beside the file, and nobody else begins while it is
locked. The kernel gives the lock up when its holder dies; the sign is removed, or left unlocked by
a kill, which stops nobody.

It is politeness, not safety: where no sign can be made, or its holder was stopped, the others go on
after `PASS_S_MAX`.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

PASS_S_MAX: Final = 2.0
"""So long others are let pass at most, each time."""

LOOK_AGAIN_S: Final = 0.002
TRIES: Final = 5


@contextmanager
def going_first(database: str) -> Iterator[None]:
    """Have all others who begin with `let_pass` wait until the block ends.

    Args:
        database: The path of the SQLite file.
    """
    sign = sign_of(database)
    file = _held(sign)
    try:
        yield
    finally:
        if file is not None:
            with suppress(OSError):  # a folder in which we may remove nothing
                sign.unlink(missing_ok=True)
            os.close(file)


def _held(sign: Path) -> int | None:
    """Make a sign and lock it; None if somebody else goes first, or no sign can be made.

    Whoever only looks at it holds it for a moment, and whoever went first removes it: then again.
    """
    for _ in range(TRIES):
        with suppress(OSError):
            file = os.open(sign, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            with ExitStack() as if_not_held:
                if_not_held.callback(os.close, file)
                if _lock(file, fcntl.LOCK_EX) and os.path.samestat(os.fstat(file), sign.stat()):
                    if_not_held.pop_all()
                    return file
        time.sleep(LOOK_AGAIN_S)
    return None


def sign_of(database: str) -> Path:
    """Return the place of the sign: a file beside the database."""
    return Path(f"{database}-first")


def let_pass(database: str) -> None:
    """Wait while somebody goes first."""
    sign = sign_of(database)
    ends_at_s = time.monotonic() + PASS_S_MAX
    while _is_locked(sign) and time.monotonic() < ends_at_s:
        time.sleep(LOOK_AGAIN_S)


def _is_locked(sign: Path) -> bool:
    with suppress(OSError):  # no sign, which is so nearly always
        file = os.open(sign, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return not _lock(file, fcntl.LOCK_SH)
        finally:
            os.close(file)
    return False


def _lock(file: int, how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
