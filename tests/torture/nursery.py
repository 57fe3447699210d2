"""A process that has imported everything, and forks one child a run: runs start at once.

Start-up takes most of a small run's time. The nursery has one thread, so that forking it is safe;
its children arm their fault point, then do what the command does. They are killed like any other.
Its face to campaigns and tests is `Nursery`; the rest is what runs in the process itself.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pydantic

from .world import PROCESS_S_MAX, Ran, World

ROOT = Path(__file__).parents[2]
LINE_BYTES_MAX = 2**20
DAYBREAK = "daybreak"

IMPORTED: Final = (
    "daybreak.check.by_columns",
    "daybreak.check.keep",
    "daybreak.check.report",
    "daybreak.cli.quarantine",
    "daybreak.cli.restart",
    "daybreak.cli.running",
    "daybreak.connectors.fetch",
    "daybreak.connectors.file_source",
    "daybreak.connectors.files_target",
    "daybreak.connectors.functions",
    "daybreak.connectors.remote_fsspec",
    "daybreak.connectors.rows_source",
    "daybreak.connectors.scanned_source",
    "daybreak.connectors.sequence",
    "daybreak.connectors.update",
    "daybreak.connectors.upsert_table",
    "daybreak.databases.postgresql",
    "daybreak.databases.upserting",
    "daybreak.files",
    "daybreak.operations.check_files",
    "daybreak.operations.replay",
    "fsspec.implementations.local",
    "pydantic.type_adapter",
)
"""What most of the runs need, and what starts no thread."""


@dataclass(frozen=True)
class Child:
    """One run in the works."""

    pid: int
    said: Path
    """Where its standard output and error go."""

    answer: socket.socket
    """Tells its exit status, once."""

    def kill(self) -> None:
        """Kill it, unless it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._state() not in "ZX"

    def _state(self) -> str:
        """Return the letter that the kernel has for its state; X if it is gone."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return "X"

    def has_stopped(self) -> bool:
        """Wait until it has stopped itself; False if it ended before."""
        ends_at_s = time.monotonic() + PROCESS_S_MAX
        while time.monotonic() < ends_at_s:
            if (state := self._state()) in "TZX":
                return state == "T"
            time.sleep(0.005)
        raise AssertionError(f"the run neither stopped nor ended: {self.said.read_text()}")

    def wait(self) -> Ran:
        """Wait for its end, at most `PROCESS_S_MAX`."""
        with self.answer:
            self.answer.settimeout(PROCESS_S_MAX)
            try:
                status = int(_line(self.answer))
            except TimeoutError:
                self.kill()
                raise AssertionError(
                    f"the run did not end in {PROCESS_S_MAX} s: {self.said.read_text()}"
                ) from None
        text = self.said.read_text(errors="replace")
        return Ran(os.waitstatus_to_exitcode(status), text, text)


class Nursery:
    """Starts runs; for several threads at once."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._runs = 0

    def start(
        self,
        world: World,
        *,
        fault: str | None = None,
        words: Sequence[str] | None = None,
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        gate: Path | None = None,
    ) -> Child:
        """Start the world's command with more options, or what `words` say behind `daybreak`.

        Args:
            world: Where.
            fault: Which fault point to arm, and how.
            words: Another command.
            options: More of the command's options.
            environment: More of its environment.
            gate: A locked file before which it waits (see `_pass`).
        """
        return self._start(
            world.folder,
            [*(words or world.command[3:]), *options],
            environment={**world.environment, **(environment or {})},
            fault=fault,
            trace=world.trace,
            gate=gate,
        )

    def run(
        self,
        world: World,
        *,
        fault: str | None = None,
        words: Sequence[str] | None = None,
        options: Sequence[str] = (),
    ) -> Ran:
        """Run the world's command, or what `words` say behind `daybreak`, to its end."""
        return self.start(world, fault=fault, words=words, options=options).wait()

    def typed(
        self,
        folder: Path,
        *words: str,
        fault: str | None = None,
        environment: Mapping[str, str] | None = None,
        program: str = DAYBREAK,
    ) -> Ran:
        """Run a command in a folder to its end, without a world.

        Args:
            folder: Where it is typed.
            words: What stands behind the program.
            fault: Which fault point to arm, and how.
            environment: More of its environment.
            program: Another module that is run as a program.
        """
        return self._start(
            folder, words, environment=environment or {}, fault=fault, program=program
        ).wait()

    def _start(
        self,
        folder: Path,
        words: Sequence[str],
        *,
        environment: Mapping[str, str],
        fault: str | None,
        trace: Path | None = None,
        gate: Path | None = None,
        program: str = DAYBREAK,
    ) -> Child:
        with self._lock:
            self._runs += 1
            said = self._place.with_name(f"said-{self._runs}")  # where nobody looks what is left
        said.touch()  # a child that is killed at once has not opened it
        answer = socket.socket(socket.AF_UNIX)
        answer.connect(str(self._place))
        request = {
            "program": program,
            "words": list(words),
            "gate": None if gate is None else str(gate),
            "folder": str(folder),
            "environment": dict(environment),
            "fault": fault,
            "trace": None if trace is None else str(trace),
            "said": str(said),
        }
        answer.sendall(json.dumps(request).encode() + b"\n")
        return Child(int(_line(answer)), said, answer)


