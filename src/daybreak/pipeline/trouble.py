"""What can go wrong with threads, put into words."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from threading import Thread

from ..errors import RunError, StuckWorker


def stuck_worker(threads: Mapping[Thread, str]) -> StuckWorker:
    """Name each thread's function and where it is now: the one leak that Python leaves.

    Args:
        threads: Those that did not come back, and what a person calls them.
    """
    frames = sys._current_frames()  # noqa: SLF001 - documented, and the only way to another stack
    stacks = []
    for thread, label in threads.items():
        frame = frames.get(thread.ident or 0)
        if frame is not None:
            stack = "".join(traceback.format_stack(frame)).rstrip()
            stacks.append(f"{label!r} is in {frame.f_code.co_qualname}:\n{stack}")
    names = ", ".join(repr(label) for label in threads.values())
    return StuckWorker(
        "\n".join([f"{len(threads)} thread(s) did not return: {names}", *stacks]),
        hint="Python cannot end a thread: give the call a timeout, or wait by current_scope().wait",
    )


def cut_off() -> RunError:
    """Say that a thread waited on a channel that is none of its business."""
    return RunError(
        "a thread was cut off: it waited on a channel of another scope, which was cancelled",
        hint="read a channel inside the scope that made it, or inside a scope opened there",
    )


def raisable(error: BaseException) -> BaseException:
    """Wrap what would be taken for the end of an iteration if it were raised to the owner."""
    if not isinstance(error, StopIteration | StopAsyncIteration):
        return error
    wrapped = RuntimeError(f"a function raised {error!r}")
    wrapped.__cause__ = error
    return wrapped
