"""Rows of CSV files that were set aside: taken apart, and put together again once repaired.

What is needed of the file (its columns, how it is written) is in the facts that the ledger keeps
of a step's source, so that neither the file nor the job is asked.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO, StringIO
from typing import Any, Final

from .csv_dialect import CsvDialect
from .csv_rows import FieldReader, Malformed, Row, rows

UNREADABLE: Final = "\ufffd"
"""Stands in a shown row for bytes that are no text in the file's encoding."""

NOT_ONE_ROW: Final = "not one row"


def row_of(raw: bytes, dialect: CsvDialect) -> Row:
    """Return the bytes of one row as a row; with a fault if they are none, or several."""
    found = list(rows(BytesIO(raw), dialect))
    if len(found) == 1:
        return found[0]
    return Row(1, 0, len(raw), raw, NOT_ONE_ROW)


@lru_cache
def _reader(dialect: CsvDialect, width: int) -> FieldReader:
    return FieldReader(dialect, width)


@dataclass(frozen=True, slots=True)
class KeptRows:
    """How the rows of one step's files are written."""

    columns: Sequence[str]
    dialect: CsvDialect

    @classmethod
    def of(cls, source: Mapping[str, Any]) -> KeptRows | None:
        """Return what the facts of a source say; None if it is no CSV, or its headers differ."""
        files = source.get("files")
        if not isinstance(files, Mapping) or "delimiter" not in source:
            return None
        headers = {tuple(facts["header"]) for facts in files.values()}
        if len(headers) != 1:
            return None
        dialect = CsvDialect(source["delimiter"], source["encoding"], source["null"])
        return cls(headers.pop(), dialect)

    def record(self, raw: bytes) -> dict[str, str] | None:
        """Return a row as its texts by column; None if it cannot be taken apart."""
        fields = self._fields(raw)
        return None if fields is None else dict(zip(self.columns, fields, strict=True))

    def cells(self, raw: bytes) -> list[str]:
        """Return a row as cells to be repaired; one that cannot be taken apart is cut anyhow."""
        fields = self._fields(raw)
        if fields is not None:
            return fields
        text = raw.decode(self.dialect.codec, "replace").rstrip("\r\n")
        return text.split(self.dialect.delimiter)

    def _fields(self, raw: bytes) -> list[str] | None:
        try:
            return _reader(self.dialect, len(self.columns)).read(row_of(raw, self.dialect))
        except Malformed:
            return None

    def row(self, cells: Sequence[str]) -> bytes:
        """Return cells as the bytes of a row of the file.

        Raises:
            UnicodeEncodeError: If the file's encoding lacks a character.
        """
        text = StringIO()
        csv.writer(text, delimiter=self.dialect.delimiter, lineterminator="\n").writerow(cells)
        return text.getvalue().encode(self.dialect.codec)
