"""A sample of a file: its first records, and blocks from all over it; bounded in all cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

from ...connectors.file_format import Format, Header, RowReader
from ...connectors.file_refusals import open_file
from ...connectors.row import Row

RECORDS: Final = 10_000
"""First records that are looked at, unless more are asked for."""

BYTES_MAX: Final = 64 * 2**20
"""Bytes of the first records, at most."""

BLOCKS: Final = 20
BLOCK_RECORDS: Final = 200
PROBE_RECORDS: Final = 3
"""A block begins behind any line end; so many good records in a row show that it is no field's."""

_BLOCKED: Final = frozenset({"csv", "jsonl"})
"""Kinds in which a record may begin behind any line end."""

_LINE_BYTES_MAX: Final = 2**20


@dataclass(frozen=True, slots=True)
class Sampled:
    """One record of a sample."""

    values: dict[str, Any] | None
    """By column; None if it is malformed."""

    line: int | None


class Sample:
    """The sample of one file. Iterate it once; the attributes are right afterwards.

    Args:
        path: The file.
        form: How it is written.
        records: How many of the first records are wanted.

    Raises:
        FileRefused: If it cannot be read as records at all.
    """

    def __init__(self, path: Path, form: Format, records: int) -> None:
        self._path = path
        self._form = form
        self._records = records
        self._size = path.stat().st_size if path.is_file() else 0
        with open_file(path) as stream:
            self.header = form.header(stream, path.name, ())
        self._reader: RowReader = form.reader(path.name, self.header, None)
        self.is_whole = False
        """Whether every record was looked at."""

    def __iter__(self) -> Iterator[Sampled]:
        """Yield the first records, then those of the blocks."""
        with open_file(self._path) as stream:
            behind = self.header.offset
            for row in self._first(stream):
                behind = row.offset + row.size
                yield self._sampled(row, row.line)
            self.is_whole = behind >= self._size
            if not self.is_whole and self._may_begin_anywhere():
                yield from self._blocks(stream, behind)

    def _first(self, stream: BinaryIO) -> Iterator[Row]:
        header = self.header
        rows = self._form.rows(
            stream, header, line=header.line, offset=header.offset, size=self._size
        )
        read = 0
        for row in islice(rows, self._records):
            yield row
            read += row.size
            if read >= BYTES_MAX:
                break

    def _may_begin_anywhere(self) -> bool:
        encoding = self._form.facts().get("encoding") or "utf-8"
        return self._form.kind in _BLOCKED and "\n".encode(encoding) == b"\n"

    def _blocks(self, stream: BinaryIO, behind: int) -> Iterator[Sampled]:
        step = (self._size - behind) // BLOCKS
        for number in range(BLOCKS if step else 0):
            stream.seek(behind + number * step)
            stream.readline(_LINE_BYTES_MAX)
            yield from self._block(stream, stream.tell())

    def _block(self, stream: BinaryIO, offset: int) -> Iterator[Sampled]:
        if offset >= self._size:
            return
        header = Header(self.header.names, 1, offset)
        rows = self._form.rows(stream, header, line=1, offset=offset, size=self._size)
        found = [self._sampled(row, None) for row in islice(rows, BLOCK_RECORDS)]
        if all(one.values is not None for one in found[:PROBE_RECORDS]):
            yield from (one for one in found if one.values is not None)

    def _sampled(self, row: Row, line: int | None) -> Sampled:
        values, findings = self._reader.read(row)
        return Sampled(None if findings else values, line)