@contextlib.contextmanager
def nursery() -> Iterator[Nursery]:
    """Start a nursery; it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="daybreak-nursery-") as folder:
        place = Path(folder) / "socket"
        with subprocess.Popen(
            [sys.executable, "-m", "tests.torture.nursery", str(place)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,  # whoever asks for it may be elsewhere by then
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            try:
                yield Nursery(place)
            finally:
                process.stdin.close()


def _line(connection: socket.socket) -> str:
    """Read one line; whoever writes them waits for an answer to each."""
    text = b""
    while not text.endswith(b"\n"):
        piece = connection.recv(4096)
        assert piece, "the nursery has ended"
        assert len(text) < LINE_BYTES_MAX
        text += piece
    return text.decode()


# ---------------------------------------------------------------- in the process


def serve(place: Path) -> None:
    """Fork a child for each request, and tell how each ended; until standard input ends."""
    _import_for_all()
    wakes, woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children: dict[int, socket.socket] = {}
    with socket.socket(socket.AF_UNIX) as door, selectors.DefaultSelector() as selector:
        door.bind(str(place))
        door.listen()
        for file in (door, wakes, sys.stdin):
            selector.register(file, selectors.EVENT_READ)
        print("ready", flush=True)  # noqa: T201 - the answer
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if sys.stdin in ready:
                return
            if wakes in ready:
                os.read(wakes, 4096)
                _tell_ended(children)
            if door in ready:
                connection, _ = door.accept()
                pid = _forked(json.loads(_line(connection)))
                children[pid] = connection
                connection.sendall(f"{pid}\n".encode())


def _import_for_all() -> None:
    """Import here what children would import one by one: half of what a small run costs."""
    for name in IMPORTED:
        importlib.import_module(name)
    pydantic.create_model("First", number=(int, ...))  # the first model looks for plug-ins
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "whoever has threads does not fork"


def _tell_ended(children: dict[int, socket.socket]) -> None:
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            pid, status = ended
            with children.pop(pid) as connection, contextlib.suppress(BrokenPipeError):
                connection.sendall(f"{status}\n".encode())


def _forked(request: Mapping[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        _live(request)
    finally:
        os._exit(70)


def _live(request: Mapping[str, Any]) -> None:
    """Do in this child what the command does."""
    from daybreak import faultpoints  # noqa: PLC0415 - imported long ago
    from daybreak.cli import main  # noqa: PLC0415 - imported long ago

    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    said = os.open(request["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    silence = os.open(os.devnull, os.O_RDONLY)
    for number, file in enumerate((silence, said, said)):
        os.dup2(file, number)
    os.closerange(3, 64)  # sockets of its brothers; nothing of it is open yet
    os.chdir(request["folder"])
    os.environ.update(request["environment"])
    faultpoints.arm(request["fault"])
    faultpoints.trace(None if request["trace"] is None else Path(request["trace"]))
    sys.argv = [request["program"], *request["words"]]
    tempfile.tempdir = None  # to be asked for anew
    if request["gate"] is not None:
        _pass(Path(request["gate"]))
    status = 0
    try:
        if request["program"] == DAYBREAK:
            main()
        else:
            runpy.run_module(request["program"], run_name="__main__")
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _pass(gate: Path) -> None:
    """Say that this one has come, by a byte more in the file; wait until its lock is given up."""
    with gate.open("ab") as file:
        file.write(b".")
        file.flush()
        fcntl.flock(file, fcntl.LOCK_SH)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
