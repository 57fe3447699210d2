"""What is a row of a damaged file, by the contract in docs/concepts/csv-files.md, byte by byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tests.connectors.csv_oracle import Rfc4180


class OracleRow(NamedTuple):
    """A row; `fields` is None if it is no record."""

    line: int
    offset: int
    raw: bytes
    fields: list[bytes] | None


@dataclass
class Oracle(Rfc4180):
    """Reads the rows of one file."""

    def __post_init__(self) -> None:
        self.end = self.end_of_records()

    def rows(self, at: int = 0, line: int = 1) -> list[OracleRow]:
        """Read every row from a place on, but the empty lines at the end."""
        found = []
        while at < self.end:
            upto, fields = self.row(at)
            found.append(OracleRow(line, at, self.data[at:upto], fields))
            at, line = upto, line + self.data.count(b"\n", at, upto)
        return found

    def row(self, at: int) -> tuple[int, list[bytes] | None]:
        """Return where the row that begins here ends, and its fields if it is a record."""
        line_end, (fields, end) = self.end_of_line(at), self.record(at)
        if line_end - at > self.bytes_max or fields is None:
            has_quote = self.quote in self.data[at:line_end]
            return (self.end_of_region(line_end) if has_quote else line_end), None
        if not self.is_good(fields):
            return (end if end == line_end else self.end_of_region(line_end)), None
        if self.is_broken_off(at, end):
            return self.end_of_region(line_end), None
        return end, None if self.swallows(at, end) else fields

    def end_of_region(self, at: int) -> int:
        """Return where a region ends whose first line, or first long line, ends here."""
        size = 0
        for _ in range(self.lines_max - 1):
            end = self.end_of_line(at)
            size += end - at
            if end == at or size > self.bytes_max or self.resumes(at):
                return at
            at = end
        return at

    def resumes(self, at: int) -> bool:
        """Whether three records follow, or one or two and the end."""
        for number in range(3):
            if at >= self.end:
                return number > 0
            if self.end_of_line(at) - at > self.bytes_max:
                return False
            begin, (fields, at) = at, self.record(at)
            if not self.is_good(fields) or self.swallows(begin, at):
                return False
        return True

    def swallows(self, at: int, end: int) -> bool:
        """Whether three lines in a row are records, behind its first line and before its last."""
        found, line = 0, self.end_of_line(at)
        while (line_end := self.end_of_line(line)) < end and found < 3:
            fields, upto = self.record(line)
            found = found + 1 if self.is_good(fields) and upto == line_end else 0
            line = line_end
        return found == 3 and self.width > 3

    def is_broken_off(self, at: int, end: int) -> bool:
        """Whether the first broken line behind a record is the rest of quotes in that record."""
        rest = end
        while rest < len(self.data) and self.is_inner(rest):
            rest = self.end_of_line(rest)
        text = self.data[rest : (until := self.end_of_line(rest))]
        is_far = self.lines_in(at, rest) + 1 > self.lines_max or until - at > self.bytes_max
        fields, upto = self.record(rest)
        if self.quote not in text or is_far or (fields and (upto == until or self.is_good(fields))):
            return False
        lines = self.data[at:end].removesuffix(b"\n").split(b"\n")
        columns = [line.count(self.delimiter) + 1 for line in lines]
        if len(lines) > 1 and set(columns) == {self.width}:
            return True
        if text.rstrip(b"\r\n") == bytes([self.quote]):
            return len(text) > 1
        is_short = text.count(self.delimiter) + 1 < self.width
        field, closed = self.quoted(rest)
        if 0 in text or field is None or closed > until or not self.is_bare(rest, until):
            return False
        behind = 0
        while self.data[closed : closed + 1] == bytes([self.delimiter]):
            field, closed = self.field(closed + 1)
            behind += 1
            if field is None or closed > until:  # one more field opens
                before = b"\n".join(lines[:-1]).count(self.delimiter) + 1
                return len(lines) > 1 and before >= self.width and self.goes_on(lines[-1], rest)
        fits = (behind == 0 and is_short) or (
            len(lines) > 1 and self.opened(lines[-1]) + behind == self.width
        )
        return fits and self.data[closed:until] in (b"", b"\n", b"\r\n")

    def goes_on(self, opening: bytes, rest: int) -> bool:
        """Whether a line that opens quotes becomes a record with what stands from `rest` on."""
        one = Rfc4180(opening + b"\n" + self.data[rest:], self.delimiter, self.width, self.quote)
        return self.is_good(one.fields(0)[0])

    def opened(self, line: bytes) -> int:
        """Return how many fields a line begins, the last of them in quotes that stay open."""
        one, at, fields = Oracle(line, self.delimiter, self.width, self.quote), 0, 1
        while (found := one.field(at))[0] is not None:
            if line[found[1] : found[1] + 1] != bytes([self.delimiter]):
                return self.width + 1
            at, fields = found[1] + 1, fields + 1
        return fields

    def is_bare(self, at: int, until: int) -> bool:
        """Whether a line's first fault is a quote in a field that is not quoted."""
        while True:
            is_quoted = self.data[at : at + 1] == bytes([self.quote])
            field, at = self.field(at)
            if field is None or at >= until:
                return False
            if self.data[at] != self.delimiter:
                return not is_quoted and self.data[at] == self.quote
            at += 1

    def is_good(self, fields: list[bytes] | None) -> bool:
        return len(fields or ()) == self.width

    def is_inner(self, at: int) -> bool:
        """Whether a line without quotes is no record, and not for a stray carriage return."""
        if self.quote in self.data[at : self.end_of_line(at)]:
            return False
        return self.record(at)[0] is not None and not self.is_good(self.record(at)[0])

    def end_of_records(self) -> int:
        """Return where the empty lines at the end begin, if they are fewer than `lines_max`."""
        end = len(self.data)
        for _ in range(self.lines_max - 1 if self.width > 1 else 0):
            begin = self.data.rfind(b"\n", 0, end - 1) + 1
            is_empty = self.data[begin:end] in (b"\n", b"\r\n")
            if not is_empty or len(self.data) - begin > self.bytes_max:
                break
            end = begin
        return end
