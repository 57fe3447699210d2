"""CSV files as the source of a step: divided by arithmetic, read from any record.

A cursor is the ordinal of a record, from 1, through all files in order. Good and bad rows count
alike, so that a bad one has its place, its bytes and its fate.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

from ..errors import SourceChanged, SourceError
from ..model.chunk import ChunkInput, Kept, Refused
from ..model.cursor import START, decode
from ..model.ranges import Range
from .csv_header import FileRefused, Header, open_file
from .csv_index import CsvIndex, build, index_path
from .csv_kept import row_of
from .csv_records import RecordReader
from .csv_rows import Row, rows
from .csv_schema import schema_of
from .fingerprint import verify, verify_open

if TYPE_CHECKING:
    from .csv_file import CsvRoot

_BLOCK_BYTES: Final = 2**20

_building = threading.Lock()
"""Steps that run side by side may begin with the same file: one makes its index, others wait."""

_REPAIR: Final = "see all of its faults with run.check(...), repair the file, then resume"


@dataclass(frozen=True, slots=True)
class _Part:
    """One of the files."""

    path: Path
    index: CsvIndex
    reader: RecordReader
    before: int
    """Records in the files before it."""


class _Placed(NamedTuple):
    """A row, and the file in which it stands."""

    part: _Part
    row: Row

    def blocks(self) -> Iterator[bytes]:
        """Yield its exact bytes; those of one that is too long to be held are read again."""
        if len(self.row.raw) == self.row.size:
            yield self.row.raw
            return
        with self.part.path.open("rb") as stream:
            verify_open(self.part.path, stream, self.part.index.fingerprint)
            stream.seek(self.row.offset)
            left = self.row.size
            while left and (block := stream.read(min(left, _BLOCK_BYTES))):
                left -= len(block)
                yield block


class CsvSource:
    """A `Source` over CSV files. Several threads may read from one.

    Args:
        root: What the pipeline says.
        folder: The run's. The index of a file that no check has seen is made here, by one reading.
        pass_number: Of the step that reads: each pass makes such an index anew.
        accepts_changes: Whether a file that is not the one of its index gets a new one.

    Raises:
        SourceError: If a file cannot be read, or lacks a column of the model.
        SourceChanged: If a file is not the one whose index is there.
    """

    def __init__(
        self,
        root: CsvRoot,
        folder: Path,
        *,
        pass_number: int = 1,
        accepts_changes: bool = False,
    ) -> None:
        self._root = root
        self._parts: list[_Part] = []
        self._total = 0
        for at, path in enumerate(root.paths):
            place = (
                root.indexes[at]
                if root.is_checked
                else index_path(folder, path, root.dialect, pass_number)
            )
            index = _index(path, place, root, accepts_changes=accepts_changes)
            reader = RecordReader(path.name, index.header, root.dialect, root.model)
            self._parts.append(_Part(path, index, reader, self._total))
            self._total += index.records

    @property
    def name(self) -> str:
        """The files' names."""
        return ", ".join(path.name for path in self._root.paths)

    def whole(self) -> Range:
        """Return the range of all records."""
        return Range.of(0, self._total)

    def total(self) -> int:
        """Return how many records there are, good and bad."""
        return self._total

    def fingerprint(self) -> Mapping[str, Any]:
        """Return the facts by which files, header and dialect are recognised."""
        dialect = self._root.dialect
        return {
            "files": {
                f"{at} {part.path.name}": {
                    **part.index.fingerprint,
                    "header": list(part.index.header.names),
                    "records": part.index.records,
                }
                for at, part in enumerate(self._parts, 1)
            },
            "delimiter": dialect.delimiter,
            "encoding": dialect.codec,
            "null": dialect.null,
        }

    def ranges(self, gap: Range, chunk_records: int) -> Iterator[Range]:
        """Divide a gap; arithmetic, no file is touched."""
        after, end = _ends(gap)
        while after < end:
            upto = min(after + chunk_records, end)
            yield Range.of(after, upto)
            after = upto

    def read(self, part: Range) -> ChunkInput:
        """Read one range.

        Raises:
            SourceError: If a file cannot be read.
            SourceChanged: If a file is another one, or has not all records of the range.

        Complexity: O(range); reads at most `INDEX_STRIDE_RECORDS` records in front of it.
        """
        placed = list(self._placed(part))
        values, origins, refused = [], [], []
        for origin, one in enumerate(placed):
            value, findings = one.part.reader.read(one.row)
            if findings:
                refused.append(Refused(origin, findings))
            else:
                values.append(value)
                origins.append(origin)
        return ChunkInput(
            values=values,
            origins=origins if refused else range(len(placed)),
            read=len(placed),
            bytes_read=sum(one.row.size for one in placed),
            digest=_hashed(placed),
            raw=lambda origin: b"".join(placed[origin].blocks()),
            cursor=_places(placed),
            refused=refused,
        )

    def again(self, records: Sequence[Kept]) -> ChunkInput:
        """Read rows that were set aside again, from the bytes that were kept of them.

        These are the file's own, or a person's repair of them; the file is not touched.
        """
        values, origins, refused = [], [], []
        for place, one in enumerate(records):
            reader = self._part_of(_ordinal(one.part.after) + one.origin + 1).reader
            value, findings = reader.read(row_of(one.content, reader.dialect))
            if findings:
                refused.append(Refused(place, findings))
            else:
                values.append(value)
                origins.append(place)
        return ChunkInput(
            values=values,
            origins=origins,
            read=len(records),
            bytes_read=sum(len(one.content) for one in records),
            digest="",
            raw=lambda place: records[place].raw,
            cursor=lambda place: records[place].cursor,
            refused=refused,
        )

    def _part_of(self, ordinal: int) -> _Part:
        """Return the file that holds a record."""
        return next(one for one in reversed(self._parts) if one.before < ordinal)

    def digest(self, part: Range) -> str:
        """Hash a range again.

        Raises:
            SourceError: As `read`.
        """
        return _hashed(self._placed(part))

    def in_order(self, texts: Sequence[str]) -> Sequence[str]:
        """Sort cursor texts by ordinal."""
        return sorted(texts, key=_ordinal)

    def _placed(self, part: Range) -> Iterator[_Placed]:
        after, upto = _ends(part)
        if not 0 <= after <= upto <= self._total:
            raise SourceChanged(
                f"{self.name} has {self._total:,} records, not those of {part}",
                hint="begin a new run with --again",
            )
        for one in self._parts:
            first = max(after, one.before) + 1
            last = min(upto, one.before + one.index.records)
            if first <= last:
                yield from _rows_of(one, first - one.before, last - one.before)


