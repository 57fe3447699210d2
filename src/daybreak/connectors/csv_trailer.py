"""The last line of a file that says how many records there are and what a column sums up to.

It is no record. That it is there, and agrees with the records, is checked behind the last of
them: what is wrong is a finding of the file as a whole, whatever else was found in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact
from io import BytesIO
from pathlib import PurePath
from typing import Any, BinaryIO, Final

from ..errors import DefinitionError
from ..model.chunk import Finding
from .csv_dialect import CsvDialect
from .csv_grammar import Ungrammatical, decimal_number, whole_number
from .csv_lines import line_reader
from .csv_rows import FieldReader, rows
from .file_format import Header
from .file_refusals import FileRefused, shorten
from .row import Malformed, Row

TRAILER_BYTES_MAX: Final = 2**16
"""How far from the file's end the trailer's line may begin."""

NO_TRAILER: Final = "the trailer is missing: the file may have been cut off"
COUNT_UNREADABLE: Final = "the trailer has no number of records"
COUNT_DIFFERS: Final = "the trailer says another number of records than the file has"
TOTAL_UNREADABLE: Final = "the trailer has no control total"
TOTAL_DIFFERS: Final = "the trailer says another control total than the records have"
NO_SUCH_COLUMN: Final = "the file has no column of which the trailer says the control total"

_EXACT: Final = Context(prec=10_000, traps=[Inexact])


@dataclass(frozen=True)
class Trailer:
    """What the last line of a file says.

    `Trailer("T")` stands for `T,12345`; `Trailer("TRAILER", totals={"amount": 3})` for
    `TRAILER|000123|99.50`. Fields are numbered from 1.

    Raises:
        DefinitionError: If it names no field that there can be.
    """

    mark: str
    """The text of its first field: a last line with another one is no trailer."""

    count: int | None = 2
    """The field with the number of records; None if it has none."""

    totals: Mapping[str, int] = field(default_factory=dict)
    """Of columns the field with their control total, the sum of what stands in all records."""

    def __post_init__(self) -> None:
        """Refuse fields that are none."""
        places = [*self.totals.values(), *([] if self.count is None else [self.count])]
        if wrong := [place for place in places if place < 2]:  # noqa: PLR2004 - the mark is 1
            raise DefinitionError(
                f"expected the fields of a trailer to be numbered from 2, got {wrong[0]}",
                hint="field 1 is its mark",
            )

    def __hash__(self) -> int:
        return hash((self.mark, self.count, *sorted(self.totals.items())))

    def facts(self) -> dict[str, Any]:
        """Return its arguments as JSON data."""
        return {"mark": self.mark, "count": self.count, "totals": dict(self.totals)}


class TrailerCheck:
    """The trailer of one file, compared with its rows.

    Args:
        trailer: What it should say.
        dialect: How the file is written.
        stream: The file; it stands anywhere afterwards.
        header: What stands before its records.
        size: The file's bytes.
    """

    def __init__(
        self, trailer: Trailer, dialect: CsvDialect, stream: BinaryIO, header: Header, size: int
    ) -> None:
        self._trailer = trailer
        self._dialect = dialect
        self._names = header.names
        self._file = PurePath(str(getattr(stream, "name", ""))).name
        self._records = 0
        self._line = header.line
        self._sums = dict.fromkeys(trailer.totals, Decimal(0))
        self._readable = set(trailer.totals)
        found = _last_line(stream, dialect, header.offset, size)
        self._fields = None if found is None else _fields(found[1], dialect, trailer.mark)
        self.records_end = found[0] if found is not None and self._fields is not None else size
        """Where the trailer begins; the file's end if it has none."""

    def watch(self, found: Iterator[Row]) -> Iterator[Row]:
        """Give the rows on.

        Raises:
            FileRefused: Behind the last one, if the trailer does not agree with them.
        """
        reader = FieldReader(self._dialect, len(self._names))
        for row in found:
            self._records += 1
            self._line = row.line + row.lines
            if self._sums:
                self._add(row, reader)
            yield row
        if faults := list(self._faults()):
            raise FileRefused(faults)

    def _add(self, row: Row, reader: FieldReader) -> None:
        try:
            fields = dict(zip(self._names, reader.read(row), strict=True))
        except Malformed:
            self._readable.clear()
            return
        for name in self._sums:
            if (text := fields.get(name)) in (None, self._dialect.null):
                continue
            try:
                self._sums[name] = _EXACT.add(self._sums[name], decimal_number(text or ""))
            except (Ungrammatical, Inexact):
                self._readable.discard(name)

    def _faults(self) -> Iterator[Finding]:
        if self._fields is None:
            yield self._finding(None, None, NO_TRAILER)
            return
        if self._trailer.count is not None:
            yield from self._count_faults(self._text(self._trailer.count))
        for name, place in self._trailer.totals.items():
            if name not in self._names:
                yield self._finding(name, None, NO_SUCH_COLUMN)
            else:
                yield from self._total_faults(name, self._text(place))

    def _count_faults(self, text: str) -> Iterator[Finding]:
        try:
            stated = whole_number(text)
        except Ungrammatical:
            yield self._finding(None, text, COUNT_UNREADABLE)
        else:
            if stated != self._records:
                shown = f"{text}, counted {self._records}"
                yield self._finding(None, shown, COUNT_DIFFERS)

    def _total_faults(self, name: str, text: str) -> Iterator[Finding]:
        try:
            stated = decimal_number(text)
        except Ungrammatical:
            yield self._finding(name, text, TOTAL_UNREADABLE)
            return
        known = name in self._readable
        if not known or stated != self._sums[name]:
            counted = self._sums[name] if known else "a sum with values that are no numbers"
            yield self._finding(name, f"{text}, counted {counted}", TOTAL_DIFFERS)

    def _text(self, place: int) -> str:
        fields = self._fields or []
        return fields[place - 1] if place <= len(fields) else ""

    def _finding(self, column: str | None, value: str | None, reason: str) -> Finding:
        shown = None if value is None else shorten(value)
        return Finding(self._file, self._line, column, shown, reason)


def _last_line(
    stream: BinaryIO, dialect: CsvDialect, first: int, size: int
) -> tuple[int, bytes] | None:
    """Return the last line that is not empty, and where it begins."""
    of_file = dialect.of_file(stream)
    assert of_file is not None, "its header could not have been read"
    begin = max(first, size - TRAILER_BYTES_MAX)
    stream.seek(begin)
    tail = BytesIO(stream.read(size - begin))
    found, at = None, begin
    for line in iter(line_reader(tail, of_file.codec, TRAILER_BYTES_MAX + 1), b""):
        is_cut = at == begin and begin > first  # it may have begun before
        if line.strip(b"\r\n\0") and not is_cut:
            found = at, line
        at += len(line)
    return found


def _fields(line: bytes, dialect: CsvDialect, mark: str) -> list[str] | None:
    """Return a line's fields, if it is a trailer."""
    of_row = dialect.of_row(line)
    if of_row is None:
        return None
    found = list(rows(BytesIO(line), of_row))
    try:
        fields = FieldReader(of_row, None).read(found[0]) if len(found) == 1 else []
    except Malformed:
        return None
    return fields if fields[:1] == [mark] else None
