"""A step in chunks: plans fan out to chunk workers, results fan in, then the step proves itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from ..abc import BriefSink, Clock, RunLedger, Target
from ..databases.looking import looking_around
from ..errors import DaybreakError, TooManyBadRecords
from ..model.chunk import Marker
from ..model.chunk_size import TRANSACTION_S
from ..model.deaths import Suspect
from ..model.eta import Growth
from ..model.fate import Counts
from ..model.job import Step
from ..model.overrun import Left
from ..model.ownership import Pass
from ..model.progress import CHANGES_ACCEPTED, StepRow
from ..model.ranges import Range, divided_at, gaps, is_within
from ..pipeline import Scope, Stage, carrier
from ..telemetry import RangeSuspected, Said, StepStarted, Telemetry
from .alone import AloneWorker
from .bad_budget import BadBudget
from .changes import Change, accepted, accepted_digests, change_of, refuse_beside
from .chunk_notes import ChunkNotes, measurement_of
from .chunk_worker import ChunkWorker
from .committer import Committed
from .expecting import expecting_of
from .handing_out import hand_out
from .in_flight import InFlight
from .knob_notes import KnobNotes
from .pace import Pace
from .patience import Patience
from .plan import Bodies, ChunkedPlan
from .prepare import PREPARED, prepare_once
from .proof import prove, sum_of
from .publish import publish_proven
from .record_watch import RecordTimer
from .stop_request import StopRequest
from .sweeping import Sweeping, swept_source
from .targets import Targets

T = TypeVar("T")

NO_FIELDS: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every step of a run shares."""

    bodies: Bodies
    ledger: RunLedger
    targets: Targets
    clock: Clock
    telemetry: Telemetry
    stop: StopRequest
    patience: Patience
    """How long a database that does not answer is waited for."""

    accepts_changes: bool = False
    """Whether a step goes on although its source or graph changed, as far as that is safe."""

    in_flight: InFlight = field(default_factory=InFlight)
    growths: Mapping[str, Growth] = field(default_factory=dict)
    """What past runs say of steps in chunks, by name: how they grow on their way."""

    typical: Mapping[str, Left] = field(default_factory=dict)
    """What they say of all steps, by name: how long one takes."""

    records: Mapping[str, int] = field(default_factory=dict)
    """What they say of steps in chunks, by name: how many records the newest of them read."""

    def patiently(self, act: Callable[[], T]) -> T:
        """Do something until the database can, as long as there is patience."""
        return self.patience.until_done(act)


