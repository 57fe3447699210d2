"""Looking at runs: which there are, and how one stands. Nothing is changed.

Everything here opens the ledger as a reader. What a run set aside is `quarantine`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from ..execution.sweeping import remaining_text
from ..ledger import passes
from ..ledger.rows import AuditRow, RunRow, StepDetails
from ..ledger.store import LedgerStore
from ..model import progress
from ..model.eta import Estimate, eta_of
from ..model.fate import Counts
from ..model.progress import Measurement
from ..model.status import RunStatus, StepStatus
from .run_lock import host_name, is_held

OWNER_GONE: Final = "owner gone"
"""How a run is shown that is at work by the ledger, but whose owner is not alive."""

_AT_WORK: Final = frozenset({RunStatus.RUNNING, RunStatus.STOPPING, RunStatus.PAUSED})


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run, as one line of a table."""

    run: int
    job: str
    night: date | None
    number: int
    """1, or more for runs made by `--again`."""

    state: str
    """Its status, or `OWNER_GONE`."""

    started_at: datetime | None
    ended_at: datetime | None
    records: int
    """Input records of all steps that have a fate."""

    quarantined: int

    @property
    def is_resumable(self) -> bool:
        """Whether the same command goes on with it."""
        return self.state in {RunStatus.STOPPED.value, RunStatus.FAILED.value, OWNER_GONE}


@dataclass(frozen=True, slots=True)
class KnobLine:
    """How the knobs of a step stand that turns them by what it measures."""

    at: datetime
    chunk: int
    """Records a chunk."""

    parallel: int
    """Chunks in flight."""

    reason: str
    """Which was turned last, and why."""


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step of a run, as one line of a table."""

    step: str
    status: StepStatus
    total: int | None
    counts: Counts
    per_s: float | None
    """Records per second while it was at work; None if nothing was measured."""

    started_at: datetime | None
    ended_at: datetime | None
    impact: str
    error: str | None
    waits_for: str | None
    """The shared limit at which it waits."""

    pass_number: int
    """1, or more for a step that has begun again."""

    outdated_by: Sequence[str]
    """Steps before it that have begun again since it was made from them."""

    knobs: KnobLine | None = None
    """How its knobs stand, or stood last, if it turned them itself."""

    estimate: Estimate | None = None
    """How long its rest takes, if it is at work and its number of records is known."""


@dataclass(frozen=True, slots=True)
class NoteLine:
    """What a person decided about a run that was under way."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class RunReport:
    """How one run stands."""

    line: RunLine
    job_file: str
    folder: str
    parameters: Mapping[str, Any]
    databases: Mapping[str, str]
    owner: str
    """Host and process of its present or last owner; empty if it never had one."""

    owners: int
    """How many owners it has had."""

    error: str | None
    steps: Sequence[StepLine]
    notes: Sequence[NoteLine]
    """Restarts, accepted changes and what remains of swept queries, the oldest first."""


def runs(ledger: str, limit: int = 20) -> list[RunLine]:
    """Return the newest runs of a ledger, the newest first.

    Raises:
        PreflightError: If there is no ledger, or it cannot be read.
    """
    with reading(ledger) as store:
        now = store.now()
        return [_line_of(run, store.steps(run.id), now) for run in store.runs(limit)]


def run_report(ledger: str, run_id: int) -> RunReport:
    """Return how one run stands.

    Raises:
        LedgerError: If there is none of that number.
        PreflightError: If there is no ledger, or it cannot be read.
    """
    with reading(ledger) as store:
        run = store.run(run_id)
        steps = store.steps(run_id)
        audit = store.audit(run_id)
        now = store.now()
        is_at_work = run.status in _AT_WORK and not is_owner_gone(run, now)
        return RunReport(
            line=_line_of(run, steps, now),
            job_file=run.job_file,
            folder=run.folder,
            parameters=run.parameters,
            databases=run.databases,
            owner="" if run.owner is None else str(run.owner),
            owners=run.epoch,
            error=run.error,
            steps=[
                _step_line(
                    step,
                    store.measurements(run_id, step.step),
                    steps,
                    knobs=_knobs_of(step, audit),
                    expected=_expected_of(step, audit),
                    now=now,
                    is_at_work=is_at_work,
                )
                for step in steps
            ],
            notes=list(_notes(audit)),
        )


# ---------------------------------------------------------------- lines from the ledger


@contextmanager
def reading(ledger: str) -> Iterator[LedgerStore]:
    """Open a ledger to look at it, as long as the block lasts.

    Raises:
        PreflightError: If there is none, or it cannot be read.
    """
    store = LedgerStore.open(ledger, is_reader=True)
    try:
        yield store
    finally:
        store.close()


def _line_of(run: RunRow, steps: Iterable[StepDetails], now: datetime) -> RunLine:
    counts = sum((step.counts for step in steps), Counts())
    return RunLine(
        run=run.id,
        job=run.job,
        night=run.night,
        number=run.number,
        state=OWNER_GONE if is_owner_gone(run, now) else run.status.value,
        started_at=run.started_at,
        ended_at=run.ended_at,
        records=counts.decided,
        quarantined=counts.quarantined,
    )


