"""Chunks through the stages of a step, with each input record's fate on the way.

For chunk workers: a failure sets its record aside instead of ending everything. What happens to
the failures, and what is committed, is decided by the caller. Stages with workers have them for
all chunks of the step together. Opening a pipeline is `engine`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol

from ..errors import DefinitionError
from .block import Block, Origin, joined
from .chunk_crew import CrewPart
from .endings import forget, when_cancelled
from .event_loop import EventLoop
from .grain import Grain
from .leash import Leash
from .nodes import Inner, Split, Stage
from .running import running
from .scope import Scope
from .segments import Segment, segments
from .stages import Fates, Run, flow, parted
from .watch import Watch, rule_of


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


class Carrier:
    """The stages of one step, for all of its chunks; made by `carrier`."""

    def __init__(self, scope: Scope, inner: Sequence[Inner], *, alone: bool) -> None:
        self.scope = scope
        self._loop = EventLoop(scope)
        self._crews: list[CrewPart] = []
        self._parts = self._parts_of(inner, alone=alone)
        self._loop.launch()

    def carry(self, block: Block[Any], *, watch: Watch | None = None) -> Carried:
        """Take the records of one chunk through all stages; from any thread of the scope.

        No function is called twice for the same record, but by its stage's `retry`.

        Args:
            block: The records that were read; no two of the same origin.
            watch: Is told of each record before a stage begins with it.

        Raises:
            Cancelled: If the scope was cancelled (to its owner, the reason). What the functions
                did is done; no result is given.
            BaseException: What a function raised that is no record's fault, such as MemoryError.
        """
        fates = _Fates()
        results = _through(self._parts, block, fates, watch)
        return Carried(results, fates.filtered, fates.failures_in(block.origins))

    @property
    def has_workers(self) -> bool:
        """Whether a stage has workers of its own; else all is done in the thread of the chunk."""
        return bool(self._crews)

    def close(self) -> None:
        """Say that no chunk will come any more, so that the workers end."""
        for crew in self._crews:
            crew.close()

    def _parts_of(self, inner: Sequence[Inner], *, alone: bool) -> list[_Part]:
        return [self._part_of(each, alone=alone) for each in segments(inner)]

    def _part_of(self, part: Segment | Inner, *, alone: bool) -> _Part:
        if isinstance(part, Split):
            then = self._parts_of(part.then, alone=alone)
            return _SplitPart(self.scope, part, then, self._parts_of(part.otherwise, alone=alone))
        assert isinstance(part, Segment), "refused by `refuse_in_a_step`"
        if part.is_plain:
            return _Inline(self.scope, part.stages)
        crew = CrewPart(self.scope, running(part.stages[0]), self._loop, alone=alone)
        self._crews.append(crew)
        return crew


@contextmanager
def carrier(scope: Scope, inner: Sequence[Inner], *, alone: bool = False) -> Iterator[Carrier]:
    """Have the workers of a step's stages as long as the block lasts.

    Args:
        scope: Whose threads they are, and whose cancellation ends the work between two records.
        inner: The stages, in order.
        alone: Whether each stage has one worker only, whatever it says.
    """
    made = Carrier(scope, inner, alone=alone)
    try:
        yield made
    finally:
        made.close()


def refuse_in_a_step(inner: Iterable[Inner], step: str) -> None:
    """Refuse what has no meaning inside a chunk.

    Raises:
        DefinitionError: What it is, and what to write instead.
    """
    for node in inner:
        if isinstance(node, Split):
            refuse_in_a_step(node.then, step)
            refuse_in_a_step(node.otherwise, step)
        elif not isinstance(node, Stage):
            raise DefinitionError(
                f"{node.name!r} has no meaning in a step: each record of a chunk has a fate of its"
                " own, in a chunk of its own source",
                hint="use each_chunk for records together, and a step for each source",
                step=step,
            )
        elif node.errors is not None:
            raise DefinitionError(
                f"stage {node.name!r} collects errors, but a step quarantines what fails",
                hint="drop errors=, and bound the failures by max_bad of the step",
                step=step,
            )


class _Part(Protocol):
    def pass_on(self, block: Block[Any], fates: _Fates, watch: Watch | None) -> Block[Any]:
        """Take a block through a part of the stages."""


def _through(
    parts: Iterable[_Part], block: Block[Any], fates: _Fates, watch: Watch | None
) -> Block[Any]:
    for part in parts:
        block = fates.living(part.pass_on(block, fates, watch))
    return block


class _Inline:
    """Plain stages, in the thread of the chunk."""

    def __init__(self, scope: Scope, stages: Sequence[Stage]) -> None:
        self._scope = scope
        self._stages = stages

    def pass_on(self, block: Block[Any], fates: _Fates, watch: Watch | None) -> Block[Any]:
        """Take hands of records through all stages, one after the other."""
        leash = Leash()
        runs = [_run(stage, fates, leash, watch) for stage in self._stages]
        grain = Grain()
        results: list[Block[Any]] = []
        start = 0
        when_cancelled(self._scope, leash.cancel)
        try:
            while start < len(block):
                self._scope.check()
                hand = block.part(start, start + grain.records)
                count = len(hand)
                started = perf_counter()
                results.extend(flow(runs, hand, fates))
                grain.took(count, perf_counter() - started)
                start += count
        finally:
            forget(self._scope, leash.cancel)
        return joined(results)


def _run(stage: Stage, fates: Fates, leash: Leash, watch: Watch | None) -> Run:
    rule = rule_of(stage, watch)
    return lambda block: rule(stage, block, fates, leash)


class _SplitPart:
    """Two ways through a chunk, whose results come together in source order."""

    def __init__(
        self, scope: Scope, split: Split, then: Sequence[_Part], otherwise: Sequence[_Part]
    ) -> None:
        self._scope = scope
        self._split = split
        self._ways = (then, otherwise)

    def pass_on(self, block: Block[Any], fates: _Fates, watch: Watch | None) -> Block[Any]:
        """Take either part of the records its way."""
        leash = Leash()
        gathered: tuple[list[Block[Any]], list[Block[Any]]] = ([], [])
        split = self._split
        when_cancelled(self._scope, leash.cancel)
        try:
            for parts in parted(split.name, split.predicate, block, fates, leash):
                for way, part in zip(gathered, parts, strict=True):
                    way.append(part)
        finally:
            forget(self._scope, leash.cancel)
        ends = [
            _through(parts, fates.living(joined(way)), fates, watch)
            for parts, way in zip(self._ways, gathered, strict=True)
        ]
        return _in_order_of(block.origins, ends)


def _in_order_of(origins: Sequence[Any], blocks: Iterable[Block[Any]]) -> Block[Any]:
    place = {origin: number for number, origin in enumerate(dict.fromkeys(origins))}
    records = [
        (place[origin], value, origin)
        for block in blocks
        for value, origin in zip(block.values, block.origins, strict=True)
    ]
    records.sort(key=lambda record: record[0])
    return Block([value for _, value, _ in records], [origin for *_, origin in records])


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
