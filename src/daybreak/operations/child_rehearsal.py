"""The process of one rehearsal: started, waited for, and never left behind by its parent.

A signal that asks the parent to stop is handed on: the rehearsal ends at its next chunk, rolls back
and removes what it has made. One that does not end in time is killed, which leaves nothing either
(its transaction is the server's to undo; a scratch database is removed by the next rehearsal). It
has a process group of its own, so that Ctrl-C reaches it on this one way; on Linux it is asked to
end when its parent dies without a word.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final

from .supervise import PARENT, stopping_signals

ENDS_S: Final = 15.0
"""How long a rehearsal that was asked to end may take for that."""

_LOOK_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Ended:
    """How the process ended."""

    status: int
    """Its exit status; below 0 the number of the signal that killed it."""

    out: str
    err: str


def ended(command: Sequence[str]) -> Ended:
    """Run a command to its end.

    Raises:
        KeyboardInterrupt: If this process was asked to stop meanwhile; the other has ended.
    """
    with _requests() as asked:
        process = subprocess.Popen(  # noqa: S603 - our own program
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
            env={**os.environ, PARENT: str(os.getpid())},
        )
        with process:
            out, err = _waited_for(process, asked)
    if asked:
        raise KeyboardInterrupt
    return Ended(process.returncode, out, err)


@contextmanager
def _requests() -> Iterator[list[int]]:
    """Collect the signals that ask to stop, in place of what they do otherwise."""
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def hear(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    before = {number: signal.signal(number, hear) for number in stopping_signals()}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _waited_for(process: subprocess.Popen[str], asked: Sequence[int]) -> tuple[str, str]:
    told_s: float | None = None
    while True:
        try:
            return process.communicate(timeout=_LOOK_S)
        except subprocess.TimeoutExpired:
            pass
        if not asked:
            continue
        if told_s is None:
            told_s = time.monotonic()
            process.terminate()
        elif len(asked) > 1 or time.monotonic() - told_s > ENDS_S:
            process.kill()
