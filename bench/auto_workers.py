"""`workers="auto"` against the best fixed number of workers, on five workloads.

The best number of each is known by its making; neighbours of it are tried once, and the quickest is
the one that `auto` is compared with, in turns. A number that takes half as long again as the best
before it is given up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from math import inf
from threading import Lock, Semaphore
from time import perf_counter, sleep
from typing import Any, Final, Literal

from daybreak import Pipeline, source

from .cpu_stage import compute, rounds_of
from .engine_switches import why_not
from .measure import Figure, Target, absent, compared, interleaved, observed

TIMES_MAX: Final = 1.1
WORKERS_MAX: Final = 64
GIVE_UP_TIMES: Final = 1.5


@dataclass(frozen=True, slots=True)
class Workload:
    """A function, and what is known of it."""

    name: str
    best: int
    """How many workers do it in the shortest time, with the fewest of them."""

    records: int
    """So many that the best takes about three seconds."""

    fn: Callable[[int], int]


def computing() -> Workload:
    """Keep the interpreter's lock: more workers only get into each other's way."""
    work_us = 50.0
    return Workload(
        "computes", best=1, records=round(3e6 / work_us), fn=partial(compute, rounds_of(work_us))
    )


def waiting(name: str, best: int, wait_s: float, gate: AbstractContextManager[Any]) -> Workload:
    """Wait behind a gate that lets so many in."""

    def wait(number: int) -> int:
        with gate:
            sleep(wait_s)
        return number

    return Workload(name, best, round(3 * best / wait_s), wait)


class Overloaded:
    """A service that answers as fast as ever to so many callers, and more slowly to any more."""

    def __init__(self, callers: int, wait_s: float) -> None:
        self._callers_best = callers
        self._wait_s = wait_s
        self._callers = 0
        self._lock = Lock()

    def __call__(self, number: int) -> int:
        """Answer."""
        with self._lock:
            self._callers += 1
            overload = max(1.0, self._callers / self._callers_best)
        sleep(self._wait_s * overload**2)
        with self._lock:
            self._callers -= 1
        return number


def workloads() -> Iterator[Workload]:
    """Make them, one after the other."""
    yield computing()
    yield waiting("waits 1 ms under one lock", 1, 0.001, Lock())
    yield waiting("waits 2 ms, four at once", 4, 0.002, Semaphore(4))
    yield Workload(
        "asks a service that slows down beyond 16 callers, 4 ms", 16, 12_000, Overloaded(16, 0.004)
    )
    yield waiting("waits 4 ms, each for itself", 64, 0.004, nullcontext())


def figures() -> Iterator[Figure]:
    """Compare on each workload."""
    target = Target("<=", TIMES_MAX)
    why = why_not(lambda: staged(range(1), abs, "auto"))
    for workload in workloads():
        figure = f'{workload.name}, {workload.records:,} records: workers="auto", times the best'
        if why:
            yield absent(f"{figure} ({why})", unit="times", target=target)
            continue
        best = quickest(workload)
        pairs = interleaved(partial(took_s, workload, "auto"), partial(took_s, workload, best))
        yield observed(
            f"{workload.name}, {workload.records:,} records: workers={best}, the best",
            [pair.theirs for pair in pairs],
            unit="s",
        )
        yield compared(figure, pairs, lambda pair: pair.ratio, unit="times", target=target)


def quickest(workload: Workload) -> int:
    """Return the number of workers that takes the shortest time."""
    best, best_s = workload.best, took_s(workload, workload.best)
    for workers in (workload.best // 2, workload.best * 2, workload.best * 4):
        if 1 <= workers <= WORKERS_MAX:
            elapsed_s = took_s(workload, workers, give_up_s=GIVE_UP_TIMES * best_s)
            if elapsed_s < best_s:
                best, best_s = workers, elapsed_s
    return best


def staged(
    records: range, fn: Callable[[int], int], workers: int | Literal["auto"]
) -> Pipeline[int]:
    """Build the pipeline."""
    build: Any = source(records).map  # the engine may not know "auto" yet
    pipeline: Pipeline[int] = build(fn, workers=workers)
    return pipeline


def took_s(workload: Workload, workers: int | Literal["auto"], *, give_up_s: float = inf) -> float:
    """Run it once; return the seconds it took, or infinity if it was given up."""
    began = perf_counter()
    came = 0
    with staged(range(workload.records), workload.fn, workers).open() as results:
        for _ in results:
            came += 1
            if perf_counter() - began > give_up_s:
                return inf
    elapsed_s = perf_counter() - began
    assert came == workload.records
    return elapsed_s
