"""What each verb does to a block: plain loops, one a verb, looked up by the kind of the stage.

Nothing here decides what a failure means, or counts: that is told to `Fates`, and the record is
left out. A function's StopIteration is an ordinary failure; MemoryError and what is no `Exception`
are never a record's fault and go through.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import compress, islice, repeat
from operator import truth
from time import perf_counter
from typing import Any, Final, Protocol, TypeAlias

from .block import BLOCK_BYTES, Block, Origin
from .grain import Grain
from .leash import Leash
from .nodes import Filter, FlatMap, Map, Stage, Tap
from .waiting import Cancelled
from .weight import weigh

OUTPUTS_AT_ONCE: Final = 256
"""Outputs of a flat_map taken in one go: so many are held back if its generator turns slow."""


class Fates(Protocol):
    """Who is told what becomes of records."""

    def failed(self, origin: Origin, stage: str, error: Exception) -> None:
        """Hear that a function raised: either raise, or let the origin's records be withdrawn."""

    def dropped(self, origin: Origin) -> None:
        """Hear that one record of this origin went no further."""

    def born(self, origin: Origin, records: int) -> None:
        """Hear that an origin has that many records more."""

    def living(self, block: Block[Any]) -> Block[Any]:
        """Leave out the records of origins that have failed."""


Rule: TypeAlias = Callable[[Stage, Block[Any], Fates, Leash], Iterator[Block[Any]]]
Run: TypeAlias = Callable[[Block[Any]], Iterator[Block[Any]]]
Calls: TypeAlias = Callable[[Iterator[Any]], Iterator[Any]]


def _map(stage: Stage, block: Block[Any], fates: Fates, leash: Leash) -> Iterator[Block[Any]]:
    for called in _calls(stage.name, partial(map, stage.fn), block, fates, leash):
        results, origins = called.results, called.block.origins
        if called.failed:
            results, origins = called.without_failed(results), called.without_failed(origins)
        yield Block(results, origins)


def _tap(stage: Stage, block: Block[Any], fates: Fates, leash: Leash) -> Iterator[Block[Any]]:
    for called in _calls(stage.name, partial(map, stage.fn), block, fates, leash):
        done = called.block
        if called.failed:
            done = Block(called.without_failed(done.values), called.without_failed(done.origins))
        yield done


def _filter(stage: Stage, block: Block[Any], fates: Fates, leash: Leash) -> Iterator[Block[Any]]:
    for wanted, unwanted in parted(stage.name, stage.fn, block, fates, leash):
        for origin in unwanted.origins:
            fates.dropped(origin)
        yield wanted


def parted(
    name: str, predicate: Callable[[Any], Any], block: Block[Any], fates: Fates, leash: Leash
) -> Iterator[tuple[Block[Any], Block[Any]]]:
    """Part the records for which a predicate says yes from those for which it says no."""
    ask = partial(map, predicate)
    for called in _calls(name, lambda values: map(truth, ask(values)), block, fates, leash):
        done, wanted = called.block, called.results
        unwanted = [not each for each in wanted]
        for place in called.failed:
            unwanted[place] = False
        yield _chosen(done, wanted), _chosen(done, unwanted)


def _chosen(block: Block[Any], verdicts: Sequence[Any]) -> Block[Any]:
    return Block(list(compress(block.values, verdicts)), list(compress(block.origins, verdicts)))


@dataclass(slots=True)
class _Called:
    """What calls for some records gave."""

    block: Block[Any]
    results: list[Any]
    failed: set[int]
    """The places where the function raised; the result there is None."""

    def without_failed(self, items: Sequence[Any]) -> list[Any]:
        return [item for place, item in enumerate(items) if place not in self.failed]


def _calls(
    stage: str, calls: Calls, block: Block[Any], fates: Fates, leash: Leash
) -> Iterator[_Called]:
    """Make the calls for a block; if the loop is cut short, for one part of it after the other."""
    part = rest = block
    grain = Grain()
    while True:
        leash.hold(part.values)
        started = perf_counter()
        try:
            results, failed = _called(stage, calls, part, fates)
        finally:
            taken = leash.let_go()
        count = len(results)
        if taken is not None:  # the loop was cut: its values are here
            is_all = part is rest
            part = Block(taken, part.origins)
            rest = part if is_all else rest
        yield _Called(part if count == len(part) else part.part(0, count), results, failed)
        if count == len(rest):
            return
        rest = rest.part(count, len(rest))
        if leash.gives_back:
            leash.rest = rest
            return
        grain.took(count, perf_counter() - started)
        part = rest.part(0, grain.records)


