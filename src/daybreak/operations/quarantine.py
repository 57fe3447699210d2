"""What a run set aside: its causes, and the records with their bytes. Nothing is changed.

The ledger says which run and which databases are meant; the records are in the databases.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ..connectors.csv_kept import KeptRows
from ..databases.target import DatabaseTarget
from ..databases.url import without_credentials
from ..errors import DatabaseUnreachable, DefinitionError, RightsMissing, SchemaMismatch
from ..ledger.clock import SystemClock
from ..ledger.rows import RunRow, StepDetails
from ..model.row import Row
from .inspect import reading
from .places import ENVIRONMENT_DATABASE, database_url, is_missing_file
from .record_ids import record_id
from .register import targets_besides

SAMPLES: Final = 3


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
    id: str = ""
    """By what an edited export names it again: `record_ids`."""

    pass_number: int = 1
    """In which go over the step's input it was set aside."""

    range_after: str = ""
    """Where the range begins in which it was read."""

    origin: int = 0
    """Its place within the range, from 0."""

    @property
    def is_erased(self) -> bool:
        """Whether nothing of it is left but its fate.

        Where a file breaks off a row without any byte is set aside; but it has its details.
        """
        return not self.raw and not self.details


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
        return _grouped(quarantine, quarantine.steps_meant(step), samples)


def causes_in(
    run: RunRow, steps: Sequence[StepDetails], targets: Sequence[DatabaseTarget]
) -> list[QuarantineCause]:
    """Return why records of a run were set aside, by the word of the targets given."""
    quarantine = RunQuarantine(run, steps, targets)
    return _grouped(quarantine, quarantine.steps, SAMPLES)


def _grouped(
    quarantine: RunQuarantine, wanted: Sequence[str], samples: int
) -> list[QuarantineCause]:
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


def kept_rows(ledger: str, run_id: int) -> dict[str, KeptRows]:
    """Return how the rows are written that a run's steps read from CSV files, by step.

    A step whose files have different columns is left out.
    """
    with reading(ledger) as store:
        return RunQuarantine(store.run(run_id), store.steps(run_id), []).rows


# ---------------------------------------------------------------- what the targets hold


class RunQuarantine:
    """What a run set aside, over all its databases.

    Args:
        run: The run.
        steps: Its steps, in order.
        targets: Its databases.
        is_whole: Whether what passes before the present one of a step set aside is meant too.
    """

    def __init__(
        self,
        run: RunRow,
        steps: Sequence[StepDetails],
        targets: Sequence[DatabaseTarget],
        *,
        is_whole: bool = False,
    ) -> None:
        self._is_whole = is_whole
        self._key = run.identity_key
        self._targets = targets
        self._passes = {step.step: step.pass_number for step in steps}
        self._homes = {
            step.step: step.fingerprint["database"] for step in steps if step.fingerprint
        }
        self.rows = {step.step: rows for step in steps if (rows := _rows_of(step)) is not None}
        """Of the steps that read CSV files, how their rows are written."""

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
            if self._is_present(row, target)
        ]
        return sorted(rows, key=lambda row: (self._place(row.step), -row.records, row.reason))

    def records(self, step: str) -> list[QuarantinedRecord]:
        """Return the records of a step; read once."""
        if step not in self._kept:
            found = [
                self._record_of(row)
                for target in self._targets
                for row in _asked(target, lambda t: t.quarantine_list(self._key, step))
                if self._is_present(row, target)
            ]
            self._kept[step] = sorted(found, key=lambda record: _natural(record.place))
        return self._kept[step]

    def _record_of(self, row: Row) -> QuarantinedRecord:
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
            id=record_id(self._key, row.step, row["pass"], row.range_after, row.origin),
            pass_number=row["pass"],
            range_after=row.range_after,
            origin=row.origin,
        )

    def _is_present(self, row: Row, target: DatabaseTarget) -> bool:
        """Say whether a row is meant; two targets may be one database, which shows it twice."""
        if self._homes.get(row.step, target.name) != target.name:
            return False
        return self._is_whole or bool(row["pass"] == self._passes.get(row.step, row["pass"]))

    def _place(self, step: str) -> int:
        return self.steps.index(step) if step in self.steps else len(self.steps)


@contextmanager
def _quarantines(ledger: str, run_id: int, databases: Mapping[str, str]) -> Iterator[RunQuarantine]:
    with reading(ledger) as store:
        run = store.run(run_id)
        steps = store.steps(run_id)
    targets = [*targets_of(run, databases), *targets_besides(ledger, steps, SystemClock())]
    yield RunQuarantine(run, steps, targets)


def targets_of(run: RunRow, given: Mapping[str, str]) -> list[DatabaseTarget]:
    """Return the targets of a run.

    Args:
        run: As the ledger knows it.
        given: URLs by name, where more is needed than the ledger stores.

    Raises:
        DefinitionError: If a name or a database is not the run's.
    """
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


def _asked(target: DatabaseTarget, ask: Callable[[DatabaseTarget], list[Row]]) -> list[Row]:
    """Ask one database; one in which nothing of ours was ever written has set nothing aside."""
    if is_missing_file(target.url):
        raise DatabaseUnreachable(
            f"there is no file {target.url} any more, in which the run set records aside",
            hint="bring it back to where it was",
            database=target.name,
        )
    try:
        rows = ask(target)
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


def _rows_of(step: StepDetails) -> KeptRows | None:
    source = (step.fingerprint or {}).get("source")
    return KeptRows.of(source) if isinstance(source, Mapping) else None
