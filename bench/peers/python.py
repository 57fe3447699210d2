"""Other libraries for Python doing the slide's example, each with two workers, in its own manner.

`python -m bench.peers.python NAME RECORDS` runs one of them in a process of its own, so that what
it leaves behind disturbs nobody, and prints the seconds of its pipeline. They come with the extra
`bench`, and only the one that is asked for is imported; one that is not installed, fails or hangs
is not measured.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from importlib import import_module
from math import inf
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from types import ModuleType, SimpleNamespace
from typing import Final, NamedTuple

WORKERS: Final = 2
TIMEOUT_S: Final = 60
WARM: Final = 100
"""Records that go through a peer before it is timed: importing it is not its pipeline."""

ROOT: Final = Path(__file__).parents[2]


def took_ns(name: str) -> float:
    """Run a peer once; return the nanoseconds of a record, infinity if it cannot be measured."""
    records = PEERS[name].records
    words = [sys.executable, "-m", "bench.peers.python", name, str(records)]
    try:
        done = subprocess.run(
            words, cwd=ROOT, capture_output=True, text=True, check=True, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        print(f"{name} did not end within {TIMEOUT_S} s", file=sys.stderr)
    except subprocess.CalledProcessError as error:
        print(f"{name} failed: {error.stderr.strip().splitlines()[-1]}", file=sys.stderr)
    else:
        return 1e9 * float(done.stdout.split()[-1]) / records
    return inf


# ---------------------------------------------------------------- the peers


def numbers(records: int) -> Iterator[int]:
    """Yield the integers."""
    for number in range(records):  # noqa: UP028 - the slide's generator is a loop
        yield number


def square(number: int) -> int:
    """Square one."""
    return number * number


def added(squares: Iterable[int]) -> int:
    """Add up what arrives in a plain loop, as the slide's consumer does."""
    total = 0
    for one in squares:
        total += one
    return total


def with_pypeln(records: int) -> int:
    """Use threads and their queues; ordered at the end."""
    # A dependency of pypeln asks an old part of setuptools for its own version, which is long gone.
    old = ModuleType("pkg_resources")
    old.__dict__["get_distribution"] = lambda _name: SimpleNamespace(version="")
    sys.modules.setdefault("pkg_resources", old)
    pypeln = import_module("pypeln")
    squares = pypeln.thread.map(square, numbers(records), workers=WORKERS, maxsize=1000)
    return added(pypeln.thread.ordered(squares))


def with_streamable(records: int) -> int:
    """Use its threads, ordered."""
    stream = import_module("streamable").stream
    return added(stream(numbers(records)).map(square, concurrency=WORKERS))


def with_aiostream(records: int) -> int:
    """Use tasks on an event loop; there is no other lane."""
    stream = import_module("aiostream").stream

    async def squared(number: int, *_: int) -> int:
        return square(number)

    async def run() -> int:
        total = 0
        squares = stream.map(
            stream.iterate(numbers(records)), squared, ordered=True, task_limit=WORKERS
        )
        async with squares.stream() as streamer:
            async for one in streamer:
                total += one
        return total

    return asyncio.run(run())


def with_mpire(records: int) -> int:
    """Use threads, in chunks of its own choice, ordered."""
    with import_module("mpire").WorkerPool(n_jobs=WORKERS, start_method="threading") as pool:
        return added(pool.imap(square, numbers(records), iterable_len=records))


def with_mpire_processes(records: int) -> int:
    """Use processes, in chunks of its own choice, ordered."""
    with import_module("mpire").WorkerPool(n_jobs=WORKERS, start_method="spawn") as pool:
        return added(pool.imap(square, numbers(records), iterable_len=records))


def with_futures(records: int) -> int:
    """Use a pool of threads."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return added(pool.map(square, numbers(records)))


def with_futures_processes(records: int) -> int:
    """Use a pool of processes, in chunks."""
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        return added(pool.map(square, numbers(records), chunksize=1000))


class Peer(NamedTuple):
    """One way of one library."""

    run: Callable[[int], int]
    """Takes so many integers through the example, and returns the sum."""

    records: int
    """So many that it runs for about half a second."""


PEERS: Final[Mapping[str, Peer]] = {
    "pypeln, threads": Peer(with_pypeln, 20_000),
    "streamable, threads": Peer(with_streamable, 50_000),
    "aiostream, tasks": Peer(with_aiostream, 5_000),
    "mpire, threads": Peer(with_mpire, 50_000),
    "mpire, processes": Peer(with_mpire_processes, 50_000),
    "concurrent.futures, threads": Peer(with_futures, 50_000),
    "concurrent.futures, processes, chunks of 1,000": Peer(with_futures_processes, 500_000),
}


def main() -> None:
    """Run one peer; print the seconds of its pipeline."""
    run, records = PEERS[sys.argv[1]].run, int(sys.argv[2])
    run(WARM)
    began = perf_counter()
    total = run(records)
    elapsed_s = perf_counter() - began
    expected = added(map(square, numbers(records)))
    assert total == expected, f"added up to {total}, expected {expected}"
    print(elapsed_s)


if __name__ == "__main__":
    main()
