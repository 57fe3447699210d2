"""How long a pipeline takes to end: until no thread, call or process of it is left.

A pipeline is ended while four workers are in calls, in one of these ways: the scope around it is
cancelled; its consumer breaks off; a function raises; a worker process is killed. The calls take a
millisecond each, or wait, as a function should that waits for long: through the scope, or on the
event loop, where it can be cancelled.

The clock begins when the cause happens, and ends when the `with` block is left, no call is running
any more, and the kernel lists no more threads and children than before. What only the first
pipeline starts and later ones use again, such as a server that forks workers, is not counted: one
pipeline of each lane has run before.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count, product
from math import inf
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any, Final, Literal, TypeAlias

from daybreak import Pipeline, Scope, current_scope, source
from daybreak.errors import DaybreakError, DeadlinePassed

from .engine_switches import why_not
from .measure import Figure, Target, absent, bounded_quantile, counted

ENDINGS: Final = 1_000
P99: Final = 0.99
P99_MS_MAX: Final = 50.0
WORKERS: Final = 4
CALL_S: Final = 0.001
FAILING: Final = 40
"""Which record raises, if one has to: by then all workers are in calls."""

CHANCE: Final = Random(4)
LONG_S: Final = 60.0
DEADLINE_S: Final = 20.0
SETTLE_S: Final = 5.0
"""For how long it is looked whether something is left before it counts as left behind."""

TASKS: Final = Path("/proc/self/task")

Lane: TypeAlias = Literal["thread", "async", "process"]
Cause: TypeAlias = Literal["cancel", "break", "error", "kill"]
Calls: TypeAlias = Literal["short", "waiting"]
LANES: Final[tuple[Lane, ...]] = ("thread", "async", "process")
CAUSES: Final[tuple[Cause, ...]] = ("cancel", "break", "error", "kill")
CALLS: Final[tuple[Calls, ...]] = ("short", "waiting")


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to end one kind of pipeline."""

    lane: Lane
    cause: Cause = "break"
    calls: Calls = "short"

    def is_long(self, number: int) -> bool:
        """Say whether the call of a record waits; those that let the ending happen do not."""
        return self.calls == "waiting" and number > 1

    def fail(self, number: int) -> None:
        """Raise if it is this record that ends the pipeline."""
        if self.cause == "error" and number == (1 if self.calls == "waiting" else FAILING):
            raise BurstError(monotonic())


KINDS: Final = [
    Kind(lane, cause, calls)
    for lane, cause, calls in product(LANES, CAUSES, CALLS)
    if cause != "kill" or lane == "process"  # there is nobody else to kill
]
"""All that have a meaning: twenty."""

PER_KIND: Final = ENDINGS // len(KINDS)


def figures() -> Iterator[Figure]:
    """End pipelines of all kinds in turns, lane by lane, a thousand in all."""
    all_ms: list[float] = []
    target = Target("<=", P99_MS_MAX)
    what = "from the cause to nothing left, 99th percentile of"
    missing = {lane: why for lane in LANES if (why := why_not(partial(working, Kind(lane))))}
    for lane in LANES:
        kinds = [kind for kind in KINDS if kind.lane == lane]
        figure = f"{lane}: {what} {PER_KIND * len(kinds):,} endings"
        if lane in missing:
            yield absent(f"{figure} ({missing[lane]})", unit="ms", target=target)
            continue
        end(kinds[0])
        took_ms = [ended_ms(kind) for _ in range(PER_KIND) for kind in kinds]
        yield bounded_quantile(figure, took_ms, P99, unit="ms", target=target)
        all_ms += took_ms
    figure = f"all lanes: {what} {PER_KIND * len(KINDS):,} endings"
    if missing:
        yield absent(figure, unit="ms", target=target)
    else:
        yield bounded_quantile(figure, all_ms, P99, unit="ms", target=target)
    yield counted(
        f"of {len(all_ms):,} endings: with something left after {SETTLE_S:g} s",
        all_ms.count(inf),
        unit="endings",
        target=Target("=", 0),
    )


# ---------------------------------------------------------------- the pipelines


class BurstError(Exception):
    """What a function raises; it says when, by the clock that all processes share."""


RUNNING: Final[set[object]] = set()
"""The calls that run in this process."""


def endless() -> Iterator[int]:
    """Yield integers, and never end."""
    yield from count()


def call(kind: Kind, number: int) -> int:
    """Work on a record, and return the process that did."""
    token = object()
    RUNNING.add(token)
    try:
        if kind.is_long(number):
            current_scope().wait(LONG_S)
        else:
            sleep(CALL_S)
        kind.fail(number)
    finally:
        RUNNING.discard(token)
    return os.getpid()


async def call_async(kind: Kind, number: int) -> int:
    """Do the same on the event loop."""
    token = object()
    RUNNING.add(token)
    try:
        await asyncio.sleep(LONG_S if kind.is_long(number) else CALL_S)
        kind.fail(number)
    finally:
        RUNNING.discard(token)
    return os.getpid()


def working(kind: Kind) -> Pipeline[int]:
    """Build a pipeline that works until it is ended."""
    build: Any = source(endless).map  # the engine may not know all lanes yet
    pipeline: Pipeline[int]
    match kind.lane:
        case "thread":
            pipeline = build(partial(call, kind), workers=WORKERS)
        case "async":
            pipeline = build(partial(call_async, kind), workers=WORKERS)
        case "process":
            pipeline = build(partial(call, kind), on="process", workers=WORKERS)
    return pipeline


# ---------------------------------------------------------------- the endings


def ended_ms(kind: Kind) -> float:
    """End a pipeline; return the milliseconds until nothing was left, or infinity."""
    threads_before, children_before = threads(), children()
    began_s = end(kind)
    while monotonic() < began_s + SETTLE_S:
        if not RUNNING and threads() <= threads_before and children() <= children_before:
            return 1000 * (monotonic() - began_s)
        os.sched_yield()
    RUNNING.clear()
    return inf


def end(kind: Kind) -> float:
    """Open a pipeline, have it end, and leave it; return when the cause happened."""
    with Scope() as scope, working(kind).open(deadline_s=DEADLINE_S) as results:
        try:
            process = next(results)
            assert (process != os.getpid()) == (kind.lane == "process"), "it ran elsewhere"
            sleep(CHANCE.uniform(0, 2 * CALL_S))  # at any moment of a call
            began_s = monotonic()
            match kind.cause:
                case "break":
                    return began_s
                case "cancel":
                    scope.cancel()
                case "kill":
                    os.kill(process, signal.SIGKILL)
            for _ in results:
                pass
        except BurstError as burst:
            [began_s] = burst.args
        except DaybreakError as error:
            if kind.cause != "kill" or isinstance(error, DeadlinePassed):
                error.add_note(f"it did not end as it should: {kind}")
                raise
    return began_s


def threads() -> set[str]:
    """Return the threads that the kernel lists for this process."""
    return {task.name for task in TASKS.iterdir()}


def children() -> set[str]:
    """Return the children that the kernel lists for it, those too that nobody has waited for."""
    found: set[str] = set()
    for thread in threads():
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            found.update((TASKS / thread / "children").read_text().split())
    return found
