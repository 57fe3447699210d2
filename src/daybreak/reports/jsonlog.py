"""Events as JSON lines: the log in a run's folder, and standard output for programs."""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO

from ..telemetry import Event, RunStarted
from .look import say_lost, say_on_stderr
from .payload import payload_of
from .secrets import Mask

LOG_NAME: Final = "log.jsonl"


class JsonLines:
    """Writes one JSON object a line for every event. Subscribe `hear`.

    Args:
        stream: Where the lines go. When it fails (a closed pipe, a full disk), nothing more is
            written.
        mask: Hides secrets.
    """

    def __init__(self, stream: TextIO, mask: Mask) -> None:
        self._stream = stream
        self._mask = mask
        self._lock = threading.Lock()
        self._is_broken = False

    def hear(self, event: Event) -> None:
        """Write an event."""
        self.write(payload_of(event, self._mask))

    def write(self, payload: Mapping[str, Any]) -> None:
        """Write any JSON data as one line."""
        with self._lock:
            if self._is_broken:
                return
            try:
                print(as_line(payload), file=self._stream, flush=True)
            except (OSError, ValueError) as error:
                self._is_broken = True  # nobody reads any more; the run goes on
                say_lost(error)


class JsonLog:
    """Appends every event to `log.jsonl` in the run's folder. Subscribe `hear`, `close` at the end.

    A log that cannot be written is told of once, and never fails the run.

    Args:
        mask: Hides secrets.
        complain: Is told, once, what is wrong with the log; by default on standard error.
    """

    def __init__(self, mask: Mask, complain: Callable[[str], None] | None = None) -> None:
        self._mask = mask
        self._complain = complain or say_on_stderr
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._has_complained = False
        self._is_torn = False

    def hear(self, event: Event) -> None:
        """Write an event; the first one, `RunStarted`, says where."""
        if isinstance(event, RunStarted):
            with self._lock:
                self._open(Path(event.folder) / LOG_NAME)
        self.write(payload_of(event, self._mask))

    def write(self, payload: Mapping[str, Any]) -> None:
        """Write any JSON data as one line; nothing before the run has a folder."""
        line = (as_line(payload) + "\n").encode()
        with self._lock:
            if self._file is None:
                return
            try:
                self._append(self._file, line)
            except OSError as error:
                self._lost(error)

    def _append(self, file: BinaryIO, line: bytes) -> None:
        # A disk that is full takes part of a line: the next one begins on a line of its own.
        whole = b"\n" + line if self._is_torn else line
        self._is_torn = True
        if file.write(whole) < len(whole):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._is_torn = False

    def close(self) -> None:
        """Close the log; it may be closed twice."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _open(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered and in append mode: each line is one write, and whole or absent.
            self._file = path.open("ab", buffering=0)
            self._is_torn = _ends_within_a_line(path)
        except OSError as error:
            self._lost(error)

    def _lost(self, error: OSError) -> None:
        # The file stays open: once the disk has room again, the log goes on.
        if not self._has_complained:
            self._has_complained = True
            self._complain(f"the run's log cannot be written, the run goes on without it: {error}")


def _ends_within_a_line(path: Path) -> bool:
    """Say whether an earlier attempt died while it wrote."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def as_line(payload: Mapping[str, Any]) -> str:
    """Return JSON data on one line; surrogates from undecodable names stay escaped."""
    try:
        text = json.dumps(payload, ensure_ascii=False, separators=(", ", ": "))
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(payload)
    return text
