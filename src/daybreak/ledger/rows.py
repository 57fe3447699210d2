"""What the ledger's rows say, as values: runs, steps, measurements, audit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from ..model.fate import Counts
from ..model.knobs import Knobs
from ..model.ownership import Pass
from ..model.progress import Former, Measurement, StepRow
from ..model.ranges import Range
from ..model.row import Row
from ..model.shares import Claim
from ..model.status import RunStatus, StepStatus


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that owns a run, or wants to."""

    host: str
    pid: int
    lock_id: str
    """Names the run's lock file as this machine's kernel sees it; empty without such a lock."""

    def __str__(self) -> str:
        return f"{self.host}, pid {self.pid}"


@dataclass(frozen=True, slots=True)
class Lease:
    """What is known of an owner's lease.

    Whether the owner lives is not: a killed one is known by its lock file, or by a beat that
    stays the same for `length_s` (see `ownership`).
    """

    length_s: float
    beat: int
    """Counts up with every sign of life."""

    ends_at: datetime | None
    """By `LedgerStore.now`, for people: clocks jump, so nothing is decided by it."""

    def is_current(self, now: datetime) -> bool:
        """Say whether it has not ended yet, by `LedgerStore.now`; for people."""
        return self.ends_at is not None and now < self.ends_at


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run, as the ledger knows it."""

    id: int
    job: str
    job_file: str
    identity_key: str
    family_key: str
    number: int
    """1, or more for runs made by `--again`."""

    night: date | None
    parameters: Mapping[str, Any]
    databases: Mapping[str, str]
    """Name to URL, without credentials."""

    folder: str
    status: RunStatus
    epoch: int
    """How many owners it has had."""

    owner: Owner | None
    """The present or the last owner; None if it never had one."""

    lease: Lease | None
    created_at: datetime
    started_at: datetime | None
    """When its first owner took it."""

    ended_at: datetime | None
    """When its last owner ended; None while it is owned."""

    error: str | None

    @property
    def is_final(self) -> bool:
        """Whether it can never be resumed."""
        return self.status in (RunStatus.DONE, RunStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step that a run is going to have."""

    step: str
    impact: str
    """What breaks, and for whom, if it does not finish."""


@dataclass(frozen=True, slots=True)
class StepDetails(StepRow):
    """A step of a run, with what people want to see."""

    impact: str
    """What breaks, and for whom, if it does not finish."""

    waits_for: str | None
    """The shared limit at which it waits, if its owner is at work."""

    started_at: datetime | None
    """When it first began."""

    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One line of the audit."""

    at: datetime
    who: str
    what: str
    details: Mapping[str, Any]


def run_of(row: Row) -> RunRow:
    """Read a row of `runs`."""
    return RunRow(
        id=row.id,
        job=row.job,
        job_file=row.job_file,
        identity_key=row.identity_key,
        family_key=row.family_key,
        number=row.number,
        night=row.night if isinstance(row.night, date | None) else date.fromisoformat(row.night),
        parameters=json.loads(row.parameters),
        databases=json.loads(row.databases),
        folder=row.folder,
        status=RunStatus(row.status),
        epoch=row.epoch,
        owner=None if row.epoch == 0 else Owner(row.owner_host, row.owner_pid, row.owner_lock),
        lease=None if row.epoch == 0 else Lease(row.lease_s, row.beat, _instant(row.lease_until)),
        created_at=instant(row.created_at),
        started_at=_instant(row.started_at),
        ended_at=_instant(row.ended_at),
        error=row.error,
    )


def step_of(row: Row) -> StepDetails:
    """Read a row of `select_steps`."""
    return StepDetails(
        step=row.step,
        status=StepStatus(row.status),
        pass_number=row["pass"],
        whole=None if row.range_upto is None else Range(row.range_after, row.range_upto),
        total=row.total,
        fingerprint=None if row.fingerprint is None else json.loads(row.fingerprint),
        counts=_counts_of(row),
        value=row.value,
        error=row.error,
        code=row.code,
        former=_former_of(row.former),
        upstream={} if row.upstream is None else json.loads(row.upstream),
        impact=row.impact or "",
        waits_for=row.waits_for,
        started_at=_instant(row.started_at),
        ended_at=_instant(row.ended_at),
    )


def _former_of(text: str | None) -> Former | None:
    if text is None:
        return None
    data = json.loads(text)
    return Former(data["pass"], data["facts"])


def former_text(former: Former | None) -> str | None:
    """Return what a former pass left as the ledger keeps it."""
    return None if former is None else as_json({"pass": former.number, "facts": former.facts})


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """What one step claims of the limits that runs share."""

    run: RunRow
    """Whose step it is."""

    step: str
    uses: Mapping[str, int]
    claimed_at: datetime
    granted_at: datetime | None
    """Since when it has what it uses; None while it waits."""

    @property
    def claim(self) -> Claim:
        """It as those decide about it who know nothing of runs."""
        return Claim(f"run {self.run.id} step {self.step}", self.uses)


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A limit that the runs of a ledger share."""

    name: str
    units: int
    set_by: str
    set_at: datetime


