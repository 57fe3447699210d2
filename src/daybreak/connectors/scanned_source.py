"""CSV files that no check has seen as the source of a step: one reading checks, divides and loads.

A cursor is the file's number, from 1, and the byte and the line at which the next record begins;
behind a file's last record it is the file's size, and line 0. So the ends of the chain are known
before anything was read, reading begins at any cursor without an index, and how many records there
are is known at the end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..errors import SourceChanged
from ..model.chunk import ChunkInput, Kept, Refused
from ..model.cursor import START, decode
from ..model.expected import About
from ..model.ranges import Range
from .csv_format import CsvFormat
from .csv_places import places_behind
from .csv_scan import Scan
from .file_format import format_as_data
from .file_parts import require_columns
from .file_refusals import FileRefused, open_file
from .fingerprint import fingerprint_of
from .scanned_file import STRETCHES_MAX, LooksAt, Place, ScannedFile
from .scanned_input import DIGEST_BYTES, input_of

if TYPE_CHECKING:
    from .file_root import FileRoot

LOOK_BYTES: Final = 2**16
"""So much of a file is looked at to know about how long a record is."""

SPREAD: Final = 0.3
"""How far the other records' length may be from that, as a logarithm."""

_ALL: Final = 2**62
"""More records than a file has."""


class Cursor(NamedTuple):
    """A place between two records."""

    file: int
    """From 1."""

    offset: int
    line: int
    """0 behind the last record of a file."""