def _index(path: Path, place: Path, root: CsvRoot, *, accepts_changes: bool) -> CsvIndex:
    """Return a file's index: the check's, that of an earlier attempt, or a new one."""
    with _building:
        index = _known_index(path, place, is_lenient=accepts_changes)
        if index is None and root.is_checked and not accepts_changes:
            index = CsvIndex.load(place)  # it is missing, and says so
        if index is None:
            index = _built(path, root)
            index.save(place)
    _require_columns(path, index.header, root)
    return index


def _known_index(path: Path, place: Path, *, is_lenient: bool) -> CsvIndex | None:
    """Return the index that is there, if it is the file's; else None, or raise."""
    if not place.exists():
        return None
    index = CsvIndex.load(place)
    try:
        verify(path, index.fingerprint)
    except SourceChanged:
        if not is_lenient:
            raise
        return None
    return index


def _built(path: Path, root: CsvRoot) -> CsvIndex:
    try:
        return build(path, root.dialect)
    except FileRefused as exc:
        raise SourceError(str(exc), hint=_REPAIR, file=path) from exc


def _require_columns(path: Path, header: Header, root: CsvRoot) -> None:
    columns = () if root.model is None else schema_of(root.model).columns
    needed = [column.name for column in columns if not column.has_default]
    if missing := [name for name in needed if name not in header.names]:
        raise SourceError(
            f"{path.name} lacks the columns {', '.join(missing)}", hint=_REPAIR, file=path
        )


def _rows_of(part: _Part, first: int, last: int) -> Iterator[_Placed]:
    """Yield the rows of one file from ordinal `first` to `last`, both included."""
    ordinal, line, offset = part.index.place(first)
    dialect = part.reader.dialect
    found = 0
    with _open(part) as stream:
        stream.seek(offset)
        every = rows(stream, dialect, line=line, offset=offset)
        for row in islice(every, first - ordinal, last - ordinal + 1):
            found += 1
            yield _Placed(part, row)
    if found != last - first + 1:
        raise SourceChanged(
            f"{part.path.name} ends after {first + found - 1:,} records;"
            f" it had {part.index.records:,} when the run began",
            file=part.path,
        )


@contextmanager
def _open(part: _Part) -> Iterator[BinaryIO]:
    """Open a file that is still the one of the index."""
    try:
        with open_file(part.path) as stream:
            verify_open(part.path, stream, part.index.fingerprint)
            yield stream
            verify_open(part.path, stream, part.index.fingerprint)  # it was one file all the time
    except FileRefused as exc:
        raise SourceError(str(exc), file=part.path) from exc
    except OSError as exc:
        raise SourceError(f"{part.path.name} cannot be read: {exc}", file=part.path) from exc


def _hashed(placed: Iterable[_Placed]) -> str:
    exact = hashlib.blake2b(digest_size=16)
    for one in placed:
        for block in one.blocks():
            exact.update(block)
    return exact.hexdigest()


def _places(placed: Sequence[_Placed]) -> Callable[[int], str]:
    def place(origin: int) -> str:
        one = placed[origin]
        return f"{one.part.path.name}:{one.row.line}"

    return place


def _ends(part: Range) -> tuple[int, int]:
    return _ordinal(part.after), _ordinal(part.upto)


def _ordinal(text: str) -> int:
    if text == START:
        return 0
    ordinal = decode(text)
    assert isinstance(ordinal, int), f"a cursor of a file is an ordinal, got {ordinal!r}"
    return ordinal
