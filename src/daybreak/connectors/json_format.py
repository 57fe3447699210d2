"""JSON documents behind the contract of `file_format`: the elements of one array are the records.

A record is what stands between two commas of the array (`json_elements`). One that is no JSON costs
itself. Where quotes or brackets do not pair, all that follows is one region. If it begins unlike an
object, the record before it is a part of it: that one was closed too early, perhaps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Final

from ..errors import DefinitionError
from ..model.chunk import Finding
from .byte_window import Place, Window, region, skip_blanks
from .file_format import Header
from .file_refusals import RAW_BYTES_SHOWN, FileRefused, show_raw
from .json_document import CODEC, ENDS_EARLY, go_into_array, go_to_end
from .json_elements import MISMATCHED, Uncertain, skip_element
from .json_records import JsonRowReader
from .jsonl_format import NOT_ONE_ROW
from .other_kinds import CONVERT, refuse_other_kinds
from .row import Malformed, Row
from .text_encodings import BYTE_ORDER_MARK

if TYPE_CHECKING:
    from .csv_schema import Column

NO_ELEMENT: Final = "no value between two commas"
COMMA_AT_END: Final = "a comma behind the last record"

_BLANKS: Final = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """One document, in UTF-8, whose records are the elements of an array.

    Raises:
        DefinitionError: If a name on the path is no text.
    """

    kind: ClassVar[str] = "json"
    at: tuple[str, ...] = ()
    """The names of the objects' members that lead to the array; none if it is the document."""

    def __post_init__(self) -> None:
        """Refuse what is no path."""
        if not all(isinstance(name, str) for name in self.at):
            raise DefinitionError(
                f"expected at to be names of members, got {self.at!r}",
                hint='write at="items", or at=["data", "items"]',
            )

    @classmethod
    def of(cls, *, at: Sequence[str]) -> JsonFormat:
        """Make it of its facts."""
        return cls(tuple(at))

    def facts(self) -> dict[str, Any]:
        """Return where the records are."""
        return {"at": list(self.at)}

    def header(self, stream: BinaryIO, file: str, columns: Sequence[Column]) -> Header:  # noqa: ARG002 - each record names its own columns
        """Find the array; raises `FileRefused`."""
        refuse_other_kinds(stream, file, "utf-8", way_out=CONVERT)
        offset = len(BYTE_ORDER_MARK) if stream.read(3) == BYTE_ORDER_MARK else 0
        size = stream.seek(0, 2)
        window = Window(stream, line=1, offset=offset, size=size)
        try:
            go_into_array(window, self.at)
        except Malformed as exc:
            shown = exc.shown or show_raw(window.ahead(RAW_BYTES_SHOWN))
            finding = Finding(file, window.place.line, None, shown, exc.reason)
            raise FileRefused([finding]) from exc
        return Header((), window.place.line, window.place.offset)

    def rows(
        self, stream: BinaryIO, header: Header, *, line: int, offset: int, size: int
    ) -> Iterator[Row]:
        """Cut the array at its commas, and look at what stands behind it."""
        window = Window(stream, line=line, offset=offset, size=size)
        is_behind_comma = offset != header.offset
        held: Row | None = None  # until what follows has shown that it ended where it seems to
        while (first := skip_blanks(window)) and first != b"]":
            begin = window.place
            window.begin()
            if first == b",":
                window.go(window.at + 1)
                row = window.end()._replace(fault=NO_ELEMENT)
                is_behind_comma = True
            else:
                end = _end_of_element(window)
                if isinstance(end, Uncertain):
                    if held is not None and first == b"{":
                        yield held
                    elif held is not None:
                        begin = Place(held.offset, held.line)
                    yield region(stream, begin, size, end.fault, end.place.offset)
                    return
                row = window.end(end)
                is_behind_comma = window.peek() == b","
                window.go(window.at + is_behind_comma)
            if held is not None:
                yield held
            held = row
        if held is not None:
            yield held
        yield from self._end(stream, window, size, is_behind_comma=is_behind_comma)

    def _end(
        self, stream: BinaryIO, window: Window, size: int, *, is_behind_comma: bool
    ) -> Iterator[Row]:
        """Yield what is wrong with the end of the array, and with what follows it."""
        begin = window.place
        if not window.peek():
            yield Row(begin.line, begin.offset, 0, b"", ENDS_EARLY)
            return
        window.begin()
        window.go(window.at + 1)
        bracket = window.end()
        try:
            go_to_end(window, self.at)
        except Malformed as exc:
            yield region(stream, begin, size, exc.reason, window.place.offset)
        else:
            if is_behind_comma:
                yield bracket._replace(fault=COMMA_AT_END)

    def row_of(self, raw: bytes, header: Header) -> Row:  # noqa: ARG002 - it stands for itself
        """Return the bytes of one element as a row; blanks may stand around it."""
        inner = raw.strip(_BLANKS)
        window = Window(BytesIO(inner), line=1, offset=0, size=len(inner))
        if not inner or inner[:1] in b",]}":
            return Row(1, 0, len(raw), raw, NOT_ONE_ROW)
        window.begin()
        end = skip_element(window)
        if isinstance(end, Uncertain):
            return Row(1, 0, len(raw), raw, end.fault)
        if end.offset != len(inner):
            return Row(1, 0, len(raw), raw, NOT_ONE_ROW)
        return window.end(end)._replace(size=len(raw), raw=raw)

    def reader(self, file: str, header: Header, model: type | None) -> JsonRowReader:  # noqa: ARG002 - there is none
        """Return what makes records of rows."""
        return JsonRowReader(file, CODEC, model)


def _end_of_element(window: Window) -> Place | Uncertain:
    """Go behind an element, to the comma, the array's end or the file's end."""
    if window.peek() == b"}":
        return Uncertain(MISMATCHED, window.place)
    end = skip_element(window)
    if window.peek() == b"}" and not isinstance(end, Uncertain):
        return Uncertain(MISMATCHED, window.place)
    return end
