"""The conductor: brings the steps of a job, in the order of its net, to their end.

Steps that do not depend on each other run side by side; a step that failed holds back those behind
it and nobody else. Steps run in threads of one scope; what they found out comes back through one
queue, and only this thread decides what begins next.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

from ..errors import DaybreakError, LeaseLost, LedgerBehind, OwnershipError
from ..model.deaths import Work
from ..model.fate import Counts
from ..model.job import Step, StepKind
from ..model.ownership import Pass
from ..model.progress import StepRow
from ..model.status import RunStatus, StepStatus
from ..pipeline import Scope
from ..telemetry import Said, StepEnded, StepStarted
from .atomic_step import run_atomic
from .chunked_step import ChunkedStep, Surroundings
from .heartbeat import Heartbeat
from .overrun_watch import Ending, OverrunWatch
from .patience import MAY_PASS
from .retrying import run_task
from .step_failure import failure_of
from .steward import Steward, limits_of
from .verify_done import join_begun, verify_done


@dataclass(frozen=True, slots=True)
class Ended:
    """How one step ended in this attempt."""

    step: Step[Any]
    status: StepStatus
    counts: Counts | None = None
    """Its fates, once it is done; until then the ledger adds up its chunks."""

    value: str | None = None
    error: DaybreakError | None = None
    duration_s: float = 0.0

    @property
    def name(self) -> str:
        """The step's."""
        return self.step.name


@dataclass(frozen=True, slots=True)
class _Settled:
    """A step has done the ranges alone whose processes died: others may begin."""

    name: str


@dataclass(frozen=True, slots=True)
class _StopAsked:
    """Somebody asked the run to stop."""


Wake: TypeAlias = "Ended | _Settled | _StopAsked"


@dataclass(frozen=True, slots=True)
class Result:
    """How the attempt ended."""

    status: RunStatus
    quarantined: int
    failed: Ended | None
    done_alone: str | None = None
    """The only step that was asked for, if it is done and others are still missing."""


