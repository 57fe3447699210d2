"""One attempt at a run, in a process of its own: which it is, and its way to its supervisor.

A process that nobody supervises is the first and only attempt. Nothing heavy is imported here: the
supervisor lives as long as the run.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeAlias

STATUS_STOPPED: Final = 4
"""The exit status of what was asked to stop; as `cli.exits.Exit.STOPPED`."""

_PROGRESS: Final = 0
_TOLD: Final = 1
_RUN: Final = 2
_HAS_BEGUN: Final = 3

Hear: TypeAlias = Callable[[int], None]
"""Is told the number of a signal by which somebody asks to stop."""


class SharedCells:
    """Numbers in memory that an attempt shares with its supervisor: they survive its death."""

    SIZE_BYTES: Final = 32

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

    @property
    def run(self) -> int | None:
        """The number of the run that the command means, once it was found or entered."""
        return self._cells[_RUN] or None

    @run.setter
    def run(self, number: int) -> None:
        self._cells[_RUN] = number

    @property
    def has_begun_again(self) -> bool:
        """Whether the steps that the command begins again have their new pass."""
        return bool(self._cells[_HAS_BEGUN])

    @has_begun_again.setter
    def has_begun_again(self, has_begun: bool) -> None:
        self._cells[_HAS_BEGUN] = has_begun

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

    @property
    def run(self) -> int | None:
        """The run that an earlier attempt of the command found or entered; None if none did."""
        return None if self.cells is None else self.cells.run

    def works_at(self, run: int) -> None:
        """Say which run the command means: the next attempt enters no other."""
        if self.cells is not None:
            self.cells.run = run

    @property
    def has_begun_again(self) -> bool:
        """Whether an earlier attempt of the command has begun again what it means to."""
        return self.cells is not None and self.cells.has_begun_again

    def began_again(self) -> None:
        """Say that what the command begins again has begun: the next attempt goes on with it."""
        if self.cells is not None:
            self.cells.has_begun_again = True

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
                    with suppress(OSError):
                        os.write(2, b"\ninterrupted\n")
                    os._exit(STATUS_STOPPED)
                self._hear(number[0])
        os.kill(os.getpid(), signal.SIGKILL)

    def ask(self, hear: Hear | None) -> None:
        """Have somebody told of requests to stop from now on; None: the process just ends."""
        with self._lock:
            self._hear = hear
