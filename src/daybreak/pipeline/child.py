"""What runs in a worker process: one stage's function, over the hands of records it is sent.

The main thread does everything, so that a signal can end it wherever it is. How records become
results is known to `stages`; this is only the other end of `process`.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import pickle
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from select import POLLIN, poll, select
from socket import socket
from threading import Timer, current_thread, main_thread
from time import monotonic
from types import ModuleType
from typing import Any, Final

from .child_worker import ChildWorker
from .messages import (
    CANCEL,
    GROUP_SIGNALS,
    Errand,
    FarError,
    NotBegun,
    NotEnded,
    Say,
    Task,
)
from .nodes import Stage
from .scope import Scope
from .waiting import Cancelled
from .wire import Gone, Packed, Wire, packed, unpacked

GRACE_S: Final = 0.2
"""Seconds for a function that was told by `current_scope().wait` to return by itself."""


def main(socket_fd: int, parent_fd: int) -> None:
    """Serve the parent until it says the end, cancels, or is gone.

    Args:
        socket_fd: Our end of the socket pair.
        parent_fd: The reading end of a pipe that nobody writes to: it breaks with the parent.
    """
    wire = Wire(socket(fileno=socket_fd))
    scope = _ChildScope()
    _keep_to_ourselves(wire, parent_fd)
    try:
        _end_with_parent(parent_fd)
        scope.listen()
        with scope:
            _serve(_Parent(wire, scope))
    except Cancelled:
        pass  # before the scope was entered
    finally:
        wire.close()  # the parent need not wait for what else this process has to end
    signal.signal(CANCEL, signal.SIG_DFL)
    if scope.is_cancelled:
        _exit_at_once()


def _exit_at_once() -> None:
    """End without taking the interpreter apart: somebody waits for it, and all is unwound."""
    atexit._run_exitfuncs()  # noqa: SLF001 - only the whole end of an interpreter calls it else
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, full, or none at all
            stream.flush()
    os._exit(128 + CANCEL)


def _keep_to_ourselves(wire: Wire, parent_fd: int) -> None:
    """Let no process started here hold our ends, or obey our signals."""

    def forget() -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(CANCEL, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        wire.close()
        os.close(parent_fd)

    for fd in (wire.end.fileno(), parent_fd):
        os.set_inheritable(fd, False)  # noqa: FBT003 - it takes no keyword
    os.register_at_fork(after_in_child=forget)


def _end_with_parent(parent_fd: int) -> None:
    """Have the kernel kill this process when the pipe breaks, whatever it is doing.

    Not by PR_SET_PDEATHSIG: that kills as soon as the thread ends that has started us.
    """
    if sys.platform == "linux":
        fcntl.fcntl(parent_fd, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(parent_fd, fcntl.F_SETSIG, signal.SIGKILL)
        flags = fcntl.fcntl(parent_fd, fcntl.F_GETFL)
        fcntl.fcntl(parent_fd, fcntl.F_SETFL, flags | os.O_ASYNC)
    broken = poll()
    broken.register(parent_fd, POLLIN)
    if broken.poll(0):
        raise Cancelled  # before we could say so


# ---------------------------------------------------------------- being told to end


class _ChildScope(Scope):
    """The scope around the function; a signal cancels it.

    Only the main thread asks it: threads that a function starts have scopes of their own.
    """

    def __init__(self) -> None:
        super().__init__()
        self._wake_fd = -1
        self._is_waiting = False
        self._is_insisting = False
        self._is_unwinding = False

    def listen(self) -> None:
        """Take our signal for a cancellation; what is sent to all, the parent decides on."""
        self._wake_fd, told_fd = os.pipe()
        os.set_blocking(told_fd, False)
        signal.set_wakeup_fd(told_fd, warn_on_full_buffer=False)
        for theirs in GROUP_SIGNALS:
            signal.signal(theirs, signal.SIG_IGN)
        signal.signal(CANCEL, self._on_signal)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, GROUP_SIGNALS)

    def cut(self) -> Cancelled:
        """Note that the work is no longer wanted; return what to raise."""
        self.is_cancelled = self._is_unwinding = True
        return Cancelled()

    def wait(self, seconds: float, /) -> bool:
        """Sleep, but wake at once at a cancellation; return whether there was one."""
        if current_thread() is not main_thread():
            return super().wait(seconds)
        ends_at = monotonic() + seconds
        self._is_waiting = True
        try:
            while not self.is_cancelled and (remaining := ends_at - monotonic()) > 0:
                woken, _, _ = select([self._wake_fd], [], [], remaining)
                if woken:  # by a signal, perhaps another than ours
                    os.read(self._wake_fd, 4096)
        finally:
            self._is_waiting = False
        if self.is_cancelled and not self._is_insisting:
            self._insist()
        return self.is_cancelled

    def _on_signal(self, _number: int, _frame: object) -> None:
        if self._is_unwinding:
            return
        if self._is_waiting and not self.is_cancelled:
            self.is_cancelled = True  # `wait` says so
            return
        raise self.cut()

    def _insist(self) -> None:
        self._is_insisting = True
        again = Timer(GRACE_S, os.kill, (os.getpid(), CANCEL))
        again.daemon = True
        again.start()


# ---------------------------------------------------------------- beginning


class _FileFinder:
    """Finds modules that the parent has loaded from files to which their name does not lead."""

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files

    def find_spec(
        self,
        fullname: str,
        _path: Sequence[str] | None = None,
        _target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        file = self._files.get(fullname)
        return None if file is None else spec_from_file_location(fullname, file)


def _unpacked_errand(task: Task) -> Errand:
    """Load the function, and put the classes of the parent's script where records look for them."""
    sys.meta_path.insert(0, _FileFinder(task.modules))
    errand: Errand = pickle.loads(task.parcel)  # noqa: S301 - from our parent
    for home, classes in errand.classes.items():
        module = sys.modules.setdefault(home, ModuleType(home))
        vars(module).update(classes)
    return errand


