"""Parts of a range: rows that are looked at one by one, and spans that a check has found clean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

from ..errors import SourceChanged, SourceError
from ..model.chunk import Finding, Refused
from . import file_index
from .clean_span import NOT_CLEAN, ColumnarFormat, is_as_checked
from .file_format import Format, RowReader
from .file_index import FileIndex
from .file_refusals import FileRefused, open_file
from .fingerprint import verify_open
from .plain_model import PlainModel
from .row import Row

KEPT_BYTES_MAX: Final = 2**28
"""Bytes of one record that are set aside; they are in memory, and in the database's hands, at once.
A damage that makes one record of a whole file must not take the machine down with it."""

_BLOCK_BYTES: Final = 2**20


@dataclass(frozen=True, slots=True)
class FilePart:
    """One of the files of a source."""

    path: Path
    rows: Path
    """What its rows are read from: itself, or its spool."""

    index: FileIndex
    form: Format
    reader: RowReader
    plain: PlainModel | None
    """What its clean spans are made into; None if there are none."""

    before: int
    """Records in the files before it."""

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open what the rows are read from; the file is still the one of the index.

        Raises:
            SourceError: If it cannot be read.
            SourceChanged: If it is another one, before or after.
        """
        then = self.index.spool or self.index.fingerprint
        try:
            with open_file(self.path) as stream, self.rows.open("rb") as rows:
                verify_open(self.path, stream, self.index.fingerprint)
                verify_open(self.rows, rows, then)
                yield rows
                verify_open(self.rows, rows, then)
                verify_open(self.path, stream, self.index.fingerprint)  # one file all the time
        except FileRefused as exc:
            raise SourceError(str(exc), file=self.path) from exc
        except OSError as exc:
            raise SourceError(f"{self.path.name} cannot be read: {exc}", file=self.path) from exc


class Piece(Protocol):
    """Some records of one file, next to each other, as they were read."""

    @property
    def part(self) -> FilePart:
        """Its file."""
        ...

    def __len__(self) -> int:
        """Return how many records there are, good and bad."""
        ...

    def sort_into(
        self, values: list[Any], origins: list[int], refused: list[Refused], before: int
    ) -> None:
        """Add its values with their origins, and its refused records.

        Args:
            values: Those of the pieces before it.
            origins: Of each the place of its record within the range.
            refused: What could not become a value.
            before: How many records are in the pieces before it.
        """
        ...

    def blocks(self) -> Iterator[bytes]:
        """Yield the exact bytes of all of them."""
        ...

    @property
    def rows(self) -> Sequence[Row]:
        """Each as a row."""
        ...


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that are looked at one by one."""

    part: FilePart
    rows: Sequence[Row]

    def __len__(self) -> int:
        return len(self.rows)

    def sort_into(
        self, values: list[Any], origins: list[int], refused: list[Refused], before: int
    ) -> None:
        """Look at each."""
        for origin, row in enumerate(self.rows, before):
            value, findings = self.part.reader.read(row)
            if findings:
                refused.append(Refused(origin, [*findings, *self._not_kept(row)]))
            else:
                values.append(value)
                origins.append(origin)

    def _not_kept(self, row: Row) -> Iterator[Finding]:
        """Say so if a row is too long to be set aside as a whole."""
        if row.size > KEPT_BYTES_MAX:
            reason = (
                f"of its {row.size:,} bytes, from {row.offset:,} on, {KEPT_BYTES_MAX:,} are kept"
            )
            yield Finding(self.part.path.name, row.line, None, None, reason)

    def blocks(self) -> Iterator[bytes]:
        """Yield their bytes."""
        for row in self.rows:
            yield from blocks_of(self.part, row)


@dataclass(slots=True)
class CleanSpan:
    """Rows that a check has found good, and the records that follow from them."""

    part: FilePart
    first: int
    raw: bytes
    made: list[Any]
    _rows: Sequence[Row] | None = field(default=None)

    def __len__(self) -> int:
        return len(self.made)

    def sort_into(
        self,
        values: list[Any],
        origins: list[int],
        refused: list[Refused],  # noqa: ARG002 - there are none
        before: int,
    ) -> None:
        """Add what was made."""
        values.extend(self.made)
        origins.extend(range(before, before + len(self.made)))

    def blocks(self) -> Iterator[bytes]:
        """Yield all bytes at once."""
        yield self.raw

    @property
    def rows(self) -> Sequence[Row]:
        """Each as a row; cut when somebody asks, for good records are seldom asked for."""
        if self._rows is None:
            last = self.first + len(self.made) - 1
            self._rows = list(rows_of(self.part, self.first, last))
        return self._rows


def kept_of(part: FilePart, row: Row) -> bytes:
    """Return a row's bytes as they are set aside: of one that is very long the beginning."""
    if row.size <= KEPT_BYTES_MAX:
        return b"".join(blocks_of(part, row))
    kept = bytearray()
    for block in blocks_of(part, row):
        kept += block[: KEPT_BYTES_MAX - len(kept)]
        if len(kept) == KEPT_BYTES_MAX:
            break
    return bytes(kept)


