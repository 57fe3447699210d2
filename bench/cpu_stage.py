"""A stage that computes, in two worker processes, against two processes on their own.

What starting takes is counted on neither side. Ours is timed from the result that ends the first
tenth until the last one; the processes on their own wait at a barrier until both have started, and
the slower one counts. Each side works for about five seconds on two cores.

The hand-off of a small record is what a record takes in a pipeline whose stage, in two processes,
gives it back as it is, less what it takes in a plain loop over the same blocks. A large record is a
NumPy array of a megabyte (10^6 bytes), and is counted once, whether it travels one way or both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import cycle, islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any, Final

from daybreak import Pipeline, source
from daybreak.pipeline import BLOCK_RECORDS

from .engine_switches import why_not
from .measure import Figure, Target, absent, bounded, compared, interleaved, observed

WORKERS: Final = 2
WARM_SHARE: Final = 0.1

WORK_US: Final = 20.0
WORK_RECORDS: Final = 500_000
SHARE_PERCENT_MIN: Final = 95.0

SMALL_RECORDS: Final = 2_000_000
HAND_OFF_NS_MAX: Final = 300.0

LARGE_BYTES: Final = 1_000_000
LARGE_RECORDS: Final = 3_000
LARGE_GB_PER_S_MIN: Final = 1.0


def figures() -> Iterator[Figure]:
    """Measure what computes, what is small, and what is large."""
    yield from figures_of_work()
    yield from figures_of_small()
    yield from figures_of_large()


def in_processes(records: Iterator[Any] | range, fn: Callable[[Any], Any]) -> Pipeline[Any]:
    """Build a pipeline with one stage in two processes."""
    build: Any = source(records).map  # the engine may not know this lane yet
    pipeline: Pipeline[Any] = build(fn, on="process", workers=WORKERS)
    return pipeline


def why_no_processes() -> str | None:
    """Say why there is no lane of processes; None if there is one."""
    return why_not(lambda: in_processes(range(1), given_back))


def warm_s(pipeline: Pipeline[Any], records: int) -> tuple[int, float]:
    """Run it once; return how many results came after the first tenth, and in how many seconds."""
    warm = int(records * WARM_SHARE)
    with pipeline.open() as results:
        came = sum(1 for _ in islice(results, warm))
        began = perf_counter()
        rest = 0
        for _ in results:
            rest += 1
        elapsed_s = perf_counter() - began
    assert came + rest == records
    return rest, elapsed_s


# ---------------------------------------------------------------- what computes


def compute(rounds: int, number: int) -> int:
    """Compute for a while."""
    for _ in range(rounds):
        number = (number * 1_103_515_245 + 12_345) & 0x7FFF_FFFF
    return number


def figures_of_work() -> Iterator[Figure]:
    """Compare what two processes get done in a second."""
    target = Target(">=", SHARE_PERCENT_MIN)
    stage = f"a stage of {WORK_US:g} us in {WORKERS} processes, {WORK_RECORDS:,} records"
    figure = f"{stage}: of what {WORKERS} processes on their own get done"
    if why := why_no_processes():
        yield absent(f"{figure} ({why})", unit="%", target=target)
        return
    rounds = rounds_of(WORK_US)
    pairs = interleaved(partial(rate_of_ours, rounds), partial(rate_of_others, rounds))
    alone_us = [WORKERS * 1e6 / pair.theirs for pair in pairs]
    yield observed(f"{stage}: a record in a process on its own", alone_us, unit="us")
    yield compared(figure, pairs, lambda pair: 100 * pair.ratio, unit="%", target=target)


def rounds_of(work_us: float) -> int:
    """Find how many rounds take so long: the quickest of some tries, with nobody beside it."""
    tried = 2_000
    quickest_s = min(timed(lambda: compute(tried, 1)) for _ in range(50))
    return max(1, round(tried * work_us / (1e6 * quickest_s)))


def timed(run: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    began = perf_counter()
    run()
    return perf_counter() - began


def rate_of_ours(rounds: int) -> float:
    """Return how many records a second our stage computes, once it is warm."""
    pipeline = in_processes(range(WORK_RECORDS), partial(compute, rounds))
    records, elapsed_s = warm_s(pipeline, WORK_RECORDS)
    return records / elapsed_s


def rate_of_others(rounds: int) -> float:
    """Return how many records a second two processes compute that share nothing."""
    spawn = get_context("spawn")
    start = spawn.Barrier(WORKERS)
    share = WORK_RECORDS // WORKERS
    ends, processes = [], []
    for _ in range(WORKERS):
        here, there = spawn.Pipe(duplex=False)
        words = (start, there, rounds, share)
        processes.append(spawn.Process(target=on_its_own, args=words, daemon=True))
        ends.append(here)
    for process in processes:
        process.start()
    slowest_s = max(float(end.recv()) for end in ends)
    for process in processes:
        process.join()
    return WORKERS * share / slowest_s


def on_its_own(start: Any, answer: Connection, rounds: int, records: int) -> None:
    """Compute a share of the records in a plain loop; answer how many seconds that took."""
    start.wait()
    began = perf_counter()
    results: list[int] = []
    for number in range(records):
        results.append(compute(rounds, number))  # noqa: PERF401 - as a stage does
    answer.send(perf_counter() - began)


# ---------------------------------------------------------------- what is small


def given_back(record: Any) -> Any:
    """Give a record back as it is."""
    return record


def figures_of_small() -> Iterator[Figure]:
    """Find what handing over a small record costs."""
    target = Target("<=", HAND_OFF_NS_MAX)
    figure = f"hand-off of an integer to {WORKERS} processes and back, {SMALL_RECORDS:,} of them"
    if why := why_no_processes():
        yield absent(f"{figure} ({why})", unit="ns", target=target)
        return
    pairs = interleaved(small_ns, plain_loop_ns)
    yield observed(f"{figure}: a record in all", [pair.ours for pair in pairs], unit="ns")
    yield bounded(figure, [pair.difference for pair in pairs], unit="ns", target=target)


def small_ns() -> float:
    """Return the nanoseconds of a small record in our pipeline, once it is warm."""
    records, elapsed_s = warm_s(in_processes(range(SMALL_RECORDS), given_back), SMALL_RECORDS)
    return 1e9 * elapsed_s / records


def plain_loop_ns() -> float:
    """Return the nanoseconds of a small record in a plain loop over blocks."""
    came = 0
    began = perf_counter()
    records = iter(range(SMALL_RECORDS))
    while block := list(islice(records, BLOCK_RECORDS)):
        results: list[int] = []
        append = results.append
        for record in block:
            append(given_back(record))
        for _ in results:
            came += 1
    elapsed_s = perf_counter() - began
    assert came == SMALL_RECORDS
    return 1e9 * elapsed_s / SMALL_RECORDS


# ---------------------------------------------------------------- what is large


def first_of(array: Any) -> float:
    """Answer with something small."""
    return float(array[0])


def figures_of_large() -> Iterator[Figure]:
    """Find how many bytes of large records go to worker processes in a second."""
    target = Target(">=", LARGE_GB_PER_S_MIN)
    if why := why_no_processes() or ("" if find_spec("numpy") else "no numpy"):
        figure = f"arrays of {LARGE_BYTES:,} bytes to {WORKERS} processes ({why})"
        yield absent(figure, unit="GB/s", target=target)
        return
    for way, fn in (("one way", first_of), ("there and back", given_back)):
        rates = [large_gb_per_s(fn) for _ in range(5)]
        figure = f"{LARGE_RECORDS:,} arrays of {LARGE_BYTES:,} bytes to {WORKERS} processes, {way}"
        yield bounded(figure, rates, unit="GB/s", target=target)


def large_gb_per_s(fn: Callable[[Any], Any]) -> float:
    """Return how many GB (10^9 bytes) a second go through our stage, once it is warm."""
    numpy = import_module("numpy")
    arrays = [numpy.full(LARGE_BYTES // 8, float(number)) for number in range(8)]
    pipeline = in_processes(islice(cycle(arrays), LARGE_RECORDS), fn)
    records, elapsed_s = warm_s(pipeline, LARGE_RECORDS)
    return records * LARGE_BYTES / 1e9 / elapsed_s
