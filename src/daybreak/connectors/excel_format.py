"""Excel behind the contract of `file_format`: a sheet is spooled once, as a line of JSON a row.

A sheet is one stream of XML within a zip, so nothing can be read from its middle. The spool can:
its places are bytes. It stands beside the index, for as long as that.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Final

from ..model.chunk import Finding
from .csv_header import DUPLICATE_COLUMN, MISSING_COLUMN
from .csv_schema import schema_of
from .excel_book import Book, BookRefused, SheetPart
from .excel_cells import converter
from .excel_export import ExcelExport
from .excel_sheet import SheetRow, letters_of, rows
from .file_format import Header
from .file_refusals import FileRefused, shorten
from .row import Row
from .typed_records import TypedColumn, TypedRowReader, one_line, show_cell

if TYPE_CHECKING:
    from pathlib import Path

    from .csv_schema import Column
    from .file_index import FileIndex

NO_SUCH_SHEET: Final = "no sheet has this name"
SEVERAL_SHEETS: Final = "several sheets: say which one, sheet=..."
NO_SHEET: Final = "no sheet with cells"
NO_HEADER: Final = "no names of columns in the row of the header"
NO_NAME: Final = "not a text, so not the name of a column"
NO_MODEL_COLUMN: Final = "no column of the model"
OUTSIDE: Final = "a value beside the columns that have names"


@dataclass(frozen=True, slots=True)
class ExcelFormat:
    """One sheet of an .xlsx file."""

    kind: ClassVar[str] = "excel"
    sheet: str | None = None
    """Its name; None for the only one that is visible."""

    header_row: int = 1
    """The row, from 1, in which the names of the columns stand."""

    null: str = ""

    @classmethod
    def of(cls, *, sheet: str | None, header_row: int, null: str) -> ExcelFormat:
        """Make it of its facts."""
        return cls(sheet, header_row, null)

    def facts(self) -> dict[str, Any]:
        """Return which sheet it is, where its records begin, and what is NULL."""
        return {"sheet": self.sheet, "header_row": self.header_row, "null": self.null}

    def spool(self, stream: BinaryIO, file: str, into: BinaryIO) -> None:
        """Write a line for the header and for every row; raises `FileRefused`."""
        try:
            book = Book(stream)
            every = rows(book, self._sheet(book))
            header = next((row for row in every if row.number >= self.header_row), None)
            is_there = header is not None and header.number == self.header_row
            named = header.cells if header is not None and is_there else {}
            into.write(_line(self.header_row, "", {letters_of(at): of for at, of in named.items()}))
            names = {at: of for at, of in named.items() if isinstance(of, str) and of != ""}
            into.writelines(_spooled(row, names) for row in every)
        except BookRefused as exc:
            raise FileRefused([Finding(file, 1, None, exc.value, str(exc))]) from exc

    def export(self, source: Path, index: FileIndex, to: BinaryIO) -> ExcelExport:  # noqa: ARG002 - rows have numbers
        """Begin a workbook with some of the rows of another."""
        return ExcelExport(source, self._sheet, self.header_row, to)

    def _sheet(self, book: Book) -> SheetPart:
        if self.sheet is not None:
            found = [one for one in book.sheets if one.name == self.sheet]
            if not found:
                raise BookRefused(NO_SUCH_SHEET, shorten(self.sheet))
            return found[0]
        visible = [one for one in book.sheets if one.is_visible]
        if len(visible) > 1:
            raise BookRefused(SEVERAL_SHEETS, shorten(", ".join(one.name for one in visible)))
        if not visible:
            raise BookRefused(NO_SHEET)
        return visible[0]

    def header(self, stream: BinaryIO, file: str, columns: Sequence[Column]) -> Header:
        """Read the spool's first line; raises `FileRefused`."""
        line = stream.readline()
        _, _, raw = line.split(b"\t", 2)
        cells: dict[str, Any] = json.loads(raw)
        found = list(_header_faults(file, self.header_row, cells, columns))
        if found:
            raise FileRefused(found)
        names = tuple(name for name in cells.values() if isinstance(name, str) and name != "")
        return Header(names, self.header_row + 1, len(line))

    def rows(
        self,
        stream: BinaryIO,
        header: Header,  # noqa: ARG002 - the spool's lines name their columns
        *,
        line: int,  # noqa: ARG002 - the spool's lines have their numbers
        offset: int,
        size: int,
    ) -> Iterator[Row]:
        """Cut the spool into lines."""
        stream.seek(offset)
        while offset < size and (text := stream.readline()):
            number, fault, raw = text.split(b"\t", 2)
            yield Row(int(number), offset, len(raw), raw, fault.decode() or None)
            offset += len(text)

    def row_of(self, raw: bytes, header: Header) -> Row:  # noqa: ARG002 - the reader compares
        """Return a line of JSON as a row."""
        return one_line(raw)

    def reader(self, file: str, header: Header, model: type | None) -> TypedRowReader:
        """Return what makes records of lines."""
        if model is None:
            columns = [TypedColumn(name, converter(None)) for name in header.names]
        else:
            columns = [
                TypedColumn(of.name, converter(of.kind), of.nullable, of.has_default)
                for of in schema_of(model).columns
                if of.name in header.names
            ]
        null = (self.null, {"error": self.null})
        return TypedRowReader(file, header.names, columns, model, null=null)


def _spooled(row: SheetRow, names: Mapping[int, str]) -> bytes:
    """Return a row as a line of the spool: its number, its fault, a line of JSON."""
    cells = {name: row.cells.get(at) for at, name in names.items()}
    beside = {
        f"({letters_of(at)})": cell
        for at, cell in row.cells.items()
        if at not in names and cell != "" and not _is_merged(cell)
    }
    return _line(row.number, OUTSIDE if beside else "", {**cells, **beside})


def _is_merged(cell: Any) -> bool:
    return isinstance(cell, dict) and "merged" in cell


def _line(number: int, fault: str, cells: Mapping[str, Any]) -> bytes:
    text = json.dumps(cells, ensure_ascii=False)
    return f"{number}\t{fault}\t{text}\n".encode()


def _header_faults(
    file: str, line: int, cells: Mapping[str, Any], columns: Sequence[Column]
) -> Iterator[Finding]:
    names = [cell for cell in cells.values() if isinstance(cell, str) and cell != ""]
    if not names:
        yield Finding(file, line, None, None, NO_HEADER)
        return
    for letters, cell in cells.items():
        if not isinstance(cell, str) and not _is_merged(cell):
            yield Finding(file, line, letters, show_cell(cell), NO_NAME)
    for name, count in Counter(names).items():
        if count > 1:
            yield Finding(file, line, shorten(name), shorten(name), DUPLICATE_COLUMN)
    if columns and not {column.name for column in columns} & set(names):
        yield Finding(file, line, None, shorten(", ".join(names)), NO_MODEL_COLUMN)
        return
    for column in columns:
        if not column.has_default and column.name not in names:
            yield Finding(file, line, column.name, None, MISSING_COLUMN)
