"""The job whose records kill their process: how and where, its parameters say.

It is copied into a folder of its own for every world.
"""

import ctypes
import mmap
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from daybreak import Database, Job, Run, Transaction, Work, source

RECORDS = int(os.environ.get("DEADLY_RECORDS", "60"))
MAX_BAD = int(os.environ.get("DEADLY_MAX_BAD", "30"))
RECORD_TIMEOUT_S = float(os.environ.get("DEADLY_TIMEOUT_S", "0")) or None

db = Database("sqlite:///world.db")
job = Job("deadly")


def recurse() -> None:
    recurse()


def recurse_deep() -> None:
    """Recurse through C, whose stack no limit of Python's protects once that is raised."""
    sys.setrecursionlimit(10**9)

    def deeper(number: int) -> int:
        return max([number], key=deeper)

    deeper(0)


def hold_the_interpreter() -> None:
    """Wait in a call of C that lets no other thread in."""
    ctypes.PyDLL(None).sleep(1000)


def want_memory() -> None:
    bytearray(1 << 46)


def fill_memory() -> None:
    """Fill memory until the kernel kills somebody."""
    held = []
    while True:
        piece = mmap.mmap(-1, 1 << 24)
        piece.write(b"x" * (1 << 24))
        held.append(piece)


HOW: dict[str, Callable[[], object]] = {
    "segfault": lambda: ctypes.string_at(0),
    "exit 0": lambda: os._exit(0),
    "exit 3": lambda: os._exit(3),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "hang": lambda: time.sleep(1000),
    "hold": hold_the_interpreter,
    "recurse": recurse,
    "recurse deep": recurse_deep,
    "want memory": want_memory,
    "fill memory": fill_memory,
}


def times_before(folder: Path, most: int) -> bool:
    """Say whether something happened less than so many times, and count it."""
    path = folder / "times"
    times = len(path.read_text()) if path.exists() else 0
    path.write_text("x" * (times + 1))
    return times < most


@job.step(chunk=10, max_bad=MAX_BAD, record_timeout_s=RECORD_TIMEOUT_S, impact="Nobody knows.")
def work(run: Run, where: str, how: list[str], records: list[int], most: int = 1000) -> Work:
    """Write the squares of numbers; the n-th of `records` kills as the n-th of `how` says.

    Args:
        run: The run.
        where: The stage or the sink in which they kill.
        how: Keys of `HOW`; the last one for all that follow.
        records: Which numbers kill.
        most: After so many deaths none of them kills any more.
    """
    ways = {number: HOW[how[min(at, len(how) - 1)]] for at, number in enumerate(records)}

    def live_in(place: str, number: int) -> None:
        if place == where and number in ways and times_before(run.folder, most):
            ways[number]()

    def map_(number: int) -> int:
        live_in("map", number)
        return number

    def spread(number: int) -> int:
        live_in("spread", number)
        return number

    def flat_map(number: int) -> Iterator[int]:
        yield number
        live_in("flat_map", number)

    def each(number: int, tx: Transaction) -> None:
        live_in("each", number)
        tx.execute("insert into squares (n, square) values (:n, :s)", n=number, s=number**2)

    def each_chunk(numbers: Sequence[int], tx: Transaction) -> None:
        for number in numbers:
            live_in("each_chunk", number)
            live_in("each_chunk together" if len(numbers) > 1 else "", number)
        binds = [{"n": number, "s": number**2} for number in numbers]
        tx.executemany("insert into squares (n, square) values (:n, :s)", binds)

    pipeline = source(range(RECORDS)).map(map_).map(spread, workers=2).flat_map(flat_map)
    if where.startswith("each_chunk"):
        return pipeline.each_chunk(each_chunk, database=db)
    return pipeline.each(each, database=db)
