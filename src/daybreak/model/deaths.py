"""What the deaths of a run's processes say about ranges and records: who is tried, who did it.

One death says little: a range that was in flight may have been killed by its neighbour, or by
somebody outside. In flight at two deaths, a range is tried alone. There a death names the record at
hand, or the few among which it is, and these are tried one by one. A record that kills its process
once more, with no other record beside it, is guilty.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, TypeAlias

from .ownership import Pass
from .ranges import Range

DEATHS_UNTIL_ALONE: Final = 2
"""In flight at so many deaths, a range is tried alone."""

UNEXPLAINED_MAX: Final = 2
"""So many deaths of a range alone may name no record that kills by itself."""

DEATHS_A_RANGE_MAX: Final = 100
"""A range that killed its process so often is left to a person."""


class Trial(StrEnum):
    """How a range was being done when its process died."""

    TOGETHER = "together"
    """As always: beside other ranges, its records unwatched."""

    ALONE = "alone"
    """Nothing else was at work; what was at hand was noted before it began."""

    ONE_RECORD = "one record"
    """Of all its records only the one that is suspected."""


@dataclass(frozen=True, slots=True)
class Work:
    """What an attempt has in hand: a range of a step, or a step that has none."""

    of: Pass
    part: Range | None = None

    def __str__(self) -> str:
        return self.of.step if self.part is None else f"{self.of.step} {self.part}"


@dataclass(frozen=True, slots=True)
class Named:
    """The record at hand when a process died; or the records, if a sink had several together."""

    origin: int
    """Its place within its range, from 0; the first one's."""

    place: str
    """The stage or the sink that had it in hand."""

    count: int = 1
    """How many places, from `origin` on, are meant."""

    @property
    def origins(self) -> range:
        """The places that are meant."""
        return range(self.origin, self.origin + self.count)

    def __str__(self) -> str:
        several = f" to {self.origin + self.count}" if self.count > 1 else ""
        return f"{self.origin + 1}{several} in {self.place}"


KILLED: Final = "killed its process"
"""So begins the reason of a record that did."""


@dataclass(frozen=True, slots=True)
class Death:
    """How one attempt died, and what it had in hand."""

    how: str
    """`SIGSEGV`, `exit status 3`, `took longer than 5 s`; empty if nobody saw it."""

    in_flight: Sequence[Work] = ()
    trial: Trial = Trial.TOGETHER
    """If it is not TOGETHER, only one range was in flight."""

    named: Named | None = None
    named_in: Work | None = None
    """The range of the record that was named."""

    is_late: bool = False
    """Whether the record was named because it took too long."""

    stack: str = ""
    """Where a record was that took too long."""

    @property
    def reason(self) -> str:
        """Why a record that did this is set aside: the same words for the same cause."""
        if self.is_late:
            return self.how
        return f"{KILLED}: {self.how}" if self.how else KILLED


@dataclass(frozen=True, slots=True)
class Survived:
    """What was suspected was tried record by record, and killed nobody."""

    work: Work


Happened: TypeAlias = Death | Survived


@dataclass(frozen=True, slots=True)
class Guilty:
    """A record that killed its process by itself."""

    named: Named
    reason: str


@dataclass(frozen=True, slots=True)
class Suspect:
    """A range, and what is known against it."""

    part: Range
    deaths: int = 0
    candidate: Named | None = None
    """What was at hand when a process died: a record that is to be tried by itself, or several
    among which it is to be looked for."""

    guilty: tuple[Guilty, ...] = ()
    unexplained: int = 0
    """Deaths alone that no single record explains."""

    @property
    def is_tried_alone(self) -> bool:
        """Whether enough is known against it to stop everything else for it."""
        return self.deaths >= DEATHS_UNTIL_ALONE or self.candidate is not None or bool(self.guilty)

    @property
    def is_hopeless(self) -> bool:
        """Whether trying once more would only kill once more."""
        return self.unexplained >= UNEXPLAINED_MAX or self.deaths >= DEATHS_A_RANGE_MAX


def suspects_of(happened: Iterable[Happened], of: Pass) -> list[Suspect]:
    """Return the ranges of a pass to try alone, in the order in which they were first suspected.

    Ranges are known by their start, like their markers. A range that was cut differently since
    keeps its deaths; what was known of its records is void, for they are counted from its start.

    Args:
        happened: Since the run last ended by its own decision, the latest last.
        of: The pass.
    """
    suspects: dict[str, Suspect] = {}
    for one in happened:
        works = [one.work] if isinstance(one, Survived) else one.in_flight
        for work in works:
            if work.of != of or work.part is None:
                continue
            known = suspects.get(work.part.after, Suspect(work.part))
            if known.part != work.part:
                known = Suspect(work.part, known.deaths)
            suspects[work.part.after] = _judged(known, one, work)
    return [suspect for suspect in suspects.values() if suspect.is_tried_alone]


def _judged(known: Suspect, one: Happened, work: Work) -> Suspect:
    if isinstance(one, Survived):
        return replace(known, candidate=None, unexplained=known.unexplained + 1)
    known = replace(known, deaths=known.deaths + 1)
    named = one.named if one.named_in == work else None
    if one.trial is Trial.ONE_RECORD and named is not None:
        guilty = (*known.guilty, Guilty(named, one.reason))
        return replace(known, candidate=None, guilty=guilty)
    if named is not None:
        return replace(known, candidate=named)
    if one.trial is Trial.TOGETHER:
        return known
    return replace(known, unexplained=known.unexplained + 1)
