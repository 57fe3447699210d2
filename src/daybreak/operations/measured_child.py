"""The process of one point: it calls a function until the clock has seen enough of it.

Started by `measure.py` with a fresh interpreter. What it took goes to a file, so that the function
may print what it likes.
"""

from __future__ import annotations

import gc
import json
import pickle
import sys
from collections.abc import Callable, Mapping
from os import times
from pathlib import Path
from statistics import fmean, median
from time import perf_counter, process_time
from typing import Any, Final

from ..dataclass import dataclass

_AROUND_TIMES: Final = 8
"""How many times the wanted seconds of work the whole may take on the clock of the wall."""

_WARM_FROM: Final = 3
"""From so many calls on the first one is not counted."""


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
    calls: list[tuple[float, float]] = []
    ends_at = perf_counter() + _AROUND_TIMES * least_s
    worked_s = 0.0
    while worked_s < least_s and (not calls or perf_counter() < ends_at):
        data = records if prepare is None else prepare(records)
        if not calls or calls[0][0] > least_s / 10:
            gc.collect()  # what was prepared is none of the function's; too dear before short calls
        collector.seconds = 0.0
        began = clock()
        kept = function(data)
        took_s = clock() - began
        calls.append((took_s, collector.seconds))
        worked_s += took_s
        del kept, data
    gc.callbacks.remove(collector)
    counted = calls[1:] if len(calls) >= _WARM_FROM else calls
    return {
        "seconds": median(took for took, _ in counted),
        "gc_seconds": fmean(collected for _, collected in counted),
        "calls": len(counted),
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


def main() -> None:
    """Measure what the arguments name: task file, result file, records, least seconds."""
    began = perf_counter()
    task, result, records, least_s = sys.argv[1:]
    function, prepare, clock = pickle.loads(Path(task).read_bytes())  # noqa: S301 - our parent wrote it
    found: dict[str, float] = timed(
        function, prepare, int(records), clock=CLOCKS[clock], least_s=float(least_s)
    )
    found["bytes"] = peak_bytes()
    found["total_s"] = perf_counter() - began
    Path(result).write_text(json.dumps(found))
