"""Erasing what quarantine holds about a person, or for too long: counts and fates stay.

A record that is erased keeps its row, so that the proof still holds, and loses its bytes, its
details, and a place or a reason that holds the key. It cannot be replayed any more. The source
itself, the run's log and exports are elsewhere, and not touched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ..connectors.csv_kept import KeptRows
from ..databases.target import DatabaseTarget
from ..errors import TransientError
from ..execution.targets import Targets
from ..ledger.clock import SystemClock
from ..ledger.owned import OwnedRun
from ..ledger.rows import RunRow
from ..ledger.store import LedgerStore
from ..model.ownership import Pass
from ..model.status import RunStatus, StepStatus
from ..telemetry import Telemetry
from .owning import opened_ledger, owned_run
from .quarantine import QuarantinedRecord, RunQuarantine, targets_of
from .register import targets_besides
from .settings import Settings

ERASED: Final = "erased"
"""Stands in place of what was erased."""


@dataclass(frozen=True, slots=True)
class Key:
    """Whose records are to be erased."""

    value: str
    field: str | None = None
    """In which field it stands; None for any, and for a record's place."""

    @classmethod
    def of(cls, text: str) -> Key:
        """Read `KEY` or `FIELD=VALUE`."""
        field, equals, value = text.partition("=")
        return cls(value, field) if equals and field.isidentifier() else cls(text)

    def matches(self, record: QuarantinedRecord, rows: KeptRows | None) -> bool:
        """Whether a record has this key, by its fields, its details or its place.

        In bytes that cannot be taken apart into fields the value counts wherever it stands as a
        word of its own: rather one record too many than a person's left behind.
        """
        if self._is_in(record.details) or (self.field is None and record.place == self.value):
            return True
        fields = None if rows is None else rows.record(record.raw)
        if fields is not None:
            return self._is_in(fields)
        text = record.raw.decode(rows.dialect.codec if rows else "utf-8", "replace")
        return _as_word(self.value).search(text) is not None

    def _is_in(self, fields: Mapping[str, Any]) -> bool:
        if self.field is not None:
            return self.field in fields and str(fields[self.field]) == self.value
        return any(str(value) == self.value for value in fields.values())

    @property
    def told(self) -> Mapping[str, object]:
        """What the audit says of it: never the key."""
        return {"by": "key"} if self.field is None else {"by": "key", "field": self.field}

    def left_of(self, text: str) -> str:
        """Return a place or a reason, unless it holds the key."""
        return ERASED if self.value in text else text


@dataclass(frozen=True, slots=True)
class Age:
    """How old records are that are to be erased."""

    days: int
    now: datetime

    @property
    def told(self) -> Mapping[str, object]:
        """What the audit says of it."""
        return {"by": "age", "days": self.days}

    def matches(self, record: QuarantinedRecord, _rows: KeptRows | None) -> bool:
        """Whether a record was set aside more than `days` days ago."""
        since = self.now - timedelta(days=self.days)
        return record.set_aside_at is not None and record.set_aside_at < since

    def left_of(self, _text: str) -> str:
        """Return nothing of a place or a reason: which part of it is personal nobody knows."""
        return ERASED


def _as_word(value: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(value)}(?!\w)")


def erase(ledger: str, run_id: int, what: Key | Age, settings: Settings) -> int:
    """Erase records from a run's quarantine; return how many there were.

    The audit says how many, and never the key.

    Args:
        ledger: The ledger's URL.
        run_id: The run; nobody may be at work at it.
        what: Whose, or how old ones.
        settings: URLs with credentials, lease and patience.

    Raises:
        RunOwned: If another process owns the run; nothing was erased.
        DatabaseUnreachable: If a database cannot be read with what is known of it.
    """
    store = opened_ledger(ledger, settings)
    try:
        run = store.run(run_id)
        targets = targets_of(run, settings.databases)
        targets += targets_besides(ledger, store.steps(run_id), SystemClock())
        if not _meant(RunQuarantine(run, store.steps(run_id), targets, is_whole=True), what):
            return 0
        with owned_run(store, run, settings, Telemetry(), SystemClock(), reopens=True) as owned:
            try:
                number = _Erasing(store, run, owned, what).of(targets)
            finally:
                _leave(owned, run)
            return number
    finally:
        store.close()


def _meant(quarantine: RunQuarantine, what: Key | Age) -> dict[Pass, list[QuarantinedRecord]]:
    """Return what is to be erased by pass: that of a restarted step keeps its records too."""
    found: dict[Pass, list[QuarantinedRecord]] = {}
    for step in quarantine.steps:
        for one in quarantine.records(step):
            if not one.is_erased and what.matches(one, quarantine.rows.get(step)):
                found.setdefault(Pass(step, one.pass_number), []).append(one)
    return found


@dataclass(frozen=True, slots=True)
class _Erasing:
    """One owner's erasing."""

    store: LedgerStore
    run: RunRow
    owned: OwnedRun
    what: Key | Age

    def of(self, targets: Sequence[DatabaseTarget]) -> int:
        """Erase in all targets, and write the audit."""
        joined = Targets(self.owned.ownership)
        number = 0
        for target in targets:
            joined.join(target)
            number += self._in(target)
        self.owned.note(ERASED, records=number, **self.what.told)
        return number

    def _in(self, target: DatabaseTarget) -> int:
        steps = self.store.steps(self.run.id)
        meant = _meant(RunQuarantine(self.run, steps, [target], is_whole=True), self.what)
        for of, records in meant.items():
            binds = [
                {
                    "range_after": one.range_after,
                    "origin": one.origin,
                    "place": self.what.left_of(one.place),
                    "reason": self.what.left_of(one.reason),
                }
                for one in records
            ]
            _erase_once(target, self.owned, of, binds)
        return sum(map(len, meant.values()))


def _erase_once(
    target: DatabaseTarget, owned: OwnedRun, of: Pass, binds: Sequence[Mapping[str, Any]]
) -> None:
    try:
        target.erase(owned.ownership, of, binds)
    except TransientError:
        target.erase(owned.ownership, of, binds)  # erasing twice is erasing once


def _leave(owned: OwnedRun, run: RunRow) -> None:
    """Give the run back as it was found; whose owner is gone is stopped, resumable."""
    rows = owned.steps().values()
    if run.status is RunStatus.FAILED:
        owned.become(RunStatus.FAILED, error=run.error)
    elif rows and all(row.status is StepStatus.DONE for row in rows):
        owned.become(RunStatus.DONE)
    else:
        owned.become(RunStatus.STOPPING)
        owned.become(RunStatus.STOPPED)
