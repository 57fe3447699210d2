"""A chunk computed but not written: its outputs by input record, and what is set aside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from ..errors import DataRefused, DaybreakError, Quarantine
from ..model.chunk import ChunkInput, SetAside
from ..model.ranges import Range
from ..pipeline import Carried

CHECK = "check"
"""The stage named in quarantine for records that the check had refused."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One input record's outputs: they pass together or are withdrawn together."""

    origin: int
    values: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """What one chunk has to commit."""

    part: Range
    input: ChunkInput
    units: Sequence[Unit]
    set_aside: Sequence[SetAside]
    """Refused by the check or by a stage; the sink may add more."""

    filtered: int

    def aside(self, unit: Unit, stage: str, error: Exception) -> SetAside:
        """Set one input record aside for an error that a stage or the sink raised for it."""
        return _aside(self.input, unit.origin, stage, error)


def draft_of(part: Range, read: ChunkInput, carried: Carried) -> Draft:
    """Collect what the source and the stages made of a range."""
    refused = [
        SetAside(
            origin=record.origin,
            cursor=read.cursor(record.origin),
            stage=CHECK,
            reason="; ".join(
                f"{finding.column}: {finding.reason}" if finding.column else finding.reason
                for finding in record.findings
            ),
            details={finding.column or "record": finding.value for finding in record.findings},
            raw=read.raw(record.origin),
            by_check=True,
        )
        for record in read.refused
    ]
    failed = [
        _aside(read, failure.origin, failure.stage, failure.error) for failure in carried.failures
    ]
    return Draft(
        part=part,
        input=read,
        units=list(_units(carried.block.origins, carried.block.values)),
        set_aside=[*refused, *failed],
        filtered=carried.filtered,
    )


def _units(origins: Iterable[Any], values: Iterable[Any]) -> Iterable[Unit]:
    for origin, pairs in groupby(zip(origins, values, strict=True), key=itemgetter(0)):
        yield Unit(origin, [value for _, value in pairs])


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
