"""A step whose quarantined records are processed again, and which is proven anew afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeAlias

from ..errors import DaybreakError, OwnershipError, StepFailed
from ..faultpoints import hit
from ..model.chunk import Kept, Marker
from ..model.fate import Counts
from ..model.job import Step
from ..model.ownership import Pass
from ..model.progress import StepRow
from ..model.ranges import Range, gaps
from ..model.status import StepStatus
from ..pipeline import Scope, carrier
from ..telemetry import Said
from . import changes
from .chunk_notes import measurement_of
from .chunked_step import Surroundings
from .plan import ChunkedPlan
from .prepare import PREPARED
from .proof import prove
from .publish import publish_proven
from .replayer import Replayed, Replayer, change_of
from .sweeping import swept_source

Choose: TypeAlias = Callable[[dict[str, Range]], Sequence[Kept]]
"""Reads the records that are meant from quarantine; given the committed ranges by their start."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a step's records, and how the step stands now."""

    counts: Counts
    status: StepStatus
    left: int = 0
    """Records that were not tried, because somebody asked to stop."""


class ReplayedStep:
    """One replay of a chunked step."""

    def __init__(self, step: Step[Any], known: StepRow, around: Surroundings) -> None:
        assert known.whole is not None, "a step that set a record aside has begun"
        self._step = step
        self._known = known
        self._whole = known.whole
        self._around = around
        self._of = Pass(step.name, known.pass_number)

    def run(self, choose: Choose) -> Outcome:
        """Replay the records chosen, and prove the step if its chain is closed.

        Raises:
            RunError, LedgerError: What was committed stays; the step has failed, resumable.
        """
        plan = self._plan()
        try:
            return self._run(plan, choose)
        finally:
            plan.close()

    def _run(self, plan: ChunkedPlan, choose: Choose) -> Outcome:
        around = self._around
        around.patiently(plan.sink.preflight)  # a table without a model knows its columns then
        if change := changes.change_of(self._known, plan.facts(), self._known.upstream):
            raise change.refused()
        around.patiently(lambda: around.targets.join(plan.target))
        hit("replay.before_reopen")
        around.ledger.reopen_step(self._step.name, code=around.bodies.code(self._step))
        hit("replay.after_reopen")
        try:
            return self._replay_and_end(plan, choose)
        except OwnershipError:
            raise
        except Exception as error:  # noqa: BLE001 - a user's function may raise anything
            failed = self._failed(error)
            around.ledger.end_step(self._step.name, StepStatus.FAILED, error=str(failed))
            raise failed from failed.__cause__

    def _plan(self) -> ChunkedPlan:
        try:
            return self._around.bodies.chunked(self._step)
        except Exception as error:  # noqa: BLE001 - as above
            failed = self._failed(error)
            raise failed from failed.__cause__

    def _failed(self, error: Exception) -> DaybreakError:
        """Return an error that a user's function raised as one of ours."""
        if isinstance(error, DaybreakError):
            return error
        failed = StepFailed(
            f"{type(error).__name__}: {error}",
            hint="mend the function or what it needs, then run the same command again",
            step=self._step.name,
        )
        failed.__cause__ = error
        return failed

    def _replay_and_end(self, plan: ChunkedPlan, choose: Choose) -> Outcome:
        records = list(choose({marker.part.after: marker.part for marker in self._chunks(plan)}))
        counts, left = (
            self._replay(plan, self._ordered(plan, records)) if records else (Counts(), 0)
        )
        touched = {one.part for one in records}
        chunks = self._chunks(plan)
        hit("replay.before_measure")
        self._around.ledger.measure(
            self._of, [measurement_of(chunk) for chunk in chunks if chunk.part in touched]
        )
        hit("replay.before_end")
        return Outcome(counts, self._end(plan, chunks), left)

    def _replay(self, plan: ChunkedPlan, records: list[Kept]) -> tuple[Counts, int]:
        """Replay in rounds: what the sink refused is tried again while a round admits some."""
        around, chunk = self._around, self._around.bodies.knobs(self._step).chunk
        total = Counts()
        numbers = count(1)
        with (
            Scope() as scope,
            carrier(scope, plan.stages) as carries,
            plan.target.replay_writer(around.ledger.ownership) as writer,
        ):
            replayer = Replayer(plan, self._of, writer, around.patience, carries)
            todo, tried = records, 0
            while todo:
                refused: list[Kept] = []
                passed = total.passed
                for part in _divided(todo, chunk):
                    if around.stop.is_requested:
                        return total, len(records) - tried
                    replayed = replayer.replay(part, next(numbers))
                    is_first = tried < len(records)
                    tried += len(part) if is_first else 0
                    total += replayed.counts if is_first else change_of(replayed.counts)
                    refused.extend(replayed.refused)
                    self._said(replayed)
                # What one transaction holds, the isolator has tried in every order already.
                is_over = total.passed == passed or len(todo) <= chunk
                todo = [] if is_over else refused
        return total, 0

    def _ordered(self, plan: ChunkedPlan, records: Sequence[Kept]) -> list[Kept]:
        starts = plan.source.in_order(sorted({one.part.after for one in records}))
        place = {start: number for number, start in enumerate(starts)}
        return sorted(records, key=lambda one: (place[one.part.after], one.origin))

    def _said(self, replayed: Replayed) -> None:
        counts = replayed.counts
        fields = {
            "replayed": counts.read,
            "passed": counts.passed,
            "filtered": counts.filtered,
            "superseded": counts.superseded,
            "set_aside_again": counts.quarantined,
        }
        now = self._around.clock.now()
        self._around.telemetry.publish(Said(now, self._step.name, "records replayed", fields))

    def _chunks(self, plan: ChunkedPlan) -> list[Marker]:
        run_key = self._around.ledger.ownership.run_key
        return [m for m in plan.target.markers(run_key, self._of) if m.part != PREPARED]

    def _end(self, plan: ChunkedPlan, chunks: Sequence[Marker]) -> StepStatus:
        """End the step: done if it proves itself, else as it was before."""
        ledger, name = self._around.ledger, self._step.name
        may_sweep = swept_source(plan) is not None and self._known.status is not StepStatus.DONE
        parts = (marker.part for marker in chunks)
        if may_sweep or gaps(self._whole, parts, plan.source.in_order):
            was_failed = self._known.status is StepStatus.FAILED
            status = StepStatus.FAILED if was_failed else StepStatus.STOPPED
            ledger.end_step(name, status, error=self._known.error if was_failed else None)
            return status
        run_key = ledger.ownership.run_key
        counts = prove(
            plan,
            self._whole,
            chunks,
            run_key=run_key,
            of=self._of,
            committed=(),
            accepted=changes.accepted_digests(self._known),
        )
        publish_proven(plan, self._of, ledger.ownership, chunks, self._around.patience)
        ledger.end_step(name, StepStatus.DONE, counts=counts)
        self._around.bodies.done(self._step, None, counts)
        return StepStatus.DONE


def _divided(records: Sequence[Kept], chunk: int) -> Iterator[Sequence[Kept]]:
    for start in range(0, len(records), chunk):
        yield records[start : start + chunk]
