"""A child process and what joins it to its parent: how it is started, asked to end, and reaped.

A new interpreter, never a fork: threads may hold any lock. It runs a line of ours instead of the
user's script, so that a script needs no `if __name__ == "__main__"`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from select import POLLIN, poll
from socket import SHUT_RDWR, socketpair
from threading import Lock
from time import monotonic, sleep
from typing import Final

from .messages import CANCEL, GROUP_SIGNALS
from .wire import Wire

_REAP_POLL_S: Final = 0.0005  # a process whose descriptors are closed is dead within that


class Offspring:
    """One running child process. `ask_to_end` may be called by any thread, the rest by one."""

    def __init__(self) -> None:
        """Start it; raises OSError if the machine cannot."""
        self._lock = Lock()  # so that no signal goes to a process that was reaped
        with ExitStack() as opened, ExitStack() as theirs:
            end, their_end = socketpair()
            theirs.callback(their_end.close)
            opened.callback(end.close)
            their_pipe, self._pipe = os.pipe()  # breaks when either of us is gone
            theirs.callback(os.close, their_pipe)
            opened.callback(os.close, self._pipe)
            self._process = _started(their_end.fileno(), their_pipe)
            opened.pop_all()
        self.wire = Wire(end)
        self._heard = _poll(end.fileno(), POLLIN)
        self._gone = _poll(self._pipe, 0)

    def heard_within(self, seconds: float) -> bool:
        """Wait until it says something, or is dead."""
        return bool(self._heard.poll(seconds * 1000))

    def ask_to_end(self) -> None:
        """Have it unwind, and whoever waits for its words know that none will come."""
        with self._lock:
            with suppress(OSError):  # it may be gone already
                self.wire.end.shutdown(SHUT_RDWR)
            if self._process.poll() is None:
                self._process.send_signal(CANCEL)

    def joined(self, within_s: float) -> int | None:
        """Wait for its end and close what joins us.

        Returns:
            Its exit status, or minus the signal that ended it; None if it was killed because it
            did not end in time.
        """
        status = self._reaped(within_s)
        if status is None:
            with self._lock:
                self._process.kill()
            self._reaped(None)
        with self._lock:
            self.wire.close()
        os.close(self._pipe)
        return status

    def _reaped(self, within_s: float | None) -> int | None:
        ends_at = None if within_s is None else monotonic() + within_s
        self._gone.poll(None if within_s is None else within_s * 1000)
        while True:
            with self._lock:
                status = self._process.poll()
            if status is not None or (ends_at is not None and monotonic() >= ends_at):
                return status
            sleep(_REAP_POLL_S)


def _poll(fd: int, events: int) -> poll:
    poller = poll()
    poller.register(fd, events)
    return poller


def _started(end: int, pipe: int) -> subprocess.Popen[bytes]:
    """Start an interpreter like this one, with the same paths, and nothing on its standard input.

    Ctrl-C and SIGTERM are held back until it is there to ignore them.
    """
    code = (
        f"import sys; sys.path[:] = {sys.path!a}; "
        f"from daybreak.pipeline.child import main; main({end}, {pipe})"
    )
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined] # noqa: SLF001 - as multiprocessing does
    before = signal.pthread_sigmask(signal.SIG_BLOCK, GROUP_SIGNALS)
    try:
        return subprocess.Popen(  # noqa: S603 - our own line
            [sys.executable, *flags, "-c", code], stdin=subprocess.DEVNULL, pass_fds=(end, pipe)
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
