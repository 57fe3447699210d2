"""What the steps of a job took in its past runs: the one place where foresight reads the ledger.

The plan, the ETA and the record of how good forecasts were are all readings of these rows. What a
chunk took, one by one, is `LedgerStore.measurements`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from ..model.row import Row
from .rows import as_json, instant
from .session import LedgerSession

RUNS_MOST: Final = 400
"""Runs that are looked back at: more than a year of nights."""


@dataclass(frozen=True, slots=True)
class StepTime:
    """What one finished step took in one run."""

    run: int
    night: date | None
    """The business date of the run, for jobs with a window."""

    began_at: datetime
    """When it first began."""

    step: str
    records: int | None
    """Input records of a step in chunks; None for a task or an atomic step."""

    volume: int
    """The most records that any step of the same run read: how large the night was."""

    seconds: float
    """At work, from its first look at its source to its proof. Pauses between attempts and waits
    for shared limits are left out; so is, of a task, what came before its last attempt."""

    attempts: int
    """How often it began; 0 if an older release did not count."""

    parallel: int | None
    """Chunks in flight in its last attempt; None if an older release did not keep it."""

    chunk: int | None
    """Records a chunk in its last attempt; None if an older release did not keep it."""

    chunks: int
    chunk_s: float
    """What its chunks took on average, from the read to the commit; 0 without chunks."""

    chunk_s_max: float
    """What its slowest chunk took."""


def history(
    session: LedgerSession,
    job: str,
    *,
    step: str | None = None,
    databases: Mapping[str, str] | None = None,
    runs_most: int = RUNS_MOST,
) -> list[StepTime]:
    """Return what the finished steps of a job's newest runs took, the oldest run first.

    Steps whose seconds cannot be known are left out: an older release wrote them down, and they
    had several owners.

    Args:
        session: The ledger's.
        job: Its name.
        step: Only of this step; of all by default.
        databases: Only of runs on these databases, name to URL without credentials.
        runs_most: How many runs are looked back at.

    Complexity: one query; O(chunks of those runs).
    """
    rows = session.read("select_history", job=job, runs_most=runs_most)
    if databases is not None:
        wanted = as_json(dict(databases))
        rows = [row for row in rows if row.databases == wanted]
    volumes = _volumes(rows)
    times = (_time_of(row, volumes[row.run_id]) for row in rows if step in (None, row.step))
    return [time for time in times if time is not None]


def _volumes(rows: Iterable[Row]) -> dict[int, int]:
    volumes: dict[int, int] = {}
    for row in rows:
        volumes[row.run_id] = max(volumes.get(row.run_id, 0), row.records or 0)
    return volumes


def _time_of(row: Row, volume: int) -> StepTime | None:
    seconds = _seconds_of(row)
    if seconds is None:
        return None
    return StepTime(
        run=row.run_id,
        night=row.night if isinstance(row.night, date | None) else date.fromisoformat(row.night),
        began_at=instant(row.started_at),
        step=row.step,
        records=row.records,
        volume=volume,
        seconds=seconds,
        attempts=row.attempts or 0,
        parallel=row.parallel,
        chunk=row.chunk,
        chunks=row.chunks,
        chunk_s=row.chunk_s / row.chunks if row.chunks else 0.0,
        chunk_s_max=row.chunk_s_max,
    )


def _seconds_of(row: Row) -> float | None:
    if row.seconds is not None:
        # An attempt that was killed could not write down what it took, but its chunks did.
        return float(max(row.seconds, row.chunk_s / (row.parallel or 1)))
    if row.epoch > 1 or row.started_at is None or row.ended_at is None:
        return None
    return (instant(row.ended_at) - instant(row.started_at)).total_seconds()
