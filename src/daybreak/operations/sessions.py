"""How many sessions of a server a run needs at the same time, against how many there may be.

Counted: a session for each chunk in flight of the chunked steps that may be at work side by side,
one for each atomic step, and one for looking around: markers, proofs. The ledger's own session is
open already. What a function opens by itself nobody knows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..databases import Database
from ..databases.room import Room, session_room
from ..errors import DatabaseUnreachable, PreflightError
from ..model.job import Step, StepKind
from ..model.knobs import Knobs
from ..model.shares import Uses
from ..model.side_by_side import heaviest

LOOKS: Final = 4
LOOK_AGAIN_S: Final = 0.1
LOOKING: Final = 1
"""Sessions for looking around, one after the other."""


@dataclass(frozen=True, slots=True)
class _Need:
    """What a job's steps need of one server, user or database."""

    steps: Sequence[Step[Any]]
    parallel: Mapping[str, int]
    """Sessions of each step in each of its databases."""

    counted: Mapping[str, int]
    """In how many databases of this place a step works."""

    limits: Uses

    def heaviest(self, parallel_max: int) -> dict[str, int]:
        """Return the sessions of the steps that need most at the same time."""
        weights = {
            name: min(self.parallel[name], parallel_max) * number
            for name, number in self.counted.items()
        }
        return {
            step.name: weights[step.name] for step in heaviest(self.steps, weights, self.limits)
        }


def sessions_findings(
    steps: Sequence[Step[Any]],
    knobs: Mapping[str, Knobs],
    places: Mapping[str, Sequence[Database]],
    limits: Uses,
) -> list[PreflightError]:
    """Return where the steps need more sessions than there may be.

    What is missing is looked at again for a moment: a session that was just closed is in use until
    its server has noticed.

    Args:
        steps: Those that are not done.
        knobs: Of the steps that the command names.
        places: The databases in which each works.
        limits: Of the ledger.
    """
    for look in range(LOOKS):
        time.sleep(LOOK_AGAIN_S if look else 0)
        findings = list(_findings_now(steps, knobs, places, limits))
        if all(isinstance(finding, DatabaseUnreachable) for finding in findings):
            break
    return findings


def sessions_to_spare(
    steps: Sequence[Step[Any]],
    knobs: Mapping[str, Knobs],
    places: Mapping[str, Sequence[Database]],
    limits: Uses,
) -> int | None:
    """Return how many more sessions there may be than the steps need; None if nothing limits them.

    Args:
        steps: Those that are not done.
        knobs: Of the steps that the command names.
        places: The databases in which each works.
        limits: Of the ledger.
    """
    looked = _looked_at(steps, knobs, places, limits)
    spare = [
        one.room.free - LOOKING - sum(one.most.values())
        for one in looked
        if isinstance(one, _Looked)
    ]
    return max(min(spare), 0) if spare else None


@dataclass(frozen=True, slots=True)
class _Looked:
    """What was found at one server, user or database."""

    room: Room
    need: _Need
    most: Mapping[str, int]
    """The sessions of the steps that need most of it at the same time."""


def _findings_now(
    steps: Sequence[Step[Any]],
    knobs: Mapping[str, Knobs],
    places: Mapping[str, Sequence[Database]],
    limits: Uses,
) -> Iterator[PreflightError]:
    for one in _looked_at(steps, knobs, places, limits):
        if isinstance(one, DatabaseUnreachable):
            yield one
        elif one.most and sum(one.most.values()) + LOOKING > one.room.free:
            yield _finding(one.room, one.need, one.most)
            return  # the server's finding says it all; the user's and the database's are the same


def _looked_at(
    steps: Sequence[Step[Any]],
    knobs: Mapping[str, Knobs],
    places: Mapping[str, Sequence[Database]],
    limits: Uses,
) -> Iterator[_Looked | DatabaseUnreachable]:
    parallel = {step.name: _sessions_of(step, knobs) for step in steps}
    both = {**limits, **(steps[0].job.limits if steps else {})}
    both = {name: min(units, limits.get(name, units)) for name, units in both.items()}
    rooms: dict[str, Room] = {}
    counted: dict[str, dict[str, int]] = {}
    for database in {one.url: one for each in places.values() for one in each}.values():
        try:
            found = session_room(database.url)
        except DatabaseUnreachable as finding:
            yield finding
            continue
        for room in found:
            rooms[room.place] = room
            for step in steps:
                number = sum(one.url == database.url for one in places[step.name])
                if number:
                    of = counted.setdefault(room.place, {})
                    of[step.name] = of.get(step.name, 0) + number
    for place, room in rooms.items():
        need = _Need(steps, parallel, counted.get(place, {}), both)
        yield _Looked(room, need, need.heaviest(max(parallel.values(), default=1)))


def _sessions_of(step: Step[Any], knobs: Mapping[str, Knobs]) -> int:
    return knobs.get(step.name, step.knobs).parallel if step.kind is StepKind.STEP else 1


def _finding(room: Room, need: _Need, most: Mapping[str, int]) -> PreflightError:
    total = sum(most.values()) + LOOKING
    each = ", ".join(f"{name} {sessions}" for name, sessions in most.items())
    return PreflightError(
        f"the run needs {total} sessions at the same time ({each}, {LOOKING} to look around), but"
        f" {room.what} has {room.free} free: {room.in_use} of {room.units} are in use",
        hint=_hint(room, need, most),
    )


def _hint(room: Room, need: _Need, most: Mapping[str, int]) -> str:
    widest = max(need.parallel[name] for name in most)
    for parallel in range(widest - 1, 0, -1):
        less = need.heaviest(parallel)
        if sum(less.values()) + LOOKING <= room.free:
            wide = [name for name in need.counted if need.parallel[name] > parallel]
            sets = " ".join(f"--set {name}.parallel={parallel}" for name in wide)
            return f"have fewer chunks in flight: {sets}; or free sessions"
    return (
        'have fewer steps at work side by side: uses={"db": 1} on them, and limits={"db":'
        f" {max(room.free - LOOKING, 1)}}} on the job; or free sessions"
    )
