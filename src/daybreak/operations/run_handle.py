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
from ..telemetry import Fetching, Progressed, Said, Shown, Telemetry

if TYPE_CHECKING:
    from ..abc import Clock
    from ..connectors.arrivals import FetchProgress
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

    def fetch(
        self,
        url: str,
        /,
        *,
        name: str | None = None,
        sha256: str | None = None,
        checksum: str | None = None,
        unpack: bool = False,
        max_ratio: float = 200.0,
        settle_s: float = 1.0,
        parallel: int = 4,
        options: Mapping[str, Any] | None = None,
    ) -> Path:
        """Bring a file, or all files that match a pattern, into the run's folder.

        It appears there when all of it is there, with its checksum. Once it is there, it stays,
        until this step is begun again. A connection that is cut is gone on with where it ended,
        also by the next attempt.

        Args:
            url: A path, or a URL: file, http(s), sftp, s3, and what fsspec adds. In a pattern
                (`sftp://host/in/orders-*.csv`) `*`, `?`, `[a-z]` and `**` match.
            name: What it is called in the folder; by default as in the URL.
            sha256: What its checksum must be, if known.
            checksum: Another checksum, as `md5:HEX`; or where one is published: `sidecar`, in a
                file beside it (`orders.csv.sha256`, `SHA256SUMS`, ...), or the URL of such a file.
            unpack: Whether what is in it is wanted: of an archive (.tar, .tar.gz, .tar.zst, .zip)
                the folder of its files, of a compressed file (.gz, .zst) that file.
            max_ratio: By how many times it may grow when it is unpacked; 64 MiB are always allowed.
            settle_s: For how many seconds it must not have been written.
            parallel: How many files of a pattern come side by side, each over a connection of its
                own; 1 for a server that allows no more.
            options: What its file system needs besides: `key_filename`, `endpoint_url`, `headers`.
                They are neither stored nor shown.

        Returns:
            The file; of an archive or a pattern the folder of its files.

        Raises:
            SourceError: If it cannot be had whole, or its checksum is another. Nothing was
                published; half a file whose connection was cut is kept for the next attempt.
            SourceChanged: If it was changed while it was read. Nothing was published.
            DefinitionError: If an argument is wrong, or another URL of the same name is there.
        """
        from ..connectors.fetch import fetch  # noqa: PLC0415 - heavy, and only for those who fetch

        return fetch(
            url,
            self.folder,
            name=name,
            sha256=sha256,
            checksum=checksum,
            unpack=unpack,
            max_ratio=max_ratio,
            settle_s=settle_s,
            parallel=parallel,
            options=options,
            of=Pass(self._step.name, self._pass_number),
            tell=self._tell_of_fetch,
        )

    def check(self, sources: S, /, *, max_bad: Bad = 0) -> S:
        """Check every record of every source in one pass, and give the sources back.

        Args:
            sources: One source, or a NamedTuple, dataclass, list or dict of them.
            max_bad: How many faulty records a source may have, as a count or a percentage; they
                are set aside by the step that loads them.

        Raises:
            CheckFailed: With all faults of all sources, if there are more.
        """
        from ..check.sources import check_sources  # noqa: PLC0415 - heavy, and only for those who check

        checked: S = check_sources(
            sources,
            folder=self.folder,
            max_bad=BadLimit.parse(max_bad),
            publish=self._tell,
        )
        return checked

    def _tell_of_fetch(self, event: FetchProgress) -> None:
        self._telemetry.publish(
            Fetching(
                self._clock.now(),
                self._step.name,
                event.what,
                event.bytes_done,
                event.bytes_total,
                event.bytes_per_s,
                event.files_done,
                event.files,
            )
        )

    def _tell(self, event: object) -> None:
        """Tell of a check: how far it is, and what it found though it was accepted."""
        from ..check.by_columns import CheckedByRows  # noqa: PLC0415 - heavy
        from ..check.file import CheckProgress  # noqa: PLC0415 - heavy
        from ..check.summary import CheckSummary  # noqa: PLC0415 - heavy

        now, step = self._clock.now(), self._step.name
        if isinstance(event, CheckedByRows):
            message = f"{event.file} is checked row by row, which takes longer: {event.why}"
            self._telemetry.publish(Said(now, step, message, {}))
        if isinstance(event, CheckSummary) and event.findings and not event.failed:
            title = f"faults within max_bad {event.max_bad}, by file and cause"
            self.show(list(event.causes_in_rows()), title=title)
        if isinstance(event, CheckProgress):
            share = event.bytes_read / event.bytes_total if event.bytes_total else 1.0
            self._telemetry.publish(
                Progressed(now, step, event.file, event.records, event.faulty_rows, share)
            )

    def show(self, rows: Sequence[Mapping[str, Any]], /, *, title: str = "") -> None:
        """Show a table to whoever watches the run, and keep it in the run's log."""
        self._telemetry.publish(Shown(self._clock.now(), self._step.name, title, list(rows)))

    def log(self, message: str, /, **fields: object) -> None:
        """Write a line into the run's log, and show it."""
        self._telemetry.publish(Said(self._clock.now(), self._step.name, message, fields))
