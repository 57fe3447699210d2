"""The steps' own functions, called with the run and the job's parameters."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..abc import Clock, Target, Transaction
from ..databases import Database
from ..databases.session import Connect, connect
from ..databases.target import DatabaseTarget
from ..errors import SourceChanged
from ..execution.plan import ChunkedPlan
from ..model.fate import Counts
from ..model.job import Step
from ..model.knobs import Knobs
from ..model.parameters import RUN
from ..telemetry import Telemetry
from .disk import disk_findings
from .kept_values import KeptValues
from .meanings import Reading, plan_of
from .preflight import refuse
from .register import REGISTER, register_at
from .run_handle import Run

if TYPE_CHECKING:
    from ..connectors.file_sink import FileSink
    from ..connectors.files_target import FilesTarget


class StepBodies:
    """`execution.plan.Bodies` of one attempt.

    Args:
        is_rehearsal: What `run.rehearsal` says.
        opens: By database, how targets open sessions, if not as ever; then all of them must be
            named, so that none is opened otherwise by an oversight.
        kept_folder: Of the run that gave the values of earlier steps, if it is another one.
        register: Where the steps that write files enter their parts: the ledger's URL. Without
            one it is a file of its own in the folder.
        disk_free_bytes_min: How much room there must be where a step writes a file.
    """

    def __init__(
        self,
        *,
        run_id: str,
        folder: Path,
        night: date | None,
        started_at: datetime,
        parameters: Mapping[str, Any],
        knobs: Mapping[str, Knobs],
        databases: Mapping[str, Database],
        takeover_s: float,
        lease_s: float,
        telemetry: Telemetry,
        clock: Clock,
        passes: Mapping[str, int] | None = None,
        accepts_changes: bool = False,
        is_rehearsal: bool = False,
        opens: Mapping[str, Connect] | None = None,
        kept_folder: Path | None = None,
        register: str | None = None,
        disk_free_bytes_min: int = 0,
    ) -> None:
        self._run_id = run_id
        self._folder = folder
        self._night = night
        self._started_at = started_at
        self._parameters = parameters
        self._knobs = knobs
        self._databases = databases
        self._takeover_s = takeover_s
        self._lease_s = lease_s
        self._telemetry = telemetry
        self._clock = clock
        self._passes = passes or {}
        self._accepts_changes = accepts_changes
        self._is_rehearsal = is_rehearsal
        self._opens = opens
        self._values = KeptValues(folder, kept_folder or folder)
        self._disk_free_bytes_min = disk_free_bytes_min
        self._register = register or f"sqlite:///{folder / 'parts.db'}"

    def chunked(self, step: Step[Any]) -> ChunkedPlan:
        work = step.function(**self._arguments(step))
        reading = Reading(self._folder, self._pass_of(step), databases=self._databases)
        try:
            return self._plan(step, work, reading)
        except SourceChanged as error:
            if not self._accepts_changes:
                raise
            lenient = replace(reading, accepts_changes=True)
            return replace(self._plan(step, work, lenient), changed=str(error))

    def _plan(self, step: Step[Any], work: object, reading: Reading) -> ChunkedPlan:
        return plan_of(
            step,
            work,
            reading=reading,
            target_of=self._target,
            files_target_of=self._files_target,
        )

    def task(self, step: Step[Any]) -> str:
        return self._values.keep(step, step.function(**self._arguments(step)))

    def atomic(self, step: Step[Any], tx: Transaction) -> str:
        arguments = self._arguments(step)
        return self._values.keep(step, step.function(tx, **arguments))

    def target_of(self, step: Step[Any]) -> Target:
        assert step.database is not None, "an atomic step has a database"
        return self._target(step.database)

    def target_named(self, name: str) -> Target | None:
        if name == REGISTER:
            return self._parts_register()
        database = self._databases.get(name)
        return None if database is None else self._target(database)

    def knobs(self, step: Step[Any]) -> Knobs:
        return self._knobs.get(step.name, step.knobs)

    def code(self, step: Step[Any]) -> str:
        try:
            text = inspect.getsource(step.function)
        except (OSError, TypeError):
            return ""
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def done(self, step: Step[Any], value: str | None, counts: Counts) -> None:
        self._values.done(step, value, counts)

    def _pass_of(self, step: Step[Any]) -> int:
        return self._passes.get(step.name, 1)

    def _target(self, database: Database) -> DatabaseTarget:
        return target_of(
            database,
            self._clock,
            takeover_s=self._takeover_s,
            lease_s=self._lease_s,
            opens=connect if self._opens is None else self._opens[database.name],
        )

    def _files_target(self, sink: FileSink) -> FilesTarget:
        """Return the target of a file; a rehearsal makes known only what lies in its own folder."""
        from ..connectors.files_target import FilesTarget  # noqa: PLC0415 - for few steps

        places = {f"the file {sink.name}": sink.place}
        refuse(disk_findings(places, self._disk_free_bytes_min))
        is_ours = sink.place.is_relative_to(self._folder)
        return FilesTarget(
            self._parts_register(),
            sink,
            self._folder,
            is_published=is_ours or not self._is_rehearsal,
        )

    def _parts_register(self) -> DatabaseTarget:
        return register_at(
            self._register, self._clock, takeover_s=self._takeover_s, lease_s=self._lease_s
        )

    def _arguments(self, step: Step[Any]) -> dict[str, Any]:
        wanted = inspect.signature(step.function).parameters
        arguments = {name: self._parameters[name] for name in wanted if name in self._parameters}
        if RUN in wanted:
            arguments[RUN] = Run(
                self._run_id,
                self._folder,
                self._night,
                self._started_at,
                self._is_rehearsal,
                step,
                self._values,
                self._telemetry,
                self._clock,
                self._pass_of(step),
            )
        return arguments


def target_of(
    database: Database,
    clock: Clock,
    *,
    takeover_s: float,
    lease_s: float,
    opens: Connect = connect,
) -> DatabaseTarget:
    """Return a database as the target of a run with this lease."""
    return DatabaseTarget(
        database.url,
        database.name,
        clock,
        lock_wait_s=takeover_s,
        lease_s=lease_s,
        opens=opens,
    )
