"""The check of one CSV file: every row once, all its faults, flat memory, and the index."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from ..abc import Publish
from ..connectors.csv_dialect import CsvDialect
from ..connectors.csv_header import FileRefused, open_file, read_header
from ..connectors.csv_index import IndexBuilder, every_row, index_path
from ..connectors.csv_records import RecordReader
from ..connectors.csv_schema import schema_of
from ..connectors.fingerprint import fingerprint_of
from ..connectors.publishing import writing
from ..model.chunk import Finding
from .summary import FileSummary

FINDINGS_WRITTEN_MAX: Final = 100_000
"""Findings of one file that are written out; all are counted. A file whose every row has several
faults would otherwise leave more bytes than it has."""

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


def check_csv(
    path: Path,
    model: type | None,
    dialect: CsvDialect,
    *,
    folder: Path,
    findings_file: Path,
    tell: Publish,
) -> tuple[FileSummary, Path]:
    """Look at every row of one file.

    Args:
        path: The file.
        model: What its records are.
        dialect: How it is written.
        folder: The run's; the index goes there.
        findings_file: Where findings are written, within the folder; there is none if it is clean.
        tell: Is given a `CheckProgress` now and then.

    Returns:
        What was found, and the place of the index. A file that is refused has none.

    Raises:
        SourceChanged: If the file changes while it is read.
        SourceError: If what was found cannot be written.
    """
    summary = FileSummary(path.name)
    place = index_path(folder, path, dialect)
    with _findings_file(findings_file, folder, summary) as write:
        try:
            _check_rows(path, model, dialect, summary=summary, write=write, place=place, tell=tell)
        except FileRefused as exc:
            summary.refused = True
            write(exc.findings)
    return summary, place


def _check_rows(
    path: Path,
    model: type | None,
    dialect: CsvDialect,
    *,
    summary: FileSummary,
    write: Callable[[Sequence[Finding]], None],
    place: Path,
    tell: Publish,
) -> None:
    columns = () if model is None else schema_of(model).columns
    with open_file(path) as stream:
        fingerprint = fingerprint_of(path)
        header = read_header(stream, path.name, dialect, columns)
        reader = RecordReader(path.name, header, dialect, model)
        summary.ignored_columns = reader.ignored
        index = IndexBuilder()
        for row in every_row(stream, dialect, header, fingerprint):
            index.add(row)
            _, findings = reader.read(row)
            if findings:
                summary.faulty_rows += 1
                write(findings)
            if index.records % PROGRESS_RECORDS == 0:
                done = row.offset + row.size
                tell(_progress(summary, index.records, done, fingerprint["size"]))
    summary.rows = index.records
    index.finish(path, header, fingerprint).save(place)
    tell(_progress(summary, index.records, fingerprint["size"], fingerprint["size"]))


def _progress(summary: FileSummary, records: int, done: int, size: int) -> CheckProgress:
    return CheckProgress(summary.file, records, summary.faulty_rows, done, size)


@contextmanager
def _findings_file(
    place: Path, folder: Path, summary: FileSummary
) -> Iterator[Callable[[Sequence[Finding]], None]]:
    """Give a function that counts findings, and writes them one a line as JSON."""
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        stream = place.open("w", encoding="utf-8", errors="backslashreplace")

    def write(findings: Sequence[Finding]) -> None:
        for finding in findings:
            summary.add(finding)
            if summary.findings <= FINDINGS_WRITTEN_MAX:
                with writing(place):
                    stream.write(json.dumps(asdict(finding), ensure_ascii=False) + "\n")

    try:
        yield write
    finally:
        with writing(place):
            stream.close()
    if summary.findings:
        summary.findings_file = place.relative_to(folder).as_posix()
    else:
        place.unlink()
