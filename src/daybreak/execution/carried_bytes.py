"""Records that are bytes on their way through stages: values for the stages, then bytes again.

They are taken a part at a time where that makes no difference to the stages, so that never more
than a few thousand records are there at once. Stages with workers of their own have the whole chunk
before them: they wait for others, and would wait at the end of every part.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeAlias

from ..model.raw import RawInput, RawPart, Rewritten
from ..pipeline import Block, Carried, Failure
from .raw_units import RawUnits

Carry: TypeAlias = Callable[[Block[Any]], Carried]


@dataclass(frozen=True, slots=True)
class _Passed:
    """What came of one part."""

    origins: Sequence[int]
    values: Sequence[Any]
    """The records; none if they may be bytes."""

    rows: Rewritten | None


def carried_bytes(
    raw: RawInput, origins: Sequence[int], carry: Carry, *, at_once: bool
) -> tuple[Carried, RawUnits | None]:
    """Take the records of a chunk through stages.

    Args:
        raw: The good records.
        origins: Theirs.
        carry: Takes a block through the stages.
        at_once: Whether all of them go together.

    Returns:
        What became of them. If each record that passed is one of its own kind, they are bytes, and
        the block is empty.
    """
    passed: list[_Passed] = []
    failures: list[Failure] = []
    filtered = place = 0
    for group in _groups(raw.parts(), at_once=at_once):
        values = list(chain.from_iterable(part.values for part in group))
        block = Block(values, origins[place : place + len(values)])
        carried = carry(block)
        passed += _passed(group, block.origins, carried.block)
        failures += carried.failures
        filtered += carried.filtered
        place += len(values)
    block, units = _joined(raw, passed)
    return Carried(block, filtered, failures), units


def _groups(parts: Iterator[RawPart], *, at_once: bool) -> Iterable[Sequence[RawPart]]:
    return [list(parts)] if at_once else ([part] for part in parts)


def _passed(
    group: Sequence[RawPart], origins: Sequence[int], carried: Block[Any]
) -> Iterator[_Passed]:
    """Yield what came of each part of a group: results are in the order of their records."""
    first = start = 0
    for part in group:
        own = origins[first : first + len(part.values)]
        stop = bisect_right(carried.origins, own[-1], start)
        yield _rewritten(part, own, carried.part(start, stop))
        first, start = first + len(own), stop


def _rewritten(part: RawPart, origins: Sequence[int], results: Block[Any]) -> _Passed:
    kept, values = results.origins, results.values
    numbers: Sequence[int] = range(len(origins))
    if list(kept) != list(origins):
        number_of = {origin: number for number, origin in enumerate(origins)}
        numbers = [number_of[origin] for origin in kept]
    is_one_each = len(set(numbers)) == len(numbers)
    rows = part.rewritten(numbers, values) if is_one_each else None
    return _Passed(kept, values if rows is None else (), rows)


def _joined(raw: RawInput, passed: Sequence[_Passed]) -> tuple[Block[Any], RawUnits | None]:
    """Return all results as records or, if that can be, as bytes."""
    origins = list(chain.from_iterable(one.origins for one in passed))
    rows = [one.rows for one in passed if one.rows is not None]
    written = raw.joined(rows) if origins and len(rows) == len(passed) else None
    if written is not None:
        return Block([], ()), RawUnits(written, origins)
    values = (one.values if one.rows is None else one.rows.values() for one in passed)
    return Block(list(chain.from_iterable(values)), origins), None