def claim_of(row: Row) -> ClaimRow:
    """Read a row of `select_claims`."""
    return ClaimRow(
        run=run_of(row),
        step=row.step,
        uses=json.loads(row.uses),
        claimed_at=instant(row.claimed_at),
        granted_at=_instant(row.granted_at),
    )


def limit_of(row: Row) -> LimitRow:
    """Read a row of `limits`."""
    return LimitRow(row.name, row.units, row.set_by, instant(row.set_at))


def measurement_of(row: Row) -> Measurement:
    """Read a row of `measurements`."""
    return Measurement(
        part=Range(row.range_after, row.range_upto),
        counts=_counts_of(row),
        bytes_read=row.bytes_read,
        duration_s=row.duration_s,
        committed_at=instant(row.committed_at),
    )


def audit_of(row: Row) -> AuditRow:
    """Read a row of `audit`."""
    return AuditRow(instant(row.at), row.who, row.what, json.loads(row.details))


def _counts_of(row: Row) -> Counts:
    return Counts(
        read=row.records_read,
        passed=row.records_passed,
        filtered=row.records_filtered,
        quarantined=row.records_quarantined,
        superseded=row.records_superseded,
        written=row.rows_written,
    )


def count_binds(counts: Counts | None) -> dict[str, int | None]:
    """Return counts as binds; all None if they are not known."""
    return {
        "records_read": counts.read if counts else None,
        "records_passed": counts.passed if counts else None,
        "records_filtered": counts.filtered if counts else None,
        "records_quarantined": counts.quarantined if counts else None,
        "records_superseded": counts.superseded if counts else None,
        "rows_written": counts.written if counts else None,
    }


def knob_binds(knobs: Knobs | None) -> dict[str, int | None]:
    """Return the knobs of an attempt that begins as binds; without knobs none begins."""
    return {
        "begins": int(knobs is not None),
        "parallel": None if knobs is None else knobs.parallel,
        "chunk": None if knobs is None else knobs.chunk,
    }


def instant(value: datetime | str) -> datetime:
    """Return what was stored for an instant, aware, in UTC."""
    return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


def _instant(value: datetime | str | None) -> datetime | None:
    return None if value is None else instant(value)


def storable(text: str | None) -> str | None:
    """Return a text that every database can keep: no NUL, nothing that is not Unicode."""
    if text is None:
        return None
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode("utf-8")


def as_json(data: object) -> str:
    """Return JSON text, in ASCII; what JSON cannot say is said as its text."""
    return json.dumps(data, default=str, sort_keys=True)


def pass_binds(run_id: int, of: Pass) -> dict[str, object]:
    """Return a pass of a run as binds."""
    return {"run_id": run_id, "step": of.step, "pass": of.number}


def measurement_binds(run_id: int, of: Pass, one: Measurement) -> dict[str, object]:
    """Return a committed chunk as binds."""
    return {
        **pass_binds(run_id, of),
        "range_after": one.part.after,
        "range_upto": one.part.upto,
        **count_binds(one.counts),
        "bytes_read": one.bytes_read,
        "duration_s": one.duration_s,
        "committed_at": one.committed_at,
    }