class Conductor:
    """Runs the steps of a job once; whatever is done already is left alone.

    Args:
        steps: All steps of the job, in order.
        around: What they share.
        lease_s: Of the run.
        only: The names of the only steps to run in this attempt; None for all.
        ending: Of the window in which the run works; None if it has none.
    """

    def __init__(
        self,
        steps: Sequence[Step[Any]],
        around: Surroundings,
        *,
        lease_s: float,
        only: Collection[str] | None = None,
        ending: Ending | None = None,
    ) -> None:
        self._steps = steps
        self._only = only
        self._around = around
        self._lease_s = lease_s
        self._wakes: SimpleQueue[Wake] = SimpleQueue()
        self._ended: dict[str, Ended] = {}
        self._running: set[str] = set()
        self._steward = Steward(limits_of(steps), around.ledger, around.clock, around.telemetry)
        self._watch = None if ending is None else self._watching(ending)
        self._is_stopping = False
        self._alone: str | None = None  # the step at whose ranges processes died, as long as it is

    def _watching(self, ending: Ending) -> OverrunWatch:
        wanted = [one for one in self._steps if self._only is None or one.name in self._only]
        around = self._around
        watch = OverrunWatch(
            wanted, ending, clock=around.clock, telemetry=around.telemetry, stop=self.stop
        )
        around.telemetry.subscribe(watch.hear)
        around.stop.before_chunk = watch.before_chunk
        return watch

    def stop(self, reason: str) -> None:
        """Ask the run to stop at a chunk boundary; safe to call from a signal handler."""
        self._around.stop.request(reason)
        self._wakes.put(_StopAsked())

    def run(self) -> Result:
        """Bring the job as far as it goes.

        Raises:
            LeaseLost: If another process owns the run by now.
            LedgerBehind: If a target lost what the ledger says is done; the run has failed.
            TransientError, DatabaseUnreachable: If that cannot be seen; the run has failed.
        """
        try:
            self._take_over()
        except (LedgerBehind, *MAY_PASS) as error:
            self._around.ledger.become(RunStatus.FAILED, error=str(error))
            raise
        heartbeat = Heartbeat(self._around.ledger, lease_s=self._lease_s)
        with Scope() as scope:
            scope.start(heartbeat.beat, scope)
            if self._watch is not None:
                scope.start(self._watch.look_on, scope)
            try:
                self._conduct(scope)
            finally:
                scope.cancel()
        if heartbeat.lost is not None:
            raise heartbeat.lost
        return self._finish()

    def _take_over(self) -> None:
        """Close out earlier owners wherever the run has written; what is done is looked at."""
        rows = self._around.ledger.steps()
        for step in self._steps:
            row = rows.get(step.name)
            if row is None:
                continue
            if row.status is not StepStatus.DONE:
                join_begun(step, row, self._around)
                continue
            verify_done(step, row, self._around)
            self._say_outdated(row, rows)
            self._around.bodies.done(step, row.value, row.counts)
            ended = Ended(step, StepStatus.DONE, row.counts, row.value)
            self._ended[step.name] = ended
            self._publish_end(ended, row.counts, was_done=True)

    def _conduct(self, scope: Scope) -> None:
        self._start_ready(scope)
        while self._running or self._is_waiting(scope):
            try:
                wake = self._wakes.get(timeout=self._steward.look_in_s)
            except Empty:
                self._start_ready(scope)
                continue
            if isinstance(wake, _StopAsked):
                self._become_stopping()
                continue
            if isinstance(wake, Ended):
                self._settle(wake)
            if self._has_met(LeaseLost):
                scope.cancel()  # nothing that is still at work could be committed
            if self._alone == wake.name:
                self._alone = None
            self._start_ready(scope)

    def _start_ready(self, scope: Scope) -> None:
        if not self._may_begin(scope) or self._alone in self._running:
            return
        ready = [step for step in self._steps if self._is_ready(step)]
        suspected = [step for step in ready if self._around.in_flight.suspects_step(step.name)]
        if suspected:  # it might kill whatever runs beside it
            self._alone = suspected[0].name
            ready = suspected[:1]
        for step in self._steward.admit(ready):
            self._running.add(step.name)
            scope.start(self._run_step, step)

    def _may_begin(self, scope: Scope) -> bool:
        return not (
            self._around.stop.is_requested or self._has_met(OwnershipError) or scope.cancelled
        )

    def _is_waiting(self, scope: Scope) -> bool:
        return self._steward.is_waited_at and self._may_begin(scope)

    def _is_ready(self, step: Step[Any]) -> bool:
        is_new = step.name not in self._ended and step.name not in self._running
        is_wanted = self._only is None or step.name in self._only
        return is_new and is_wanted and all(self._is_done(before) for before in step.after)

    def _is_done(self, step: Step[Any]) -> bool:
        ended = self._ended.get(step.name)
        return ended is not None and ended.status is StepStatus.DONE

    def _has_met(self, kind: type[OwnershipError]) -> bool:
        return any(isinstance(ended.error, kind) for ended in self._ended.values())

    def _run_step(self, step: Step[Any]) -> None:
        """Run one step in its own thread; whatever happens comes back as an `Ended`."""
        began_s = self._around.clock.monotonic_s()
        try:
            ended = self._attempt(step)
        except Exception as error:  # noqa: BLE001 - a user's function may raise anything
            ended = Ended(step, StepStatus.FAILED, error=failure_of(step, error))
        except BaseException:
            self._wakes.put(Ended(step, StepStatus.FAILED, error=_cancelled(step)))
            raise
        duration_s = self._around.clock.monotonic_s() - began_s
        self._wakes.put(replace(ended, duration_s=duration_s))

    def _attempt(self, step: Step[Any]) -> Ended:
        rows = self._around.ledger.steps()
        known = rows.get(step.name)
        upstream = {before.name: rows[before.name].pass_number for before in step.upstream}
        row = self._around.ledger.begin_step(
            step.name,
            code=self._around.bodies.code(step),
            upstream=upstream,
            knobs=self._around.bodies.knobs(step),
        )
        self._say_changed_code(step, known, row)
        if step.kind is StepKind.STEP:
            settled = _Settled(step.name)
            chunked = ChunkedStep(step, self._around, lambda: self._wakes.put(settled))
            counts = chunked.run(known, upstream)
            status = StepStatus.STOPPED if counts is None else StepStatus.DONE
            return Ended(step, status, counts)
        self._publish_start(step)
        with self._around.in_flight.noted(Work(Pass(step.name, row.pass_number))):
            if step.kind is StepKind.TASK:
                return self._ended_task(step)
            value = run_atomic(step, row.pass_number, self._around, row.former)
        return Ended(step, StepStatus.DONE, Counts(), value)

    def _ended_task(self, step: Step[Any]) -> Ended:
        value = run_task(step, self._around)
        if value is None:
            return Ended(step, StepStatus.STOPPED)
        return Ended(step, StepStatus.DONE, Counts(), value)

    def _say_changed_code(self, step: Step[Any], known: StepRow | None, row: StepRow) -> None:
        """Name and record changed code; it goes on, for a fix is the commonest reason to resume."""
        if known is None or not known.code or known.code == row.code:
            return
        self._say(
            step.name, "the step's code changed since the last attempt; it goes on with the new one"
        )
        self._around.ledger.note("code changed", step=step.name)

    def _say_outdated(self, row: StepRow, rows: Mapping[str, StepRow]) -> None:
        """Name a step that stays done, although one that it was made from has begun again."""
        if former := row.outdated_by(rows):
            self._say(row.step, f"{row.step} was made from the former {' and '.join(former)}")

    def _say(self, step: str, message: str) -> None:
        self._around.telemetry.publish(Said(self._around.clock.now(), step, message, {}))

    def _publish_start(self, step: Step[Any]) -> None:
        now = self._around.clock.now()
        self._around.telemetry.publish(
            StepStarted(now, step.name, step.kind, step.impact, None, Counts())
        )

    def _settle(self, ended: Ended) -> None:
        """Write down how a step ended; what the ledger cannot keep has not ended well."""
        self._running.discard(ended.step.name)
        self._steward.give_back(ended.step)
        self._ended[ended.step.name] = ended
        committed = ended.counts
        if not isinstance(ended.error, OwnershipError):
            self._around.ledger.end_step(
                ended.step.name,
                ended.status,
                counts=ended.counts,
                value=ended.value,
                error=None if ended.error is None else str(ended.error),
                seconds=ended.duration_s,
            )
            committed = self._around.ledger.steps()[ended.step.name].counts
        if ended.status is StepStatus.DONE:
            self._around.bodies.done(ended.step, ended.value, ended.counts or Counts())
        self._publish_end(ended, committed or Counts())

    def _publish_end(self, ended: Ended, counts: Counts, *, was_done: bool = False) -> None:
        self._around.telemetry.publish(
            StepEnded(
                at=self._around.clock.now(),
                step=ended.step.name,
                status=ended.status,
                counts=counts,
                duration_s=ended.duration_s,
                error=None if ended.error is None else str(ended.error),
                was_done=was_done,
            )
        )

    def _become_stopping(self) -> None:
        if not self._is_stopping:
            self._is_stopping = True
            self._around.ledger.become(RunStatus.STOPPING)

    def _finish(self) -> Result:
        failed = next(
            (ended for ended in self._ended.values() if ended.status is StepStatus.FAILED), None
        )
        if failed is not None and isinstance(failed.error, OwnershipError):
            raise failed.error
        if failed is not None:
            status = RunStatus.FAILED
        elif all(self._is_done(step) for step in self._steps):
            status = RunStatus.DONE
        else:
            status = RunStatus.STOPPED
        error = None if failed is None else str(failed.error)
        if status is RunStatus.STOPPED:
            self._become_stopping()
        quarantined = sum(row.counts.quarantined for row in self._around.ledger.steps().values())
        self._around.ledger.become(status, error=error)
        return Result(status, quarantined, failed, self._done_alone(status))

    def _done_alone(self, status: RunStatus) -> str | None:
        names = self._only or ()
        is_done = all(self._is_done(step) for step in self._steps if step.name in names)
        return (
            ", ".join(sorted(names)) if status is RunStatus.STOPPED and names and is_done else None
        )


def _cancelled(step: Step[Any]) -> LeaseLost:
    return LeaseLost(f"step {step.name} was cancelled", hint="see `daybreak status`")
