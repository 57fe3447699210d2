"""A job's file only declares: what it would do at import is refused, with its line.

Python's audit events tell of connections, processes and files opened for writing; only those that
the job's own code causes count, not what the libraries do that it imports.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from ..errors import DefinitionError

_ACTS: Final = frozenset(
    {
        "os.remove",
        "os.rename",
        "os.system",
        "socket.connect",
        "sqlite3.connect",
        "subprocess.Popen",
        "urllib.Request",
    }
)
_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_IMPORTING: Final = "<frozen importlib._bootstrap"

_watched: Path | None = None
_is_hooked = False


@contextmanager
def declaring_only(file: Path) -> Iterator[None]:
    """Refuse what the file does besides declaring, as long as the block lasts."""
    global _watched, _is_hooked  # noqa: PLW0603 - an audit hook cannot be removed, only quieted
    if not _is_hooked:
        sys.addaudithook(_audit)
        _is_hooked = True
    _watched = file
    try:
        yield
    finally:
        _watched = None


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if _watched is None or not (event in _ACTS or _opens_for_writing(event, arguments)):
        return
    line = _line_in_job(_watched)
    if line is not None:
        raise DefinitionError(
            f"{_watched.name} does something when it is loaded: {event}"
            f" {str(arguments[0])[:80] if arguments else ''}".rstrip(),
            hint=f"a job's file only declares; move line {line} into a step",
            file=_watched.name,
            line=line,
        )


def _opens_for_writing(event: str, arguments: tuple[object, ...]) -> bool:
    if event != "open":
        return False
    flags = arguments[2] if len(arguments) > 2 else 0  # noqa: PLR2004 - (path, mode, flags)
    return isinstance(flags, int) and bool(flags & _WRITES)


def _line_in_job(file: Path) -> int | None:
    """Return the line of the job's file that caused this, unless an import lies in between."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - the stack is what is asked for
    while frame is not None:
        if frame.f_code.co_filename == str(file):
            return frame.f_lineno
        if frame.f_code.co_filename.startswith(_IMPORTING):
            return None
        frame = frame.f_back
    return None
