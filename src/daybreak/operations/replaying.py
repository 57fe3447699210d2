"""One owner's replay: step after step, then the run ends as its steps stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from ..abc import Target
from ..errors import DaybreakError, LedgerBehind, OwnershipError
from ..execution.chunked_step import Surroundings
from ..execution.heartbeat import Heartbeat
from ..execution.replayed_step import ReplayedStep
from ..execution.verify_done import verify_done
from ..ledger.owned import OwnedRun
from ..ledger.rows import StepDetails
from ..model.fate import Counts
from ..model.job import Step
from ..model.ownership import Pass
from ..model.progress import StepRow
from ..model.status import RunStatus, StepStatus
from ..pipeline import Scope
from ..telemetry import RunEnded, RunStarted, Said
from .attempt import Attempt
from .choice import Choice
from .signals import stopped_by_signals


@dataclass(frozen=True, slots=True)
class StepReplay:
    """What became of the records of one step."""

    step: str
    counts: Counts
    """`read` were tried; `quarantined` of them were set aside again."""

    status: StepStatus
    left: int = 0
    """Records that were not tried, because somebody asked to stop."""


@dataclass(frozen=True, slots=True)
class Stale:
    """A step that was done before records of a step in front of it were replayed."""

    step: str
    before: str
    """The step whose records were replayed."""

    records: int


class Replaying:
    """One owner's replay of a run."""

    def __init__(
        self,
        steps: Sequence[Step[Any]],
        owned: OwnedRun,
        around: Surroundings,
        choice: Choice,
        *,
        lease_s: float,
        attempt: Attempt,
    ) -> None:
        self._steps = steps
        self._owned = owned
        self._around = around
        self._choice = choice
        self._lease_s = lease_s
        self._attempt = attempt
        self.replayed: list[StepReplay] = []
        self.stale: list[Stale] = []

    def run(self) -> RunStatus:
        """Replay what is meant, in the job's order of steps, and end the run.

        Raises:
            RunError, LedgerError: What was committed stays; the run ends as its steps stand.
        """
        began_s = self._around.clock.monotonic_s()
        self._publish_start()
        error = self._guarded()
        self._note()
        status = self._end(error)
        quarantined = sum(row.counts.quarantined for row in self._owned.steps().values())
        self._around.telemetry.publish(
            RunEnded(
                self._around.clock.now(),
                str(self._owned.run.id),
                status,
                quarantined,
                self._around.clock.monotonic_s() - began_s,
                None if error is None else str(error),
            )
        )
        if error is not None:
            raise error
        return status

    def _guarded(self) -> DaybreakError | None:
        """Replay under a heartbeat; return what ended it early."""
        heartbeat = Heartbeat(self._owned, lease_s=self._lease_s)
        error = None
        with Scope() as scope, stopped_by_signals(self._around.stop.request, self._attempt):
            scope.start(heartbeat.beat, scope)
            try:
                self._replay()
                self.stale = self._stale()
            except OwnershipError:
                raise
            except DaybreakError as raised:
                error = raised
            finally:
                scope.cancel()
        if heartbeat.lost is not None:
            raise heartbeat.lost
        return error

    def _replay(self) -> None:
        rows = self._owned.steps()
        for step in self._steps:
            row = rows.get(step.name)
            if row is not None and row.status is StepStatus.DONE:
                verify_done(step, row, self._around)
                self._around.bodies.done(step, row.value, row.counts)
        for step in self._steps:
            row = rows.get(step.name)
            if row is None or row.whole is None or self._around.stop.is_requested:
                continue
            # A step that is running by the ledger was left so by an owner that was killed.
            if step.name in self._choice.meant or row.status is StepStatus.RUNNING:
                outcome = ReplayedStep(step, row, self._around).run(
                    partial(self._choice.kept, step.name)
                )
                self.replayed.append(
                    StepReplay(step.name, outcome.counts, outcome.status, outcome.left)
                )

    def _stale(self) -> list[Stale]:
        """Find steps that were done before records in front of them were replayed.

        The target is asked, not this attempt: one that was killed had no time to say it.
        """
        rows = self._owned.steps()
        replays = {step: self._replays_of(row) for step, row in rows.items()}
        return [
            Stale(step.name, before.name, records)
            for step in self._steps
            for before in self._steps
            if before in step.upstream
            and (row := rows.get(step.name)) is not None
            and row.status is StepStatus.DONE
            and (records := _passed_since(self._made_at(row), replays.get(before.name, [])))
        ]

    def _replays_of(self, row: StepRow) -> list[tuple[datetime, Counts]]:
        target = self._target_of(row)
        run_key = self._owned.ownership.run_key
        return [] if target is None else target.replays(run_key, Pass(row.step, row.pass_number))

    def _made_at(self, row: StepRow) -> datetime | None:
        """Return when a step last read what is before it: a replay of its own ends it anew."""
        target = self._target_of(row)
        if target is None:
            return row.ended_at if isinstance(row, StepDetails) else None
        run_key = self._owned.ownership.run_key
        markers = target.markers(run_key, Pass(row.step, row.pass_number))
        return max((marker.committed_at for marker in markers), default=None)

    def _target_of(self, row: StepRow) -> Target | None:
        if row.fingerprint is None:
            return None
        return self._around.bodies.target_named(str(row.fingerprint["database"]))

    def _note(self) -> None:
        for one in self.replayed:
            if one.counts.read:
                self._owned.note(
                    "replayed",
                    step=one.step,
                    records=one.counts.read,
                    passed=one.counts.passed,
                    filtered=one.counts.filtered,
                    superseded=one.counts.superseded,
                    set_aside_again=one.counts.quarantined,
                )
        now = self._around.clock.now()
        for stale in self.stale:
            fields = {"records": stale.records, "replayed_in": stale.before}
            message = "computed before records in front of it were replayed"
            self._around.telemetry.publish(Said(now, stale.step, message, fields))

    def _end(self, error: DaybreakError | None) -> RunStatus:
        """End the run as its steps stand: done if all are, else resumable."""
        rows = list(self._owned.steps().values())
        failed = next((row for row in rows if row.status is StepStatus.FAILED), None)
        if failed is not None or isinstance(error, LedgerBehind):
            status = RunStatus.FAILED
        elif all(row.status is StepStatus.DONE for row in rows):
            status = RunStatus.DONE
        else:
            status = RunStatus.STOPPED
            self._owned.become(RunStatus.STOPPING)
        cause = str(error) if error is not None else failed.error if failed is not None else None
        self._owned.become(status, error=cause if status is RunStatus.FAILED else None)
        return status

    def _publish_start(self) -> None:
        run = self._owned.run
        self._around.telemetry.publish(
            RunStarted(
                at=self._around.clock.now(),
                run=str(run.id),
                job=run.job,
                epoch=run.epoch,
                night=run.night,
                folder=run.folder,
                is_resumed=True,
                steps=[step.name for step in self._steps],
            )
        )


def _passed_since(made_at: datetime | None, replays: Sequence[tuple[datetime, Counts]]) -> int:
    return sum(counts.passed for at, counts in replays if made_at is None or at > made_at)
