"""A stage of 64 workers that waits a millisecond for each record, against the ideal.

The ideal is what 64 workers would take if each slept exactly a millisecond and nothing else took
any time. No sleep is exact: what one takes on this machine, and what bare threads and a bare event
loop reach that do nothing but claim a number and sleep, stands beside it, and so does Go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from threading import Thread
from time import perf_counter, sleep
from typing import Any, Final

from daybreak import Pipeline, source

from .engine_switches import why_not
from .measure import Figure, Target, absent, bounded, in_turns, observed
from .peers import go

RECORDS: Final = 20_000
WORKERS: Final = 64
WAIT_S: Final = 0.001
IDEAL_S: Final = RECORDS * WAIT_S / WORKERS
ROUNDS: Final = 9
SHARE_PERCENT_MIN: Final = 92.0
STAGE: Final = f"{WORKERS} workers wait {WAIT_S:g} s, {RECORDS:,} records"


def wait(number: int) -> int:
    """Wait on a thread."""
    sleep(WAIT_S)
    return number


async def wait_async(number: int) -> int:
    """Wait on the event loop."""
    await asyncio.sleep(WAIT_S)
    return number


def threads() -> Pipeline[int]:
    """Wait on threads."""
    return source(range(RECORDS)).map(wait, workers=WORKERS)


def tasks() -> Pipeline[int]:
    """Wait on the event loop."""
    build: Any = source(range(RECORDS)).map  # the engine may not know this lane yet
    pipeline: Pipeline[int] = build(wait_async, workers=WORKERS)
    return pipeline


LANES: Final = {"threads": threads, "async": tasks}


def figures() -> Iterator[Figure]:
    """Measure all in nine rounds."""
    missing = {lane: why for lane, build in LANES.items() if (why := why_not(build))}
    ways: dict[str, Callable[[], float]] = {
        lane: partial(took_s, build) for lane, build in LANES.items() if lane not in missing
    }
    ways |= {"bare threads": bare_threads_s, "bare asyncio": bare_asyncio_s}
    ways["one sleep"] = one_sleep_s
    with go.built("waiting") as program:
        if program is not None:
            ways["Go"] = partial(go_s, program)
        took = in_turns(ways, ROUNDS)
    sleeps_s = took.pop("one sleep")
    yield observed(
        f"time.sleep({WAIT_S:g}) on one thread", [1000 * each for each in sleeps_s], unit="ms"
    )
    target = Target(">=", SHARE_PERCENT_MIN)
    for lane in LANES:
        figure = f"{STAGE}, {lane}: part of the ideal"
        if lane in missing:
            yield absent(f"{figure} ({missing[lane]})", unit="%", target=target)
        else:
            yield bounded(figure, shares_percent(took.pop(lane)), unit="%", target=target)
    for name, elapsed_s in took.items():
        yield observed(f"{STAGE}, {name}: part of the ideal", shares_percent(elapsed_s), unit="%")
    if "Go" not in took:
        yield absent(f"{STAGE}, Go: part of the ideal", unit="%")


def shares_percent(elapsed_s: list[float]) -> list[float]:
    """Return how much of each time the ideal would have taken."""
    return [100 * IDEAL_S / each for each in elapsed_s]


# ---------------------------------------------------------------- the ways


def took_s(build: Callable[[], Pipeline[int]]) -> float:
    """Run a pipeline once, from its opening until it is left."""
    began = perf_counter()
    with build().open() as results:
        total = sum(results)
    elapsed_s = perf_counter() - began
    assert total == sum(range(RECORDS))
    return elapsed_s


def bare_threads_s() -> float:
    """Let threads claim numbers and sleep."""
    claim = count().__next__
    places = [-1] * RECORDS

    def work() -> None:
        while (number := claim()) < RECORDS:
            sleep(WAIT_S)
            places[number] = number

    workers = [Thread(target=work) for _ in range(WORKERS)]
    began = perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    elapsed_s = perf_counter() - began
    assert places == list(range(RECORDS))
    return elapsed_s


def bare_asyncio_s() -> float:
    """Let tasks claim numbers and sleep, on the event loop that Python brings along."""
    claim = count().__next__
    places = [-1] * RECORDS

    async def work() -> None:
        while (number := claim()) < RECORDS:
            await asyncio.sleep(WAIT_S)
            places[number] = number

    async def run() -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(WORKERS):
                tasks.create_task(work())

    began = perf_counter()
    asyncio.run(run())
    elapsed_s = perf_counter() - began
    assert places == list(range(RECORDS))
    return elapsed_s


def one_sleep_s() -> float:
    """Return what one sleep takes, the mean of a hundred."""
    began = perf_counter()
    for _ in range(100):
        sleep(WAIT_S)
    return (perf_counter() - began) / 100


def go_s(program: go.GoProgram) -> float:
    """Run Go's version once."""
    return program.took(RECORDS, WORKERS, round(1e6 * WAIT_S), total=sum(range(RECORDS)))