def blocks_of(part: FilePart, row: Row) -> Iterator[bytes]:
    """Yield a row's exact bytes; those of one that is too long to be held are read again."""
    if len(row.raw) == row.size:
        yield row.raw
        return
    with part.open() as stream:
        stream.seek(row.offset)
        left = row.size
        while left and (block := stream.read(min(left, _BLOCK_BYTES))):
            left -= len(block)
            yield block


def pieces_of(part: FilePart, first: int, last: int) -> Iterator[Piece]:
    """Read the records of one file from ordinal `first` to `last`, both included.

    Raises:
        SourceError: If the file cannot be read.
        SourceChanged: If it is another one, or has not all of these records.
    """
    with part.open() as stream:
        for begin, end, is_clean in _stretches(part, first, last):
            span = _clean_span(part, stream, begin, end) if is_clean else None
            yield span or _rows(part, stream, begin, end)


def rows_of(part: FilePart, first: int, last: int) -> Iterator[Row]:
    """Yield rows from ordinal `first` to `last`, both included, whether they are clean or not.

    Raises:
        SourceError, SourceChanged: As `pieces_of`.
    """
    with part.open() as stream:
        yield from _cut(part, stream, first, last)


def _stretches(part: FilePart, first: int, last: int) -> Iterator[tuple[int, int, bool]]:
    """Divide records into stretches that are clean, from one place to another, and others."""
    begin = first
    while begin <= last:
        is_clean, end = _is_clean(part, begin, last), _next_place(begin, last)
        while end < last and _is_clean(part, end + 1, last) == is_clean:
            end = _next_place(end + 1, last)
        yield begin, end, is_clean
        begin = end + 1


def _next_place(ordinal: int, last: int) -> int:
    """Return the last ordinal before the next place of the index."""
    stride = file_index.INDEX_STRIDE_RECORDS
    return min(last, ((ordinal - 1) // stride + 1) * stride)


def _is_clean(part: FilePart, ordinal: int, last: int) -> bool:
    """Say whether the records from here up to the next place are clean, and all wanted."""
    at, within = divmod(ordinal - 1, file_index.INDEX_STRIDE_RECORDS)
    if part.plain is None or within or part.index.hashes[at] == NOT_CLEAN:
        return False
    end = min(part.index.records, (at + 1) * file_index.INDEX_STRIDE_RECORDS)
    return end <= last


def _clean_span(part: FilePart, stream: BinaryIO, first: int, last: int) -> CleanSpan | None:
    """Read clean records by column; None if they must be looked at after all."""
    assert part.plain is not None, "only a plain model has clean spans"
    assert isinstance(part.form, ColumnarFormat), "and only such a format"
    raw = _clean_bytes(part, stream, first, last)
    names = [one.column for one in part.plain.fields]
    columns = part.form.columns(raw, part.index.header, names, last - first + 1)
    made = None if columns is None else part.plain.records(columns)
    return None if made is None else CleanSpan(part, first, raw, made)


def _clean_bytes(part: FilePart, stream: BinaryIO, first: int, last: int) -> bytes:
    """Read strides that a check has found clean; they are what it has seen.

    Raises:
        SourceChanged: If they are not.
    """
    index, stride = part.index, file_index.INDEX_STRIDE_RECORDS
    begin, upto = (first - 1) // stride, (last - 1) // stride + 1
    offset = index.offsets[begin]
    ends = [*index.offsets[begin + 1 : upto + 1]]
    if len(ends) < upto - begin:
        ends.append(index.end)
    stream.seek(offset)
    raw = stream.read(ends[-1] - offset)
    if not is_as_checked(raw, [end - offset for end in ends], index.hashes[begin:upto]):
        raise SourceChanged(
            f"{part.path.name} has other bytes in records {first:,} to {last:,}"
            " than those that the check has seen",
            hint="put the file back as it was, or begin again from the step that checks it"
            " (--from STEP)",
            file=part.path,
        )
    return raw


def refuse_other_bytes(part: FilePart, first: int, last: int) -> None:
    """Compare what a check has found clean among some records with what is there now.

    Raises:
        SourceChanged: If it is something else.
    """
    with part.open() as stream:
        for begin, end, is_clean in _stretches(part, first, last):
            if is_clean:
                _clean_bytes(part, stream, begin, end)


def _rows(part: FilePart, stream: BinaryIO, first: int, last: int) -> Rows:
    return Rows(part, list(_cut(part, stream, first, last)))


def _cut(part: FilePart, stream: BinaryIO, first: int, last: int) -> Iterator[Row]:
    ordinal, line, offset = part.index.place(first)
    every = part.form.rows(
        stream, part.index.header, line=line, offset=offset, size=part.index.size
    )
    found = 0
    for row in islice(every, first - ordinal, last - ordinal + 1):
        found += 1
        yield row
    if found != last - first + 1:
        raise SourceChanged(
            f"{part.path.name} ends after {first + found - 1:,} records;"
            f" it had {part.index.records:,} when the run began",
            file=part.path,
        )
