"""Files whose parts are lines: a head, then the lines of all parts, one behind the other."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, BinaryIO, Final

from ..errors import DaybreakError
from .file_writing import NO_FORM, Piece, ReadBack, refused, shown

EXPONENT_MAX: Final = 10_000
"""A decimal number further from the point would have more digits than a file should."""

COPY_BYTES: Final = 2**20


class LineWriter:
    """`FormatWriter` for formats in which a record is a text that ends with its line end.

    Args:
        head: What stands before the records.
        line: Gives the bytes of one record; what it raises is that record's fault.
        back: Reads what was written.
    """

    def __init__(self, head: bytes, line: Callable[[Any], bytes], back: ReadBack) -> None:
        self._head = head
        self._line = line
        self._back = back

    def piece(self, records: Sequence[Any]) -> Piece:
        """Bring records into form; raises `RecordRefused`."""
        lines: list[bytes] = []
        for position, record in enumerate(records):
            try:
                lines.append(self._line(record))
            except DaybreakError:
                raise
            except Exception as error:
                why = f"{NO_FORM}: {type(error).__name__}"
                raise refused(position, why, record=shown(record), error=str(error)) from error
        content = b"".join(lines)
        self._back.refuse_unlike(records, self._head + content)
        return Piece(content, len(records))

    def part(self, pieces: Sequence[Piece], stream: BinaryIO) -> None:
        """Write the lines, without the head."""
        stream.writelines(piece.content for piece in pieces)

    def join(self, parts: Sequence[Path], stream: BinaryIO) -> None:
        """Write the head once, then all lines."""
        stream.write(self._head)
        for part in parts:
            with part.open("rb") as lines:
                shutil.copyfileobj(lines, stream, COPY_BYTES)


def text_of(value: Any) -> str:
    """Return a value as the grammar of texts writes it (`csv_grammar`).

    Raises:
        ValueError: If no text means it.
    """
    if (say := _TEXTS.get(type(value))) is not None:  # nearly always
        return say(value)
    for of in type(value).__mro__:
        if (say := _TEXTS.get(of)) is not None:
            return say(value)
    plain = plain_of(value)
    if isinstance(plain, list | dict) or plain is None:
        raise ValueError(f"no text means a {type(value).__name__}")
    return text_of(plain)


def digits_of(value: Decimal) -> str:
    """Return all digits of a decimal number, without an exponent.

    Raises:
        ValueError: If it is none that digits can say.
    """
    if not value.is_finite() or abs(value.adjusted()) > EXPONENT_MAX:
        raise ValueError("digits cannot say this decimal number")
    return format(value, "f")


def _instant(value: datetime) -> str:
    """Write an instant with its offset; one that is no whole number of minutes gives way to UTC."""
    offset = None if value.tzinfo is UTC else value.utcoffset()
    if offset is not None and offset % timedelta(minutes=1):
        value = value.astimezone(UTC)
    return value.isoformat()


def plain_of(value: Any) -> Any:
    """Return a value as JSON data, as pydantic writes its type."""
    from pydantic_core import to_jsonable_python  # noqa: PLC0415 - heavy

    return to_jsonable_python(value)


_TEXTS: Final[Mapping[type, Callable[[Any], str]]] = {
    str: str.__str__,  # of an enumeration of texts too
    bool: lambda value: "true" if value else "false",
    int: int.__repr__,
    float: float.__repr__,
    Decimal: digits_of,
    datetime: _instant,
    date: date.isoformat,
    time: time.isoformat,
    bytes: bytes.decode,
    Enum: lambda value: text_of(value.value),
}
"""By type, the nearest first."""
