"""The pace of a step: how large its chunks are, and how many are in flight.

Where a knob says "auto", it is turned by what the chunks take. What follows from a chunk is decided
in `model.chunk_size` and `model.climbing`; here it is carried out between the threads of a step,
and told: every turn is an event with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock
from typing import Final

from ..abc import Clock
from ..errors import DaybreakError
from ..model.chunk_size import TRANSACTION_S, ChunkSize, ChunkTook
from ..model.climbing import Climb
from ..model.knobs import Knobs
from ..model.ranges import Range
from ..pipeline import current_scope
from ..telemetry import KnobTurned, Telemetry
from .pieces import InPieces, TooSlow
from .stop_request import StopRequest

WINDOW_S: Final = 1.0
"""Seconds of one measurement of what so many chunks in flight get done, at least."""

ENDS_PER_WORKER: Final = 3
"""Chunks that each worker commits in one measurement, at least."""

TURN_EVERY_S: Final = 0.1
"""How often a worker that has no turn looks whether it has one now."""

PLAN_EVERY_S: Final = 0.002
"""How often it is looked whether the next range is wanted, while chunks are tiny."""

DIVIDE_FROM: Final = 1.5
"""A range is divided before it is begun if it was planned so many times as large as is right."""


@dataclass(frozen=True, slots=True)
class Told:
    """How the knobs of a step stand, and why: what the ledger keeps of it."""

    chunk: int
    parallel: int
    reason: str


class Pace:
    """The knobs of one step while it works; thread-safe.

    Args:
        step: Its name.
        knobs: As the operator set them.
        clock: For the measurements.
        telemetry: Hears of every turn.
        breaks_off: Whether a transaction that gets too slow may be broken off, and its range read
            and computed anew: not where a stage is more than a plain function.
        aim_s: How long a transaction should take.
    """

    def __init__(
        self,
        step: str,
        knobs: Knobs,
        *,
        clock: Clock,
        telemetry: Telemetry,
        breaks_off: bool = False,
        aim_s: float = TRANSACTION_S,
    ) -> None:
        self._step = step
        self._aim_s = aim_s
        self._knobs = knobs
        self._clock = clock
        self._telemetry = telemetry
        self._breaks_off = breaks_off and knobs.chunk_adapts
        self._lock = Lock()
        self._size = ChunkSize() if knobs.chunk_adapts else ChunkSize(knobs.chunk)
        most = knobs.parallel_most if knobs.parallel_adapts else knobs.parallel
        self._climb = Climb(most, workers=knobs.parallel, settled=knobs.parallel)
        self._planned: dict[str, int] = {}
        self._chunk_s = 0.0
        self._in_hand = 0
        self._free_since_s: dict[int, float] = {}
        self._is_handed_out = False
        self._reason = ""
        self._begin(clock.monotonic_s())

    @property
    def workers_most(self) -> int:
        """How many workers there may ever be."""
        return self._climb.most

    @property
    def workers_fixed(self) -> int:
        """How many workers there are from beginning to end; 0 if their number adapts."""
        return 0 if self._knobs.parallel_adapts else self._knobs.parallel

    @property
    def capacity(self) -> int:
        """How many ranges may be planned ahead: few, where their size is to be the right one."""
        return 1 if self._knobs.chunk_adapts else self.workers_most

    @property
    def told(self) -> Told:
        """How the knobs stand, and why they were turned last."""
        with self._lock:
            return Told(self._size.records, self._climb.workers, self._reason)

    # ------------------------------------------------------------ the size of chunks

    @property
    def chunk_records(self) -> int:
        """How many records the next range is to have."""
        return self._size.records

    def may_plan(self, stop: StopRequest) -> bool:
        """Wait until a range is to be planned: one by one as long as nothing is known of them.

        Returns:
            False if none is wanted any more.
        """
        scope = current_scope()
        while self._knobs.chunk_adapts and not self._size.is_warm and self._in_hand:
            if scope.wait(PLAN_EVERY_S) or stop.is_requested:
                return False
        return not stop.is_requested

    def planned(self, part: Range, records: int) -> None:
        """Note how large a range was planned."""
        with self._lock:
            self._in_hand += 1
            if self._knobs.chunk_adapts:
                self._planned[part.after] = records

    def done(self) -> None:
        """Hear that all of a range that was planned is committed, or left."""
        with self._lock:
            self._in_hand -= 1

    def is_to_be_divided(self, part: Range) -> bool:
        """Say whether a range that was not begun yet is far larger than is right by now."""
        return self._planned.pop(part.after, 0) > DIVIDE_FROM * self._size.records

    def writes(self, began_s: float, records: int) -> InPieces | None:
        """Return what writes a chunk whose transaction began just now; None for all at once."""
        return InPieces(self._clock, began_s, records) if self._breaks_off else None

    def broke_off(self, slow: TooSlow) -> None:
        """Hear that a transaction was broken off, and rolled back."""
        with self._lock:
            self._turn_chunk(self._size.slowed(slow.written, slow.elapsed_s))

    @property
    def chunk_s(self) -> float:
        """How long the next chunk takes, if it is like the last one; 0 before the first."""
        return self._chunk_s

    def ended(self, took: ChunkTook, number: int = 0) -> None:
        """Hear what a committed chunk took, and which worker did it."""
        with self._lock:
            self._chunk_s = took.chunk_s
            if self._knobs.chunk_adapts:
                took = replace(took, aim_s=self._aim_s)
                self._turn_chunk(self._size.after(took, in_flight=self._climb.workers))
            if self._knobs.parallel_adapts:
                self._measure(took.records, number)

    def _turn_chunk(self, size: ChunkSize) -> None:
        before, self._size = self._size.records, size
        if size.records != before:
            self._tell("chunk", before, size.records, size.reason)

    # ------------------------------------------------------------ how many are in flight

    def has_turn(self, number: int) -> bool:
        """Wait until a worker is wanted.

        Args:
            number: The worker's, from 0.

        Returns:
            False if nothing is left for it, or the step is cancelled.
        """
        scope = current_scope()
        has_waited = number not in self._free_since_s
        while number >= self._climb.workers:
            has_waited = True
            if self._is_handed_out or scope.wait(TURN_EVERY_S):
                return False
        if has_waited:
            self._free_since_s[number] = self._clock.monotonic_s()
        return True

    def hands_out(self) -> None:
        """Hear that ranges will be planned from now on."""
        self._is_handed_out = False
        self._in_hand = 0
        self._planned.clear()

    def handed_out(self) -> None:
        """Hear that no range will be planned any more."""
        self._is_handed_out = True

    def trouble(self, error: DaybreakError) -> None:
        """Hear that a write has to be tried again: chunks in flight may stand in each other's way.

        Of several such that come together one counts.
        """
        if not self._knobs.parallel_adapts:
            return
        with self._lock:
            now_s, before = self._clock.monotonic_s(), self._climb.workers
            if before == 1 or now_s - self._began_s < WINDOW_S:
                return
            self._climb = self._climb.backed_off(now_s)
            self._begin(now_s)
            self._tell("parallel", before, self._climb.workers, f"backs off: {error}")

    def _measure(self, records: int, number: int) -> None:
        """Take in a chunk that was begun in this measurement.

        What gets done is reckoned from how long a worker was at it, waiting included: chunks that
        are counted at the end of a measurement, and were half done at its beginning, would say more
        than workers can gain.
        """
        now_s = self._clock.monotonic_s()
        free_since_s = self._free_since_s.get(number, now_s)
        self._free_since_s[number] = now_s
        if free_since_s >= self._began_s:
            self._records += records
            self._busy_s += now_s - free_since_s
            self._ends += 1
        if self._climb.rests_until_s is not None:
            rested = self._climb.rested(now_s)
            if rested is not self._climb:
                self._climb = rested
                self._begin(now_s)
            return
        is_growing = self._knobs.chunk_adapts and not self._size.is_warm
        if is_growing:
            self._begin(now_s)  # what larger chunks gain is not to be taken for what workers gain
        elif now_s - self._began_s >= WINDOW_S and self._is_measured:
            self._measured(self._climb.workers * self._records / self._busy_s, now_s)

    @property
    def _is_measured(self) -> bool:
        return self._busy_s > 0 and self._ends >= ENDS_PER_WORKER * self._climb.workers

    def _measured(self, rate: float, now_s: float) -> None:
        before = self._climb.workers
        self._climb = self._climb.measured(rate, now_s)
        after = self._climb.workers
        self._begin(now_s)
        if after > before:
            reason = f"{before} got {rate:,.0f} records/s done, {after} are tried"
            self._tell("parallel", before, after, reason)
        elif after < before:
            self._tell("parallel", before, after, self._climb.told("records/s"))

    def _begin(self, now_s: float) -> None:
        self._began_s, self._busy_s = now_s, 0.0
        self._records = self._ends = 0

    def _tell(self, knob: str, before: int, after: int, reason: str) -> None:
        self._reason = f"{knob} {before:,} to {after:,}: {reason}"
        now = self._clock.now()
        self._telemetry.publish(KnobTurned(now, self._step, knob, before, after, reason))
