"""CSV behind the contract of `file_format`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Final

from .csv_columns import arrays, columns
from .csv_dialect import CsvDialect
from .csv_header import ONE_LINE, HeaderLines, read_header
from .csv_lines import first_bytes
from .csv_records import CsvRowReader
from .csv_rows import NO_BYTE_ORDER, rows
from .csv_trailer import Trailer, TrailerCheck
from .file_format import Header
from .row import Row

if TYPE_CHECKING:
    import pyarrow as pa

    from .csv_schema import Column

NOT_ONE_ROW: Final = "not one row"


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """CSV of one dialect, with what stands before its records and behind them."""

    kind: ClassVar[str] = "csv"
    dialect: CsvDialect
    header_lines: HeaderLines = ONE_LINE
    trailer: Trailer | None = None

    @classmethod
    def of(
        cls,
        *,
        header: dict[str, Any] | None = None,
        trailer: dict[str, Any] | None = None,
        **dialect: Any,
    ) -> CsvFormat:
        """Make it of its facts."""
        return cls(
            CsvDialect(**dialect),
            HeaderLines.of(header) if header else ONE_LINE,
            Trailer(**trailer) if trailer else None,
        )

    def facts(self) -> dict[str, Any]:
        """Return what divides a file and what a text means."""
        found = self.dialect.facts()
        if self.header_lines != ONE_LINE:
            found["header"] = self.header_lines.facts()
        if self.trailer is not None:
            found["trailer"] = self.trailer.facts()
        return found

    def header(self, stream: BinaryIO, file: str, columns: Sequence[Column]) -> Header:
        """Read the lines before the records; raises `FileRefused`."""
        return read_header(stream, file, self.dialect, columns, self.header_lines)

    def rows(
        self, stream: BinaryIO, header: Header, *, line: int, offset: int, size: int
    ) -> Iterator[Row]:
        """Cut the file into rows; a trailer is none.

        Raises:
            FileRefused: Behind the last row, if reading began at the first one and the file's
                trailer is missing or does not agree with the rows.
        """
        dialect = self.dialect.of_file(stream)
        assert dialect is not None, "its header could not have been read"
        check = None
        if self.trailer is not None:
            check = TrailerCheck(self.trailer, self.dialect, stream, header, size)
            size = check.records_end
        stream.seek(offset)
        part = first_bytes(stream, size - offset)
        width = len(header.names)
        found = rows(part, dialect, width=width, line=line, offset=offset)
        if check is None or offset != header.offset:
            yield from found
        else:
            yield from check.watch(found)

    def row_of(self, raw: bytes, header: Header) -> Row:
        """Return the bytes of one row as a row."""
        dialect = self.dialect.of_row(raw)
        if dialect is None:
            return Row(1, 0, len(raw), raw, NO_BYTE_ORDER)
        found = list(rows(BytesIO(raw), dialect, width=len(header.names)))
        if len(found) == 1:
            return found[0]
        return Row(1, 0, len(raw), raw, NOT_ONE_ROW)

    def columns(
        self, raw: bytes, header: Header, names: Sequence[str], records: int
    ) -> list[list[str | None]] | None:
        """Return the texts of good rows by column, where Arrow can cut them."""
        return columns(raw, header, self.dialect, names, records)

    def arrays(
        self, raw: bytes, header: Header, names: Sequence[str], records: int
    ) -> list[pa.Array] | None:
        """Return the same as Arrow has cut it."""
        return arrays(raw, header, self.dialect, names, records)

    def reader(self, file: str, header: Header, model: type | None) -> CsvRowReader:
        """Return what makes records of rows."""
        return CsvRowReader(file, header, self.dialect, model)
