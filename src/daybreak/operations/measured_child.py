"""The process of one point: it calls a function until the clock has seen enough of it.

Started by `measure.py` with a fresh interpreter. What it took goes to a file, so that the function
may print what it likes.
"""

from __future__ import annotations

import gc
import json
import pickle
import sys
import traceback
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass
from os import times
from pathlib import Path
from statistics import fmean, median
from time import perf_counter, process_time
from typing import Any, Final

FAILED: Final = "failed"
"""In a result: what was raised, in place of what was measured. Also the usual kind of it."""

UNCALLED: Final = "uncalled"
"""The kind of failure of a function that does not take one argument."""

WITHOUT_WORK: Final = "without work"
"""The kind of failure of a function that gave a generator or a coroutine."""

WITHOUT_MEMORY: Final = "without memory"
"""The kind of failure of a function that was given no more memory."""

_AROUND_TIMES: Final = 3
"""How many times the wanted seconds of work the whole may take on the clock of the wall."""

_WARM_FROM: Final = 3
"""From so many calls on the first one is not counted."""

_STRETCH_S: Final = 0.005
"""The yardstick is laid on after so much work."""

_QUICKEST: Final = 0.25
"""Which part of the calls counts: those during which the machine was quickest."""


def processor_s() -> float:
    """Return the processor time of this process and of those it has waited for."""
    took = times()
    return process_time() + took.children_user + took.children_system


CLOCKS: Final[Mapping[str, Callable[[], float]]] = {
    "wall": perf_counter,
    "processor": processor_s,
}


@dataclass()
class Collector:
    """Counts the seconds of the garbage collector while it listens."""

    clock: Callable[[], float]
    seconds: float = 0.0
    _began: float = 0.0

    def __call__(self, phase: str, _: object) -> None:
        """Hear that a collection begins or ends."""
        if phase == "start":
            self._began = self.clock()
        else:
            self.seconds += self.clock() - self._began


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the function."""

    seconds: float
    gc_seconds: float
    yardstick_s: float
    """What the yardstick took around it."""


def yardstick_s(clock: Callable[[], float]) -> float:
    """Time a fixed piece of work that fits into the smallest cache: the machine's speed just now.

    Neighbours on the same host, and a processor that gets warm, slow everything down, for seconds
    on end and by up to a factor of two. The least of three, because a cold cache is none of it.
    """
    least = float("inf")
    for _ in range(3):
        began = clock()
        counts: dict[int, int] = {}
        for number in range(300):
            counts[number & 63] = counts.get(number * 7 & 63, 0) + number
        least = min(least, clock() - began)
    return least


def timed(
    function: Callable[[Any], object],
    prepare: Callable[[int], Any] | None,
    records: int,
    *,
    clock: Callable[[], float],
    least_s: float,
) -> dict[str, float]:
    """Call a function until `least_s` seconds of its work have passed; give what one call took.

    The first of many short calls warms up and is not counted. What surrounds the calls is bounded
    too: a function that takes a moment of data that take long to prepare is called less often.
    """
    collector = Collector(clock)
    gc.callbacks.append(collector)
    calls: list[Call] = []
    ends_at = perf_counter() + _AROUND_TIMES * least_s
    worked_s = 0.0
    while worked_s < least_s and (not calls or perf_counter() < ends_at):
        stretch: list[tuple[float, float]] = []
        stretch_s = 0.0
        before_s = yardstick_s(clock)
        while stretch_s < _STRETCH_S and (not stretch or perf_counter() < ends_at):
            data = records if prepare is None else prepare(records)
            if not (calls or stretch) or (calls and calls[0].seconds > least_s / 10):
                gc.collect()  # what was prepared is none of the function's; dear before short calls
            collector.seconds = 0.0
            began = clock()
            kept = function(data)
            took_s = clock() - began
            if not (calls or stretch):  # not between calls, which it would make longer
                _refuse_what_is_to_come(kept)
            stretch.append((took_s, collector.seconds))
            stretch_s += took_s
            del kept, data
        around_s = max(before_s, yardstick_s(clock))  # it may have turned slow in between
        calls += [Call(took_s, collected_s, around_s) for took_s, collected_s in stretch]
        worked_s += stretch_s
    gc.callbacks.remove(collector)
    return _quickest(calls[1:] if len(calls) >= _WARM_FROM else calls)


def _quickest(calls: Sequence[Call]) -> dict[str, float]:
    """Sum up the calls during which the machine was quickest.

    A collection strikes one short call in many, and every long one: so its share is the mean of
    all, and the rest is looked at without it.
    """
    ranked = sorted(calls, key=lambda call: call.yardstick_s)
    counted = ranked[: max(1, round(len(ranked) * _QUICKEST))]
    collecting_s = fmean(call.gc_seconds for call in counted)
    own = sorted(call.seconds - call.gc_seconds for call in counted)
    return {
        "seconds": own[len(own) // 4] + collecting_s,
        "gc_seconds": collecting_s,
        "yardstick_s": median(call.yardstick_s for call in counted),
        "calls": len(calls),
    }


def peak_bytes() -> float:
    """Return the most memory this process has had resident.

    Linux tells it apart from that of the parent's, which `getrusage` takes over at the start.
    """
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) * 1024
    except OSError:
        pass
    import resource  # noqa: PLC0415 - not there on every system

    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * unit


class WithoutWork(TypeError):  # noqa: N818 - it reads as a sentence
    """A function returned before it did its work: it gave a generator, or a coroutine."""


def _refuse_what_is_to_come(kept: object) -> None:
    if isinstance(kept, Generator | AsyncGenerator | Coroutine):
        kind = type(kept).__name__.replace("_", " ")
        if isinstance(kept, Coroutine):
            kept.close()
        raise WithoutWork(f"the function returned a {kind}, and has done nothing yet")


def _failure(error: BaseException) -> dict[str, str]:
    """Return what a function raised, with its own part of the traceback."""
    own = error.__traceback__
    while own is not None and own.tb_frame.f_code.co_filename == __file__:
        own = own.tb_next
    said = type(error).__name__ + (f": {error}" if str(error) else "")
    kind = UNCALLED if own is None and isinstance(error, TypeError) else FAILED
    if isinstance(error, WithoutWork):
        said, kind = str(error), WITHOUT_WORK
    elif isinstance(error, MemoryError):
        kind = WITHOUT_MEMORY
    trace = "".join(traceback.format_exception(type(error), error, own))
    return {FAILED: said, "kind": kind, "traceback": trace}


def main() -> None:
    """Measure what the arguments name: task file, result file, records, least seconds."""
    task, result, records, least_s = sys.argv[1:]
    found: dict[str, Any]
    try:
        function, prepare, clock = pickle.loads(Path(task).read_bytes())  # noqa: S301 - our parent wrote it
        found = timed(function, prepare, int(records), clock=CLOCKS[clock], least_s=float(least_s))
        found["bytes"] = peak_bytes()
    except Exception as error:  # noqa: BLE001 - whatever a user's function raises
        found = _failure(error)
    Path(result).write_text(json.dumps(found))
