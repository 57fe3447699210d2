"""The `Run` that a step's function is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import DefinitionError
from ..model.job import Step
from ..model.limits import Bad, BadLimit
from ..model.ownership import Pass
from ..telemetry import Progressed, Said, Shown, Telemetry

if TYPE_CHECKING:
    from ..abc import Clock
    from .kept_values import KeptValues

T = TypeVar("T")
S = TypeVar("S")


@dataclass(frozen=True)
class Run:
    """The run, as one step sees it: its folder, its night, and what the steps before it gave."""

    id: str
    """By which commands mean it: `daybreak status 7`."""

    folder: Path
    """The run's own folder; a task may write here, and nowhere else."""

    night: date | None
    """The business date, for jobs with a window."""

    started_at: datetime
    """When the run was first started."""

    rehearsal: bool
    """Whether everything is undone at the end: leave out what cannot be undone."""

    _step: Step[Any]
    _values: KeptValues
    _telemetry: Telemetry
    _clock: Clock
    _pass_number: int = 1

    def __getitem__(self, step: Step[T]) -> T:
        """Return what a step before this one gave.

        Raises:
            DefinitionError: If the step is not before this one.
            SourceChanged: If it gave files, and they are not the same any more.
        """
        if step not in self._step.upstream:
            raise DefinitionError(
                f"step {self._step.name} asks for run[{getattr(step, 'name', step)!s}],"
                " which is not done before it",
                hint=f"add it to the after= of {self._step.name}",
            )
        value: T = self._values.of(step)
        return value

    def fetch(self, url: str, /, *, sha256: str | None = None, unpack: bool = False) -> Path:
        """Bring a file into the run's folder, with its checksum.

        Once it is there, it stays, until this step is begun again.

        Args:
            url: A path, or a URL that fsspec understands.
            sha256: What its checksum must be, if known.
            unpack: Whether it is an archive whose folder is wanted.

        Raises:
            SourceError: If it cannot be had, or its checksum is another; nothing is left behind.
        """
        from ..connectors.fetch import fetch  # noqa: PLC0415 - heavy, and only for those who fetch

        of = Pass(self._step.name, self._pass_number)
        return fetch(url, self.folder, sha256=sha256, unpack=unpack, of=of)

    def check(self, sources: S, /, *, max_bad: Bad = 0) -> S:
        """Check every record of every source in one pass, and give the sources back.

        Args:
            sources: One source, or a NamedTuple, dataclass, list or dict of them.
            max_bad: How many faulty records a source may have, as a count or a percentage; they
                are set aside by the step that loads them.

        Raises:
            CheckFailed: With all faults of all sources, if there are more.
        """
        from ..check import check_sources  # noqa: PLC0415 - heavy, and only for those who check

        checked: S = check_sources(
            sources,
            folder=self.folder,
            max_bad=BadLimit.parse(max_bad),
            publish=self._tell_progress,
        )
        return checked

    def _tell_progress(self, event: object) -> None:
        from ..check import CheckProgress  # noqa: PLC0415 - heavy, and only for those who check

        if isinstance(event, CheckProgress):
            share = event.bytes_read / event.bytes_total if event.bytes_total else 1.0
            now, step = self._clock.now(), self._step.name
            self._telemetry.publish(
                Progressed(now, step, event.file, event.records, event.faulty_rows, share)
            )

    def show(self, rows: Sequence[Mapping[str, Any]], /, *, title: str = "") -> None:
        """Show a table to whoever watches the run, and keep it in the run's log."""
        self._telemetry.publish(Shown(self._clock.now(), self._step.name, title, list(rows)))

    def log(self, message: str, /, **fields: object) -> None:
        """Write a line into the run's log, and show it."""
        self._telemetry.publish(Said(self._clock.now(), self._step.name, message, fields))
