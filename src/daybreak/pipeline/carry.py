"""One block through the stages of one chunk, with each input record's fate on the way.

For chunk workers: a failure sets its record aside instead of ending everything. What happens to
the failures, and what is committed, is decided by the caller. Opening a pipeline is `engine`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from time import perf_counter
from typing import Any

from .block import Block, Origin
from .buffers import Items
from .grain import Grain
from .nodes import Segment, Stage, segments
from .scope import Scope
from .stages import RULES, Fates, Rule, Run, flow
from .watch import Watch, watched_rule


@dataclass(frozen=True, slots=True)
class Failure:
    """An input record whose function raised."""

    origin: Any
    stage: str
    """The stage that raised first."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of the records of one block: each input record has one fate.

    The records that passed are the different origins in `block`. They are counted by the caller,
    so that read = passed + filtered + failures compares three counts made in three places.
    """

    block: Block[Any]
    """The results, in source order, without those of failed origins."""

    filtered: int
    """Input records of which nothing arrived; counted where their last record was dropped."""

    failures: list[Failure]
    """Input records that failed, in source order."""


def carry(
    stages: Sequence[Stage], block: Block[Any], *, scope: Scope, watch: Watch | None = None
) -> Carried:
    """Take the records of one chunk through all its stages.

    No function is called twice for the same record. Stages with one worker run in this thread,
    one after the other; a stage with several spreads the block over threads of the scope.

    Args:
        stages: The stages of the chunk, in order.
        block: The records that were read; no two of the same origin.
        scope: Whose threads are used, and whose cancellation ends the work between two records.
        watch: Is told of each record before a stage begins with it.

    Raises:
        Cancelled: If the scope was cancelled (to its owner, the reason). What the functions did
            is done; no result is given.
        BaseException: What a function raised that is no record's fault, such as MemoryError.
    """
    fates = _Fates()
    apply = _applied if watch is None else partial(watched_rule, watch=watch)
    results = block
    for segment in segments(stages):
        pass_on = _inline if segment.workers == 1 else _spread
        results = fates.living(pass_on(segment, results, fates, scope, apply))
    return Carried(results, fates.filtered, fates.failures_in(block.origins))


def _inline(
    segment: Segment, block: Block[Any], fates: _Fates, scope: Scope, apply: Rule
) -> Block[Any]:
    """Run stages in this thread; a hand of records goes through all of them before the next."""
    runs = [_run(apply, stage, fates) for stage in segment.stages]
    grain = Grain()
    results = _Gathered()
    start = 0
    while start < len(block):
        scope.check()
        hand = block.part(start, start + grain.records)
        started = perf_counter()
        results.add(flow(runs, hand, fates))
        grain.took(len(hand), perf_counter() - started)
        start += len(hand)
    return results.block()


def _spread(
    segment: Segment, block: Block[Any], fates: _Fates, scope: Scope, apply: Rule
) -> Block[Any]:
    """Have threads of the scope claim record after record; each puts its result in its place."""
    (stage,) = segment.stages
    heard = [_Heard() for _ in block.values]
    places: list[list[Block[Any]]] = [[] for _ in block.values]
    claim = count().__next__  # atomic

    def work_off() -> None:
        grain = Grain()
        while (position := claim()) < len(block):
            scope.check()
            record = block.part(position, position + 1)
            places[position] = list(apply(stage, record, heard[position], grain))

    ends = scope.channel(Items[None](), 1)
    senders = [ends.sender() for _ in range(min(stage.workers, len(block)))]
    for sender in senders:
        scope.launch(stage.name, work_off, closing=sender)
    ends.drain()
    results = _Gathered()
    for blocks, told in zip(places, heard, strict=True):
        told.tell(fates)
        results.add(blocks)
    return results.block()


def _applied(stage: Stage, block: Block[Any], fates: Fates, grain: Grain) -> Iterator[Block[Any]]:
    return RULES[type(stage)](stage, block, fates, grain)


def _run(apply: Rule, stage: Stage, fates: Fates) -> Run:
    grain = Grain()
    return lambda block: apply(stage, block, fates, grain)


class _Gathered:
    """Blocks joined into one."""

    def __init__(self) -> None:
        self._values: list[Any] = []
        self._origins: list[Any] = []

    def add(self, blocks: Iterable[Block[Any]]) -> None:
        for block in blocks:
            self._values.extend(block.values)
            self._origins.extend(block.origins)

    def block(self) -> Block[Any]:
        return Block(self._values, self._origins)


class _Fates:
    """Counts fates where they happen.

    An origin begins with one record; a flat_map lets more be born or drops it, a filter drops.
    The drop that leaves an origin none makes it filtered. A record that failed is not dropped, so
    an origin that failed is never left none.
    """

    def __init__(self) -> None:
        self.filtered = 0
        self._failures: dict[Origin, Failure] = {}
        self._more: dict[Origin, int] = {}  # records of an origin beyond its first, if any

    def failed(self, origin: Origin, stage: str, error: Exception) -> None:
        self._failures.setdefault(origin, Failure(origin, stage, error))

    def dropped(self, origin: Origin) -> None:
        more = self._more.pop(origin, 0)
        if not more:
            self.filtered += 1
        elif more > 1:
            self._more[origin] = more - 1

    def born(self, origin: Origin, records: int) -> None:
        self._more[origin] = self._more.get(origin, 0) + records

    def living(self, block: Block[Any]) -> Block[Any]:
        if not self._failures:
            return block
        alive = [
            (value, origin)
            for value, origin in zip(block.values, block.origins, strict=True)
            if origin not in self._failures
        ]
        return Block([value for value, _ in alive], [origin for _, origin in alive])

    def failures_in(self, origins: Sequence[Any]) -> list[Failure]:
        """List the failures in the order of the origins given."""
        if not self._failures:
            return []
        return [self._failures[origin] for origin in origins if origin in self._failures]


class _Heard:
    """What was said of one record in another thread, until it can be told in source order."""

    def __init__(self) -> None:
        self._calls: list[Callable[[_Fates], None]] = []

    def failed(self, origin: Origin, stage: str, error: Exception) -> None:
        self._calls.append(lambda fates: fates.failed(origin, stage, error))

    def dropped(self, origin: Origin) -> None:
        self._calls.append(lambda fates: fates.dropped(origin))

    def born(self, origin: Origin, records: int) -> None:
        self._calls.append(lambda fates: fates.born(origin, records))

    def living(self, block: Block[Any]) -> Block[Any]:
        return block

    def tell(self, fates: _Fates) -> None:
        for call in self._calls:
            call(fates)
