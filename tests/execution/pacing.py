"""A step on a clock that its own sink turns: what a record takes is said, not waited for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Lock

from daybreak.abc import Transaction
from daybreak.connectors.functions import EachSink
from daybreak.execution.chunked_step import ChunkedStep, Surroundings
from daybreak.model.eta import Growth
from daybreak.model.fate import Counts
from daybreak.model.knobs import Knobs
from daybreak.pipeline import Stage
from daybreak.telemetry import ChunkCommitted, Event, KnobTurned
from tests.execution.house import Bodies, House, loading

EVERY = 20
"""One record of so many is written: thousands of them are wanted, and the tests should be quick."""


@dataclass
class TurnedClock:
    """`abc.Clock` that stands still until it is turned."""

    at_s: float = 0.0
    lock: Lock = field(default_factory=Lock)

    def now(self) -> datetime:
        return datetime(2026, 11, 27, 2, tzinfo=UTC) + timedelta(seconds=self.at_s)

    def monotonic_s(self) -> float:
        return self.at_s

    def turn(self, seconds: float) -> None:
        with self.lock:
            self.at_s += seconds


class PacedRun:
    """Attempts at `load`, whose records take what a function of the clock says."""

    @property
    def all_passed(self) -> Counts:
        """What must come of it."""
        return Counts(read=self.records, passed=self.records, written=len(self.written))

    @property
    def written(self) -> list[int]:
        """The numbers that must be there."""
        return list(range(0, self.records, EVERY))

    def __init__(self, house: House, records: int, record_s: Callable[[float], float]) -> None:
        self.house = house
        self.records = records
        self.clock = TurnedClock()
        self.record_s = record_s
        self.growths: dict[str, Growth] = {}
        self.records_before: dict[str, int] = {}
        self.stages: Sequence[Stage] = ()
        self.turns: list[KnobTurned] = []
        self.chunks: list[ChunkCommitted] = []
        house.telemetry.subscribe(self._hear)

    def _hear(self, event: Event) -> None:
        if isinstance(event, KnobTurned):
            self.turns.append(event)
        if isinstance(event, ChunkCommitted):
            self.chunks.append(event)

    def insert(self, number: int, tx: Transaction) -> None:
        if number % EVERY == 0:
            tx.execute("insert into numbers (n) values (:n)", n=number)
        self.clock.turn(self.record_s(self.clock.at_s))

    def around(self, knobs: Knobs) -> Surroundings:
        """Return what a new owner of the run would have around it."""
        house = self.house
        plan = house.plan(range(self.records), stages=self.stages, sink=EachSink(self.insert))
        around = house.around(house.owner(), Bodies(plan, knobs))
        return replace(around, clock=self.clock, growths=self.growths, records=self.records_before)

    def attempt(self, knobs: Knobs) -> Counts | None:
        around = self.around(knobs)
        known = around.ledger.steps().get("load")
        return ChunkedStep(loading(), around).run(known)
