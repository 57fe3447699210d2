"""Looking at runs: which there are, how one stands, and what it set aside. Nothing is changed.

Everything here opens the ledger as a reader, and the targets of a run for their quarantine only.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from ..abc import Measurement
from ..databases.target import DatabaseTarget
from ..databases.url import without_credentials
from ..errors import DatabaseUnreachable, DefinitionError, RightsMissing, SchemaMismatch
from ..ledger.clock import SystemClock
from ..ledger.rows import RunRow, StepDetails
from ..ledger.store import LedgerStore
from ..model.fate import Counts
from ..model.row import Row
from ..model.status import RunStatus, StepStatus
from .places import ENVIRONMENT_DATABASE, database_url, is_missing_file
from .run_lock import host_name, is_held

OWNER_GONE: Final = "owner gone"
"""How a run is shown that is at work by the ledger, but whose owner is not alive."""

SAMPLES: Final = 3
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


@dataclass(frozen=True, slots=True)
class QuarantinedRecord:
    """One record that was set aside."""

    step: str
    place: str
    """For people: a file's line, a key."""

    stage: str
    reason: str
    details: Mapping[str, Any]
    raw: bytes
    """Its bytes as they stand in the source."""

    by_check: bool
    set_aside_at: datetime | None


@dataclass(frozen=True, slots=True)
class QuarantineCause:
    """Records of one step that were set aside for one cause."""

    step: str
    stage: str
    reason: str
    by_check: bool
    """Whether the check had refused them already."""

    records: int
    samples: Sequence[QuarantinedRecord] = field(default=())


def runs(ledger: str, limit: int = 20) -> list[RunLine]:
    """Return the newest runs of a ledger, the newest first.

    Raises:
        PreflightError: If there is no ledger, or it cannot be read.
    """
    with _reading(ledger) as store:
        now = store.now()
        return [_line_of(run, store.steps(run.id), now) for run in store.runs(limit)]


def run_report(ledger: str, run_id: int) -> RunReport:
    """Return how one run stands.

    Raises:
        LedgerError: If there is none of that number.
        PreflightError: If there is no ledger, or it cannot be read.
    """
    with _reading(ledger) as store:
        run = store.run(run_id)
        steps = store.steps(run_id)
        return RunReport(
            line=_line_of(run, steps, store.now()),
            job_file=run.job_file,
            folder=run.folder,
            parameters=run.parameters,
            databases=run.databases,
            owner="" if run.owner is None else str(run.owner),
            owners=run.epoch,
            error=run.error,
            steps=[_step_line(step, store.measurements(run_id, step.step)) for step in steps],
        )


def quarantine_causes(
    ledger: str,
    run_id: int,
    databases: Mapping[str, str] | None = None,
    *,
    step: str | None = None,
    samples: int = SAMPLES,
) -> list[QuarantineCause]:
    """Return why records of a run were set aside: by step, the commonest cause first.

    Args:
        ledger: The ledger's URL.
        run_id: The run.
        databases: Of its databases those URLs that need more than the ledger stores: it keeps no
            credentials. By name; an empty name means the only one.
        step: Only this step's.
        samples: How many records to show of each cause.

    Raises:
        DefinitionError: If the run has no such step, or `databases` names a stranger.
        DatabaseUnreachable: If a database cannot be read with what is known of it.
    """
    with _quarantines(ledger, run_id, databases or {}) as quarantine:
        wanted = quarantine.steps_meant(step)
        found = []
        for row in quarantine.causes():
            if row.step not in wanted:
                continue
            records = quarantine.records(row.step) if samples else ()
            alike = (one for one in records if _cause_of(one) == _cause_of(row))
            shown = [one for one, _place in zip(alike, range(samples), strict=False)]
            found.append(
                QuarantineCause(
                    row.step, row.stage, row.reason, bool(row.by_check), int(row.records), shown
                )
            )
        return found


def quarantine_records(
    ledger: str, run_id: int, databases: Mapping[str, str] | None = None, step: str | None = None
) -> list[QuarantinedRecord]:
    """Return the records of a run that were set aside, with their bytes; of one step or of all.

    Raises:
        DefinitionError: If the run has no such step, or `databases` names a stranger.
        DatabaseUnreachable: If a database cannot be read with what is known of it.
    """
    with _quarantines(ledger, run_id, databases or {}) as quarantine:
        names = quarantine.steps_meant(step)
        return [record for name in names for record in quarantine.records(name)]


# ---------------------------------------------------------------- lines from the ledger


@contextmanager
def _reading(ledger: str) -> Iterator[LedgerStore]:
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


def _step_line(step: StepDetails, measurements: Sequence[Measurement]) -> StepLine:
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
    )


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


# ---------------------------------------------------------------- what the targets hold


