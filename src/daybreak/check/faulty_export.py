"""The faulty records of a file, as a file in its own format, with a file of reasons beside it.

Reasons stand in a file of their own, so that the rows stay byte by byte what was sent. Both appear
whole, by rename, once the file was checked to its end; only this user may read them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from ..connectors.faulty_rows import export_of
from ..connectors.file_format import Format
from ..connectors.file_index import FileIndex
from ..connectors.publishing import publishing, writing
from ..connectors.rows_at import rows_at
from ..model.chunk import Finding
from .findings_spill import FindingsSpill

REASON_COLUMNS: Final = ("record", "line", "column", "value", "reason")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would compute."""

_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)*").fullmatch


def reasons_path(path: Path) -> Path:
    """Return where the reasons of an export are: `faulty.reasons.csv` beside `faulty.csv`."""
    return path.with_name(f"{path.stem}.reasons.csv")


def export_faulty(
    path: Path,
    form: Format,
    index: FileIndex,
    spill: FindingsSpill,
    to: Path,
    *,
    with_values: bool = True,
    rows_from: Path | None = None,
) -> int:
    """Write the faulty records of a file, and the reasons.

    Args:
        path: The file.
        form: How it is written.
        index: As the check has left it.
        spill: All that the check found in it.
        to: Where the records go. What is there already is replaced, and the reasons too.
        with_values: Whether the reasons repeat the values.
        rows_from: What the rows are read from, if not from the file: its spool.

    Returns:
        How many records were written.

    Raises:
        SourceChanged: If the file is not the one of the check any more.
        SourceError: If something cannot be written. What was there before is there still.
        DefinitionError: If records of this format cannot be exported.
    """
    with (
        publishing(to, is_private=True) as rows,
        publishing(reasons_path(to), is_private=True) as side,
    ):
        # Spreadsheets know UTF-8 by its mark.
        reasons = io.TextIOWrapper(
            side, encoding="utf-8-sig", errors="backslashreplace", newline=""
        )
        try:
            with writing(to):
                written = _Reasons(
                    csv.writer(reasons, lineterminator="\n"), with_values=with_values
                )
                export = export_of(form, path, index, rows)
                lines = written.lines(spill.by_line())
                records = 0
                for row in rows_at(path, form, index, lines, rows=rows_from):
                    if export.add(row):
                        records += 1
                        written.are_of(records)
                for _line in lines:  # behind the last row
                    pass
                export.finish()
                return records
        finally:
            reasons.detach()


class _Reasons:
    """Writes the reasons of each row while the rows are written."""

    def __init__(self, writer: Any, *, with_values: bool) -> None:
        self._writer = writer
        self._with_values = with_values
        self._waiting: list[Finding] = []
        writer.writerow(REASON_COLUMNS)

    def lines(self, found: Iterable[tuple[int, list[Finding]]]) -> Iterator[int]:
        """Yield the lines; `are_of` says of one that a record begins there."""
        for line, findings in found:
            self._waiting = findings
            yield line
            self._write("")

    def are_of(self, record: int) -> None:
        """Write the reasons of the line that was yielded last."""
        self._write(record)

    def _write(self, record: int | str) -> None:
        for one in self._waiting:
            value = one.value if self._with_values else None
            cells = (one.column, value, one.reason)
            self._writer.writerow([record, one.line, *map(_harmless, cells)])
        self._waiting = []


def _harmless(text: str | None) -> str:
    """Return a cell that a spreadsheet shows, and does not compute."""
    if text is None:
        return ""
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER(text) else text
