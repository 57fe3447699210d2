"""Fixed width behind the contract of `file_format`: each column has its bytes in every record.

Places are bytes, as on the machines that write such files; with `unit="characters"` they are
characters of a line. A record that is too short or too long costs itself: no field of it is looked
at, none is shifted. Without line ends records are cut by their length alone: then a byte that was
lost shows in the fields of all records behind it, and the last one is too short.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Final

from ..model.chunk import Finding
from .csv_header import MISSING_COLUMN
from .file_format import Header
from .file_refusals import FileRefused
from .fixed_layout import FixedLayout
from .fixed_records import FixedRowReader
from .jsonl_format import NOT_ONE_ROW
from .other_kinds import CONVERT, refuse_other_kinds
from .row import Row
from .text_encodings import BYTE_ORDER_MARK, is_ascii_inside
from .text_lines import lines

if TYPE_CHECKING:
    from .csv_schema import Column

_BLOCK_RECORDS: Final = 1_000


@dataclass(frozen=True, slots=True)
class FixedFormat:
    """Fixed width of one layout."""

    kind: ClassVar[str] = "fixed"
    layout: FixedLayout

    @classmethod
    def of(cls, *, columns: Sequence[Sequence[Any]], **options: Any) -> FixedFormat:
        """Make it of its facts."""
        return cls(
            FixedLayout(tuple((name, start, end) for name, start, end in columns), **options)
        )

    def facts(self) -> dict[str, Any]:
        """Return what divides a file and what a field means."""
        layout = self.layout
        return {
            "columns": [list(column) for column in layout.columns],
            "length": layout.length,
            "encoding": layout.encoding,
            "unit": layout.unit,
            "line_ends": layout.line_ends,
            "strip": layout.strip,
            "padding": layout.padding,
        }

    def header(self, stream: BinaryIO, file: str, columns: Sequence[Column]) -> Header:
        """Compare the layout with the model's columns; raises `FileRefused`."""
        names = [name for name, _, _ in self.layout.columns]
        if found := [
            Finding(file, 1, column.name, None, MISSING_COLUMN)
            for column in columns
            if not column.has_default and column.name not in names
        ]:
            raise FileRefused(found)
        if self.layout.line_ends and is_ascii_inside(self.layout.encoding):
            refuse_other_kinds(stream, file, self.layout.encoding, way_out=CONVERT)
        is_marked = self.layout.encoding == "utf-8" and stream.read(3) == BYTE_ORDER_MARK
        return Header(tuple(names), 1, 3 if is_marked else 0)

    def rows(
        self,
        stream: BinaryIO,
        header: Header,  # noqa: ARG002 - the layout says it all
        *,
        line: int,
        offset: int,
        size: int,
    ) -> Iterator[Row]:
        """Cut the file at its line ends, or by the length of a record."""
        end = self.layout.line_end
        if end is None:
            return self._cut(stream, line, offset, size)
        return lines(stream, end, line=line, offset=offset, size=size)

    def _cut(self, stream: BinaryIO, line: int, offset: int, size: int) -> Iterator[Row]:
        stream.seek(offset)
        length = self.layout.length
        left = max(0, size - offset)
        while block := stream.read(min(left, length * _BLOCK_RECORDS)):
            left -= len(block)
            for at in range(0, len(block), length):
                raw = block[at : at + length]
                yield Row(line, offset + at, len(raw), raw, None)
                line += 1
            offset += len(block)

    def row_of(self, raw: bytes, header: Header) -> Row:
        """Return the bytes of one record as a row."""
        found = list(self.rows(BytesIO(raw), header, line=1, offset=0, size=len(raw)))
        return found[0] if len(found) == 1 else Row(1, 0, len(raw), raw, NOT_ONE_ROW)

    def reader(self, file: str, header: Header, model: type | None) -> FixedRowReader:
        """Return what makes records of rows."""
        return FixedRowReader(file, header, self.layout, model)
