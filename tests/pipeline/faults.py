"""Ways in which a source, a stage or a consumer fails; both sides of a process can import them."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Literal, TypeAlias

from daybreak.pipeline.current import current_scope

Fault: TypeAlias = Literal[
    "raise", "os._exit", "sys.exit", "SIGKILL", "hang", "wait", "unpicklable"
]

LONG_S = 20.0
BAD_RECORD = 7
RECORDS = 20
PARENT = int(os.environ.setdefault("DAYBREAK_TEST_PARENT", str(os.getpid())))

released = threading.Event()
"""Ends what hangs in a thread, so that the next test begins without it."""


class Bad(Exception):  # noqa: N818 - it reads as a sentence
    """What fails on purpose."""


def fail(how: Fault) -> object:
    """Fail in this thread; a result is returned where it is what is wrong."""
    match how:
        case "raise":
            raise Bad
        case "sys.exit":
            sys.exit(3)
        case "os._exit":
            os._exit(4)
        case "SIGKILL":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang" if os.getpid() == PARENT:
            released.wait(LONG_S)
        case "hang":
            sum(itertools.repeat(1, 3_000_000_000))  # not even a signal handler runs
        case "wait":
            current_scope().wait(LONG_S)
    return threading.Lock()


async def fail_async(how: Fault) -> object:
    """Fail on the event loop: a hang blocks it, a wait does not."""
    if how == "wait":
        await asyncio.sleep(LONG_S)
    return fail(how)


def records(how: Fault) -> Iterator[object]:
    """Be a source that fails."""
    for number in range(RECORDS):
        yield fail(how) if number == BAD_RECORD else number


async def records_async(how: Fault) -> AsyncIterator[object]:
    """Be a source on an event loop that fails."""
    for number in range(RECORDS):
        yield await fail_async(how) if number == BAD_RECORD else number


def stage(how: Fault, record: object) -> object:
    """Be a function that fails."""
    return fail(how) if record == BAD_RECORD else record


async def stage_async(how: Fault, record: object) -> object:
    """Be an async function that fails."""
    return await fail_async(how) if record == BAD_RECORD else record


def passed(record: object) -> object:
    """Be a function that does not."""
    return record


async def passed_async(record: object) -> object:
    """Be an async function that does not."""
    return record
