"""Rows of CSV files that were set aside: taken apart, and put together again once repaired.

What is needed of the file (its columns, how it is written) is in the facts that the ledger keeps
of a step's source, so that neither the file nor the job is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from ..errors import DefinitionError
from .csv_dialect import CsvDialect
from .csv_format import CsvFormat
from .csv_rows import FieldReader
from .file_format import Header
from .formats import format_from_data
from .row import Malformed

UNREADABLE: Final = "\ufffd"
"""Stands in a shown row for bytes that are no text in the file's encoding."""


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
        files, form = source.get("files"), source.get("format")
        if not isinstance(files, Mapping) or not isinstance(form, Mapping):
            return None
        headers = {tuple(facts["header"]) for facts in files.values()}
        if form["kind"] != CsvFormat.kind or len(headers) != 1:
            return None
        found = format_from_data(form)
        assert isinstance(found, CsvFormat), "its kind says so"
        return cls(headers.pop(), found.dialect)

    def record(self, raw: bytes) -> dict[str, str] | None:
        """Return a row as its texts by column; None if it cannot be taken apart."""
        fields = self._fields(raw)
        return None if fields is None else dict(zip(self.columns, fields, strict=True))

    def cells(self, raw: bytes) -> list[str]:
        """Return a row as cells to be repaired; one that cannot be taken apart is cut anyhow."""
        fields = self._fields(raw)
        if fields is not None:
            return fields
        dialect = self.dialect.of_row(raw) or self.dialect
        text = raw.decode(dialect.codec, "replace").rstrip("\r\n")
        return text.split(dialect.delimiter)

    def _fields(self, raw: bytes) -> list[str] | None:
        try:
            row = CsvFormat(self.dialect).row_of(raw, Header(tuple(self.columns), 1, 0))
            return _reader(self.dialect, len(self.columns)).read(row)
        except Malformed:
            return None

    def row(self, cells: Sequence[str]) -> bytes:
        """Return cells as the bytes of a row of the file.

        Raises:
            UnicodeEncodeError: If the file's encoding lacks a character.
            DefinitionError: If a cell needs quotes, and the file has none.
        """
        dialect = self.dialect
        text = dialect.delimiter.join(map(self._cell, cells)) + "\n"
        return text.encode("utf-16-le" if dialect.codec == "utf-16" else dialect.codec)

    def _cell(self, text: str) -> str:
        quote = self.dialect.quote
        if not any(mark in text for mark in (self.dialect.delimiter, quote or "\n", "\n", "\r")):
            return text
        if quote is None:
            raise DefinitionError(
                f"a file without quotes cannot hold {text!r} in one field",
                hint="take the delimiter or the line end out of it",
            )
        return f"{quote}{text.replace(quote, quote * 2)}{quote}"
