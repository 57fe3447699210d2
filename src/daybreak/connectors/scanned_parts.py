"""Ranges of checked files read by columns, ahead of those who take them.

The check has divided the files, and has kept hashes of what it found clean: the bytes must be those
still. The columns are looked at once more, for the model may be another one by now, and that costs
less than to find out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from ..errors import SourceChanged
from ..model.chunk import ChunkInput
from ..model.ranges import Range
from .csv_scan import Scan
from .file_pieces import FilePart, refuse_other_bytes, rows_of
from .scanned_file import LooksAt, Place, ScannedFile
from .scanned_input import DIGEST_BYTES, input_of

if TYPE_CHECKING:
    from .file_root import FileRoot


class Wanted(NamedTuple):
    """Some records of one file."""

    part: FilePart
    first: int
    last: int


class ScannedParts:
    """Files that are all read by columns.

    Args:
        files: What each of the files is.
    """

    def __init__(self, files: Sequence[tuple[FilePart, ScannedFile]]) -> None:
        self._files = {id(part): file for part, file in files}
        self._ahead: dict[Range, ChunkInput] = {}

    @classmethod
    def of(
        cls, root: FileRoot, parts: Sequence[FilePart], looks_at: LooksAt
    ) -> ScannedParts | None:
        """Return files as such, if all of them can be read by columns."""
        files = []
        for part in parts:
            index = part.index
            looks = looks_at(root.format, index.header, root.model, index.fingerprint["size"])
            if looks is None:
                return None
            file = ScannedFile.of(root, part.path, index.header, index.fingerprint, looks)
            files.append((part, file))
        return cls(files)

    def forget(self, part: Range) -> None:
        """Forget what was read ahead of a range that nobody will take."""
        self._ahead.pop(part, None)

    def ahead(self, ranges: Iterable[tuple[Range, Sequence[Wanted]]]) -> Iterator[Range]:
        """Yield ranges once they are read."""
        for part, found in self._read(ranges):
            self._ahead[part] = found
            yield part

    def read(self, part: Range, wanted: Sequence[Wanted]) -> ChunkInput:
        """Read one range, unless that was done ahead.

        Raises:
            SourceError: If a file cannot be read.
            SourceChanged: If it is another one, or not what the check has seen.
        """
        for one in wanted:
            refuse_other_bytes(*one)
        found = self._ahead.pop(part, None)
        if found is None:
            ((_, found),) = self._read([(part, wanted)])
        return found

    def _read(
        self, ranges: Iterable[tuple[Range, Sequence[Wanted]]]
    ) -> Iterator[tuple[Range, ChunkInput]]:
        with ExitStack() as opened:
            scan, before = None, (0, 0)
            for part, wanted in ranges:
                portions, exact = [], hashlib.blake2b(digest_size=DIGEST_BYTES)
                for one, first, last in wanted:
                    if scan is None or before != (id(one), first - 1):
                        opened.close()
                        scan = opened.enter_context(self._scan(one, first).opened())
                    portion = scan.take(last - first + 1, exact)
                    if portion.count != last - first + 1:
                        raise _too_few(one, first + portion.count - 1)
                    portions.append(portion)
                    before = (id(one), last)
                yield part, input_of(portions, exact)

    def _scan(self, part: FilePart, first: int) -> Scan:
        return Scan(self._files[id(part)], place_of(part, first), part.index.end)

    def digest(self, wanted: Iterable[Wanted]) -> str:
        """Hash records again: they are one behind the other."""
        exact = hashlib.blake2b(digest_size=DIGEST_BYTES)
        for one, first, last in wanted:
            is_end = last == one.index.records
            end = one.index.end if is_end else place_of(one, last + 1).offset
            for block in self._files[id(one)].blocks(place_of(one, first).offset, end):
                exact.update(block)
        return exact.hexdigest()


def place_of(part: FilePart, ordinal: int) -> Place:
    """Return where a record of a file begins; reads the few in front of it, if there are any."""
    at, line, offset = part.index.place(ordinal)
    if at == ordinal:
        return Place(offset, line)
    row = next(iter(rows_of(part, ordinal, ordinal)))
    return Place(row.offset, row.line)


def _too_few(part: FilePart, found: int) -> SourceChanged:
    return SourceChanged(
        f"{part.path.name} ends after {found:,} records;"
        f" it had {part.index.records:,} when the run began",
        file=part.path,
    )