class ChunkedStep:
    """One attempt at a chunked step."""

    def __init__(
        self,
        step: Step[Any],
        surroundings: Surroundings,
        on_settled: Callable[[], None] = lambda: None,
    ) -> None:
        self._step = step
        self._around = surroundings
        self._on_settled = on_settled
        self._committed: list[Range] = []

    def run(
        self, known: StepRow | None, upstream: Mapping[str, int] | None = None
    ) -> Counts | None:
        """Do what is missing of the step, and prove it.

        Args:
            known: The step as the ledger knew it before this attempt.
            upstream: The present passes of the steps before it.

        Returns:
            The step's fates, or None if it was stopped before its end.

        Raises:
            RunError, LedgerError: The step is not done; what was committed stays.
        """
        plan = self._around.patiently(lambda: self._around.bodies.chunked(self._step))
        try:
            return self._run(plan, known, upstream)
        finally:
            plan.close()

    def _run(
        self, plan: ChunkedPlan, known: StepRow | None, upstream: Mapping[str, int] | None
    ) -> Counts | None:
        around = self._around
        with looking_around():
            around.patiently(plan.sink.preflight)
            row, change = self._begin(plan, known, upstream or {})
            of = Pass(self._step.name, row.pass_number)
            around.patiently(lambda: around.targets.join(plan.target))
            if change:
                row = self._accept(change, plan, row, upstream or {})
            assert row.whole is not None
            prepare_once(plan, of, around.ledger.ownership, around.clock, around.patience)
            chunks = self._chunks(plan, of)
        if known is not None and known.whole is not None:
            self._forget_lost(known, plan.target, of, chunks)
        pace = self._paced(plan)
        self._started(row, chunks, pace)
        self._notes = self._noting(of, pace)
        missing = self._missing(plan, row, chunks) if row.total is None and chunks else None
        last = around.records.get(self._step.name)
        expecting = expecting_of(
            row, plan.source, missing=missing, chunks=chunks, last_run=last, ledger=around.ledger
        )
        self._notes.begin(row.total, chunks, around.growths.get(self._step.name), expecting)
        source = swept_source(plan)
        if source is not None:
            sweeping = Sweeping(plan, source, of, around.ledger, around.patiently, self._say)
            return self._swept(sweeping, pace, row, chunks)
        done = self._worked(plan, of, pace, row, chunks)
        return None if done is None else self._prove(plan, of, row, done)

    def _paced(self, plan: ChunkedPlan) -> Pace:
        """Return the pace of this attempt; stages that are more than plain are not done twice."""
        return Pace(
            self._step.name,
            self._around.bodies.knobs(self._step),
            clock=self._around.clock,
            telemetry=self._around.telemetry,
            aim_s=plan.sink.transaction_s if isinstance(plan.sink, BriefSink) else TRANSACTION_S,
            breaks_off=all(isinstance(one, Stage) and one.is_plain for one in plan.stages),
        )

    def _noting(self, of: Pass, pace: Pace) -> ChunkNotes:
        around = self._around
        return ChunkNotes(
            of,
            ledger=around.ledger,
            clock=around.clock,
            telemetry=around.telemetry,
            knobs=KnobNotes(self._step.name, pace, around.ledger, around.clock),
        )

    def _worked(
        self, plan: ChunkedPlan, of: Pass, pace: Pace, row: StepRow, chunks: list[Marker]
    ) -> list[Marker] | None:
        """Commit what is missing; return all that is committed, or None if it was stopped."""
        try:
            self._work(plan, of, pace, row, chunks)
        except TooManyBadRecords:
            self._catch_up(plan, of)
            raise
        chunks = self._chunks(plan, of)
        if self._around.stop.is_requested and self._missing(plan, row, chunks):
            return None
        return chunks

    def _catch_up(self, plan: ChunkedPlan, of: Pass) -> None:
        """Have the ledger know the chunks that others committed while one of them failed."""
        with suppress(DaybreakError):  # what failed is told; this is only how far it came
            measured = [measurement_of(marker) for marker in self._chunks(plan, of)]
            self._around.ledger.measure(of, measured)

    def _swept(
        self, sweeping: Sweeping, pace: Pace, row: StepRow, chunks: list[Marker]
    ) -> Counts | None:
        """Walk the source, and sweep it as long as that is worth it."""
        plan, of = sweeping.plan, sweeping.of
        if row.ends:
            sweeping.leave_out_decided()
        while True:
            done = self._worked(plan, of, pace, row, chunks)
            if done is None:
                return None
            due = sweeping.due(row, done)
            if due.stretch is None:
                counts = self._prove(plan, of, row, done)
                sweeping.end(row, due.rows)
                return counts
            if self._around.stop.is_requested:
                return None
            row, chunks = sweeping.begin(row, due.stretch), done

    def _begin(
        self, plan: ChunkedPlan, known: StepRow | None, upstream: Mapping[str, int]
    ) -> tuple[StepRow, Change | None]:
        """Keep the source's ends at the first start; at any later one, find out what changed."""
        facts = plan.facts()
        is_new = known is None or known.whole is None
        if is_new and known is not None and known.former is not None:
            refuse_beside(self._step.name, known.former, facts)
        row = self._around.ledger.begin_step(
            self._step.name,
            code=self._around.bodies.code(self._step),
            whole=self._around.patiently(plan.source.whole) if is_new else None,
            total=plan.source.total() if is_new else None,
            fingerprint=facts if is_new else None,
            upstream=upstream,
        )
        if is_new and plan.changed:
            self._around.ledger.note(CHANGES_ACCEPTED, step=self._step.name, changed=plan.changed)
            self._say(f"accepted: {plan.changed}")
        if is_new and plan.said:
            self._say(plan.said)
        change = None if is_new else change_of(row, facts, upstream)
        if change and not self._around.accepts_changes:
            raise change.refused()
        return row, change

    def _accept(
        self, change: Change, plan: ChunkedPlan, row: StepRow, upstream: Mapping[str, int]
    ) -> StepRow:
        """Go on with what changed, as far as that is safe, and say so."""
        around = self._around
        chunks = self._chunks(plan, Pass(row.step, row.pass_number))
        found = accepted(change, plan, row, chunks, upstream)
        around.ledger.accept(row.step, found, changed=str(change))
        self._say(f"accepted: {change}; what is committed stays as it is")
        return replace(row, whole=found.whole, total=found.total, fingerprint=found.fingerprint)

    def _prove(self, plan: ChunkedPlan, of: Pass, row: StepRow, chunks: list[Marker]) -> Counts:
        assert row.whole is not None
        whole, other = row.whole, accepted_digests(row)
        counts = self._around.patiently(
            lambda: prove(
                plan,
                whole,
                chunks,
                run_key=self._around.ledger.ownership.run_key,
                of=of,
                committed=self._committed,
                accepted=other,
            )
        )
        if other:
            parts = ", ".join(str(m.part) for m in chunks if m.part.after in other)
            self._say(f"committed from other bytes than the source holds now, as accepted: {parts}")
        publish_proven(plan, of, self._around.ledger.ownership, chunks, self._around.patience)
        return counts

    def _say(self, message: str, fields: Mapping[str, Any] = NO_FIELDS) -> None:
        now = self._around.clock.now()
        self._around.telemetry.publish(Said(now, self._step.name, message, fields))

    def _forget_lost(self, known: StepRow, target: Target, of: Pass, chunks: list[Marker]) -> None:
        """Forget what a target lost of what the ledger saw committed, and say so.

        Data and markers went together, so what is missing is simply done again. Only of a finished
        step the loss is refused: others may have built on it.
        """
        seen, found = known.counts.read, sum_of(chunks).read
        if found < seen:
            self._around.ledger.forget(of, seen=seen, found=found)
            self._say(
                f"{target.name} lost commits (failover, restored backup?): {seen} records were"
                f" committed, it knows of {found}; what is missing is done again"
            )

    def _missing(self, plan: ChunkedPlan, row: StepRow, chunks: list[Marker]) -> list[Range]:
        assert row.whole is not None
        in_order = plan.source.in_order
        found = gaps(row.whole, (marker.part for marker in chunks), in_order)
        return list(divided_at(found, row.ends, in_order))

    def _chunks(self, plan: ChunkedPlan, of: Pass) -> list[Marker]:
        run_key = self._around.ledger.ownership.run_key
        markers = self._around.patiently(lambda: plan.target.markers(run_key, of))
        return [marker for marker in markers if marker.part != PREPARED]

    def _started(self, row: StepRow, chunks: list[Marker], pace: Pace) -> None:
        self._around.telemetry.publish(
            StepStarted(
                at=self._around.clock.now(),
                step=self._step.name,
                kind=self._step.kind,
                impact=self._step.impact,
                total=row.total,
                done=sum_of(chunks),
                parallel=pace.told.parallel,
                chunk=pace.told.chunk,
            )
        )

    def _work(
        self, plan: ChunkedPlan, of: Pass, pace: Pace, row: StepRow, chunks: list[Marker]
    ) -> None:
        """Commit the missing ranges, until there are none or somebody asks to stop."""
        around = self._around
        missing = self._missing(plan, row, chunks)
        pace.hands_out()
        done = sum_of(chunks)
        budget = BadBudget(
            self._step.max_bad,
            total=row.total,
            read=done.read,
            bad=done.quarantined - sum(marker.refused for marker in chunks),
        )
        with (
            self._timed() as timer,
            Scope(capacity=pace.capacity) as scope,
            carrier(scope, plan.stages) as carries,
        ):
            worker = ChunkWorker(
                plan=plan,
                of=of,
                ownership=around.ledger.ownership,
                budget=budget,
                clock=around.clock,
                carrier=carries,
                stop=around.stop,
                in_flight=around.in_flight,
                timer=timer,
                patience=around.patience,
                pace=pace,
            )
            try:
                missing = self._settle(worker, missing)
                parts = scope.go(hand_out, plan, missing, pace, around.stop, around.patience)
                for committed in scope.merge(*worker.started(scope, parts)):
                    self._note(committed)
            finally:
                self._notes.close()

    def _settle(self, worker: ChunkWorker, missing: list[Range]) -> list[Range]:
        """Do the ranges alone whose processes died; return what is missing then."""
        source = worker.plan.source
        suspects = [
            suspect
            for suspect in self._around.in_flight.suspects(worker.of)
            if is_within(suspect.part, missing, source.in_order)
        ]
        if suspects:
            alone = AloneWorker(worker, self._say_alone)
            for committed in worker.carrier.scope.go(alone.work, suspects):
                self._note(committed)
        if not self._around.stop.is_requested:
            self._on_settled()
        done = {suspect.part for suspect in suspects}
        return [
            left
            for gap in missing
            for left in gaps(
                gap,
                (part for part in done if is_within(part, [gap], source.in_order)),
                source.in_order,
            )
        ]

    def _say_alone(self, suspect: Suspect) -> None:
        now = self._around.clock.now()
        self._around.telemetry.publish(
            RangeSuspected(now, self._step.name, str(suspect.part), suspect.deaths)
        )

    @contextmanager
    def _timed(self) -> Iterator[RecordTimer | None]:
        """Have no record take longer than the step allows, as long as the block lasts."""
        timeout_s = self._step.record_timeout_s
        if timeout_s is None:
            yield None
            return
        timer = RecordTimer(timeout_s, self._around.in_flight, self._around.clock)
        with timer.armed(), Scope() as scope:
            scope.start(timer.look)
            try:
                yield timer
            finally:
                scope.cancel()

    def _note(self, committed: Committed) -> None:
        marker = committed.marker
        self._committed.append(marker.part)
        self._notes.heard(marker)
