"""What each verb does to a block: plain loops, one a verb, looked up by the kind of the stage.

Nothing here decides what a failure means, or counts: that is told to `Fates`. A function's
StopIteration is an ordinary failure (which is why no loop is a `list(map(...))`); MemoryError and
what is no `Exception` are never a record's fault and go through.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import islice, repeat
from time import perf_counter
from typing import Any, Final, Protocol, TypeAlias

from .block import Block, Origin
from .grain import Grain
from .nodes import Filter, FlatMap, Map, Stage, Tap


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


Rule: TypeAlias = Callable[[Stage, Block[Any], Fates, Grain], Iterator[Block[Any]]]
Run: TypeAlias = Callable[[Block[Any]], Iterator[Block[Any]]]


def _map(stage: Stage, block: Block[Any], fates: Fates, _grain: Grain) -> Iterator[Block[Any]]:
    fn = stage.fn
    values: list[Any] = []
    append = values.append
    for value in block.values:
        try:
            append(fn(value))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - any failure is this record's
            fates.failed(block.origins[len(values)], stage.name, error)
            append(None)  # keeps the place; the origin has failed, so nobody will see it
    yield Block(values, block.origins)


def _tap(stage: Stage, block: Block[Any], fates: Fates, _grain: Grain) -> Iterator[Block[Any]]:
    fn = stage.fn
    for value, origin in zip(block.values, block.origins, strict=True):
        try:
            fn(value)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - any failure is this record's
            fates.failed(origin, stage.name, error)
    yield block


def _filter(stage: Stage, block: Block[Any], fates: Fates, _grain: Grain) -> Iterator[Block[Any]]:
    fn = stage.fn
    values: list[Any] = []
    origins: list[Any] = []
    for value, origin in zip(block.values, block.origins, strict=True):
        try:
            is_wanted = bool(fn(value))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - any failure is this record's
            fates.failed(origin, stage.name, error)
            continue
        if is_wanted:
            values.append(value)
            origins.append(origin)
        else:
            fates.dropped(origin)
    yield Block(values, origins)


def _flat_map(stage: Stage, block: Block[Any], fates: Fates, grain: Grain) -> Iterator[Block[Any]]:
    """Give the outputs of all records in blocks of the grain's size, across records.

    The record an output came from lives on in the last of its outputs: it is dropped here only if
    there was none, and never while more may follow.
    """
    values: list[Any] = []
    origins: list[Any] = []
    records_max, started = grain.records, perf_counter()
    outputs: Iterator[Any] | None = None
    try:
        for value, origin in zip(block.values, block.origins, strict=True):
            outputs = None
            is_over = False
            while not is_over:
                count = len(values)
                try:
                    if outputs is None:
                        outputs = iter(stage.fn(value))
                    values.extend(islice(outputs, records_max - count))
                except MemoryError:
                    raise
                except Exception as error:  # noqa: BLE001 - any failure is this record's
                    del values[count:]
                    fates.failed(origin, stage.name, error)
                    break
                is_over = len(values) < records_max
                grown = len(values) - count
                origins.extend(repeat(origin, grown))
                _tell_of(grown - 1 if is_over else grown, origin, fates)
                if not is_over:
                    grain.took(records_max, perf_counter() - started)
                    yield Block(values, origins)
                    values, origins = [], []
                    records_max, started = grain.records, perf_counter()
        yield Block(values, origins)
    finally:
        if isinstance(outputs, Generator):
            outputs.close()  # it was left before its end


def _tell_of(more: int, origin: Origin, fates: Fates) -> None:
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
