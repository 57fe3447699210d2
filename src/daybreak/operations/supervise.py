"""Supervising a run: an attempt lives in a child process; one that died is started again.

A record can kill its process: by a fault in a C extension, by the memory it wants, by `os._exit`.
Whoever is to find such a record must outlive it. So the process that was started does nothing but
wait; it forks an attempt before anything heavy is imported, which costs a few milliseconds and
leaves it one thread and next to no memory of its own.

An attempt has ended if it says so in shared memory; any other end is a death, whatever its exit
status: a record may call `os._exit(0)`. Signals are taken by `sigwait`, so that none is lost
between two looks, and handed on through a pipe: what reaches the whole process group (Ctrl-C, the
end of a service) then is still one request to the attempt, see `signals`.
"""

from __future__ import annotations

import mmap
import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final, TypeAlias

from .. import faultpoints
from .attempt import STATUS_STOPPED, Attempt, SharedCells

STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""By these somebody asks to stop."""

DEATHS_MAX: Final = 1000
"""So many deaths are the end, even if the run got on between them."""

STATUS_FAILED: Final = 1
PARENT: Final = "DAYBREAK_PARENT"
"""The environment's word for the process with which this one ends."""

_PARENT_DEATH_SIGNAL: Final = 1  # of prctl(2)

Body: TypeAlias = Callable[[Attempt], int]
"""Makes one attempt, and returns its exit status."""


def stopping_signals() -> list[signal.Signals]:
    """Return the signals that ask to stop: without SIGHUP, if `nohup` had it ignored."""
    is_nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [number for number in STOPPING if number is not signal.SIGHUP or not is_nohup]


def supervised(body: Body, attempts_max: int) -> int:
    """Make attempts until one ends, or too many in a row died without getting on.

    It returns in the supervisor and, like a fork, in every attempt.

    Args:
        body: Makes one attempt, in a process of its own.
        attempts_max: How many attempts in a row may die without any progress, at least 1.

    Returns:
        The exit status of the last attempt; `STATUS_STOPPED` if somebody asked to stop and the
            attempt died instead; `STATUS_FAILED` if it gave up.
    """
    return _Supervisor(body, attempts_max).run()


class _Supervisor:
    """Waits for one attempt after the other; has one thread, and imports nothing heavy."""

    def __init__(self, body: Body, attempts_max: int) -> None:
        self._body = body
        self._attempts_max = attempts_max
        self._cells = SharedCells(memoryview(mmap.mmap(-1, SharedCells.SIZE_BYTES)))
        self._deaths: list[str] = []
        self._is_asked = False
        self._signals = {*stopping_signals(), signal.SIGCHLD}
        signal.signal(signal.SIGCHLD, lambda *_: None)  # inherited as ignored it would reap
        self._mask_before = signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)

    def run(self) -> int:
        in_a_row = 0
        gives_up = False
        while True:
            progress = self._cells.progress
            self._cells.untell()
            attempt = Attempt(
                len(self._deaths) + 1, tuple(self._deaths), gives_up=gives_up, cells=self._cells
            )
            pid, line = self._fork()
            if pid == 0:
                return self._live(attempt, line)
            how = self._wait(pid, line)
            if self._cells.told is not None:
                return self._cells.told
            self._deaths.append(how)
            if self._is_asked or how in _names(STOPPING):
                _say(f"attempt {attempt.number} died while it was to stop: {how}")
                return STATUS_STOPPED
            if gives_up:
                _say(f"gave up: attempt {attempt.number} died too: {how}")
                return STATUS_FAILED
            in_a_row = 1 if self._cells.progress != progress else in_a_row + 1
            gives_up = in_a_row >= self._attempts_max or len(self._deaths) >= DEATHS_MAX
            next_ = "that is enough" if gives_up else "it is started again"
            _say(f"attempt {attempt.number} died: {how}; {next_}")

    def _fork(self) -> tuple[int, int]:
        """Return in the supervisor the child and the line to it, in the child 0 and its end."""
        line, to_child = os.pipe()
        supervisor = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            os.close(line)
            return pid, to_child
        os.close(to_child)
        _die_with(supervisor)
        return 0, line

    def _live(self, attempt: Attempt, line: int) -> int:
        if attempt.number > 1:
            faultpoints.arm(None)  # what a test armed is one accident, not one at each attempt
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        attempt.listen(line)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask_before)
        try:
            status = self._body(attempt)
        except BaseException:
            attempt.told(STATUS_FAILED)
            raise
        attempt.told(status)
        return status

    def _wait(self, pid: int, line: int) -> str:
        """Hand on what is asked until the attempt has ended; say how it ended."""
        try:
            while True:
                number = signal.sigwait(self._signals)
                if number != signal.SIGCHLD:
                    self._is_asked = True
                    _hand_on(line, number)
                elif (status := _reaped(pid)) is not None:
                    # A request that came at the same time counts: nobody wants another attempt.
                    self._is_asked |= bool(signal.sigpending() & {*STOPPING} & self._signals)
                    return _how(status)
        finally:
            os.close(line)


def _hand_on(line: int, number: int) -> None:
    try:
        os.write(line, bytes([number]))
    except BrokenPipeError:  # it has just ended
        return


def _reaped(pid: int) -> int | None:
    """Reap what has ended, as process 1 of a container must; return the attempt's wait status."""
    found = None
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if ended == 0:
            return found
        if ended == pid:
            found = status


def _how(wait_status: int) -> str:
    status = os.waitstatus_to_exitcode(wait_status)
    return f"exit status {status}" if status >= 0 else _name(-status)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _names(numbers: Iterable[signal.Signals]) -> set[str]:
    return {number.name for number in numbers}


def end_with_parent() -> None:
    """Have the kernel ask this process to end when the parent that started it so dies."""
    parent = os.environ.pop(PARENT, "")
    if parent.isdigit():
        _die_with(int(parent), signal.SIGTERM)


def _die_with(parent: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel signal this process when its parent dies, whatever it is doing then.

    A supervisor's line says the same, on every system; but the thread that reads it gets no turn
    while a C extension holds the interpreter.
    """
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - not for `--help`

        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, number)
    if os.getppid() != parent:  # it died before that
        os.kill(os.getpid(), number)


def _say(text: str) -> None:
    with suppress(OSError):  # a full disk costs the words, not the run
        sys.stderr.write(f"daybreak: {text}\n")
        sys.stderr.flush()