class ScannedSource:
    """A `Source` over CSV files. Several threads may read from one.

    Args:
        root: What the pipeline says.
        files: Its files, each of which can be read by columns.
    """

    def __init__(self, root: FileRoot, files: Sequence[ScannedFile]) -> None:
        self._root = root
        self._files = files
        self._ahead: dict[Range, ChunkInput] = {}
        """What was read on the way to where ranges end, for those who take them."""

    @classmethod
    def of(cls, root: FileRoot, looks_at: LooksAt) -> ScannedSource | None:
        """Return the files of a pipeline as one that scans them, if all of them can be.

        Raises:
            SourceError: If one of them lacks a column of the model.
        """
        if root.is_checked or root.rules:
            return None
        files = []
        for path in root.paths:
            try:
                found = _file(path, root, looks_at)
            except (FileRefused, OSError):
                return None  # who reads row by row says what is the matter
            if found is None:
                return None
            files.append(found)
        return cls(root, files)

    @property
    def name(self) -> str:
        """The files' names."""
        return ", ".join(file.path.name for file in self._files)

    def whole(self) -> Range:
        """Return the range of all records."""
        return Range(START, _end_of(len(self._files), self._files[-1]))

    def total(self) -> int | None:
        """Return None: nobody has counted the records."""
        return None

    def fingerprint(self) -> Mapping[str, Any]:
        """Return the facts by which files, header and format are recognised."""
        return {
            "files": {
                f"{number} {file.path.name}": {
                    **file.fingerprint,
                    "header": list(file.header.names),
                }
                for number, file in enumerate(self._files, 1)
            },
            "format": format_as_data(self._root.format),
            "divided by": "bytes",
        }

    def ranges(self, gap: Range, chunk_records: int) -> Iterator[Range]:
        """Divide a gap; what is read for that is kept for those who take the ranges."""
        self._ahead.pop(gap, None)  # a range that was handed out before is divided once more
        for part, found in self._read(gap, chunk_records):
            self._ahead[part] = found
            yield part

    def stretches(self, gap: Range, count: int) -> Sequence[Range]:
        """Divide a gap at rows in the middle of its files, by bytes; none of them spans two files.

        Raises:
            SourceError: If a file cannot be read.
            SourceChanged: If it is another one.

        Complexity: reads the files once, to count lines; cuts hardly any of them into rows.
        """
        found = [*self._stretches(gap)]
        count = min(count, STRETCHES_MAX)
        size = _bytes_of(found)
        ends = []
        for number, file, begin, end in found:
            share = max(1, round(count * (end - begin.offset) / max(size, 1)))
            wanted = [begin.offset + (end - begin.offset) * n // share for n in range(1, share)]
            assert isinstance(file.form, CsvFormat), "only such files are scanned"
            with file.open() as stream:
                places = places_behind(stream, file.form.dialect, wanted, begin)
                ends += [_text(number, one) for one in places if one.offset < end]
            ends.append(_end_of(number, file))
        ends[-1] = gap.upto
        return list(map(Range, [gap.after, *ends], ends))

    def about(self, left: Range | None) -> About | None:
        """Return how many records there would be if all were as long as the first of them."""
        gap = self.whole() if left is None else left
        found = [] if gap.is_empty else [*self._stretches(gap)]
        for _, file, begin, _ in found:
            rows = [*file.rows(begin, min(begin.offset + LOOK_BYTES, file.size))]
            if rows:
                record_bytes = (rows[-1].offset + rows[-1].size - begin.offset) / len(rows)
                return About(round(_bytes_of(found) / record_bytes), SPREAD)
        return None

    def share(self, part: Range, of: Range) -> float | None:
        """Return which share of the bytes of some range another one has."""
        whole = _bytes_of(self._stretches(of))
        return _bytes_of(self._stretches(part)) / whole if whole else None

    def read(self, part: Range) -> ChunkInput:
        """Read one range, unless that was done when it was found.

        Raises:
            SourceError: If a file cannot be read.
            SourceChanged: If it is another one.
        """
        found = self._ahead.pop(part, None)
        if found is None:
            ((again, found),) = self._read(part, _ALL)
            assert again == part, "it lies in one file"
        return found

    def _read(self, gap: Range, records: int) -> Iterator[tuple[Range, ChunkInput]]:
        after = gap.after
        for number, file, begin, end in self._stretches(gap):
            upto = gap.upto if number == _cursor(gap.upto).file else _end_of(number, file)
            with Scan(file, begin, end).opened() as scan:
                while after != upto:
                    exact = hashlib.blake2b(digest_size=DIGEST_BYTES)
                    portion = scan.take(records, exact)
                    found = input_of([portion], exact)
                    next_one = scan.place
                    reached = upto if next_one is None else _text(number, next_one)
                    yield Range(after, reached), found
                    after = reached

    def _stretches(self, gap: Range) -> Iterator[tuple[int, ScannedFile, Place, int]]:
        """Yield the files that a gap touches, and where to begin and to end in each."""
        after = Cursor(1, 0, 0) if gap.after == START else _cursor(gap.after)
        upto = _cursor(gap.upto)
        for number, file in enumerate(self._files, 1):
            if not after.file <= number <= upto.file or self._ends_at(after, number):
                continue
            header = Place(file.header.offset, file.header.line)
            begins_here = number == after.file and after.offset > header.offset
            begin = _place_in(file, after) if begins_here else header
            yield number, file, begin, upto.offset if number == upto.file else file.size

    def _ends_at(self, after: Cursor, number: int) -> bool:
        """Say whether nothing of a file is behind a cursor."""
        return after.file == number and after.offset >= self._files[number - 1].size

    def again(self, records: Sequence[Kept]) -> ChunkInput:
        """Read rows that were set aside again, from the bytes that were kept of them."""
        values, origins, refused = [], [], []
        for place, one in enumerate(records):
            file = self._files[_cursor(one.part.upto).file - 1]
            value, findings = file.reader.read(file.form.row_of(one.content, file.header))
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

    def in_order(self, texts: Sequence[str]) -> Sequence[str]:
        """Sort cursor texts by file and byte."""
        return sorted(texts, key=lambda text: (0, 0, 0) if text == START else _cursor(text))

    def digest(self, part: Range) -> str:
        """Hash a range again.

        Raises:
            SourceError: As `read`.
        """
        exact = hashlib.blake2b(digest_size=DIGEST_BYTES)
        for _, file, begin, end in self._stretches(part):
            for block in file.blocks(begin.offset, end):
                exact.update(block)
        return exact.hexdigest()


def _file(path: Path, root: FileRoot, looks_at: LooksAt) -> ScannedFile | None:
    with open_file(path) as stream:
        fingerprint = fingerprint_of(path)
        header = root.format.header(stream, path.name, ())
    looks = looks_at(root.format, header, root.model, fingerprint["size"])
    if looks is None:
        return None
    require_columns(path, header, root)
    return ScannedFile.of(root, path, header, fingerprint, looks)


def _bytes_of(stretches: Iterable[tuple[int, ScannedFile, Place, int]]) -> int:
    return sum(end - begin.offset for _, _, begin, end in stretches)


def _cursor(text: str) -> Cursor:
    found = decode(text)
    assert isinstance(found, tuple), f"a cursor of scanned files is a place, got {found!r}"
    return Cursor(*found)  # type: ignore[arg-type]  # whole numbers, as `_text` wrote them


def _text(number: int, place: Place) -> str:
    return Range.of(None, (number, place.offset, place.line)).upto


def _end_of(number: int, file: ScannedFile) -> str:
    return _text(number, Place(file.size, 0))


def _place_in(file: ScannedFile, after: Cursor) -> Place:
    """Return where to begin behind a cursor; it may be the end of what the file was before.

    Raises:
        SourceChanged: If no line begins there any more.
    """
    if after.line:
        return Place(after.offset, after.line)
    last = b""
    lines = 0
    for block in file.blocks(0, after.offset):
        lines, last = lines + block.count(b"\n"), block[-1:]
    if last != b"\n":
        raise SourceChanged(
            f"{file.path.name} goes on in the middle of what was its last line",
            hint="begin a new run with --again",
            file=file.path,
        )
    return Place(after.offset, lines + 1)
