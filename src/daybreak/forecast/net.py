"""Many nights of a job's net at once: when each step begins and ends, whoever waits for whom.

Steps are admitted as the conductor admits them (`execution.conductor`, `execution.steward`,
`model.shares`): a step is ready when all before it are done; those that are ready come in the order
in which they became so, then in the order of the job; one that waits lets nobody pass at its
limits. A step that fails holds back only those behind it: the attempt goes on as long as it can.

Steps are numbered in the order of the job. Arrays have one row a night, one column a step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Places: TypeAlias = NDArray[np.int64]

NOBODY: Final = -1
"""In `Attempt.let_by`: the step began with the attempt."""

_LAST: Final = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Net:
    """The steps of a job: which come after which, and what they share."""

    names: tuple[str, ...]
    after: tuple[tuple[int, ...], ...]
    """Of each step those before it, all of them earlier in the job."""

    uses: tuple[Mapping[str, int], ...]
    """Of each step the units of limits that it has while it is at work."""

    limits: Mapping[str, int]
    """Units that there are; a name without a limit has no end."""

    def __post_init__(self) -> None:
        """Refuse what could never end."""
        for step, before in enumerate(self.after):
            assert all(one < step for one in before), "a step comes behind those before it"
        for name, uses in zip(self.names, self.uses, strict=True):
            for limit, wanted in uses.items():
                if wanted > self.limits.get(limit, wanted):
                    raise ParameterError(
                        f"step {name} uses {wanted} of {limit!r}, but the limit is"
                        f" {self.limits[limit]}: it would never begin",
                        hint=f"plan with {limit}={wanted} or more",
                    )

    @cached_property
    def behind(self) -> Flags:
        """`behind[a, b]`: step b comes right after step a."""
        behind = np.zeros((len(self.names), len(self.names)), dtype=np.bool_)
        for step, before in enumerate(self.after):
            behind[list(before), step] = True
        return behind

    def downstream(self, step: int) -> frozenset[int]:
        """Return all steps that are held back by one."""
        found = {step}
        for one, before in enumerate(self.after):
            if not found.isdisjoint(before):
                found.add(one)
        return frozenset(found - {step})

    @cached_property
    def wants(self) -> Places:
        """Units that each step uses of each limit that there is: one row a step."""
        return np.array(
            [[uses.get(limit, 0) for limit in self.limits] for uses in self.uses], dtype=np.int64
        ).reshape(len(self.names), len(self.limits))

    @cached_property
    def is_limited(self) -> bool:
        """Whether any step can ever wait at a limit."""
        return bool((self.wants.sum(axis=0) > np.array(list(self.limits.values()))).any())

    def with_workers(self, workers: int) -> Net:
        """Return the same net with at most so many steps at work at the same time."""
        uses = tuple({**one, "workers": 1} for one in self.uses)
        return Net(self.names, self.after, uses, {**self.limits, "workers": workers})


@dataclass(frozen=True)
class Attempt:
    """One attempt at the net, in many nights; times in seconds."""

    begins: Floats
    """When each step began; not a number if it did not."""

    ends: Floats
    """When it was done or failed; not a number if it did not begin."""

    let_by: Places
    """The step whose end let it begin, or `NOBODY`."""

    over: Floats
    """When nothing was at work any more, by night."""

    @property
    def begun(self) -> Flags:
        """Which steps began."""
        return ~np.isnan(self.ends)


def attempt(
    net: Net,
    seconds: Floats,
    *,
    begin: Floats | float = 0.0,
    todo: Flags | None = None,
    fails: Flags | None = None,
) -> Attempt:
    """Let the steps of a net begin and end, as far as they come.

    Args:
        net: The job's.
        seconds: What each step takes until it is done or fails, shape (nights, steps).
        begin: When the attempt begins, one number or one a night.
        todo: Which steps are not done yet; all by default.
        fails: Which steps fail: those behind them do not begin.

    Complexity: O(nights x edges) without limits that matter, else O(nights x steps²).
    """
    nights = seconds.shape[0]
    todo = np.ones(seconds.shape, dtype=np.bool_) if todo is None else todo
    fails = np.zeros(seconds.shape, dtype=np.bool_) if fails is None else fails
    at = np.broadcast_to(np.asarray(begin, dtype=np.float64), (nights,))
    if net.is_limited:
        return _Admission(net, seconds, at, todo, fails).run()
    return _free(net, seconds, at, todo, fails)


def _free(net: Net, seconds: Floats, at: Floats, todo: Flags, fails: Flags) -> Attempt:
    """Nobody waits at a limit: a step begins when the last one before it is done."""
    begins = np.full(seconds.shape, np.nan)
    ends = np.full(seconds.shape, np.nan)
    let_by = np.full(seconds.shape, NOBODY, dtype=np.int64)
    done = ~todo
    for step, before in enumerate(net.after):
        is_ready = todo[:, step].copy()
        begun = at.copy()
        for one in before:
            is_ready &= done[:, one]
            is_later = ends[:, one] > begun  # never of one that was done before: not a number
            begun = np.where(is_later, ends[:, one], begun)
            let_by[is_later, step] = one
        begins[:, step] = np.where(is_ready, begun, np.nan)
        ends[:, step] = begins[:, step] + seconds[:, step]
        done[:, step] |= is_ready & ~fails[:, step]
    over = np.fmax(np.fmax.reduce(ends, axis=1, initial=-np.inf), at)
    return Attempt(begins, ends, np.where(np.isnan(ends), NOBODY, let_by), over)


class _Admission:
    """Steps wait at limits: every turn ends one step in every night, and lets others begin."""

    def __init__(self, net: Net, seconds: Floats, at: Floats, todo: Flags, fails: Flags) -> None:
        self._net, self._seconds, self._todo, self._fails = net, seconds, todo, fails
        nights, steps = seconds.shape
        self._rows = np.arange(nights)
        self._units = np.array(list(net.limits.values()), dtype=np.int64)
        self._now = at.copy()
        self._missing = np.zeros((nights, steps), dtype=np.int64)
        for step in range(steps):
            self._missing += todo[:, [step]] * net.behind[step]
        self._place = np.full((nights, steps), _LAST)  # in the line of those that wait
        self._has_come = ~todo
        self._in_use = np.zeros((nights, len(self._units)), dtype=np.int64)
        self._running_until = np.full((nights, steps), np.inf)
        self._begins = np.full((nights, steps), np.nan)
        self._ends = np.full((nights, steps), np.nan)
        self._let_by = np.full((nights, steps), NOBODY, dtype=np.int64)
        self._ended = np.full(nights, NOBODY, dtype=np.int64)

    def run(self) -> Attempt:
        """Go on until nothing is at work in any night."""
        for turn in range(self._seconds.shape[1] + 1):
            self._come(turn)
            self._begin()
            until = self._running_until.min(axis=1)
            at_work = self._rows[until < np.inf]
            if not at_work.size:
                break
            self._end(at_work, until)
        return Attempt(self._begins, self._ends, self._let_by, self._now)

    def _come(self, turn: int) -> None:
        """Put those that became ready behind those that wait already, in the order of the job."""
        new = (self._missing == 0) & ~self._has_come
        steps = new.shape[1]
        self._place = np.where(new, turn * steps + np.arange(steps), self._place)
        self._has_come |= new

    def _begin(self) -> None:
        """Ask all that wait, first come first; whoever does not begin lets nobody pass."""
        line = self._place.copy()
        passed_by = np.zeros(self._in_use.shape, dtype=np.bool_)
        rows = self._rows
        while True:
            first = line[rows].argmin(axis=1)
            waits = line[rows, first] < _LAST
            rows, first = rows[waits], first[waits]
            if not rows.size:
                return
            line[rows, first] = _LAST
            wants = self._net.wants[first]
            has_all = ~(
                (wants > 0) & (passed_by[rows] | (self._in_use[rows] + wants > self._units))
            ).any(axis=1)
            passed_by[rows[~has_all]] |= wants[~has_all] > 0
            self._let(rows[has_all], first[has_all], wants[has_all])

    def _let(self, rows: Places, steps: Places, wants: Places) -> None:
        self._in_use[rows] += wants
        self._place[rows, steps] = _LAST
        self._begins[rows, steps] = self._now[rows]
        self._ends[rows, steps] = self._now[rows] + self._seconds[rows, steps]
        self._running_until[rows, steps] = self._ends[rows, steps]
        self._let_by[rows, steps] = self._ended[rows]

    def _end(self, rows: Places, until: Floats) -> None:
        """In each of these nights the next step ends, and gives back what it had."""
        ended = self._running_until[rows].argmin(axis=1)
        self._now[rows] = until[rows]
        self._ended[rows] = ended
        self._running_until[rows, ended] = np.inf
        self._in_use[rows] -= self._net.wants[ended]
        is_done = ~self._fails[rows, ended]
        self._missing[rows[is_done]] -= self._net.behind[ended[is_done]]


def critical(made: Attempt) -> Flags:
    """Return which steps are on the chain that decides the end, by night.

    It is walked from the step that ends last: by the one whose end let it begin, whether that was
    before it in the net or had what it waited for.
    """
    nights, steps = made.ends.shape
    rows = np.arange(nights)
    on_chain = np.zeros((nights, steps), dtype=np.bool_)
    ends = np.where(made.begun, made.ends, -np.inf)
    step = np.where(made.begun.any(axis=1), ends.argmax(axis=1), NOBODY)
    for _ in range(steps):
        is_on = step != NOBODY
        if not is_on.any():
            break
        on_chain[rows[is_on], step[is_on]] = True
        step = np.where(is_on, made.let_by[rows, step], NOBODY)
    return on_chain


def net_of(
    steps: Sequence[tuple[str, Sequence[str], Mapping[str, int]]], limits: Mapping[str, int]
) -> Net:
    """Make a net of (name, names before it, uses), in the order of the job."""
    place = {name: number for number, (name, _, _) in enumerate(steps)}
    return Net(
        names=tuple(place),
        after=tuple(tuple(place[one] for one in before) for _, before, _ in steps),
        uses=tuple(dict(uses) for _, _, uses in steps),
        limits=dict(limits),
    )
