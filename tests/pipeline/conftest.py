"""Every test of this room must end with the threads it began with."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

TASKS = Path("/proc/self/task")
SETTLE_S = 5.0  # a joined thread may still be in the kernel's list for a moment


def kernel_threads() -> set[str]:
    return {entry.name for entry in TASKS.iterdir()} if TASKS.exists() else set()


@pytest.fixture(autouse=True)
def _nothing_leaks() -> Iterator[None]:
    """Compare the interpreter's threads and the kernel's before and after each test."""
    named, tasks = set(threading.enumerate()), kernel_threads()
    yield
    assert set(threading.enumerate()) <= named
    last = time.monotonic() + SETTLE_S
    while not kernel_threads() <= tasks and time.monotonic() < last:
        os.sched_yield()
    assert kernel_threads() <= tasks
