"""An independent reader of RFC 4180: slow, byte by byte, without a pattern or a buffer.

What it makes of damage is in `csv_region_oracle`. Neither knows anything of the real reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LF: Final = ord("\n")
CR: Final = ord("\r")


@dataclass
class Rfc4180:
    """Reads records of one file; `width` is how many fields the header has."""

    data: bytes
    delimiter: int
    width: int
    quote: int = ord('"')
    lines_max: int = 100
    bytes_max: int = 2**20

    def record(self, at: int) -> tuple[list[bytes] | None, int]:
        """Return a record's fields, any number, and its end; None if it breaks the grammar."""
        fields, end = self.fields(at)
        if fields is None or self.lines_in(at, end) > self.lines_max or end - at > self.bytes_max:
            return None, at
        return fields, end

    def fields(self, at: int) -> tuple[list[bytes] | None, int]:
        """Return fields up to a line end, and the place behind it."""
        fields = []
        while True:
            field, at = self.field(at)
            if field is None:
                return None, at
            fields.append(field)
            if at == len(self.data):
                return fields, at
            if self.data[at] != self.delimiter:
                end = at + (1 if self.data[at] == LF else 2)
                return (fields if self.data[at:end] in (b"\n", b"\r\n") else None), end
            at += 1

    def field(self, at: int) -> tuple[bytes | None, int]:
        """Return one field and the place behind it; None if its quotes are never closed."""
        if at < len(self.data) and self.data[at] == self.quote:
            return self.quoted(at + 1)
        end = at
        while end < len(self.data) and self.data[end] not in (self.delimiter, LF, CR, self.quote):
            end += 1
        return self.data[at:end], end

    def quoted(self, at: int) -> tuple[bytes | None, int]:
        """Return what stands from here to the closing quote, and the place behind that."""
        field = bytearray()
        while at < len(self.data):
            if self.data[at] != self.quote:
                field.append(self.data[at])
                at += 1
            elif self.data[at + 1 : at + 2] == bytes([self.quote]):
                field.append(self.quote)
                at += 2
            else:
                return bytes(field), at + 1
        return None, at

    def end_of_line(self, at: int) -> int:
        end = self.data.find(b"\n", at)
        return len(self.data) if end < 0 else end + 1

    def lines_in(self, at: int, end: int) -> int:
        return self.data.count(b"\n", at, end) + (self.data[at:end][-1:] not in (b"\n", b""))
