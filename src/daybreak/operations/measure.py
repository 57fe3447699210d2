"""Measure how a function's time and memory grow: the points of a forecast.

Each point is a fresh interpreter (`measured_child.py`), so that no heap, no cache and no collector
remembers the one before; they come in random order, so that a slow minute of the machine does not
look like growth, and a yardstick tells such minutes. What it will cost is said before the long part
begins.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf, isfinite
from operator import index
from statistics import median
from time import perf_counter
from typing import Any, Final

from ..errors import ParameterError
from ..forecast import Forecast, fit
from .measured_child import CLOCKS
from .measured_point import LEAST_S, Clock, Point, TooLong, TooMuchMemory, packed_work, point_of

LADDER_SIZES: Final = 13
LADDER_SPAN: Final = 100.0
_LADDER_SIZES_MIN: Final = 4
_STEP_MAX: Final = 32
_LOOK_S: Final = 0.02
"""For so long work is repeated while its size is looked for."""

_QUICK_S: Final = 1e-7
"""No call is quicker."""

_JITTER: Final = 0.08
_PROBES: Final = 3
_FIRST_SIZE: Final = 10
_SIZE_MAX: Final = 10**9
_AGAIN_MOST: Final = 5
SLOW: Final = 1.2
"""The machine is slow when the yardstick takes so many times what it took at best."""

_SHARED: Final = 0.8
"""Work slows down by this power of what the yardstick does."""


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
    sizes: Iterable[int] | None = None,
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
        ParameterError: If sizes are not at least two positive whole numbers, or another argument
            makes no sense; nothing was measured.
        DefinitionError: If the function cannot be sent to a process; nothing was measured.
        RunError: If the function failed, with its traceback.
    """
    began_s = perf_counter()
    _refuse_nonsense(repeats, budget_s, clock)
    wanted = None if sizes is None else asked_sizes(sizes)
    seed = random.SystemRandom().randrange(2**32) if seed is None else seed
    work = packed_work(function, prepare, clock)
    tell = say or (lambda _: None)
    tell(f"seed {seed}: order and jitter can be repeated with it")
    if wanted is None:
        wanted = _found_sizes(work, budget_s, repeats, seed)
    found_in_s = perf_counter() - began_s
    probes = [point_of(work, size) for size in wanted[:_PROBES]]
    planned, left_out, cost_s = _affordable(wanted, probes, repeats, budget_s - found_in_s)
    tell(
        f"{len(planned)} sizes up to {planned[-1]:,} records, {repeats}"
        f" {'time' if repeats == 1 else 'times'} each: about {cost_s:,.0f} s"
        + (f"; left out for the budget: {len(left_out)} larger sizes" if left_out else "")
    )
    rest = [size for size in planned for _ in range(repeats)]
    for probe in probes:
        if probe.records in rest:
            rest.remove(probe.records)
    random.Random(seed).shuffle(rest)  # noqa: S311 - an order, no secret
    points = [*probes, *(point_of(work, size) for size in rest)]
    points += measured_again(work, points, within_s=budget_s - (perf_counter() - began_s))
    return Measurement(tuple(points), clock, seed, tuple(left_out))


def asked_sizes(sizes: Any) -> list[int]:
    """Return sizes in order, each once.

    Raises:
        ParameterError: If they are not at least two positive whole numbers.
    """
    given: Sequence[Any] = list(sizes) if isinstance(sizes, Iterable) else [sizes]
    try:
        whole = [_whole(one) for one in given]
    except TypeError:
        whole = []
    if len(set(whole)) < 2 or min(whole) < 1:  # noqa: PLR2004 - growth needs two
        raise ParameterError(
            f"expected at least two sizes, whole numbers above 0, got {given!r}",
            hint="give ten or more sizes over a factor of 64 or more, such as"
            " [1_000, 2_000, 4_000, …]",
        )
    return sorted(set(whole))


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


def _whole(size: Any) -> int:
    return int(size) if isinstance(size, float) and size.is_integer() else index(size)


def _refuse_nonsense(repeats: Any, budget_s: Any, clock: str) -> None:
    """Refuse arguments by which nothing could be measured, before anything is."""
    if not isinstance(repeats, int) or repeats < 1:
        raise ParameterError(
            f"expected repeats to be a whole number of at least 1, got {repeats!r}",
            hint="two are usual",
        )
    if not isinstance(budget_s, int | float) or not (isfinite(budget_s) and budget_s > 0):
        raise ParameterError(
            f"expected budget_s to be a number of seconds above 0, got {budget_s!r}",
            hint="120 are usual",
        )
    if clock not in CLOCKS:
        raise ParameterError(
            f"expected clock to be one of {', '.join(CLOCKS)}, got {clock!r}",
            hint='clock="processor" is for busy machines, where the work waits for nothing',
        )


def _found_sizes(work: bytes, budget_s: float, repeats: int, seed: int) -> list[int]:
    """Grow the size until one call takes its share of the budget; ladder below it.

    The ladder has fewer steps where each costs much of the budget by its process alone: it is its
    upper end that must not be missing.
    """
    share_s = budget_s / (4 * repeats)
    size, spent_s = _FIRST_SIZE, 0.0
    point = point_of(work, size, least_s=_LOOK_S)
    while point.seconds < share_s / 4 and spent_s < budget_s / 4 and size < _SIZE_MAX:
        larger = size * _step(share_s / max(point.seconds, _QUICK_S))
        limit_s = point.around_s + share_s + _LOOK_S
        began_s = perf_counter()
        try:
            point, size = point_of(work, larger, least_s=_LOOK_S, limit_s=limit_s), larger
        except (TooLong, TooMuchMemory):  # it grows faster than any power; or here memory ends
            break
        finally:
            spent_s += perf_counter() - began_s
    affordable = int((budget_s - spent_s) / 2 / (repeats * (point.around_s + LEAST_S)))
    count = min(max(affordable, _LADDER_SIZES_MIN), LADDER_SIZES)
    return list(ladder(max(1.0, size / LADDER_SPAN), size, count=count, seed=seed))


def _step(times: float) -> int:
    """Return by how much the next size is larger: growth like n³ does not take too long either."""
    return int(min(max(times ** (1 / 3), 2), _STEP_MAX))


def _affordable(
    sizes: Sequence[int], probes: Sequence[Point], repeats: int, budget_s: float
) -> tuple[list[int], list[int], float]:
    """Return the sizes that the budget suffices for, the others, and what the first will cost."""
    expected = fit([(p.records, p.seconds) for p in probes]) if len(probes) > 1 else None
    start_s = min(probe.around_s for probe in probes)
    planned: list[int] = []
    cost_s = 0.0
    for size in sizes:
        one_s = probes[-1].seconds * size / probes[-1].records  # at least linear
        if expected is not None:
            one_s = max(one_s, expected.predict(size))
        cost = repeats * (start_s + max(one_s, LEAST_S + one_s / 2))
        if len(planned) >= 2 and cost_s + cost > budget_s:  # noqa: PLR2004 - growth needs two
            break
        planned.append(size)
        cost_s += cost
    return planned, list(sizes[len(planned) :]), cost_s