def _called(
    stage: str, calls: Calls, block: Block[Any], fates: Fates
) -> tuple[list[Any], set[int]]:
    """Make the calls for all values; return their results, and the places where one failed.

    The loop is C's: `extend` keeps what it has when the function raises, so that the length tells
    where; a StopIteration of the function looks like an end that came too early. If the values are
    taken away meanwhile, it ends early, and the length tells that too.
    """
    results: list[Any] = []
    failed: set[int] = set()
    values = iter(block.values)
    while True:
        try:
            results.extend(calls(values))
            if len(results) >= len(block.values):
                return results, failed
            error: Exception = stopped(stage)
        except MemoryError:
            raise
        except Exception as caught:  # noqa: BLE001 - any failure is this record's
            error = caught
        failed.add(len(results))
        fates.failed(block.origins[len(results)], stage, error)
        results.append(None)


def stopped(stage: str) -> RuntimeError:
    """Return the failure of a record whose function raised what ends loops."""
    return RuntimeError(f"stage {stage!r} raised StopIteration")


def _flat_map(stage: Stage, block: Block[Any], fates: Fates, leash: Leash) -> Iterator[Block[Any]]:
    """Give the outputs of all records in blocks of the grain's size, across records.

    The record an output came from lives on in the last of its outputs: it is dropped here only if
    there was none, and never while more may follow.
    """
    grain = Grain()
    values: list[Any] = []
    origins: list[Any] = []
    records_max, started = grain.records, perf_counter()
    outputs: Iterator[Any] | None = None
    was_cut = False
    leash.hold([])
    try:
        for place, (value, origin) in enumerate(zip(block.values, block.origins, strict=True)):
            if leash.is_cancelled:
                raise Cancelled
            if was_cut and leash.gives_back:
                leash.rest = block.part(place, len(block))
                break
            outputs = None
            is_over = False
            while not is_over:
                count = len(values)
                wanted = min(records_max - count, OUTPUTS_AT_ONCE)
                try:
                    if outputs is None:
                        outputs = iter(stage.fn(value))
                    values.extend(islice(outputs, wanted))
                except MemoryError:
                    raise
                except Exception as caught:  # noqa: BLE001 - any failure is this record's
                    error = stopped(stage.name) if isinstance(caught, StopIteration) else caught
                    del values[count:]
                    fates.failed(origin, stage.name, error)
                    was_cut = was_cut or leash.is_cut
                    break
                grown = len(values) - count
                is_over = grown < wanted
                origins.extend(repeat(origin, grown))
                tell_of(grown - 1 if is_over else grown, origin, fates)
                was_cut = was_cut or leash.is_cut
                if len(values) == records_max or (leash.is_cut and values):
                    grain.took(len(values), perf_counter() - started)
                    yield Block(values, origins)
                    leash.hold([])
                    records_max, started = min(grain.records, _light(values)), perf_counter()
                    values, origins = [], []
        yield Block(values, origins)
    finally:
        if isinstance(outputs, Generator):
            outputs.close()  # it was left before its end


def _light(outputs: list[Any]) -> int:
    """Return how many records like these make a block that is not too heavy."""
    return max(1, BLOCK_BYTES * len(outputs) // max(1, weigh(outputs)))


def tell_of(more: int, origin: Origin, fates: Fates) -> None:
    """Tell that an origin has so many records more than before."""
    if more > 0:
        fates.born(origin, more)
    elif more < 0:
        fates.dropped(origin)


RULES: Final[dict[type[Stage], Rule]] = {
    Map: _map,
    Filter: _filter,
    FlatMap: _flat_map,
    Tap: _tap,
}


def flow(runs: Sequence[Run], block: Block[Any], fates: Fates) -> Generator[Block[Any], None, None]:
    """Take one block through stages one after the other, in the thread of the caller.

    Args:
        runs: What each stage does to a block.
        block: The records to begin with.
        fates: Who knows which origins have failed on the way.
    """
    if not runs:
        yield block
        return
    for piece in runs[0](block):
        if alive := fates.living(piece):
            yield from flow(runs[1:], alive, fates)
