"""The index of a file: where every hundredth record begins, so that reading starts anywhere.

One sequential pass makes it (the check, or `build`); it is at most 24 bytes for a hundred records,
so 5 MB for 20 million. The file: one line of JSON, then arrays of 64-bit little-endian integers:
the byte offsets, the physical lines, and after a check the hashes of what it found clean.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

from ..errors import SourceError
from .clean_span import HASH_BYTES, NOT_CLEAN, as_hash
from .file_format import Format, Header, format_as_data
from .file_refusals import open_file
from .fingerprint import fingerprint_of, refuse_changes
from .publishing import publishing
from .row import Row
from .spool import readable, spool_fingerprint

INDEX_STRIDE_RECORDS: Final = 100
"""Every how many records a place is kept: reading starts at most this many too early."""

INDEX_VERSION: Final = 3


@dataclass(frozen=True, slots=True)
class FileIndex:
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

    hashes: array[int] = field(default_factory=lambda: array("Q"))
    """Of each hundred records the hash of their bytes, if a check has found them good and without
    anything between them; else `NOT_CLEAN`. None at all without a check."""

    end: int = 0
    """Where the last record ends."""

    checked: str = ""
    """What their records were checked as: see `clean_span.checked_as`."""

    spool: dict[str, Any] | None = None
    """What rows are read from in place of the file, as it was written; None for the file itself."""

    @property
    def size(self) -> int:
        """Where the last row ends at most, of what rows are read from: its bytes."""
        size: int = (self.spool or self.fingerprint)["size"]
        return size

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
        body = [*map(_little_endian, (self.offsets, self.lines, self.hashes))]
        facts = {
            "version": INDEX_VERSION,
            "stride": INDEX_STRIDE_RECORDS,
            "records": self.records,
            "header": {
                "names": self.header.names,
                "line": self.header.line,
                "offset": self.header.offset,
                "notes": self.header.notes,
            },
            "fingerprint": self.fingerprint,
            "spool": self.spool,
            "end": self.end,
            "checked": self.checked,
            "places": len(self.offsets),
            "digest": _digest(*body),
        }
        with publishing(path) as stream:
            stream.write(json.dumps(facts).encode() + b"\n")
            for part in body:
                stream.write(part)

    @classmethod
    def load(cls, path: Path) -> FileIndex:
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
            Header(tuple(header["names"]), header["line"], header["offset"], header["notes"]),
            facts["records"],
            facts["fingerprint"],
            _from_little_endian(body[:half]),
            _from_little_endian(body[half : 2 * half]),
            _from_little_endian(body[2 * half :]),
            facts["end"],
            facts["checked"],
            facts["spool"],
        )


class RowsAtOnce(Protocol):
    """Some rows of a file, one right behind the other; they have numbers, from 0."""

    count: int
    """How many; at least one."""

    begin: int
    """The byte of the file at which the first one begins."""

    end: int
    """The byte behind the last one."""

    def places(self, numbers: range) -> tuple[Sequence[int], Sequence[int]]:
        """Return of some rows the bytes and the physical lines at which they begin."""
        ...

    def raw(self, begin: int, end: int) -> bytes | memoryview:
        """Return the bytes of good rows, from where one begins to where another one ends."""
        ...


@dataclass(slots=True)
class IndexBuilder:
    """Grows with a pass over a file: give it every row, in order."""

    checked: str = ""
    """What the records are checked as; without it no hashes are kept."""

    records: int = 0
    end: int = 0
    offsets: array[int] = field(default_factory=lambda: array("Q"))
    lines: array[int] = field(default_factory=lambda: array("Q"))
    hashes: array[int] = field(default_factory=lambda: array("Q"))
    _exact: Any = None
    """The hash of the bytes since the last place; None if not all of the records are good."""

    def add(self, row: Row, *, is_good: bool = False) -> None:
        """Note one row, and whether a check has found it good."""
        if self.records % INDEX_STRIDE_RECORDS == 0:
            self._begin(row.offset, row.line)
        self.records += 1
        if self._exact is not None:
            if is_good and row.offset == self.end and len(row.raw) == row.size:
                self._exact.update(row.raw)
            else:
                self._exact = None
        self.end = row.offset + row.size

    def add_rows(self, rows: RowsAtOnce, faulty: Sequence[int]) -> None:
        """Note several rows, one right behind the other.

        Args:
            rows: Where they are.
            faulty: The numbers, from 0 and in order, of those that a check has not found good.
        """
        kept = range(-self.records % INDEX_STRIDE_RECORDS, rows.count, INDEX_STRIDE_RECORDS)
        offsets, lines = rows.places(kept)
        are_good = [True] * (len(kept) + 1)
        for number in faulty:
            are_good[bisect_right(kept, number)] = False
        ends = [*offsets, rows.end]
        self._continue(rows, ends[0], is_good=are_good[0])
        for at, (offset, line) in enumerate(zip(offsets, lines, strict=True)):
            self._begin(offset, line)
            if self._exact is not None and are_good[at + 1]:
                self._exact.update(rows.raw(offset, ends[at + 1]))
            else:
                self._exact = None
        self.end = rows.end
        self.records += rows.count

    def _continue(self, rows: RowsAtOnce, end: int, *, is_good: bool) -> None:
        """Note the rows up to the next place that is kept."""
        if rows.begin == end or self._exact is None:
            return
        if is_good and rows.begin == self.end:
            self._exact.update(rows.raw(rows.begin, end))
        else:
            self._exact = None

    def _begin(self, offset: int, line: int) -> None:
        self._keep_hash()
        self.offsets.append(offset)
        self.lines.append(line)
        self.end = offset
        self._exact = hashlib.blake2b(digest_size=HASH_BYTES) if self.checked else None

    def _keep_hash(self) -> None:
        if self.checked and len(self.hashes) < len(self.offsets):
            self.hashes.append(NOT_CLEAN if self._exact is None else as_hash(self._exact))

    def finish(
        self,
        path: Path,
        header: Header,
        fingerprint: dict[str, Any],
        spool: dict[str, Any] | None = None,
    ) -> FileIndex:
        """Return the index.

        Args:
            path: The file that was read.
            header: Its header.
            fingerprint: Its fingerprint from before the pass.
            spool: That of what its rows were read from, if that is a spool.

        Raises:
            SourceChanged: If the file has changed since: it is still being written, perhaps.
        """
        refuse_changes(path, fingerprint, fingerprint_of(path))
        self._keep_hash()
        return FileIndex(
            header,
            self.records,
            fingerprint,
            self.offsets,
            self.lines,
            self.hashes,
            self.end,
            self.checked,
            spool,
        )


def build(path: Path, form: Format, place: Path) -> FileIndex:
    """Make the index of a file that no check has seen: one pass, without a look at the fields.

    Args:
        path: The file.
        form: How it is written.
        place: Where the index will be; the spool, if there is one, stands beside it.

    Raises:
        FileRefused: If it is missing or has no header.
        SourceChanged: If it changes meanwhile.
    """
    builder = IndexBuilder()
    with open_file(path):  # it is there, and may be read
        fingerprint = fingerprint_of(path)
    with readable(path, form, place).open("rb") as stream:
        header = form.header(stream, path.name, ())
        for row in every_row(stream, form, header):
            builder.add(row)
    return builder.finish(path, header, fingerprint, spool_fingerprint(form, place))


def every_row(stream: BinaryIO, form: Format, header: Header) -> Iterator[Row]:
    """Yield the rows behind the header, up to the size that the file has now.

    Without that end, a file that is still being written could be chased for ever.
    """
    size = os.fstat(stream.fileno()).st_size
    return form.rows(stream, header, line=header.line, offset=header.offset, size=size)


def index_path(folder: Path, path: Path, form: Format, pass_number: int = 1) -> Path:
    """Return where a run keeps the index of a file: one for each file and way of dividing it.

    Args:
        folder: The run's.
        path: The file.
        form: How it is written.
        pass_number: Of the step that reads it, which may find another file than the pass before.
    """
    what = f"{path.absolute()}\n{json.dumps(format_as_data(form), sort_keys=True)}"
    key = hashlib.blake2b(what.encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()
    later = f".{pass_number}" if pass_number > 1 else ""
    return folder / "index" / f"{path.name}.{key}{later}.index"


def _unreadable(path: Path, why: str) -> SourceError:
    return SourceError(
        f"the index {path.name} cannot be read: {why}",
        hint="delete it and run the check again",
        index=path,
    )


def _digest(*body: bytes | memoryview) -> str:
    found = hashlib.blake2b(digest_size=16)
    for part in body:
        found.update(part)
    return found.hexdigest()


def _little_endian(numbers: array[int]) -> memoryview:
    """Return numbers as they are written; without a copy, for there may be millions."""
    if sys.byteorder == "big":
        numbers = array("Q", numbers)
        numbers.byteswap()
    return memoryview(numbers).cast("B")


def _from_little_endian(body: bytes) -> array[int]:
    numbers = array("Q")
    numbers.frombytes(body)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
