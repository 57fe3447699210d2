"""The check of one file: every row once, all its faults, flat memory, and the index."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..abc import Publish
from ..connectors.clean_span import checked_as
from ..connectors.csv_schema import schema_of
from ..connectors.file_format import Format
from ..connectors.file_index import IndexBuilder, every_row, index_path
from ..connectors.file_refusals import FileRefused, open_file
from ..connectors.fingerprint import fingerprint_of
from ..connectors.hashed_file import HashedFile
from ..connectors.publishing import writing
from ..connectors.row import Row
from ..connectors.spool import readable, spool_fingerprint
from ..model.chunk import Finding
from .by_columns import ByRows, CheckedByRows, Columns, Seen
from .summary import FileSummary

if TYPE_CHECKING:
    from .across import Across

FINDINGS_WRITTEN_MAX: Final = 100_000
"""Findings of one file that are written out; all are counted. A file whose every row has several
faults would otherwise leave more bytes than it has."""

_encode: Final = json.JSONEncoder(ensure_ascii=False).encode
"""As `json.dumps`, which would make an encoder for each finding."""

PROGRESS_RECORDS: Final = 10_000
"""Every how many records the check says how far it is."""


@dataclass(frozen=True, slots=True)
class CheckProgress:
    """How far the check of one file is; an event."""

    file: str
    records: int
    faulty_rows: int
    bytes_read: int
    bytes_total: int


def check_file(
    path: Path,
    model: type | None,
    form: Format,
    *,
    folder: Path,
    findings_file: Path,
    tell: Publish,
    summary: FileSummary | None = None,
    across: Across | None = None,
    is_loaded: bool = True,
    wants_sha256: bool = False,
) -> tuple[FileSummary, Path]:
    """Look at every row of one file.

    Args:
        path: The file.
        model: What its records are.
        form: How it is written.
        folder: The run's; the index goes there.
        findings_file: Where findings are written, within the folder; there is none if it is clean.
        tell: Is given a `CheckProgress` now and then.
        summary: Counts the findings; None for one of its own.
        across: Is given every row, if there are rules across records.
        is_loaded: Whether its records will be loaded, for which hashes of the clean ones are kept.
        wants_sha256: Whether the summary gets its checksum, if its rows are read from itself.

    Returns:
        What was found, and the place of the index. A file that is refused has none.

    Raises:
        SourceChanged: If the file changes while it is read.
        SourceError: If what was found cannot be written.
    """
    summary = summary or FileSummary(path.name)
    place = index_path(folder, path, form)
    with findings_written(findings_file, folder, summary) as write:
        try:
            _check_rows(
                path,
                model,
                form,
                summary=summary,
                write=write,
                place=place,
                tell=tell,
                across=across,
                checked=checked_as(form, model) if is_loaded else "",
                wants_sha256=wants_sha256,
            )
        except FileRefused as exc:
            summary.refused = True
            write(exc.findings)
    return summary, place


def _check_rows(
    path: Path,
    model: type | None,
    form: Format,
    *,
    summary: FileSummary,
    write: Callable[[Sequence[Finding]], None],
    place: Path,
    tell: Publish,
    across: Across | None,
    checked: str,
    wants_sha256: bool,
) -> None:
    columns = () if model is None else schema_of(model).columns
    with open_file(path):  # it is there, and may be read
        fingerprint = fingerprint_of(path)
    rows_from = readable(path, form, place)
    hashed = HashedFile(path) if wants_sha256 and rows_from == path else None
    with rows_from.open("rb") if hashed is None else BufferedReader(hashed) as stream:
        size = os.fstat(stream.fileno()).st_size
        header = form.header(stream, path.name, columns)
        reader = form.reader(path.name, header, model)
        summary.ignored_columns = reader.ignored
        index = IndexBuilder(checked)
        notes = _Notes(index, summary, write, tell, size)
        try:
            by_columns = Columns(form, header, model, size, across=across)
        except ByRows as exc:
            if str(exc):
                tell(CheckedByRows(path.name, str(exc)))
            try:
                for row in every_row(stream, form, header):
                    record, findings = reader.read(row)
                    notes.add(row, findings, stream.tell)
                    if across is not None:
                        across.add(row, record, is_faulty=bool(findings))
            except FileRefused as exc:  # behind the last row: it is not what it says of itself
                summary.unexpected = (*summary.unexpected, *map(str, exc.findings))
                write(exc.findings)
        else:
            with by_columns.seen(stream, reader) as blocks:
                for seen in blocks:
                    notes.add_seen(seen)
                    if across is not None:
                        across.add_seen(seen.keyed())
                    seen.release()
        if hashed is not None:
            summary.sha256 = hashed.sha256()
    summary.rows = index.records
    index.finish(path, header, fingerprint, spool_fingerprint(form, place)).save(place)
    notes.tell_progress(size)


class _Notes:
    """What a pass over a file leaves: findings, the index, and how far it is."""

    def __init__(
        self,
        index: IndexBuilder,
        summary: FileSummary,
        write: Callable[[Sequence[Finding]], None],
        tell: Publish,
        size: int,
    ) -> None:
        self._index = index
        self._summary = summary
        self._write = write
        self._tell = tell
        self._size = size

    def add(self, row: Row, findings: Sequence[Finding], done: Callable[[], int]) -> None:
        """Note one row; `done` says how many bytes are read."""
        self._index.add(row, is_good=not findings)
        if findings:
            self._add_faulty(findings)
        if self._index.records % PROGRESS_RECORDS == 0:
            self.tell_progress(done())

    def add_seen(self, seen: Seen) -> None:
        """Note rows that were looked at together, as if they came one by one."""
        before = self._index.records
        first = PROGRESS_RECORDS - before % PROGRESS_RECORDS
        tells = deque(range(first, seen.rows.count + 1, PROGRESS_RECORDS))

        def tell(upto: int) -> None:
            while tells and tells[0] <= upto:
                count = tells.popleft()
                self.tell_progress(seen.rows.offset(count), before + count)

        for number, findings in seen.judged():
            tell(number)
            self._add_faulty(findings)
        tell(seen.rows.count)
        self._index.add_rows(seen.rows, seen.faulty_numbers)

    def _add_faulty(self, findings: Sequence[Finding]) -> None:
        self._summary.faulty_rows += 1
        self._write(findings)

    def tell_progress(self, done: int, records: int | None = None) -> None:
        """Tell how far the check is: so many bytes, and records if they are not all noted ones."""
        count = self._index.records if records is None else records
        faulty = self._summary.faulty_rows
        self._tell(CheckProgress(self._summary.file, count, faulty, done, self._size))


def _as_data(finding: Finding) -> dict[str, Any]:
    """Return a finding as `asdict` does, which takes ten times as long."""
    return {name: getattr(finding, name) for name in Finding.__slots__}


@contextmanager
def findings_written(
    place: Path, folder: Path, summary: FileSummary, *, goes_on: bool = False
) -> Iterator[Callable[[Sequence[Finding]], None]]:
    """Give a function that counts findings, and writes them one a line as JSON.

    Args:
        place: The file; there is none afterwards if there was no finding.
        folder: The run's.
        summary: Counts them, and knows the file.
        goes_on: Whether it has findings already, which stay.
    """
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        mode = "a" if goes_on else "w"
        stream = place.open(mode, encoding="utf-8", errors="backslashreplace")

    def write(findings: Sequence[Finding]) -> None:
        for finding in findings:
            summary.add(finding)
            if summary.findings <= FINDINGS_WRITTEN_MAX:
                with writing(place):
                    stream.write(_encode(_as_data(finding)) + "\n")

    try:
        yield write
    finally:
        with writing(place):
            stream.close()
    if summary.findings:
        summary.findings_file = place.relative_to(folder).as_posix()
    else:
        place.unlink()
