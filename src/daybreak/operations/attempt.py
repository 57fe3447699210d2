"""One attempt at a run, in a process of its own: which it is, and its way to its supervisor.

A process that nobody supervises is the first and only attempt. Nothing heavy is imported here: the
supervisor lives as long as the run.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

STATUS_STOPPED: Final = 4
"""The exit status of what was asked to stop; as `cli.exits.Exit.STOPPED`."""

_PROGRESS: Final = 0
_TOLD: Final = 1

Hear: TypeAlias = Callable[[int], None]
"""Is told the number of a signal by which somebody asks to stop."""


class SharedCells:
    """Two numbers in memory that an attempt shares with its supervisor: they survive its death."""

    SIZE_BYTES: Final = 16

    def __init__(self, memory: memoryview) -> None:
        self._cells = memory.cast("Q")

    @property
    def progress(self) -> int:
        """How often an attempt said that it got on."""
        return self._cells[_PROGRESS]

    def count_progress(self) -> None:
        """Say that the run got on; a count that two threads lose between them does no harm."""
        self._cells[_PROGRESS] += 1

    @property
    def told(self) -> int | None:
        """The exit status with which the attempt ended by its own decision; None if it did not."""
        return self._cells[_TOLD] - 1 if self._cells[_TOLD] else None

    def tell(self, status: int) -> None:
        """Say that what follows is an end, not a death."""
        self._cells[_TOLD] = status + 1

    def untell(self) -> None:
        """Forget the end of an earlier attempt."""
        self._cells[_TOLD] = 0


@dataclass(slots=True)
class Attempt:
    """What an attempt knows of the attempts before it, and of its supervisor."""

    number: int = 1
    """Which attempt of this command it is, from 1."""

    deaths: Sequence[str] = ()
    """How the attempts before it died, the latest last: `SIGSEGV`, `exit status 3`."""

    gives_up: bool = False
    """Whether it only has to say that the run cannot go on."""

    cells: SharedCells | None = None
    """None if nobody supervises it."""

    _hear: Hear | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_supervised(self) -> bool:
        """Whether somebody starts it again if it dies."""
        return self.cells is not None

    def progressed(self) -> None:
        """Say that the run got on: the deaths before are not counted any more."""
        if self.cells is not None:
            self.cells.count_progress()

    def told(self, status: int) -> None:
        """Say that the attempt ends with this status by its own decision."""
        if self.cells is not None:
            self.cells.tell(status)

    def listen(self, line: int) -> None:
        """Hear the supervisor from now on, in a thread of its own.

        A byte on the line is the number of a signal by which somebody asked the supervisor to
        stop. The line's end means that the supervisor is gone: this process ends at once, for who
        kills the process that he sees has killed the run.
        """
        threading.Thread(
            target=self._listen, args=(line,), name="daybreak supervisor", daemon=True
        ).start()

    def _listen(self, line: int) -> None:
        while number := os.read(line, 1):
            with self._lock:
                if self._hear is None:  # no chunk is in the works
                    self.told(STATUS_STOPPED)
                    os.write(2, b"\ninterrupted\n")
                    os._exit(STATUS_STOPPED)
                self._hear(number[0])
        os.kill(os.getpid(), signal.SIGKILL)

    def ask(self, hear: Hear | None) -> None:
        """Have somebody told of requests to stop from now on; None: the process just ends."""
        with self._lock:
            self._hear = hear
