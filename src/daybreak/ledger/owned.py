"""A run in the hands of its owner: every write is fenced by the owner's epoch.

How a run is won is `ownership`; what is read of it without owning it is `store`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar
from uuid import uuid4

from ..errors import InvalidTransition, LeaseLost
from ..faultpoints import hit
from ..model.fate import Counts
from ..model.knobs import Knobs
from ..model.ownership import Ownership, Pass
from ..model.progress import CHANGES_ACCEPTED, COMMITS_LOST, Accepted, Measurement, StepRow
from ..model.ranges import Range
from ..model.shares import Uses, Wait
from ..model.status import (
    RunStatus,
    StepStatus,
    check_step_transition,
    check_transition,
    sources_of,
)
from .claims import Claims
from .ownership import note, row_of, spaced
from .passes import BEGUN_AGAIN, NewPass, accept_changes, begin_again, spaced_sources_of
from .rows import (
    AuditRow,
    PlannedStep,
    RunRow,
    as_json,
    count_binds,
    knob_binds,
    measurement_binds,
    pass_binds,
    run_of,
    step_of,
    storable,
)
from .session import LedgerSession, LedgerTransaction

T = TypeVar("T")

_AT_WORK: Final = frozenset({RunStatus.RUNNING, RunStatus.STOPPING, RunStatus.PAUSED})


class OwnedRun:
    """`abc.RunLedger` of a run that was taken; for several threads at once.

    Every write is one transaction that begins by proving the epoch, which is a sign of life at
    the same time. A write that the database cannot do now is tried again for the session's
    patience, then raises `TransientError`; one lost in its COMMIT is recognised and not repeated.

    Args:
        session: The ledger's session, shared with the store.
        run: The run as it was taken.
        ledger_id: Of the ledger, for the run's targets.
        is_gone: Whether the kernel of this machine says that another run's owner is dead.
    """

    def __init__(
        self,
        session: LedgerSession,
        run: RunRow,
        ledger_id: str,
        is_gone: Callable[[RunRow], bool] = lambda _run: False,
    ) -> None:
        assert run.owner is not None
        self._session = session
        self._who = str(run.owner)
        self.run = run
        """The run as it was when it was taken."""

        self._ownership = Ownership(
            run_key=run.identity_key,
            run_id=str(run.id),
            ledger_id=ledger_id,
            epoch=run.epoch,
            owner=f"{self._who}, {secrets.token_hex(4)}",
        )
        self._claims = Claims(session, self._write, run, is_gone)

    @property
    def ownership(self) -> Ownership:
        """What the run's targets are told."""
        return self._ownership

    def renew(self) -> None:
        """Give a sign of life, which extends the lease by its length from now.

        Raises:
            LeaseLost: If the run has another owner by now, or another run has its shares;
                nothing was written.
        """
        self._write(self._claims.prove)

    def steps(self) -> dict[str, StepRow]:
        """Return the run's steps by name, in the order of the plan.

        Raises:
            LeaseLost: If the run has another owner by now.
        """
        rows = self._session.read("select_steps", run_id=self.run.id)
        run = run_of(self._session.read("select_run", run_id=self.run.id)[0])
        if run.epoch != self.run.epoch:
            raise self._lease_lost(run)
        return {row.step: step_of(row) for row in rows}

    def plan(self, steps: Iterable[PlannedStep]) -> None:
        """Write down the job's steps, in order; those that began already keep their state.

        Raises:
            LeaseLost: If the run has another owner by now; nothing was written.
        """
        binds = [
            {
                "run_id": self.run.id,
                "step": planned.step,
                "position": position,
                "impact": storable(planned.impact),
            }
            for position, planned in enumerate(steps, start=1)
        ]
        self._write(lambda tx: tx.executemany("plan_step", binds) if binds else 0)

    def begin_step(
        self,
        step: str,
        *,
        code: str,
        whole: Range | None = None,
        total: int | None = None,
        fingerprint: Mapping[str, Any] | None = None,
        upstream: Mapping[str, int] | None = None,
        knobs: Knobs | None = None,
    ) -> StepRow:
        """Mark a step as running; its ends, total and fingerprint are kept from the first start.

        Args:
            step: Its name.
            code: Hash of its code; the one of the last start is kept.
            whole: The ends of its chain.
            total: How many records the chain holds, if that is known.
            fingerprint: JSON data by which a changed source is recognised.
            upstream: Of every step before it the pass that it is made from; kept with its ends.
            knobs: With which it begins an attempt; None if it has begun it already.

        Returns:
            The step as it stands now, with what was kept.

        Raises:
            InvalidTransition: If it is done already; nothing was written.
            LeaseLost: If the run has another owner by now; nothing was written.
        """
        now = self._session.patience.clock.now()

        def begin(tx: LedgerTransaction) -> StepRow:
            begun = tx.execute(
                "begin_step",
                run_id=self.run.id,
                step=step,
                range_after=whole.after if whole else None,
                range_upto=whole.upto if whole else None,
                total=total,
                fingerprint=None if fingerprint is None else as_json(dict(fingerprint)),
                upstream=None if upstream is None else as_json(dict(upstream)),
                code=code,
                now=now,
                **knob_binds(knobs),
                allowed=spaced_sources_of(StepStatus.RUNNING),
            )
            if not begun:
                check_step_transition(self._step_status(tx, step), StepStatus.RUNNING)
            rows = tx.query("select_steps", run_id=self.run.id)
            return next(step_of(row) for row in rows if row.step == step)

        return self._write(begin)

    def reopen_step(self, step: str, *, code: str) -> None:
        """Mark a step that has begun as running, even one that is done: its fates are to change.

        Done before a target is written to, so that a ledger whose owner was killed in between
        never says more, or less, than the markers: a running step is proven from them.

        Raises:
            InvalidTransition: If it never began; nothing was written.
            LeaseLost: If the run has another owner by now; nothing was written.
        """

        def reopen(tx: LedgerTransaction) -> None:
            if not tx.execute("reopen_step", run_id=self.run.id, step=step, code=code):
                raise InvalidTransition(
                    f"step {step} has not begun", hint="see how the run stands: daybreak status"
                )

        self._write(reopen)

    def begin_again(self, passes: Sequence[NewPass], **details: object) -> None:
        """Begin steps again, all of them or none: each has a new pass, in which nothing is done.

        Durable before a target is touched. `details` go into the line of the audit.

        Raises:
            InvalidTransition: If a step has another pass by now; nothing was written.
            LeaseLost: If the run has another owner by now; nothing was written.
        """
        line = AuditRow(self._session.patience.clock.now(), self._who, BEGUN_AGAIN, details)
        note_id = uuid4().hex

        def begin(tx: LedgerTransaction) -> None:
            if tx.is_repeated and tx.query("select_note", note_id=note_id):
                return
            begin_again(tx, self.run.id, passes)
            note(tx, self.run.id, note_id, line)

        hit("restart.before_begin_again")
        self._write(begin)
        hit("restart.after_begin_again")

    def accept(
        self, step: str, accepted: Accepted, *, what: str = CHANGES_ACCEPTED, **details: object
    ) -> None:
        """Let a running step go on with a changed source or graph, and say so in the audit.

        Its ends, total and fingerprint are replaced in one write, together with the audit's line.

        Raises:
            LeaseLost: If the run has another owner by now; nothing was written.
        """
        now, note_id = self._session.patience.clock.now(), uuid4().hex
        line = AuditRow(now, self._who, what, {"step": step, **details})

        def accept(tx: LedgerTransaction) -> None:
            accept_changes(tx, self.run.id, step, accepted)
            note(tx, self.run.id, note_id, line)

        hit("step.before_accept")
        self._write(accept)
        hit("step.after_accept")

    def measure(self, of: Pass, measurements: Sequence[Measurement]) -> None:
        """Write down committed chunks as they are now, in one transaction.

        Raises:
            LeaseLost: If the run has another owner by now; nothing was written.
        """
        binds = [measurement_binds(self.run.id, of, one) for one in measurements]
        if binds:
            self._write(lambda tx: tx.executemany("insert_measurement", binds))

    def forget(self, of: Pass, **details: object) -> None:
        """Forget the chunks of a pass, for its target lost some; what it knows is measured again.

        Raises:
            LeaseLost: If the run has another owner by now; nothing was written.
        """
        now, note_id = self._session.patience.clock.now(), uuid4().hex
        line = AuditRow(now, self._who, COMMITS_LOST, {"step": of.step, **details})

        def forget(tx: LedgerTransaction) -> None:
            tx.execute("delete_measurements", **pass_binds(self.run.id, of))
            note(tx, self.run.id, note_id, line)

        self._write(forget)

    def end_step(
        self,
        step: str,
        status: StepStatus,
        *,
        counts: Counts | None = None,
        value: str | None = None,
        error: str | None = None,
        seconds: float | None = None,
    ) -> None:
        """Write how a step ended.

        Args:
            step: Its name.
            status: `done`, `failed` or `stopped`.
            counts: Its fates; without them the sums of its measurements are shown.
            value: What a task or an atomic step gave, as JSON text.
            error: The cause, if it failed.
            seconds: What the attempt took; None if it was no attempt at the whole step.

        Raises:
            InvalidTransition: If it is not running; nothing was written.
            LeaseLost: If the run has another owner by now; nothing was written.
        """
        now = self._session.patience.clock.now()

        def end(tx: LedgerTransaction) -> None:
            ended = tx.execute(
                "end_step",
                run_id=self.run.id,
                step=step,
                status=status,
                value=value,
                error=storable(error),
                now=now,
                seconds=seconds,
                allowed=spaced_sources_of(status),
                **count_binds(counts),
            )
            self._claims.give_back(tx, step)
            current = status if ended else self._step_status(tx, step)
            if not ended and not (tx.is_repeated and current is status):
                check_step_transition(current, status)

        self._write(end)

    def claim(self, step: str, uses: Uses) -> Wait | None:
        """Ask for all that a step uses of the limits that runs share; `end_step` gives it back.

        Returns:
            None if the step has it all, else what it waits for: then it has nothing but its place
            among those that wait. Ask again; who has not asked does not wait.

        Raises:
            LeaseLost: If the run has another owner by now; nothing was written.
        """
        return self._claims.claim(step, uses)

    def wait_step(self, step: str, waits_for: str) -> None:
        """Write down what a step waits for, which has not begun; forgotten when it begins.

        Raises:
            LeaseLost: If the run has another owner by now; nothing was written.
        """
        binds = {"run_id": self.run.id, "step": step, "waits_for": storable(waits_for)}
        self._write(lambda tx: tx.execute("wait_step", **binds))

    def become(self, status: RunStatus, *, error: str | None = None) -> None:
        """Move the run to another status.

        Args:
            status: Where to; `stopped`, `failed`, `done` and `cancelled` end the ownership.
            error: The cause, if it failed.

        Raises:
            InvalidTransition: If its status does not allow that; nothing was written.
            LeaseLost: If the run has another owner by now; nothing was written.
        """
        now, note_id = self._session.patience.clock.now(), uuid4().hex
        is_end = status not in _AT_WORK

        def move(tx: LedgerTransaction) -> None:
            moved = tx.execute(
                "become",
                run_id=self.run.id,
                epoch=self.run.epoch,
                status=status,
                error=storable(error),
                ended_at=now if is_end else None,
                is_end=int(is_end),
                allowed=spaced(sources_of(status)),
            )
            if is_end:
                tx.execute("delete_claims", run_id=self.run.id)
            current = status if moved else run_of(row_of(tx, self.run.id)).status
            if not moved and not (tx.is_repeated and current is status):
                check_transition(current, status)
            note(tx, self.run.id, note_id, AuditRow(now, self._who, status.value, {}))

        self._write(move)

    def note(self, what: str, **details: object) -> None:
        """Add a line to the audit.

        Raises:
            LeaseLost: If the run has another owner by now; nothing was written.
        """
        note_id = uuid4().hex
        line = AuditRow(self._session.patience.clock.now(), self._who, what, details)
        self._write(lambda tx: note(tx, self.run.id, note_id, line))

    def _write(self, work: Callable[[LedgerTransaction], T]) -> T:
        def held(tx: LedgerTransaction) -> T:
            if not tx.execute("hold_run", run_id=self.run.id, epoch=self.run.epoch):
                raise self._lease_lost(run_of(row_of(tx, self.run.id)))
            return work(tx)

        return self._session.write(held)

    def _step_status(self, tx: LedgerTransaction, step: str) -> StepStatus:
        rows = tx.query("select_step_status", run_id=self.run.id, step=step)
        return StepStatus(rows[0].status) if rows else StepStatus.WAITING

    def _lease_lost(self, run: RunRow) -> LeaseLost:
        return LeaseLost(
            f"run {run.id} is owned by {run.owner} by now, at epoch {run.epoch}",
            hint="leave it to its new owner; see daybreak status",
            run=run.id,
            epoch=self.run.epoch,
        )
