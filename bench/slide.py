"""The slide's example: a generator, two workers that square, a merge in order, a loop that adds up.

Beside it, in the same run: a plain loop over the same blocks on one thread, Go's own version with
unbuffered channels and with channels of 1,000, and other libraries for Python. All are timed from
before their threads start until all have ended. A peer that is slow gets fewer records, which is
why all are compared by the time of one record. Go's times vary by more than a tenth by themselves,
so that a ratio to Go counts as met or missed if its whole interval does.

That both workers take part is seen twice: by the function itself, which in rounds that are not
timed notes its thread, and by the engine's report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from math import inf
from threading import get_ident
from time import perf_counter
from typing import Final

from daybreak import source
from daybreak.pipeline import BLOCK_RECORDS

from . import engine_switches
from .measure import (
    PAIRS_MIN,
    Figure,
    Target,
    absent,
    bounded,
    compared,
    in_turns,
    observed,
    pairs_from,
)
from .peers import go, python

RECORDS: Final = 2_000_000
WORKERS: Final = 2
ROUNDS: Final = 9
TOTAL: Final = (RECORDS - 1) * RECORDS * (2 * RECORDS - 1) // 6  # of the squares
PLAIN_TIMES_MAX: Final = 1.1
SHARE_PERCENT_MIN: Final = 30.0
GO: Final[Mapping[str, tuple[int, Target]]] = {
    "Go, unbuffered channels": (0, Target(">=", 4)),
    "Go, channels of 1,000": (1000, Target(">", 1)),
}
"""Each with the records that may wait in a channel, and how many times slower than ours it is."""

EXAMPLE: Final = f"gen, {WORKERS} x square, merge, {RECORDS:,} integers"


def figures() -> Iterator[Figure]:
    """Measure ours, the plain loop and Go in turns, then the other libraries in turns."""
    ours = Ours()
    ways: dict[str, Callable[[], float]] = {"ours": ours.took_ns, "plain loop": plain_loop_ns}
    if engine_switches.HAS_FUSION:
        ways["ours, fused"] = partial(ours.took_ns, is_fused=True)
    with go.built("slide") as program:
        if program is not None:
            ways |= {name: partial(go_ns, program, waiting) for name, (waiting, _) in GO.items()}
        took_ns = in_turns(ways, ROUNDS)
    yield from against_plain_loop(took_ns)
    yield from ours.shares()
    yield from against_go(took_ns)
    yield from against_python()


def against_plain_loop(took_ns: Mapping[str, list[float]]) -> Iterator[Figure]:
    """Give what one record takes, and how much more that is than in a plain loop."""
    yield observed(f"{EXAMPLE}: a record", took_ns["ours"], unit="ns")
    yield observed(
        f"plain loop over blocks of {BLOCK_RECORDS}: a record", took_ns["plain loop"], unit="ns"
    )
    times = f"{EXAMPLE}: times a plain loop"
    yield compared(
        f"{times}, fusion off",
        pairs_from(took_ns["ours"], took_ns["plain loop"]),
        lambda pair: pair.ratio,
        unit="times",
        target=Target("<=", PLAIN_TIMES_MAX),
    )
    if "ours, fused" not in took_ns:
        yield absent(f"{times}, fusion on", unit="times")
    else:
        pairs = pairs_from(took_ns["ours, fused"], took_ns["plain loop"])
        yield observed(f"{times}, fusion on", [pair.ratio for pair in pairs], unit="times")


def against_go(took_ns: Mapping[str, list[float]]) -> Iterator[Figure]:
    """Give what one record takes in Go, and how many times that is what it takes here."""
    for name, (_, target) in GO.items():
        figure = f"{name}: times ours"
        if name not in took_ns:
            yield absent(figure, unit="times", target=target)
            continue
        yield observed(f"{name}: a record", took_ns[name], unit="ns")
        ratios = [pair.ratio for pair in pairs_from(took_ns[name], took_ns["ours"])]
        yield bounded(figure, ratios, unit="times", target=target)


def against_python() -> Iterator[Figure]:
    """Give what one record takes in each of the other libraries."""
    took_ns = in_turns({name: partial(python.took_ns, name) for name in python.PEERS})
    for name, peer in python.PEERS.items():
        figure = f"{name}, {peer.records:,} integers: a record"
        if inf in took_ns[name]:
            yield absent(figure, unit="ns")
        else:
            yield observed(figure, took_ns[name], unit="ns")


# ---------------------------------------------------------------- the ways


def numbers() -> Iterator[int]:
    """Yield the integers."""
    for number in range(RECORDS):  # noqa: UP028 - the slide's generator is a loop
        yield number


def square(number: int) -> int:
    """Square one."""
    return number * number


class Ours:
    """Our way; keeps what its reports say."""

    def __init__(self) -> None:
        self._reported: list[float | None] = []

    def took_ns(self, *, is_fused: bool = False) -> float:
        """Run it once; return the nanoseconds of a record."""
        total = 0
        began = perf_counter()
        pipeline = source(numbers).map(square, workers=WORKERS)
        with engine_switches.opened(pipeline, is_fused=is_fused) as results:
            for result in results:
                total += result
        elapsed_s = perf_counter() - began
        assert total == TOTAL
        if not is_fused:
            [stage] = results.report.stages
            self._reported.append(engine_switches.smaller_share_percent(stage))
        return 1e9 * elapsed_s / RECORDS

    def shares(self) -> Iterator[Figure]:
        """Give the part of the work that the less busy of the two workers did."""
        target = Target(">=", SHARE_PERCENT_MIN)
        figure = f"{EXAMPLE}: part of the worker that took less"
        seen = [smaller_share_seen_percent() for _ in range(PAIRS_MIN)]
        yield bounded(
            f"{figure}, records by the function's own count", seen, unit="%", target=target
        )
        reported = [share for share in self._reported if share is not None]
        figure = f"{figure}, blocks by the report"
        if not reported:
            yield absent(figure, unit="%", target=target)
        else:
            yield bounded(figure, reported, unit="%", target=target)


def smaller_share_seen_percent() -> float:
    """Run it once, untimed, with a function that notes its thread."""
    taken: Counter[int] = Counter()

    def square_and_note(number: int) -> int:
        taken[get_ident()] += 1  # a key of each thread's own: nothing is lost
        return number * number

    pipeline = source(numbers).map(square_and_note, workers=WORKERS)
    with engine_switches.opened(pipeline) as results:
        total = sum(results)
    assert total == TOTAL
    assert taken.total() == RECORDS
    return 100 * min(taken.values()) / RECORDS if len(taken) == WORKERS else 0.0


def plain_loop_ns() -> float:
    """Do the same on one thread, block by block; return the nanoseconds of a record."""
    total = 0
    began = perf_counter()
    records = numbers()
    while block := list(islice(records, BLOCK_RECORDS)):
        squares: list[int] = []
        append = squares.append
        for number in block:
            append(square(number))
        for result in squares:
            total += result
    elapsed_s = perf_counter() - began
    assert total == TOTAL
    return 1e9 * elapsed_s / RECORDS


def go_ns(program: go.GoProgram, waiting: int) -> float:
    """Run Go's version once; return the nanoseconds of a record."""
    return 1e9 * program.took(RECORDS, waiting, total=TOTAL) / RECORDS