def is_owner_gone(run: RunRow, now: datetime) -> bool:
    """Say whether a run is at work by the ledger, but its owner is not alive; for display only.

    On this machine the lock in the run's folder says so; of another machine only the lease does.

    Args:
        run: The run.
        now: By the clock that lease ends are written by.
    """
    if run.status not in _AT_WORK or run.owner is None:
        return False
    if run.owner.host == host_name() and Path(run.folder).is_dir():
        return not is_held(Path(run.folder), run.owner.host)
    return run.lease is None or not run.lease.is_current(now)


def _notes(lines: Iterable[AuditRow]) -> Iterator[NoteLine]:
    for line in lines:
        match line.what:
            case passes.BEGUN_AGAIN:
                steps = ", ".join(f"{name} (pass {n})" for name, n in line.details["steps"].items())
                undone = line.details["undone"]
                by_hand = f"; undone by hand: {', '.join(undone)}" if undone else ""
                yield NoteLine(line.at, f"begun again by {line.details['by']}: {steps}{by_hand}")
            case progress.CHANGES_ACCEPTED:
                yield NoteLine(line.at, f"accepted: {line.details['changed']}")
            case progress.START_FORCED:
                yield NoteLine(
                    line.at, f"start forced: {line.details['reason']} ({line.details['because']})"
                )
            case progress.REMAINING:
                left = remaining_text(line.details["rows"], line.details["quarantined"])
                sweeps = line.details["sweeps"]
                after = f" after {sweeps} {'sweep' if sweeps == 1 else 'sweeps'}" if sweeps else ""
                yield NoteLine(line.at, f"{line.details['step']}{after}: {left}")


def _step_line(
    step: StepDetails,
    measurements: Sequence[Measurement],
    steps: Iterable[StepDetails],
    *,
    knobs: KnobLine | None,
    expected: tuple[int, float] | None,
    now: datetime,
    is_at_work: bool,
) -> StepLine:
    busy_s = busy(measurements)
    read = sum(one.counts.read for one in measurements)
    return StepLine(
        step=step.step,
        status=step.status,
        total=step.total,
        counts=step.counts,
        per_s=read / busy_s if busy_s else None,
        started_at=step.started_at,
        ended_at=step.ended_at,
        impact=step.impact,
        error=step.error,
        waits_for=step.waits_for if is_at_work else None,
        pass_number=step.pass_number,
        outdated_by=step.outdated_by({one.step: one for one in steps}),
        knobs=knobs,
        estimate=_estimate_of(step, measurements, expected, now) if is_at_work else None,
    )


def _estimate_of(
    step: StepDetails,
    measurements: Sequence[Measurement],
    expected: tuple[int, float] | None,
    now: datetime,
) -> Estimate | None:
    """Return how long the rest of a step takes that is at work, from what its chunks took.

    Args:
        step: The step.
        measurements: Its chunks.
        expected: About how many records it has and the doubt of it, if its source cannot count.
        now: The present instant.
    """
    total, doubt = (step.total, 0.0) if expected is None else expected
    if step.status is not StepStatus.RUNNING or not total or not measurements:
        return None
    chunks = ((one.counts.read, one.committed_at, one.duration_s) for one in measurements)
    estimate = eta_of(total, chunks, doubt=doubt).estimate()
    last = max(one.committed_at for one in measurements)
    return None if estimate is None else estimate.later((now - last).total_seconds())


def _expected_of(step: StepDetails, audit: Iterable[AuditRow]) -> tuple[int, float] | None:
    """Return about how many records a step has and the doubt of it, as it was noted last."""
    found = None
    for line in audit:
        if line.what == progress.EXPECTED and line.details["step"] == step.step:
            found = line.details["records"], line.details["doubt"]
    return found if step.total is None else None


def _knobs_of(step: StepDetails, audit: Iterable[AuditRow]) -> KnobLine | None:
    """Return how the knobs of a step stood when that was noted last."""
    found = None
    for line in audit:
        if line.what == progress.KNOBS_TURNED and line.details["step"] == step.step:
            told = line.details
            found = KnobLine(line.at, told["chunk"], told["parallel"], told["reason"])
    return found


def busy(measurements: Iterable[Measurement]) -> float:
    """Return for how many seconds at least one chunk was in the works.

    Pauses between two attempts do not count; chunks side by side count once.

    Complexity: O(n log n).
    """
    spans = sorted(
        (one.committed_at - timedelta(seconds=one.duration_s), one.committed_at)
        for one in measurements
    )
    total = timedelta()
    upto: datetime | None = None
    for began, ended in spans:
        if upto is None or began >= upto:
            total += ended - began
        elif ended > upto:
            total += ended - upto
        upto = ended if upto is None else max(upto, ended)
    return total.total_seconds()
