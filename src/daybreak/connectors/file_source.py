"""Files as the source of a step: divided by arithmetic, read from any record.

A cursor is the ordinal of a record, from 1, through all files in order. Good and bad rows count
alike, so that a bad one has its place, its bytes and its fate.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..errors import SourceChanged
from ..model.chunk import ChunkInput, Finding, Kept, Refused
from ..model.cursor import START, decode
from ..model.ranges import Range, evenly_divided
from .file_format import format_as_data
from .file_index import index_path
from .file_parts import Placed, part_of, refused_rows_of
from .file_pieces import FilePart, Piece, blocks_of, kept_of, pieces_of, rows_of
from .refused_rows import Describing
from .row import Row
from .scanned_file import STRETCHES_MAX, LooksAt
from .scanned_parts import ScannedParts, Wanted

if TYPE_CHECKING:
    from .file_root import FileRoot


class Replayed(NamedTuple):
    """A record on its way out of quarantine, good by itself."""

    place: int
    """Among those that are replayed together."""

    at: int
    """Its ordinal in the source."""

    kept: Kept
    record: Any


class Judge(Protocol):
    """Says of records that leave quarantine what the rules across records say of them now."""

    def __call__(
        self, source: FileSource, records: Sequence[Replayed]
    ) -> Mapping[int, Sequence[Finding]]:
        """Return the findings of those that are refused, by place."""
        ...


class FileSource:
    """A `Source` over files. Several threads may read from one.

    Args:
        root: What the pipeline says.
        folder: The run's. The index of a file that no check has seen is made here, by one reading.
        pass_number: Of the step that reads: each pass makes such an index anew.
        accepts_changes: Whether a file that is not the one of its index gets a new one.
        judge: Asked of records that leave quarantine, if there are rules across records.
        looks_at: Looks at the columns of large files, if it is there.

    Raises:
        DefinitionError: If there are rules across records, and no check has looked at them.
        SourceError: If a file cannot be read, or lacks a column of the model.
        SourceChanged: If a file is not the one whose index is there.
    """

    def __init__(
        self,
        root: FileRoot,
        folder: Path,
        *,
        pass_number: int = 1,
        accepts_changes: bool = False,
        judge: Judge | None = None,
        looks_at: LooksAt | None = None,
    ) -> None:
        self._root = root
        self._judge = judge
        self._refused = refused_rows_of(root)
        self._describing = Describing.of(root.rules, root.model)
        self._parts: list[FilePart] = []
        self._total = 0
        for at, path in enumerate(root.paths):
            place = (
                root.indexes[at]
                if root.is_checked
                else index_path(folder, path, root.format, pass_number)
            )
            found = part_of(path, place, root, self._total, accepts_changes=accepts_changes)
            if self._refused is not None:
                self._refused.refuse_other_records(path, found.index.fingerprint, at)
            self._parts.append(found)
            self._total += found.index.records
        self._scanned: ScannedParts | None = None
        if looks_at is not None and root.is_checked and not root.rules:
            self._scanned = ScannedParts.of(root, self._parts, looks_at)

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
        """Return the facts by which files, header and format are recognised."""
        return {
            "files": {
                f"{at} {part.path.name}": {
                    **part.index.fingerprint,
                    "header": list(part.index.header.names),
                    "records": part.index.records,
                }
                for at, part in enumerate(self._parts, 1)
            },
            "format": format_as_data(self._root.format),
            **({} if self._refused is None else {"refused rows": self._refused.digest}),
        }

    def ranges(self, gap: Range, chunk_records: int) -> Iterator[Range]:
        """Divide a gap; arithmetic, but large files are read ahead."""
        parts = _divided(gap, chunk_records)
        if self._scanned is None:
            return parts
        self._scanned.forget(gap)  # a range that was handed out before is divided once more
        return self._scanned.ahead((part, [*self._wanted(part)]) for part in parts)

    def stretches(self, gap: Range, count: int) -> Sequence[Range]:
        """Divide a gap evenly; arithmetic, and nothing is read."""
        most = count if self._scanned is None else STRETCHES_MAX
        return evenly_divided(*_ends(gap), min(count, most))

    def read(self, part: Range) -> ChunkInput:
        """Read one range.

        Raises:
            SourceError: If a file cannot be read.
            SourceChanged: If a file is another one, or has not all records of the range.

        Complexity: O(range); reads at most `INDEX_STRIDE_RECORDS` records in front of it.
        """
        if self._scanned is not None:
            return self._scanned.read(part, [*self._wanted(part)])
        pieces = [piece for one in self._wanted(part) for piece in pieces_of(*one)]
        values: list[Any] = []
        origins: list[int] = []
        refused: list[Refused] = []
        read = 0
        for piece in pieces:
            piece.sort_into(values, origins, refused, read)
            read += len(piece)
        self._withdraw(self._by_others(part), pieces, values, origins, refused)
        exact = hashlib.blake2b(digest_size=16)
        size = 0
        for block in chain.from_iterable(piece.blocks() for piece in pieces):
            exact.update(block)
            size += len(block)
        return ChunkInput(
            values=values,
            origins=origins if refused else range(read),
            read=read,
            bytes_read=size,
            digest=exact.hexdigest(),
            raw=lambda origin: kept_of(*_row_at(pieces, origin)),
            cursor=lambda origin: _place(*_row_at(pieces, origin)),
            refused=refused,
        )

    def again(self, records: Sequence[Kept]) -> ChunkInput:
        """Read rows that were set aside again, from the bytes that were kept of them.

        These are the file's own, or a person's repair of them; the file is not touched.
        """
        good: list[Replayed] = []
        refused = []
        for place, one in enumerate(records):
            at = _ordinal(one.part.after) + one.origin + 1
            file = self.part_of(at)
            row = file.form.row_of(one.content, file.index.header)
            value, findings = file.reader.read(row)
            if findings:
                refused.append(Refused(place, findings))
            else:
                good.append(Replayed(place, at, one, value))
        by_others = self._judged(good)
        refused += [Refused(place, findings) for place, findings in by_others.items()]
        good = [one for one in good if one.place not in by_others]
        return ChunkInput(
            values=[one.record for one in good],
            origins=[one.place for one in good],
            read=len(records),
            bytes_read=sum(len(one.content) for one in records),
            digest="",
            raw=lambda place: records[place].raw,
            cursor=lambda place: records[place].cursor,
            refused=sorted(refused, key=lambda one: one.origin),
        )

    def _judged(self, records: Sequence[Replayed]) -> Mapping[int, Sequence[Finding]]:
        if not records or not self._root.rules.name_rows:
            return {}
        assert self._judge is not None, "who opens files with such rules to replay gives a judge"
        return self._judge(self, records)

    def _by_others(self, part: Range) -> dict[int, Callable[[Placed, Any], Sequence[Finding]]]:
        """Return, by origin, what describes the rows of a range that other rows refuse."""
        if self._refused is None:
            return {}
        after, upto = _ends(part)

        def describing(entries: Sequence[Any]) -> Callable[[Placed, Any], Sequence[Finding]]:
            return lambda placed, record: [
                self._describing.finding(
                    entry, placed.part.path.name, placed.row.line, record, self.file_name_of
                )
                for entry in entries
            ]

        return {
            at - after - 1: describing(entries)
            for at, entries in self._refused.of(after, upto).items()
        }

    def _withdraw(
        self,
        by_others: Mapping[int, Callable[[Placed, Any], Sequence[Finding]]],
        pieces: Sequence[Piece],
        values: list[Any],
        origins: list[int],
        refused: list[Refused],
    ) -> None:
        """Refuse records that are good by themselves, and that other rows refuse."""
        for origin, describe in by_others.items():
            at = bisect_left(origins, origin)
            if at < len(origins) and origins[at] == origin:
                refused.append(Refused(origin, describe(_row_at(pieces, origin), values[at])))
                del origins[at], values[at]
        if by_others:
            refused.sort(key=lambda one: one.origin)

    def file_place_of(self, ordinal: int) -> int:
        """Return the place, from 0, of the file that holds a record."""
        return bisect_left([one.before for one in self._parts], ordinal) - 1

    def file_name_of(self, ordinal: int) -> str:
        """Return the name of the file that holds a record."""
        return self.part_of(ordinal).path.name

    def part_of(self, ordinal: int) -> FilePart:
        """Return the file that holds a record."""
        return self._parts[self.file_place_of(ordinal)]

    def digest(self, part: Range) -> str:
        """Hash a range again.

        Raises:
            SourceError: As `read`.
        """
        if self._scanned is not None:
            return self._scanned.digest(self._wanted(part))
        exact = hashlib.blake2b(digest_size=16)
        for one, first, last in self._wanted(part):
            for row in rows_of(one, first, last):
                for block in blocks_of(one, row):
                    exact.update(block)
        return exact.hexdigest()

    def in_order(self, texts: Sequence[str]) -> Sequence[str]:
        """Sort cursor texts by ordinal."""
        return sorted(texts, key=_ordinal)

    def placed(self, part: Range) -> Iterator[Placed]:
        """Yield the rows of a range; raises as `read`."""
        for one, first, last in self._wanted(part):
            for row in rows_of(one, first, last):
                yield Placed(one, row)

    def _wanted(self, part: Range) -> Iterator[Wanted]:
        """Yield the files that a range touches, and the first and last record of each."""
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
                yield Wanted(one, first - one.before, last - one.before)


def _divided(gap: Range, chunk_records: int) -> Iterator[Range]:
    after, end = _ends(gap)
    while after < end:
        upto = min(after + chunk_records, end)
        yield Range.of(after, upto)
        after = upto


def _row_at(pieces: Sequence[Piece], origin: int) -> Placed:
    """Return the row with that origin, and its file."""
    for piece in pieces:
        if origin < len(piece):
            return Placed(piece.part, piece.rows[origin])
        origin -= len(piece)
    raise IndexError(origin)


def _place(part: FilePart, row: Row) -> str:
    return f"{part.path.name}:{row.line}"


def _ends(part: Range) -> tuple[int, int]:
    return _ordinal(part.after), _ordinal(part.upto)


def _ordinal(text: str) -> int:
    if text == START:
        return 0
    ordinal = decode(text)
    assert isinstance(ordinal, int), f"a cursor of a file is an ordinal, got {ordinal!r}"
    return ordinal
