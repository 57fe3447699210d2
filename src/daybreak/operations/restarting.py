"""Beginning steps of a run again: looked at before the run is taken, durable before they begin.

In this order: what stands in the way is found while nothing is written; the run is taken; its
targets are joined, so that no earlier owner commits any more, and asked once more; then one write
to the ledger gives every step its new pass. Whoever is killed after that finds the new passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..abc import Target
from ..databases import Database
from ..errors import PreflightError, RestartRefused, SchemaMismatch
from ..execution.atomic_step import ATOMIC
from ..execution.prepare import PREPARED
from ..execution.proof import sum_of
from ..execution.targets import Targets
from ..ledger.owned import OwnedRun
from ..ledger.passes import NewPass
from ..ledger.rows import RunRow
from ..ledger.store import LedgerStore
from ..model.chunk import Marker
from ..model.fate import Counts
from ..model.job import Job, Step, StepKind
from ..model.ownership import Pass
from ..model.progress import StepRow
from ..model.restart import Standing, Wish, obstacle
from ..model.status import RunStatus, StepStatus

FIRST_PASS: Final = 1
_AT_WORK: Final = frozenset({RunStatus.RUNNING, RunStatus.STOPPING, RunStatus.PAUSED})


@dataclass(frozen=True, slots=True)
class Begun:
    """What came of a wish to begin again."""

    said: str = ""
    """For people; empty if nothing has begun again."""

    only: frozenset[str] | None = None
    """The only steps to run in this attempt; None for all."""


class Restarting:
    """One command's wish, on its way from the first look to the ledger.

    Args:
        job: The job.
        wish: What begins again.
        databases: The job's, by name.
        target_of: Gives the target of a database.
        who: Who wants it, for the audit.

    Raises:
        DefinitionError: If the wish names a step that there is not.
    """

    def __init__(
        self,
        job: Job,
        wish: Wish,
        databases: Mapping[str, Database],
        target_of: Callable[[Database], Target],
        who: str,
    ) -> None:
        self._wish = wish
        self._steps = wish.steps(job)
        self._databases = databases
        self._target_of = target_of
        self._who = who

    @property
    def only(self) -> frozenset[str] | None:
        """The only steps that the command means to run; None for all that are missing."""
        return frozenset(step.name for step in self._steps) if self._wish.is_only else None

    def look(self, store: LedgerStore, run: RunRow | None) -> None:
        """Look whether the steps may begin again; nothing is written.

        Args:
            store: The ledger.
            run: The run that is meant; None if there is none yet.

        Raises:
            PreflightError: If a step before an only one is not done.
            RestartRefused: If something must be undone first.
        """
        rows = {} if run is None else {row.step: row for row in store.steps(run.id)}
        self._refuse_missing(rows)
        if run is not None:
            steps = self._to_begin(rows, _newest(store, run), run)
            self._refuse_obstacles([self._standing(step, rows, run) for step in steps], steps)

    def begin(self, store: LedgerStore, owned: OwnedRun, before: RunRow, targets: Targets) -> Begun:
        """Begin the steps again, in the ledger: each has a new pass, in which nothing is done.

        Args:
            store: The ledger.
            owned: The run, in our hands.
            before: The run as it was before it was taken.
            targets: Joined where a step has written.

        Raises:
            RestartRefused: If an earlier owner has committed meanwhile; the run is as it was, or
                failed.
        """
        rows = owned.steps()
        steps = self._to_begin(rows, _newest(store, owned.run), before)
        for step in steps:
            if (target := self._target(step, rows[step.name])) is not None:
                targets.join(target)
        standings = [self._standing(step, rows, owned.run) for step in steps]
        try:
            self._refuse_obstacles(standings, steps)
        except RestartRefused as error:
            is_done = before.status is RunStatus.DONE
            owned.become(RunStatus.DONE if is_done else RunStatus.FAILED, error=str(error))
            raise
        if not steps:
            return Begun(only=self.only)
        passes = [self._new_pass(standing) for standing in standings]
        numbers = {step.name: _number(rows, step.name) for step in self._steps}
        numbers |= {new.step: new.after + 1 for new in passes}
        undone = sorted(self._wish.undone)
        owned.begin_again(passes, by=self._who, steps=numbers, undone=undone)
        names = ", ".join(f"{new.step} (pass {new.after + 1})" for new in passes)
        return Begun(f"begun again: {names}", self.only)

    def _new_pass(self, standing: Standing) -> NewPass:
        row = standing.row
        former = None if row.step in self._wish.undone else standing.left
        return NewPass(row.step, row.pass_number, former)

    def _refuse_missing(self, rows: Mapping[str, StepRow]) -> None:
        if not self._wish.is_only:
            return
        (step,) = self._steps
        missing = [
            before.name
            for before in step.job.steps
            if before in step.upstream and _status(rows, before.name) is not StepStatus.DONE
        ]
        if missing:
            raise PreflightError(
                f"step {step.name} cannot be done alone: {', '.join(missing)}"
                f" {'is' if len(missing) == 1 else 'are'} not done before it",
                hint=f"do that first, with --only {missing[0]}; or leave --only out, and all that"
                " is missing is done",
                step=step.name,
            )

    def _to_begin(
        self, rows: Mapping[str, StepRow], newest: Mapping[str, int] | None, run: RunRow
    ) -> list[Step[Any]]:
        """Return the steps that get a new pass; those that have not begun have theirs."""
        is_killed = run.status in _AT_WORK
        if self._wish.has_begun or self._is_in_progress(rows, newest, is_killed=is_killed):
            return []
        if self._wish.is_only:
            (step,) = self._steps
            return [step] if _status(rows, step.name) is StepStatus.DONE else []
        return [one for one in self._steps if _status(rows, one.name) is not StepStatus.WAITING]

    def _is_in_progress(
        self, rows: Mapping[str, StepRow], newest: Mapping[str, int] | None, *, is_killed: bool
    ) -> bool:
        """Say whether the same command began these steps again before, and has not ended well.

        Then it goes on: a command that was killed is typed once more, and must not begin anew.

        Args:
            rows: The run's steps.
            newest: Of the run's newest restart the pass that it gave each of its steps.
            is_killed: Whether the run's last owner went without saying how it ended.
        """
        names = {step.name for step in self._steps}
        if self._wish.is_once_more or newest is None or set(newest) != names:
            return False
        is_present = all(_number(rows, name) == number for name, number in newest.items())
        is_done = all(_status(rows, name) is StepStatus.DONE for name in names)
        return is_present and (is_killed or not is_done)

    def _refuse_obstacles(self, standings: Sequence[Standing], steps: Sequence[Step[Any]]) -> None:
        found = {
            step.name: text
            for step, standing in zip(steps, standings, strict=True)
            if step.name not in self._wish.undone and (text := obstacle(step, standing)) is not None
        }
        if found:
            undone = " ".join(f"--undone {name}" for name in found)
            raise RestartRefused(
                f"what is committed must be undone first: {'; '.join(found.values())}",
                hint=f"take that back by hand, and say so with {undone}; or let a table be replaced"
                ' (mode="replace", mode="upsert"), or give an atomic step undo=, in the next run',
            )

    def _standing(self, step: Step[Any], rows: Mapping[str, StepRow], run: RunRow) -> Standing:
        """Return what the present pass of a step has committed."""
        row = rows[step.name]
        target = self._target(step, row)
        if target is None:
            return Standing(row, Counts(), has_committed=False)
        markers = _markers(target, run.identity_key, Pass(step.name, row.pass_number))
        if step.kind is StepKind.ATOMIC:
            has_committed = any(marker.part == ATOMIC for marker in markers)
            return Standing(row, Counts(), has_committed)
        chunks = [marker for marker in markers if marker.part != PREPARED]
        return Standing(row, sum_of(chunks), has_committed=bool(chunks))

    def _target(self, step: Step[Any], row: StepRow) -> Target | None:
        """Return the target that the present pass of a step may have written to."""
        if step.kind is StepKind.ATOMIC:
            assert step.database is not None, "an atomic step has a database"
            return self._target_of(step.database)
        if step.kind is StepKind.TASK or row.fingerprint is None:
            return None
        name = str(row.fingerprint["database"])
        if name not in self._databases:
            raise RestartRefused(
                f"step {step.name} has written into database {name!r}, which the job has no more",
                hint="bring the database back into the job's file, under the same name",
                step=step.name,
            )
        return self._target_of(self._databases[name])


def _newest(store: LedgerStore, run: RunRow) -> Mapping[str, int] | None:
    """Return of a run's newest restart the pass that it gave each of its steps."""
    line = store.newest_restart(run.id)
    return None if line is None else line.details["steps"]


def _status(rows: Mapping[str, StepRow], name: str) -> StepStatus:
    return rows[name].status if name in rows else StepStatus.WAITING


def _number(rows: Mapping[str, StepRow], name: str) -> int:
    return rows[name].pass_number if name in rows else FIRST_PASS


def _markers(target: Target, run_key: str, of: Pass) -> list[Marker]:
    try:
        return target.markers(run_key, of)
    except SchemaMismatch:  # nothing of ours was ever written there
        return []
