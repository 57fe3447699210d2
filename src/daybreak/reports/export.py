"""Quarantined records as files: to be repaired in a spreadsheet, or with their exact bytes.

`.csv` has the columns of the file the records came from, behind the identification, place and cause
of each; `daybreak quarantine RUN --replay --repaired FILE` reads it again. `.jsonl`, and `.csv` for
records of several files or of none, hold the bytes themselves.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

from ..connectors.csv_kept import KeptRows
from ..errors import DefinitionError, PreflightError
from ..operations.quarantine import QuarantinedRecord
from ..operations.record_ids import ID_COLUMN
from ..operations.repairs import LEADING, RAW_COLUMNS
from .payload import bytes_as_json

COLUMNS: Final = (
    ID_COLUMN,
    "step",
    "place",
    "stage",
    "reason",
    "details",
    "by_check",
    *RAW_COLUMNS,
)
MODE_PRIVATE: Final = 0o600
"""Records may hold personal data: only who exports them may read them."""


def export(
    records: Sequence[QuarantinedRecord], path: Path, rows: Mapping[str, KeptRows] | None = None
) -> int:
    """Write records to a file and return how many; the file appears whole or not at all.

    In `.jsonl` the field `raw` is text, or `{"base64": …}` for bytes that are no UTF-8. In `.csv`
    without the file's own columns `raw_encoding` says which of the two `raw` is: `utf-8` or
    `base64`. Of the file's own rows those that were erased are left out: nothing is to be repaired.

    Args:
        records: What to write.
        path: Where; its suffix says how. A file that is there already is replaced.
        rows: Of steps that read CSV files, how their rows are written.

    Raises:
        DefinitionError: If the suffix is another.
        PreflightError: If the file cannot be written; none is left behind.
    """
    write = writer_for(path)
    own = _own_rows(records, rows or {})
    if write is write_csv and own is not None:
        write = partial(write_rows, rows=own)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        # Spreadsheets know UTF-8 by its mark.
        encoding = "utf-8-sig" if path.suffix.lower() == ".csv" else "utf-8"
        with open(
            temporary,
            "w",
            encoding=encoding,
            errors="backslashreplace",
            newline="",
            opener=_private,
        ) as file:
            number = write(file, records)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise PreflightError(
            f"cannot write {str(path)!r}: {error.strerror}",
            hint="name a file in a folder that exists and has room",
        ) from error
    return number


def writer_for(path: Path) -> Callable[[IO[str], Iterable[QuarantinedRecord]], int]:
    """Return what writes files of a path's suffix.

    Raises:
        DefinitionError: If there is none.
    """
    match path.suffix.lower():
        case ".csv":
            return write_csv
        case ".jsonl":
            return write_jsonl
        case suffix:
            raise DefinitionError(
                f"cannot export to {suffix or 'a file without a suffix'!r}",
                hint="name a file that ends in .csv or .jsonl",
            )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, MODE_PRIVATE)


def write_jsonl(file: IO[str], records: Iterable[QuarantinedRecord]) -> int:
    """Write one JSON object a line."""
    number = 0
    for record in records:
        raw = bytes_as_json(record.raw)
        print(json.dumps({**_fields(record), "raw": raw}, ensure_ascii=False), file=file)
        number += 1
    return number


def _own_rows(
    records: Sequence[QuarantinedRecord], rows: Mapping[str, KeptRows]
) -> KeptRows | None:
    """Return how the rows of all records are written, if it is one way."""
    steps = {record.step for record in records}
    return rows.get(steps.pop()) if len(steps) == 1 else None


def write_rows(file: IO[str], records: Iterable[QuarantinedRecord], *, rows: KeptRows) -> int:
    """Write the file's own header and rows, behind what identifies each."""
    writer = csv.writer(file, delimiter=rows.dialect.delimiter, lineterminator="\n")
    writer.writerow([*LEADING, *rows.columns])
    number = 0
    for record in records:
        if record.is_erased:
            continue
        writer.writerow([record.id, record.place, record.reason, *rows.cells(record.raw)])
        number += 1
    return number


def write_csv(file: IO[str], records: Iterable[QuarantinedRecord]) -> int:
    """Write a header and one row a record; `details` is JSON text."""
    rows = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    rows.writeheader()
    number = 0
    for record in records:
        raw = bytes_as_json(record.raw)
        fields = _fields(record)
        rows.writerow(
            {
                **fields,
                "details": json.dumps(fields["details"], ensure_ascii=False),
                "by_check": "yes" if record.by_check else "no",
                "raw": raw if isinstance(raw, str) else raw["base64"],
                "raw_encoding": "utf-8" if isinstance(raw, str) else "base64",
            }
        )
        number += 1
    return number


def _fields(record: QuarantinedRecord) -> dict[str, Any]:
    return {
        ID_COLUMN: record.id,
        "step": record.step,
        "place": record.place,
        "stage": record.stage,
        "reason": record.reason,
        "details": dict(record.details),
        "by_check": record.by_check,
    }
