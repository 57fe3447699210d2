"""JSON Lines behind the contract of `file_format`: one object a line.

A line ends with LF, wherever it stands: JSON has none inside a string. So a line that is no JSON
costs itself, and reading begins at any line. Lines of blanks are between records.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Final

from ..errors import DefinitionError
from .file_format import Header
from .json_records import JsonRowReader
from .other_kinds import CONVERT, refuse_other_kinds
from .row import Row
from .text_encodings import BYTE_ORDER_MARK, codec_name, is_ascii_inside, keeps_apart
from .text_lines import lines

if TYPE_CHECKING:
    from .csv_schema import Column

NOT_ONE_ROW: Final = "not one row"


@dataclass(frozen=True, slots=True)
class JsonLinesFormat:
    """One JSON object a line.

    Raises:
        DefinitionError: If lines could not be told apart by their bytes.
    """

    kind: ClassVar[str] = "jsonl"
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        """Refuse what cannot be divided at byte level."""
        codec = codec_name(self.encoding)
        if not (is_ascii_inside(codec) and keeps_apart(codec, "\n")):
            raise DefinitionError(
                f"JSON Lines in encoding {self.encoding!r} cannot be divided by their bytes",
                hint="convert the file to UTF-8",
            )
        object.__setattr__(self, "encoding", codec)

    @classmethod
    def of(cls, *, encoding: str) -> JsonLinesFormat:
        """Make it of its facts."""
        return cls(encoding)

    def facts(self) -> dict[str, Any]:
        """Return what a file's bytes mean."""
        return {"encoding": self.encoding}

    def header(self, stream: BinaryIO, file: str, columns: Sequence[Column]) -> Header:  # noqa: ARG002 - each record names its own columns
        """Skip a byte order mark; raises `FileRefused`."""
        refuse_other_kinds(stream, file, self.encoding, way_out=CONVERT)
        is_marked = self.encoding == "utf-8" and stream.read(3) == BYTE_ORDER_MARK
        return Header((), 1, 3 if is_marked else 0)

    def rows(
        self,
        stream: BinaryIO,
        header: Header,  # noqa: ARG002 - there is none
        *,
        line: int,
        offset: int,
        size: int,
    ) -> Iterator[Row]:
        """Cut the file at its line ends."""
        for row in lines(stream, b"\n", line=line, offset=offset, size=size):
            if row.raw.strip(b" \t\r\n") or row.fault:
                yield row

    def row_of(self, raw: bytes, header: Header) -> Row:
        """Return the bytes of one line as a row."""
        found = list(self.rows(BytesIO(raw), header, line=1, offset=0, size=len(raw)))
        if len(found) == 1 and found[0].size == len(raw):
            return found[0]
        return Row(1, 0, len(raw), raw, NOT_ONE_ROW)

    def reader(self, file: str, header: Header, model: type | None) -> JsonRowReader:  # noqa: ARG002 - there is none
        """Return what makes records of rows."""
        return JsonRowReader(file, self.encoding, model)
