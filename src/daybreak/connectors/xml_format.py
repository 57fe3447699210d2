"""XML documents behind the contract of `file_format`: elements of one name are the records.

The records are the children of one element. They are cut at their tags, and parsed one by one: so
one that is no XML for another reason than its tags (a bare `&`, an unknown entity, a character that
XML does not have) costs itself. Where tags do not pair, all that follows is one region. If it
begins by closing a record once more, the record before it is a part of it: that one was closed too
early, perhaps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Final

from ..errors import DefinitionError
from ..model.chunk import Finding
from .byte_window import Place, Window, region
from .file_format import Header
from .file_refusals import RAW_BYTES_SHOWN, FileRefused, show_raw
from .jsonl_format import NOT_ONE_ROW
from .other_kinds import CONVERT, refuse_other_kinds
from .row import Malformed, Row
from .text_encodings import BYTE_ORDER_MARK
from .xml_document import (
    DECLARATION_BYTES_MAX,
    ENDS_EARLY,
    Around,
    codec_of,
    find_records,
    is_record,
)
from .xml_elements import ElementReader
from .xml_markup import TEXT_OUTSIDE, UNPAIRED, Markup, Tag
from .xml_records import XmlRowReader

if TYPE_CHECKING:
    from .csv_schema import Column

STRAY_TEXT: Final = "text between two records"
ELSEWHERE: Final = "a record outside of the element that holds the others"
TWO_ELEMENTS: Final = "no XML: a second outermost element"

_BLANKS: Final = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class XmlFormat:
    """One document whose records are the elements of a name.

    Raises:
        DefinitionError: If the name is none.
    """

    kind: ClassVar[str] = "xml"
    record: str
    """The name of a record without its prefix, or the names from the outermost element on, with
    slashes between."""

    def __post_init__(self) -> None:
        """Refuse what is no name."""
        if not all(map(_is_name, self.record.split("/"))):
            raise DefinitionError(
                f"expected record to be the name of an element, got {self.record!r}",
                hint='write record="order", or record="orders/order", without prefixes',
            )

    @classmethod
    def of(cls, *, record: str) -> XmlFormat:
        """Make it of its facts."""
        return cls(record)

    def facts(self) -> dict[str, Any]:
        """Return which elements are records."""
        return {"record": self.record}

    @property
    def _path(self) -> list[str]:
        return self.record.split("/")

    def header(self, stream: BinaryIO, file: str, columns: Sequence[Column]) -> Header:  # noqa: ARG002 - each record names its own columns
        """Find the element that holds the records; raises `FileRefused`."""
        refuse_other_kinds(stream, file, "utf-8", way_out=CONVERT)
        beginning = stream.read(len(BYTE_ORDER_MARK) + DECLARATION_BYTES_MAX)
        offset = len(BYTE_ORDER_MARK) if beginning.startswith(BYTE_ORDER_MARK) else 0
        window = Window(stream, line=1, offset=offset, size=stream.seek(0, 2))
        try:
            codec = codec_of(beginning[offset:])
            around, place = find_records(Markup(window, [], codec), self._path, codec)
            ElementReader(around).refuse_bad_tags()
        except Malformed as exc:
            shown = exc.shown or show_raw(window.ahead(RAW_BYTES_SHOWN))
            finding = Finding(file, window.place.line, None, shown, exc.reason)
            raise FileRefused([finding]) from exc
        return Header((), place.line, place.offset, around.as_text())

    def rows(
        self, stream: BinaryIO, header: Header, *, line: int, offset: int, size: int
    ) -> Iterator[Row]:
        """Cut the document at the tags of its records, and look at what stands behind them."""
        around = Around.of(header.notes)
        window = Window(stream, line=line, offset=offset, size=size)
        markup = Markup(window, around.names, around.codec)
        cut = _Cut(markup, self._path, around.codec)
        held: Row | None = None  # until what follows has shown that it ended where it seems to
        while True:
            try:
                row = cut.next_row()
            except Malformed as exc:
                begin = cut.begin
                if held is not None and cut.is_between and exc.reason == UNPAIRED:
                    begin = Place(held.offset, held.line)
                elif held is not None:
                    yield held
                yield region(stream, begin, size, exc.reason, window.place.offset)
                return
            if held is not None:
                yield held
            if row is None:
                return
            held = row

    def row_of(self, raw: bytes, header: Header) -> Row:
        """Return the bytes of one element as a row; blanks may stand around it."""
        around = Around.of(header.notes)
        inner = raw.strip(_BLANKS)
        window = Window(BytesIO(inner), line=1, offset=0, size=len(inner))
        markup = Markup(window, around.names, around.codec)
        cut = _Cut(markup, self._path, around.codec)
        try:
            row = cut.next_row()
        except Malformed as exc:
            return Row(1, 0, len(raw), raw, exc.reason)
        if row is None or cut.is_between or row.size != len(inner):
            return Row(1, 0, len(raw), raw, NOT_ONE_ROW)
        return row._replace(size=len(raw), raw=raw)

    def reader(self, file: str, header: Header, model: type | None) -> XmlRowReader:
        """Return what makes records of rows."""
        return XmlRowReader(file, Around.of(header.notes), model)


def _is_name(name: str) -> bool:
    return bool(name) and not set(name) & set(" \t\r\n<>&\"'=:/@")


class _Cut:
    """Cuts rows out of the element that holds the records."""

    def __init__(self, markup: Markup, path: Sequence[str], codec: str) -> None:
        self._markup = markup
        self._path = path
        self._codec = codec
        self._depth = len(markup.open)
        self._is_done = False
        self._begin: Place | None = None
        self.is_between = False
        """Whether what was looked at last is neither a record nor behind all of them."""

    @property
    def begin(self) -> Place:
        """Where what is being looked at begins: behind the last row, or at a record."""
        return self._begin or self._markup.first or self._markup.window.place

    def next_row(self) -> Row | None:
        """Return the next row; None at the end.

        Raises:
            Malformed: If nothing from `begin` on is certain.
        """
        markup, window = self._markup, self._markup.window
        self._begin = markup.first = None
        self.is_between = True
        while not self._is_done:
            tag = markup.next(marks=True)
            if not tag.text:
                self._is_done = True
                return self._early_end() if markup.open else None
            if len(markup.open) < self._depth:
                self._begin, self.is_between = tag.place, False
                self._look_behind()
                return None
            if tag.is_text:
                return window.end()._replace(fault=STRAY_TEXT if self._depth else TEXT_OUTSIDE)
            if self._is_record(tag):
                self._begin, self.is_between = tag.place, False
                if tag.closes or not markup.go_behind(tag):
                    self._go_behind(tag)
                return window.end()
            if self._depth == 0:
                raise Malformed(TWO_ELEMENTS)
            if self._go_behind(tag):
                return window.end()._replace(fault=ELSEWHERE)
        return None

    def _is_record(self, tag: Tag) -> bool:
        around = self._markup.open if tag.closes else self._markup.open[:-1]
        return tag.opens and is_record(tag, around, self._path, self._codec)

    def _early_end(self) -> Row:
        place = self._markup.window.place
        return Row(place.line, place.offset, 0, b"", ENDS_EARLY)

    def _go_behind(self, tag: Tag) -> bool:
        """Go behind an element whose start tag was passed; say whether records are inside."""
        markup = self._markup
        found = False
        while len(markup.open) > self._depth:
            tag = markup.next()
            if not tag.text:
                raise Malformed(ENDS_EARLY)
            found = found or self._is_record(tag)
        return found

    def _look_behind(self) -> None:
        """Look at what stands behind the element that holds the records."""
        markup = self._markup
        self._is_done = True
        while (tag := markup.next()).text:
            if not markup.open and tag.is_text:
                raise Malformed(TEXT_OUTSIDE)
            if tag.opens and len(markup.open) == (not tag.closes):
                raise Malformed(TWO_ELEMENTS)
            if self._is_record(tag):
                raise Malformed(ELSEWHERE)
        if markup.open:
            raise Malformed(ENDS_EARLY)
