"""Input records that stay bytes on their way to the sink, each its own only output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

from ..model.chunk import ChunkInput
from ..model.ranges import Range
from ..model.raw import RawRecords
from .draft import Draft, OneEach, Unit, refused_by_check, without_places


class RawUnits(Sequence[Unit]):
    """Some of the good records of a range, in source order; a unit is made when it is looked at.

    Args:
        raw: All good records of the range.
        origins: Theirs.
        numbers: Which of them are meant; all by default.
    """

    def __init__(
        self, raw: RawRecords, origins: Sequence[int], numbers: Sequence[int] | None = None
    ) -> None:
        self._raw = raw
        self._origins = origins
        self._numbers = range(len(raw)) if numbers is None else numbers

    @property
    def records(self) -> RawRecords:
        """Those that are meant."""
        is_all = len(self._numbers) == len(self._raw)
        return self._raw if is_all else self._raw.chosen(self._numbers)

    @property
    def origins(self) -> Sequence[int]:
        """Theirs, in order."""
        return [self._origins[number] for number in self._numbers]

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, at: int, /) -> Unit: ...
    @overload
    def __getitem__(self, at: slice, /) -> RawUnits: ...
    def __getitem__(self, at: int | slice, /) -> Unit | RawUnits:
        if isinstance(at, slice):
            return RawUnits(self._raw, self._origins, self._numbers[at])
        number = self._numbers[at]
        return Unit(self._origins[number], [self._raw.value(number)])

    def without(self, places: Sequence[int]) -> RawUnits:
        """Return them but for those at some places, which are given in order."""
        return RawUnits(self._raw, self._origins, without_places(places, self._numbers))


def raw_draft_of(part: Range, read: ChunkInput, raw: RawRecords) -> Draft:
    """Take over what the source read, as bytes: there are no stages."""
    units = RawUnits(raw, read.origins)
    return Draft(part, read, units, refused_by_check(read), filtered=0)


def without(places: Sequence[int], units: Sequence[Unit]) -> Sequence[Unit]:
    """Return units but for those at some places, which are given in order."""
    if isinstance(units, (RawUnits, OneEach)):
        return units.without(places)
    return without_places(places, units)


def values_of(units: Sequence[Unit]) -> Sequence[Any]:
    """Return the values of all units, one behind the other."""
    if isinstance(units, RawUnits):
        return units.records.values()
    if isinstance(units, OneEach):
        return units.values
    return [value for unit in units for value in unit.values]
