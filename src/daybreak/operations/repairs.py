"""Edited exports of quarantined records: read, compared with what was exported, made bytes again.

A record is found by its identification, whatever else was done to the file: rows may be removed,
sorted, saved by a spreadsheet with other delimiters, line ends and quotes. What cannot be told for
certain is refused with its line, before anything is written.
"""

from __future__ import annotations

import base64
import binascii
import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Final

from ..connectors.csv_kept import UNREADABLE, KeptRows
from ..errors import DefinitionError
from .quarantine import QuarantinedRecord
from .record_ids import ID_COLUMN, is_of_run

PLACE_COLUMN: Final = "daybreak_place"
CAUSE_COLUMN: Final = "daybreak_cause"
LEADING: Final = (ID_COLUMN, PLACE_COLUMN, CAUSE_COLUMN)
"""What stands in front of a file's own columns in an export that is to be repaired."""

RAW_COLUMNS: Final = ("raw", "raw_encoding")
_DELIMITERS: Final = ",;\t|"


@dataclass(frozen=True, slots=True)
class Repair:
    """One record of an edited export."""

    line: int
    """Where it stands in the export, from 1."""

    cells: Sequence[str] | None
    """Its fields, if the export has the file's own columns."""

    raw: bytes
    """Its bytes otherwise."""


@dataclass(frozen=True, slots=True)
class Repairs:
    """An edited export."""

    name: str
    columns: Sequence[str]
    """The file's own, if the export has them."""

    by_id: Mapping[str, Repair]

    def bytes_of(self, record: QuarantinedRecord, rows: KeptRows | None) -> bytes | None:
        """Return a record as it was repaired; None if it is as it was exported.

        Raises:
            DefinitionError: If the repair cannot be written as a row of the file.
        """
        repair = self.by_id[record.id]
        if repair.cells is None:
            return None if repair.raw == record.raw else repair.raw
        if rows is None or list(self.columns) != list(rows.columns):
            raise _refused(self.name, repair.line, f"step {record.step} has other columns")
        cells = _without_padding(repair.cells, len(rows.columns))
        if _stripped(cells) == _stripped(rows.cells(record.raw)):
            return None  # as exported: the bytes themselves, which cells may not hold exactly
        if any(UNREADABLE in cell for cell in cells):
            why = f"a character still stands for bytes that are no {rows.dialect.codec}"
            raise _refused(self.name, repair.line, why)
        try:
            return rows.row(cells)
        except UnicodeEncodeError as error:
            why = f"{error.object[error.start]!r} does not exist in {rows.dialect.codec}"
            raise _refused(self.name, repair.line, why) from error

    def refuse_unknown(self, known: set[str], run_key: str) -> int:
        """Return how many of the records have left quarantine since the export.

        Raises:
            DefinitionError: If one was never in the quarantine of this run.
        """
        gone = 0
        for record, repair in self.by_id.items():
            if record not in known:
                if not is_of_run(record, run_key):
                    why = f"no record of this run is {record!r}"
                    raise _refused(self.name, repair.line, why)
                gone += 1
        return gone


def read_repairs(path: Path) -> Repairs:
    """Read an edited export, `.csv` or `.jsonl`.

    Raises:
        DefinitionError: If it is none, or names a record twice; the message holds the line.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DefinitionError(
            f"cannot read {str(path)!r}: {error.strerror}", hint="name a file that was exported"
        ) from error
    except UnicodeDecodeError as error:
        raise DefinitionError(
            f"{path.name} is not UTF-8", hint='save it as "CSV UTF-8", or export it again'
        ) from error
    if path.suffix.lower() == ".jsonl":
        return Repairs(path.name, (), _once_each(path.name, _of_lines(path.name, text)))
    header, body = _table(path.name, text)
    if set(RAW_COLUMNS) <= set(header):
        found = _of_raw(path.name, header, body)
        return Repairs(path.name, (), _once_each(path.name, found))
    if tuple(header[: len(LEADING)]) != LEADING:
        raise _refused(path.name, 1, f"its first columns are not {', '.join(LEADING)}")
    columns = [name for name in header[len(LEADING) :] if name]
    repairs = ((cells[0], Repair(line, cells[len(LEADING) :], b"")) for line, cells in body)
    return Repairs(path.name, columns, _once_each(path.name, repairs))


def _table(name: str, text: str) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Return the header of an export, and its rows that are not empty, each with its line."""
    first = text.partition("\n")[0]
    for delimiter in _DELIMITERS:
        header = next(csv.reader([first.rstrip("\r")], delimiter=delimiter), [])
        if ID_COLUMN in header:
            return header, _rows(name, text, delimiter)
    raise _refused(name, 1, f"it has no column {ID_COLUMN}")


def _rows(name: str, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for number, cells in enumerate(reader):
            if number and any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise _refused(name, line, f"it is no CSV: {error}") from error


def _of_raw(
    name: str, header: Sequence[str], body: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[str, Repair]]:
    for line, cells in body:
        fields = dict(zip(header, cells, strict=False))
        raw, encoding = (fields.get(column, "") for column in RAW_COLUMNS)
        yield fields[ID_COLUMN], Repair(line, None, _bytes(name, line, raw, encoding))


def _of_lines(name: str, text: str) -> Iterator[tuple[str, Repair]]:
    for line, one in enumerate(text.splitlines(), 1):
        if not one.strip():
            continue
        try:
            fields: Any = json.loads(one)
            found, raw = fields[ID_COLUMN], fields["raw"]
        except (ValueError, KeyError, TypeError) as error:
            raise _refused(name, line, f"it is no object with {ID_COLUMN} and raw") from error
        is_text = isinstance(raw, str)
        encoded = raw if is_text else raw.get("base64", "")
        yield found, Repair(line, None, _bytes(name, line, encoded, "" if is_text else "base64"))


def _bytes(name: str, line: int, raw: str, encoding: str) -> bytes:
    try:
        return base64.b64decode(raw, validate=True) if encoding == "base64" else raw.encode()
    except (binascii.Error, UnicodeEncodeError) as error:
        raise _refused(name, line, f"its raw bytes cannot be read: {error}") from error


def _once_each(name: str, found: Iterator[tuple[str, Repair]]) -> dict[str, Repair]:
    by_id: dict[str, Repair] = {}
    for record, repair in found:
        if record in by_id:
            why = f"the record of line {by_id[record].line} stands there twice: {record!r}"
            raise _refused(name, repair.line, why)
        by_id[record] = repair
    return by_id


def _without_padding(cells: Sequence[str], width: int) -> list[str]:
    """Return cells without the empty ones by which a spreadsheet made all rows equally long."""
    if len(cells) > width and not any(cells[width:]):
        return list(cells[:width])
    return list(cells)


def _stripped(cells: Sequence[str]) -> list[str]:
    kept = list(cells)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _refused(name: str, line: int, why: str) -> DefinitionError:
    return DefinitionError(
        f"{name}:{line}: {why}",
        hint="nothing was replayed; correct that line, or export the records again",
    )
