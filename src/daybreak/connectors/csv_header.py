"""The first row of a CSV file: where the records begin, and whether the model's columns are there.

All that is wrong with a file as a whole is found here, at once, as findings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from ..model.chunk import Finding
from .csv_dialect import CsvDialect
from .csv_rows import FieldReader, Malformed, Row, rows

if TYPE_CHECKING:
    from .csv_schema import Column

VALUE_CHARS_MAX: Final = 80
"""Characters of a value that a finding shows."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

MISSING_COLUMN: Final = "a column that the model needs is missing"
DUPLICATE_COLUMN: Final = "two columns have this name"
NO_HEADER: Final = "not a header: it names no column of the model"
EMPTY_FILE: Final = "an empty file, without a header"
NO_FILE: Final = "no such file"
NOT_A_FILE: Final = "not a file"
NO_PERMISSION: Final = "no permission to read it"
UNREADABLE: Final = "it cannot be read"


@dataclass(frozen=True, slots=True)
class Header:
    """The names of a file's columns, and where its records begin."""

    names: tuple[str, ...]
    line: int
    """The physical line on which the first record begins."""

    offset: int
    """The byte at which the first record begins."""


class FileRefused(Exception):  # noqa: N818 - a verdict on a file, raised and caught in this room
    """A file as a whole cannot be read as records; none of its records was looked at.

    Args:
        findings: Everything that is wrong with it.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(map(str, findings)))
        self.findings = tuple(findings)


def shorten(text: str) -> str:
    """Return a value as findings show it: at most `VALUE_CHARS_MAX` characters."""
    return text if len(text) <= VALUE_CHARS_MAX else text[: VALUE_CHARS_MAX - 1] + "…"


def show_raw(raw: bytes) -> str:
    """Return bytes as findings show them, whatever they are."""
    return shorten(raw[: 4 * VALUE_CHARS_MAX].decode("utf-8", "backslashreplace").rstrip("\r\n"))


def open_file(path: Path) -> BinaryIO:
    """Open a file to be read in rows.

    Raises:
        FileRefused: If it is missing, is none, or may not be read.
    """
    try:
        return path.open("rb")
    except FileNotFoundError:
        reason = NO_FILE
    except IsADirectoryError:
        reason = NOT_A_FILE
    except PermissionError:
        reason = NO_PERMISSION
    except OSError:
        reason = UNREADABLE
    raise FileRefused([Finding(path.name, 1, None, str(path), reason)])


def read_header(
    stream: BinaryIO, file: str, dialect: CsvDialect, columns: Sequence[Column]
) -> Header:
    """Read the header of a file and compare it with the columns of a model.

    Args:
        stream: Standing at the file's beginning; afterwards it stands anywhere.
        file: The file's name, for findings.
        dialect: How it is written.
        columns: The model's; none without a model.

    Raises:
        FileRefused: With all that is wrong: unreadable, duplicate names, missing columns.
    """
    offset = _skip_mark(stream, dialect)
    row = next(rows(stream, dialect, offset=offset), None)
    if row is None:
        raise FileRefused([Finding(file, 1, None, None, EMPTY_FILE)])
    try:
        names = FieldReader(dialect, None).read(row)
    except Malformed as exc:
        raise FileRefused([Finding(file, 1, None, show_raw(row.raw), exc.reason)]) from exc
    if found := [*_duplicates(file, names), *_missing(file, names, columns, row)]:
        raise FileRefused(found)
    return Header(tuple(names), row.line + row.raw.count(b"\n"), row.offset + row.size)


def _skip_mark(stream: BinaryIO, dialect: CsvDialect) -> int:
    size = len(_BYTE_ORDER_MARK)
    if dialect.codec == "utf-8" and stream.read(size) == _BYTE_ORDER_MARK:
        return size
    stream.seek(0)
    return 0


def _duplicates(file: str, names: Sequence[str]) -> list[Finding]:
    return [
        Finding(file, 1, shorten(name), shorten(name), DUPLICATE_COLUMN)
        for name, count in Counter(names).items()
        if count > 1
    ]


def _missing(file: str, names: Sequence[str], columns: Sequence[Column], row: Row) -> list[Finding]:
    if columns and not {column.name for column in columns} & set(names):
        return [Finding(file, 1, None, show_raw(row.raw), NO_HEADER)]
    return [
        Finding(file, 1, column.name, None, MISSING_COLUMN)
        for column in columns
        if not column.has_default and column.name not in names
    ]
