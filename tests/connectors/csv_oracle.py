"""An independent reader of RFC 4180: slow, byte by byte, without a pattern or a buffer.

It knows nothing of the real one but its contract: what breaks the grammar costs one physical line.
"""

from __future__ import annotations

from typing import NamedTuple


class OracleRow(NamedTuple):
    """A row, or a physical line that is none (`fields` is None)."""

    line: int
    offset: int
    raw: bytes
    fields: list[bytes] | None


def read_all(data: bytes, delimiter: str, *, lines_max: int, bytes_max: int) -> list[OracleRow]:
    """Read every row of a file."""
    found = []
    at, line = 0, 1
    while at < len(data):
        fields, end = read_row(data, at, ord(delimiter))
        raw = data[at:end]
        lines = raw.count(b"\n") + (not raw.endswith(b"\n"))
        if fields is None or lines > lines_max or len(raw) > bytes_max:
            fields, end = None, end_of_line(data, at)
        raw = data[at:end]
        found.append(OracleRow(line, at, raw, fields))
        line += raw.count(b"\n")
        at = end
    return found


def end_of_line(data: bytes, at: int) -> int:
    """Return the place behind the next LF, or the end."""
    while at < len(data):
        at += 1
        if data[at - 1] == ord("\n"):
            break
    return at


def read_row(data: bytes, at: int, delimiter: int) -> tuple[list[bytes] | None, int]:
    """Return a row's fields and the place behind it; None if it breaks the grammar."""
    fields = []
    while True:
        field, at = read_field(data, at, delimiter)
        if field is None:
            return None, at
        fields.append(field)
        if at == len(data):
            return fields, at
        if data[at] == delimiter:
            at += 1
        elif data[at] == ord("\n"):
            return fields, at + 1
        elif data[at : at + 2] == b"\r\n":
            return fields, at + 2
        else:
            return None, at


def read_field(data: bytes, at: int, delimiter: int) -> tuple[bytes | None, int]:
    """Return one field and the place behind it; None if its quotes are never closed."""
    field = bytearray()
    if at == len(data) or data[at] != ord('"'):
        while at < len(data) and data[at] not in (delimiter, ord("\n"), ord("\r"), ord('"')):
            field.append(data[at])
            at += 1
        return bytes(field), at
    at += 1
    while at < len(data):
        if data[at] != ord('"'):
            field.append(data[at])
            at += 1
        elif data[at : at + 2] == b'""':
            field.append(data[at])
            at += 2
        else:
            return bytes(field), at + 1
    return None, at