def _stage(errand: Errand, resources: ExitStack) -> Stage:
    fn = errand.fn
    if errand.using is not None:
        resource = resources.enter_context(errand.using())
        fn = _with_resource(fn, resource)
    return errand.kind(name=errand.name, fn=fn)


def _with_resource(fn: Callable[[Any, Any], Any], resource: object) -> Callable[[Any], Any]:
    return lambda record: fn(record, resource)


# ---------------------------------------------------------------- working


def _serve(parent: _Parent) -> None:
    """Do what the parent asks for, from its task to its end."""
    with ExitStack() as resources:
        is_opening = False
        try:
            errand = _unpacked_errand(unpacked(parent.hear()))
            is_opening = True
            stage = _stage(errand, resources)
        except Exception as error:  # noqa: BLE001 - a user's modules and resources may raise anything
            parent.tell(packed(NotBegun(FarError.of(error), is_opening)))
            return
        parent.tell(packed(Say.READY))
        _work(parent, stage)
        try:
            resources.close()
        except Exception as error:  # noqa: BLE001 - a user's resource may raise anything
            parent.tell(packed(NotEnded(FarError.of(error))))
        else:
            parent.tell(packed(Say.ENDED))


class _Parent:
    """The parent, as this process talks with it; that it is gone ends us as a signal would."""

    def __init__(self, wire: Wire, scope: _ChildScope) -> None:
        self._wire = wire
        self._scope = scope

    def hear(self) -> Packed:
        """Wait for what it wants."""
        try:
            return self._wire.receive()
        except Gone:
            raise self._scope.cut() from None

    def tell(self, message: Packed) -> None:
        """Answer, unless the answer is no longer wanted."""
        if self._scope.is_cancelled:
            raise self._scope.cut()
        try:
            self._wire.send(message)
        except Gone:
            raise self._scope.cut() from None


def _work(parent: _Parent, stage: Stage) -> None:
    """Answer each request by one piece of results, until the end is said."""
    worker = ChildWorker(stage)
    with closing(worker):
        while True:
            message = parent.hear()
            try:
                request = unpacked(message)
            except MemoryError:
                raise
            except Exception:  # noqa: BLE001 - a record's class may raise anything
                answer = packed(Say.SINGLY)
            else:
                if request is Say.END:
                    return
                answer = worker.answer(request)
            parent.tell(answer)
