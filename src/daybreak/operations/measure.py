"""Measure how a function's time and memory grow: the points of a forecast.

Each point is a fresh interpreter (`measured_child.py`), so that no heap, no cache and no collector
remembers the one before; they come in random order, so that a slow minute of the machine does not
look like growth, and a yardstick tells such minutes. What it will cost is said before the long part
begins.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal

from ..errors import DefinitionError, ParameterError, RunError
from ..forecast import Forecast, fit

Clock = Literal["wall", "processor"]

LEAST_S: Final = 0.2
"""Work is repeated until it has taken so long: shorter work is measured badly."""

LADDER_SIZES: Final = 13
LADDER_SPAN: Final = 100.0
_JITTER: Final = 0.08
_PROBES: Final = 3
_FIRST_SIZE: Final = 10
_SIZE_MAX: Final = 10**9
_AGAIN_MOST: Final = 5
SLOW: Final = 1.2
"""The machine is slow when the yardstick takes so many times what it took at best."""

_SHARED: Final = 0.8
"""Work slows down by this power of what the yardstick does."""

_CODE: Final = "from daybreak.operations.measured_child import main; main()"


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement, by one process."""

    records: int
    seconds: float
    """What one call took, the median of `calls`; the collector's share is in it."""

    gc_seconds: float
    """How much the garbage collector took of a call, the mean."""

    bytes: float
    """The most memory that the process had resident: with its interpreter and modules."""

    calls: int
    total_s: float
    """What the whole process cost on the clock of the wall."""

    yardstick_s: float
    """What a fixed piece of work took around those calls: how quick the machine was."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured of one function, in the order in which it was."""

    points: tuple[Point, ...]
    clock: Clock
    seed: int
    """Of the order and of the jitter."""

    left_out: tuple[int, ...] = ()
    """Sizes that would have broken the budget."""

    @property
    def seconds(self) -> tuple[tuple[int, float], ...]:
        """The points of time, the machine at its best, as `daybreak.forecast.fit` takes them."""
        return tuple(at_one_speed(self.points, min(p.yardstick_s for p in self.points)))

    @property
    def slowdown(self) -> float:
        """How many times slower than at its best the machine was, in the middle of the points."""
        yardsticks = [point.yardstick_s for point in self.points]
        return median(yardsticks) / min(yardsticks)

    @property
    def bytes(self) -> tuple[tuple[int, float], ...]:
        """The points of memory, as `daybreak.forecast.fit` takes them with unit="bytes"."""
        return tuple((point.records, point.bytes) for point in self.points)

    @property
    def gc_share(self) -> float:
        """Which part of the time of the largest size the garbage collector took."""
        largest = max(self.points, key=lambda point: point.records)
        return largest.gc_seconds / largest.seconds if largest.seconds else 0.0

    def forecast(self) -> Forecast:
        """Fit the time."""
        return fit(self.seconds)

    def memory_forecast(self) -> Forecast:
        """Fit the memory."""
        return fit(self.bytes, unit="bytes")

    def to_json(self) -> dict[str, Any]:
        """Return the measurement as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Measurement:
        """Read what `to_json` gave."""
        points = tuple(Point(**point) for point in kept["points"])
        return cls(points, kept["clock"], kept["seed"], tuple(kept["left_out"]))


def ladder(
    smallest: float, largest: float, *, count: int = LADDER_SIZES, seed: int = 0
) -> tuple[int, ...]:
    """Return sizes in geometric steps, each but the last moved a little by chance.

    So no size is a multiple of a page, a power of two, or of the other sizes.
    """
    chance = random.Random(seed)  # noqa: S311 - jitter, no secret
    step = (largest / smallest) ** (1 / (count - 1))
    exact = [smallest * step**number for number in range(count)]
    moved = [size * step ** chance.uniform(-_JITTER, _JITTER) for size in exact[:-1]]
    return tuple(sorted({max(1, round(size)) for size in [*moved, largest]}))


def at_one_speed(points: Sequence[Point], best_s: float) -> list[tuple[int, float]]:
    """Return what each size takes when the machine is at its best, as (records, seconds) pairs.

    Other tenants of a machine slow it down for seconds on end, and nothing makes it quicker. So if
    it was quick once at a size, the least counts. Else the yardstick's surplus is taken out: one of
    pure Python suffers somewhat more than most work does, by a power of 0.8 of it.

    Args:
        points: At least one.
        best_s: What the yardstick takes at its best.
    """
    pairs = []
    for records in sorted({point.records for point in points}):
        at_size = [point for point in points if point.records == records]
        if min(point.yardstick_s for point in at_size) <= SLOW * best_s:
            seconds = min(point.seconds for point in at_size)
        else:
            seconds = median(p.seconds * (best_s / p.yardstick_s) ** _SHARED for p in at_size)
        pairs.append((records, seconds))
    return pairs


def slow_sizes(points: Sequence[Point]) -> list[int]:
    """Return the sizes at which the machine was never about as quick as at its best."""
    best = min(point.yardstick_s for point in points)
    quickest: dict[int, float] = {}
    for point in points:
        quickest[point.records] = min(point.yardstick_s, quickest.get(point.records, inf))
    return [records for records, least_s in quickest.items() if least_s > SLOW * best]


def measure(
    function: Callable[[Any], object],
    sizes: Sequence[int] | None = None,
    *,
    prepare: Callable[[int], Any] | None = None,
    repeats: int = 2,
    budget_s: float = 120.0,
    clock: Clock = "wall",
    seed: int | None = None,
    say: Callable[[str], None] | None = None,
) -> Measurement:
    """Measure a function at growing sizes, in fresh processes and random order.

    Args:
        function: `function(n)`; or `function(data)` if `prepare` is given. It must be importable or
            picklable.
        sizes: The numbers of records, best ten or more over a factor of 64 or more. If missing,
            they are found: the largest is what the budget allows.
        prepare: Makes the data of a size; what it takes is not counted. It is called before each
            call, because a function may use its data up.
        repeats: Processes for each size.
        budget_s: How long the whole may take, about. Sizes for which it does not suffice are left
            out, largest first.
        clock: `wall`, or `processor` where the machine is busy and the work waits for nothing.
        seed: Of order and jitter; drawn, and told in the result, if missing.
        say: Hears what it will cost, before the long part begins, and how far it is.

    Raises:
        ParameterError: If sizes are not at least two positive whole numbers; nothing was measured.
        DefinitionError: If the function cannot be sent to a process; nothing was measured.
        RunError: If the function failed, with its traceback.
    """
    seed = random.SystemRandom().randrange(2**32) if seed is None else seed
    work = packed_work(function, prepare, clock)
    tell = say or (lambda _: None)
    tell(f"seed {seed}: order and jitter can be repeated with it")
    if sizes is None:
        sizes = _found_sizes(work, budget_s, repeats, seed)
    wanted = sorted(set(sizes))
    _refuse_nonsense(wanted, repeats, budget_s)
    probes = [point_of(work, size) for size in wanted[:_PROBES]]
    planned, left_out, cost_s = _affordable(wanted, probes, repeats, budget_s)
    tell(
        f"{len(planned)} sizes up to {planned[-1]:,} records, {repeats} times each:"
        f" about {cost_s:,.0f} s"
        + (f"; left out for the budget: {len(left_out)} larger sizes" if left_out else "")
    )
    rest = [size for size in planned for _ in range(repeats)]
    for probe in probes:
        if probe.records in rest:
            rest.remove(probe.records)
    random.Random(seed).shuffle(rest)  # noqa: S311 - an order, no secret
    points = [*probes, *(point_of(work, size) for size in rest)]
    points += measured_again(work, points, within_s=budget_s - sum(p.total_s for p in points))
    return Measurement(tuple(points), clock, seed, tuple(left_out))


def measured_again(
    work: bytes, points: Sequence[Point], *, within_s: float, limit_s: float | None = None
) -> list[Point]:
    """Measure sizes again for which the machine was slow, as often and as long as is allowed."""
    again: list[Point] = []
    for _ in range(_AGAIN_MOST):
        for records in slow_sizes([*points, *again]):
            cost_s = max(point.total_s for point in points if point.records == records)
            if cost_s <= within_s:
                again.append(point_of(work, records, limit_s=limit_s))
                within_s -= again[-1].total_s
    return again


def packed_work(
    function: Callable[[Any], object], prepare: Callable[[int], Any] | None, clock: Clock
) -> bytes:
    """Pack a function for `point_of`; what lives in the script goes by value.

    Raises:
        DefinitionError: If it cannot be pickled.
    """
    import cloudpickle  # noqa: PLC0415 - only for those who measure

    if not all(callable(each) for each in (function, prepare) if each is not None):
        raise DefinitionError(
            f"expected functions to measure, got {function!r} and {prepare!r}",
            hint="give function(n), or prepare(n) and function(data)",
        )
    try:
        packed: bytes = cloudpickle.dumps((function, prepare, clock))
    except Exception as error:
        raise DefinitionError(
            f"the function cannot be sent to a process of its own: {error}",
            hint="let it make what it needs itself, or put it into a module",
        ) from error
    return packed


def point_of(
    work: bytes, records: int, *, least_s: float = LEAST_S, limit_s: float | None = None
) -> Point:
    """Measure one size in one fresh process, which is killed after `limit_s` seconds.

    Raises:
        RunError: If the function raised, or its process died or was killed.
    """
    with tempfile.TemporaryDirectory(prefix="daybreak-measure-") as folder:
        task, result = Path(folder, "task"), Path(folder, "result")
        task.write_bytes(work)
        done = _run([str(task), str(result), str(records), str(least_s)], records, limit_s)
        if done.returncode or not result.exists():
            raise RunError(
                f"measuring {records} records failed with status {done.returncode}:"
                f" {done.stderr.decode(errors='replace').strip()[-2000:]}",
                hint="call the function with that many records by itself",
            )
        return Point(records=records, **json.loads(result.read_text()))


def _run(
    arguments: list[str], records: int, limit_s: float | None
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", _CODE, *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RunError(
            f"measuring {records} records was not done after {limit_s} s",
            hint="measure smaller sizes",
        ) from None


def _refuse_nonsense(sizes: Sequence[int], repeats: int, budget_s: float) -> None:
    if len(sizes) < 2 or not all(float(size).is_integer() and size > 0 for size in sizes):  # noqa: PLR2004 - growth needs two
        raise ParameterError(
            f"expected at least two sizes, whole numbers above 0, got {list(sizes)!r}",
            hint="give ten or more sizes over a factor of 64 or more",
        )
    if repeats < 1 or not budget_s > 0:
        raise ParameterError(
            f"expected at least one repeat and a budget above 0 s, got {repeats} and {budget_s}",
            hint="two repeats are usual",
        )


def _found_sizes(work: bytes, budget_s: float, repeats: int, seed: int) -> list[int]:
    """Grow the size until one call takes its share of the budget; ladder below it."""
    share_s = budget_s / (4 * repeats)
    size, spent_s = _FIRST_SIZE, 0.0
    point = point_of(work, size)
    while point.seconds < share_s / 4 and spent_s < budget_s / 4 and size < _SIZE_MAX:
        spent_s += point.total_s
        size *= 2 if point.seconds > share_s / 50 else 4
        point = point_of(work, size)
    return list(ladder(max(1.0, size / LADDER_SPAN), size, seed=seed))


def _affordable(
    sizes: Sequence[int], probes: Sequence[Point], repeats: int, budget_s: float
) -> tuple[list[int], list[int], float]:
    """Return the sizes that the budget suffices for, the others, and what the first will cost."""
    expected = fit([(p.records, p.seconds) for p in probes]) if len(probes) > 1 else None
    start_s = min(p.total_s - p.seconds * p.calls for p in probes)
    planned: list[int] = []
    cost_s = 0.0
    for size in sizes:
        one_s = probes[-1].seconds * size / probes[-1].records  # at least linear
        if expected is not None:
            one_s = max(one_s, expected.predict(size))
        cost = repeats * (max(start_s, 0.0) + max(one_s, LEAST_S + one_s / 2))
        if len(planned) >= 2 and cost_s + cost > budget_s:  # noqa: PLR2004 - growth needs two
            break
        planned.append(size)
        cost_s += cost
    return planned, list(sizes[len(planned) :]), cost_s
