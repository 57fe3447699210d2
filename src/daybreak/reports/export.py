"""Quarantined records as files: `.csv` or `.jsonl`, with their bytes exactly as they were."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any, Final

from ..errors import DefinitionError, PreflightError
from ..operations.quarantine import QuarantinedRecord
from .payload import bytes_as_json

COLUMNS: Final = ("step", "place", "stage", "reason", "details", "by_check", "raw", "raw_encoding")
MODE_PRIVATE: Final = 0o600
"""Records may hold personal data: only who exports them may read them."""


def export(records: Iterable[QuarantinedRecord], path: Path) -> int:
    """Write records to a file and return how many; the file appears whole or not at all.

    In `.jsonl` the field `raw` is text, or `{"base64": …}` for bytes that are no UTF-8. In `.csv`
    the column `raw_encoding` says which of the two `raw` is: `utf-8` or `base64`.

    Args:
        records: What to write.
        path: Where; its suffix says how. A file that is there already is replaced.

    Raises:
        DefinitionError: If the suffix is another.
        PreflightError: If the file cannot be written; none is left behind.
    """
    write = writer_for(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(
            temporary, "w", encoding="utf-8", errors="backslashreplace", newline="", opener=_private
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
        "step": record.step,
        "place": record.place,
        "stage": record.stage,
        "reason": record.reason,
        "details": dict(record.details),
        "by_check": record.by_check,
    }
