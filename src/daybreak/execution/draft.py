"""A chunk computed but not written: its outputs by input record, and what is set aside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from operator import eq, itemgetter
from typing import Any, TypeVar, overload

from ..errors import DataRefused, DaybreakError, Quarantine
from ..model.chunk import ChunkInput, Finding, SetAside
from ..model.ranges import Range
from ..pipeline import Carried

T = TypeVar("T")

CHECK = "check"
"""The stage named in quarantine for records that the check had refused."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One input record's outputs: they pass together or are withdrawn together."""

    origin: int
    values: Sequence[Any]


class OneEach(Sequence[Unit]):
    """The outputs of input records that have one each; a unit is made only when it is looked at.

    Nearly all chunks are such, and written at once: nobody looks at a single unit then. Some of
    them are such again.
    """

    __slots__ = ("origins", "values")

    def __init__(self, origins: Sequence[int], values: Sequence[Any]) -> None:
        self.origins = origins
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, place: int) -> Unit: ...
    @overload
    def __getitem__(self, place: slice) -> OneEach: ...
    def __getitem__(self, place: int | slice) -> Unit | OneEach:
        if isinstance(place, int):
            return Unit(self.origins[place], [self.values[place]])
        return OneEach(self.origins[place], self.values[place])

    def without(self, places: Sequence[int]) -> OneEach:
        """Return them but for those at some places, which are given in order."""
        return OneEach(without_places(places, self.origins), without_places(places, self.values))


def without_places(places: Sequence[int], items: Sequence[T]) -> list[T]:
    """Return items but for those at some places, which are given in order."""
    kept: list[T] = []
    start = 0
    for place in places:
        kept += items[start:place]
        start = place + 1
    kept += items[start:]
    return kept


def origins_of(units: Sequence[Unit]) -> Sequence[int]:
    """Return the origins of units, without making any."""
    return units.origins if isinstance(units, OneEach) else [unit.origin for unit in units]


@dataclass(frozen=True, slots=True)
class Draft:
    """What one chunk has to commit."""

    part: Range
    input: ChunkInput
    units: Sequence[Unit]
    set_aside: Sequence[SetAside]
    """Refused by the check or by a stage; the sink may add more."""

    filtered: int
    again: Callable[[Sequence[int]], Draft] | None = None
    """Makes it anew with some records as they are now, where what the sink leaves alone is to be
    tried once more, at once; None if it is not."""

    def aside(self, unit: Unit, stage: str, error: Exception) -> SetAside:
        """Set one input record aside for an error that a stage or the sink raised for it."""
        return _aside(self.input, unit.origin, stage, error)


def draft_of(
    part: Range, read: ChunkInput, carried: Carried, units: Sequence[Unit] | None = None
) -> Draft:
    """Collect what the source and the stages made of a range.

    Args:
        part: The range.
        read: What the source read.
        carried: What the stages made of it.
        units: The same outputs in another form, if there is one.
    """
    failed = [
        _aside(read, failure.origin, failure.stage, failure.error) for failure in carried.failures
    ]
    return Draft(
        part=part,
        input=read,
        units=units_of(carried.block.origins, carried.block.values) if units is None else units,
        set_aside=[*refused_by_check(read), *failed],
        filtered=carried.filtered,
    )


def refused_by_check(read: ChunkInput) -> list[SetAside]:
    """Return the records of a range that could not become values."""
    return [
        SetAside(
            origin=record.origin,
            cursor=read.cursor(record.origin),
            stage=CHECK,
            reason="; ".join(
                f"{finding.column}: {finding.reason}" if finding.column else finding.reason
                for finding in record.findings
            ),
            details={finding.column or "record": _shown(finding) for finding in record.findings},
            raw=read.raw(record.origin),
            by_check=record.by_check,
        )
        for record in read.refused
    ]


def _shown(finding: Finding) -> str | None:
    return f"{finding.value} ({finding.against})" if finding.against else finding.value


def units_of(origins: Sequence[Any], values: Sequence[Any]) -> Sequence[Unit]:
    """Return outputs by input record; those of one origin are neighbours."""
    if isinstance(origins, range) or not any(map(eq, origins, islice(origins, 1, None))):
        return OneEach(origins, values)
    pairs = groupby(zip(origins, values, strict=True), key=itemgetter(0))
    return [Unit(origin, [value for _, value in of_one]) for origin, of_one in pairs]


def _aside(read: ChunkInput, origin: int, stage: str, error: Exception) -> SetAside:
    if isinstance(error, Quarantine):
        reason, details = error.reason, error.details
    elif isinstance(error, DataRefused):
        reason, details = str(error), dict(error.details)
    elif isinstance(error, DaybreakError):
        reason, details = str(error), {}
    else:
        reason, details = f"{type(error).__name__}: {error}", {}
    return SetAside(origin, read.cursor(origin), stage, reason, details, read.raw(origin))