class _Quarantine:
    """What a run set aside, over all its databases; only the present pass of each step."""

    def __init__(
        self, run: RunRow, steps: Sequence[StepDetails], targets: Sequence[DatabaseTarget]
    ) -> None:
        self._key = run.identity_key
        self._targets = targets
        self._passes = {step.step: step.pass_number for step in steps}
        self._kept: dict[str, list[QuarantinedRecord]] = {}
        self.steps = [step.step for step in steps]

    def steps_meant(self, step: str | None) -> list[str]:
        """Return the one step that is meant, or all.

        Raises:
            DefinitionError: If the run has none of that name.
        """
        if step is not None and step not in self.steps:
            close = difflib.get_close_matches(step, self.steps, n=1)
            raise DefinitionError(
                f"the run has no step {step!r}",
                hint=f"did you mean {close[0]!r}?"
                if close
                else f"it has: {', '.join(self.steps) or 'none yet'}",
            )
        return self.steps if step is None else [step]

    def causes(self) -> list[Row]:
        """Return the rows of `DatabaseTarget.quarantine_causes`, in the job's order of steps."""
        rows = [
            row
            for target in self._targets
            for row in _asked(target, lambda t: t.quarantine_causes(self._key))
            if self._is_present(row)
        ]
        return sorted(rows, key=lambda row: (self._place(row.step), -row.records, row.reason))

    def records(self, step: str) -> list[QuarantinedRecord]:
        """Return the records of a step; read once."""
        if step not in self._kept:
            found = [
                _record_of(row)
                for target in self._targets
                for row in _asked(target, lambda t: t.quarantine_list(self._key, step))
                if self._is_present(row)
            ]
            self._kept[step] = sorted(found, key=lambda record: _natural(record.place))
        return self._kept[step]

    def _is_present(self, row: Row) -> bool:
        return bool(row["pass"] == self._passes.get(row.step, row["pass"]))

    def _place(self, step: str) -> int:
        return self.steps.index(step) if step in self.steps else len(self.steps)


@contextmanager
def _quarantines(ledger: str, run_id: int, databases: Mapping[str, str]) -> Iterator[_Quarantine]:
    with _reading(ledger) as store:
        run = store.run(run_id)
        steps = store.steps(run_id)
    yield _Quarantine(run, steps, _targets_of(run, databases))


def _targets_of(run: RunRow, given: Mapping[str, str]) -> list[DatabaseTarget]:
    named = dict(given)
    if "" in named and len(run.databases) == 1:
        named = {next(iter(run.databases)): named[""], **{k: v for k, v in named.items() if k}}
    for name in named:
        if name not in run.databases:
            raise DefinitionError(
                f"run {run.id} has no database {name!r}" if name else "which database is meant?",
                hint=f"write --database NAME=URL; it has: {', '.join(run.databases) or 'none'}",
            )
    job_file = Path(run.job_file)
    clock = SystemClock()
    targets = []
    for name, stored in run.databases.items():
        url = database_url(name, named.get(name), job_file, stored)
        if without_credentials(url) != stored:
            raise DefinitionError(
                f"run {run.id} used another database {name}: {stored},"
                f" not {without_credentials(url)}",
                hint="give the URL that the run was started with",
            )
        targets.append(DatabaseTarget(url, name, clock))
    return targets


def _asked(target: DatabaseTarget, ask: Any) -> list[Row]:
    """Ask one database; one in which nothing of ours was ever written has set nothing aside."""
    if is_missing_file(target.url):
        raise DatabaseUnreachable(
            f"there is no file {target.url} any more, in which the run set records aside",
            hint="bring it back to where it was",
            database=target.name,
        )
    try:
        rows: list[Row] = ask(target)
    except SchemaMismatch:
        return []
    except (DatabaseUnreachable, RightsMissing) as error:
        raise DatabaseUnreachable(
            f"cannot read the quarantine in {target.name}: {error}",
            hint="the ledger keeps no credentials: give them with --database"
            f" {target.name}=URL, or set {ENVIRONMENT_DATABASE}{target.name.upper()}",
            database=target.name,
        ) from error
    return rows


def _natural(place: str) -> list[tuple[int, str]]:
    """Return what sorts places as people count them: line 9 before line 10."""
    parts = re.split(r"(\d+)", place)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _cause_of(one: Any) -> tuple[str, str, bool]:
    return one.stage, one.reason, bool(one.by_check)


def _record_of(row: Row) -> QuarantinedRecord:
    at = row.set_aside_at
    return QuarantinedRecord(
        step=row.step,
        place=row.place,
        stage=row.stage,
        reason=row.reason,
        details=json.loads(row.details) if isinstance(row.details, str) else row.details,
        raw=bytes(row.raw),
        by_check=bool(row.by_check),
        set_aside_at=datetime.fromisoformat(at) if isinstance(at, str) else at,
    )
