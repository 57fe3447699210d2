"""The index of a CSV file: where every hundredth record begins, so that reading starts anywhere.

One sequential pass makes it (the check, or `build`); it is 16 bytes for a hundred records, so
3 MB for 20 million. The file: one line of JSON, then two arrays of 64-bit little-endian integers,
the byte offsets and the physical lines.
"""

from __future__ import annotations

import hashlib
import json
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

from ..errors import SourceError
from .csv_dialect import CsvDialect
from .csv_header import Header, open_file, read_header
from .csv_rows import Row, rows
from .fingerprint import fingerprint_of, refuse_changes
from .publishing import publishing

INDEX_STRIDE_RECORDS: Final = 100
"""Every how many records a place is kept: reading starts at most this many too early."""

INDEX_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class CsvIndex:
    """What one pass over a file leaves."""

    header: Header
    records: int
    """Rows behind the header, good and bad."""

    fingerprint: dict[str, Any]
    """The file, as it was when it was read."""

    offsets: array[int]
    """The byte at which record 1, 101, 201, … begins."""

    lines: array[int]
    """The physical line on which it begins."""

    def place(self, ordinal: int) -> tuple[int, int, int]:
        """Return where to begin to read in order to reach a record.

        Args:
            ordinal: The record's place in the file, from 1.

        Returns:
            The ordinal of the record that begins there, its line and its offset.
        """
        at = (ordinal - 1) // INDEX_STRIDE_RECORDS
        if at >= len(self.offsets):  # there is no such record
            return 1, self.header.line, self.header.offset
        return at * INDEX_STRIDE_RECORDS + 1, self.lines[at], self.offsets[at]

    def save(self, path: Path) -> None:
        """Write it for later attempts; whole and durable when this returns."""
        body = _little_endian(self.offsets) + _little_endian(self.lines)
        facts = {
            "version": INDEX_VERSION,
            "stride": INDEX_STRIDE_RECORDS,
            "records": self.records,
            "header": {
                "names": self.header.names,
                "line": self.header.line,
                "offset": self.header.offset,
            },
            "fingerprint": self.fingerprint,
            "places": len(self.offsets),
            "digest": _digest(body),
        }
        with publishing(path) as stream:
            stream.write(json.dumps(facts).encode() + b"\n")
            stream.write(body)

    @classmethod
    def load(cls, path: Path) -> CsvIndex:
        """Read what `save` wrote.

        Raises:
            SourceError: If it is missing, damaged, or of another version.
        """
        try:
            first, _, body = path.read_bytes().partition(b"\n")
            facts = json.loads(first)
            known = (facts["version"], facts["stride"]) == (INDEX_VERSION, INDEX_STRIDE_RECORDS)
            is_whole = known and facts["digest"] == _digest(body)
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise _unreadable(path, str(exc)) from exc
        if not is_whole:
            raise _unreadable(path, "it is damaged, or of another version")
        half = 8 * facts["places"]
        header = facts["header"]
        return cls(
            Header(tuple(header["names"]), header["line"], header["offset"]),
            facts["records"],
            facts["fingerprint"],
            _from_little_endian(body[:half]),
            _from_little_endian(body[half:]),
        )


@dataclass(slots=True)
class IndexBuilder:
    """Grows with a pass over a file: give it every row, in order."""

    records: int = 0
    offsets: array[int] = field(default_factory=lambda: array("Q"))
    lines: array[int] = field(default_factory=lambda: array("Q"))

    def add(self, row: Row) -> None:
        """Note one row."""
        if self.records % INDEX_STRIDE_RECORDS == 0:
            self.offsets.append(row.offset)
            self.lines.append(row.line)
        self.records += 1

    def finish(self, path: Path, header: Header, fingerprint: dict[str, Any]) -> CsvIndex:
        """Return the index.

        Args:
            path: The file that was read.
            header: Its header.
            fingerprint: Its fingerprint from before the pass.

        Raises:
            SourceChanged: If the file has changed since: it is still being written, perhaps.
        """
        refuse_changes(path, fingerprint, fingerprint_of(path))
        return CsvIndex(header, self.records, fingerprint, self.offsets, self.lines)


def build(path: Path, dialect: CsvDialect) -> CsvIndex:
    """Make the index of a file that no check has seen: one pass, without a look at the fields.

    Raises:
        FileRefused: If it is missing or has no header.
        SourceChanged: If it changes meanwhile.
    """
    builder = IndexBuilder()
    with open_file(path) as stream:
        fingerprint = fingerprint_of(path)
        header = read_header(stream, path.name, dialect, ())
        for row in every_row(stream, dialect, header, fingerprint):
            builder.add(row)
    return builder.finish(path, header, fingerprint)


def every_row(
    stream: BinaryIO, dialect: CsvDialect, header: Header, fingerprint: dict[str, Any]
) -> Iterator[Row]:
    """Yield the rows behind the header, up to the size that the file had.

    Without that end, a file that is still being written could be chased for ever.
    """
    stream.seek(header.offset)
    size: int = fingerprint["size"]
    for row in rows(stream, dialect, line=header.line, offset=header.offset):
        if row.offset >= size:
            break
        yield row


def index_path(folder: Path, path: Path, dialect: CsvDialect, pass_number: int = 1) -> Path:
    """Return where a run keeps the index of a file: one for each file and way of dividing it.

    Args:
        folder: The run's.
        path: The file.
        dialect: How it is written.
        pass_number: Of the step that reads it, which may find another file than the pass before.
    """
    what = f"{path.absolute()}\n{dialect.delimiter}\n{dialect.codec}"
    key = hashlib.blake2b(what.encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()
    later = f".{pass_number}" if pass_number > 1 else ""
    return folder / "index" / f"{path.name}.{key}{later}.index"


def _unreadable(path: Path, why: str) -> SourceError:
    return SourceError(
        f"the index {path.name} cannot be read: {why}",
        hint="delete it and run the check again",
        index=path,
    )


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def _little_endian(numbers: array[int]) -> bytes:
    if sys.byteorder == "big":
        numbers = array("Q", numbers)
        numbers.byteswap()
    return numbers.tobytes()


def _from_little_endian(body: bytes) -> array[int]:
    numbers = array("Q")
    numbers.frombytes(body)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
