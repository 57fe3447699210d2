"""What went wrong for a rehearsal without failing it, and grows worse with more data: dangers.

A spill to disk, a wait for a lock, a deadlock, memory that was short. What it is, at how many
records, how much; and what it means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from ..databases.watching import Watched
from .pressure import Pressure

WAIT_MIN_S: Final = 0.05
"""Shorter waits for a lock are no danger, and hardly seen."""

FAULTS_MIN: Final = 1_000
"""So many pages are read from disk by a process whose modules are; about."""

SWAP_BYTES_MIN: Final = 1_000_000


class DangerKind(StrEnum):
    """What kind of danger it is."""

    SPILL = "spill to disk"
    LOCK_WAIT = "lock wait"
    DEADLOCK = "deadlock"
    SWAP = "swap"
    PAGE_FAULTS = "page faults"
    KILLED = "killed"

    @property
    def meaning(self) -> str:
        """What it means for more records, and what may be done, in one sentence."""
        return _MEANINGS[self]

    @property
    def unit(self) -> str:
        """In what its amount is counted: `seconds`, `bytes` or `times`."""
        return _UNITS.get(self, "times")


_MEANINGS: Final[Mapping[DangerKind, str]] = {
    DangerKind.SPILL: "what does not fit into memory is sorted and joined on disk, and with more"
    " records more of it: give the database more memory for it (work_mem), or an index",
    DangerKind.LOCK_WAIT: "that time is not the step's own: in production it may be none, or much"
    " longer; look at who holds the lock, and rehearse when they do not",
    DangerKind.DEADLOCK: "sessions took the same locks in another order: a run does such a chunk"
    " again, the more often the more are in flight",
    DangerKind.SWAP: "memory was moved to disk: the step does not fit into it, and gets many times"
    " slower with more records",
    DangerKind.PAGE_FAULTS: "pages had to be read from disk again: memory was short, and with more"
    " records the step gets many times slower",
    DangerKind.KILLED: "the kernel ends whoever takes too much memory: with as many records the"
    " step does not fit into it",
}
_UNITS: Final[Mapping[DangerKind, str]] = {
    DangerKind.SPILL: "bytes",
    DangerKind.LOCK_WAIT: "seconds",
    DangerKind.SWAP: "bytes",
}


@dataclass(frozen=True, slots=True)
class Danger:
    """One danger of one rehearsal."""

    kind: DangerKind
    what: str
    """Where it was seen: `a row of accounts, held by psql`; `database shop`."""

    amount: float
    """How much, in the unit of its kind."""

    note: str = ""
    """What else is known of it."""


@dataclass(frozen=True, slots=True)
class SeenDanger:
    """One danger that rehearsals of several sizes have met."""

    kind: DangerKind
    what: str
    records_first: int
    """The smallest sample that met it."""

    records_worst: int
    """That which met it worst."""

    amount: float
    """How much it was then, in its unit."""

    unit: str
    samples: int
    """How many samples met it."""

    meaning: str
    note: str = ""


def dangers_of(watched: Mapping[str, Watched], pressure: Pressure) -> Iterator[Danger]:
    """Yield what a rehearsal met.

    Args:
        watched: By the name of the database, what was seen of it.
        pressure: What was seen of the process.
    """
    for name, one in watched.items():
        yield from _of_database(name, one)
    if pressure.sqlite_bytes:
        yield Danger(DangerKind.SPILL, "temporary files of SQLite", pressure.sqlite_bytes)
    if pressure.swap_bytes >= SWAP_BYTES_MIN:
        yield Danger(DangerKind.SWAP, "this process", pressure.swap_bytes)
    if pressure.major_faults >= FAULTS_MIN:
        yield Danger(DangerKind.PAGE_FAULTS, "this process", pressure.major_faults)


def _of_database(name: str, seen: Watched) -> Iterator[Danger]:
    note = "others were at work in it, and are counted too" if seen.others else ""
    if seen.temp_bytes:
        memory = f"work_mem is {seen.work_mem}"
        notes = "; ".join(filter(None, (memory, note)))
        yield Danger(DangerKind.SPILL, f"database {name}", seen.temp_bytes, notes)
    for wait in seen.waits:
        if wait.seconds >= WAIT_MIN_S:
            held = f", held by {wait.holder}" if wait.holder else ""
            yield Danger(DangerKind.LOCK_WAIT, f"{wait.on}{held}", wait.seconds)
    if seen.deadlocks:
        yield Danger(DangerKind.DEADLOCK, f"database {name}", seen.deadlocks, note)


def dangers_in(told: Iterable[Mapping[str, Any]]) -> tuple[Danger, ...]:
    """Return dangers from the JSON data of a rehearsal."""
    return tuple(
        Danger(DangerKind(one["kind"]), one["what"], one["amount"], one["note"]) for one in told
    )


def seen_in(samples: Iterable[tuple[int, Sequence[Danger]]]) -> list[SeenDanger]:
    """Return the dangers of several samples, each once, those of the smallest sample first.

    Args:
        samples: Of each its records, and what it met.
    """
    met: dict[tuple[DangerKind, str], list[tuple[int, Danger]]] = {}
    for records, dangers in samples:
        for danger in dangers:
            met.setdefault((danger.kind, danger.what), []).append((records, danger))
    seen = [_seen(kind, what, found) for (kind, what), found in met.items()]
    return sorted(seen, key=lambda one: (one.records_first, one.kind, one.what))


def _seen(kind: DangerKind, what: str, found: Sequence[tuple[int, Danger]]) -> SeenDanger:
    records, worst = max(found, key=lambda one: (one[1].amount, one[0]))
    return SeenDanger(
        kind=kind,
        what=what,
        records_first=min(one[0] for one in found),
        records_worst=records,
        amount=worst.amount,
        unit=kind.unit,
        samples=len(found),
        meaning=kind.meaning,
        note=worst.note,
    )
