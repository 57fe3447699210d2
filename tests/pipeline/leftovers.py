"""What a pipeline might leave over: threads, tasks, processes, descriptors, shared memory."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path

from daybreak.pipeline import loop as loop_module

SETTLE_S = 5.0  # a joined thread may still be in the kernel's list for a moment


def _threads() -> frozenset[str]:
    return frozenset(f"{thread.name} {thread.ident}" for thread in threading.enumerate())


def _kernel_threads() -> frozenset[str]:
    return frozenset(entry.name for entry in Path("/proc/self/task").iterdir())


def _children() -> frozenset[str]:
    found: list[str] = []
    for task in Path("/proc/self/task").iterdir():
        try:
            found += (task / "children").read_text().split()
        except OSError:  # the thread has ended meanwhile
            continue
    return frozenset(found)


def _descriptors() -> frozenset[str]:
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.add(f"{entry.name} {entry.readlink()}")
        except OSError:  # the one by which the folder is read
            continue
    return frozenset(found)


def _shared_memory() -> frozenset[str]:
    maps = Path("/proc/self/maps").read_text().splitlines()
    mapped = {line for line in maps if "/dev/shm" in line or "memfd:" in line}  # noqa: S108
    return frozenset(mapped)


@dataclass(frozen=True)
class Present:
    """What there is in this process, and what it has started."""

    threads: frozenset[str] = field(default_factory=_threads)
    kernel_threads: frozenset[str] = field(default_factory=_kernel_threads)
    children: frozenset[str] = field(default_factory=_children)
    """Zombies too."""

    descriptors: frozenset[str] = field(default_factory=_descriptors)
    shared_memory: frozenset[str] = field(default_factory=_shared_memory)

    def more_than(self, before: Present) -> dict[str, list[str]]:
        """Say of each kind what was not there before."""
        more = {
            each.name: sorted(getattr(self, each.name) - getattr(before, each.name))
            for each in fields(self)
        }
        return {name: found for name, found in more.items() if found}


@contextmanager
def nothing_left_over() -> Iterator[None]:
    """See that what runs inside leaves nothing over, and no task on any event loop.

    Raises:
        AssertionError: What was left.
    """
    loops: list[asyncio.AbstractEventLoop] = []
    make = loop_module.new_loop

    def noted() -> asyncio.AbstractEventLoop:
        loops.append(make())
        return loops[-1]

    before = Present()
    loop_module.new_loop = noted
    try:
        yield
    finally:
        loop_module.new_loop = make
    last = time.monotonic() + SETTLE_S
    while (more := Present().more_than(before)) and time.monotonic() < last:
        os.sched_yield()
    assert not more, f"left over: {more}"
    for loop in loops:
        assert loop.is_closed(), "an event loop was left open"
        assert not asyncio.all_tasks(loop), "a task was left over"
