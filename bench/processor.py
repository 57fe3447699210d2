"""How much processor time a server's sessions and our own processes took, on Linux.

A busy machine stretches every clock. What a row costs in processor time it stretches far less, so
that a figure can still be judged there.
"""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import psycopg

_PROC: Final = Path("/proc")
_PARENT, _OWN, _ENDED = 1, slice(11, 13), slice(13, 15)
"""Where `/proc/PID/stat` says them, counted from behind the process's name."""


def is_known() -> bool:
    """Say whether this system tells."""
    return (_PROC / "self" / "stat").is_file()


def parent_of(session: psycopg.Connection[Any]) -> int:
    """Return the process that started the server's side of a session, on this machine."""
    return int(_stat(session.info.backend_pid)[_PARENT])


def ended_s(process: int) -> float:
    """Return the seconds that those children of a process took which have ended."""
    return _seconds(_stat(process)[_ENDED])


def session_s(session: psycopg.Connection[Any]) -> float:
    """Return the seconds that the server's side of a session has taken so far."""
    return _seconds(_stat(session.info.backend_pid)[_OWN])


def with_children_s(process: int) -> float:
    """Return the seconds that a process and its living children have taken so far."""
    return _seconds(_stat(process)[_OWN]) + sum(map(with_children_s, _children(process)))


def commands_s() -> float:
    """Return the seconds that the commands took which this process has started and waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _children(process: int) -> list[int]:
    tasks = (_PROC / str(process) / "task").iterdir()
    return [int(one) for task in tasks for one in (task / "children").read_text().split()]


def _stat(process: int) -> list[str]:
    said = (_PROC / str(process) / "stat").read_text()
    return said[said.rindex(")") + 1 :].split()


def _seconds(ticks: list[str]) -> float:
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
