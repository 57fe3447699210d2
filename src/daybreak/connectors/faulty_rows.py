"""Faulty records as a file of the format they came from, to be repaired where they were made.

Where records are slices of their file the export is what stands before the first record, then the
exact bytes of every faulty one, in their order; of JSON and XML also what stands behind the last.
Other formats say how (`Exports`), or cannot be exported.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, Protocol, runtime_checkable

from ..errors import DefinitionError
from .file_format import Format
from .file_index import FileIndex
from .row import Row

SLICED: Final = frozenset({"csv", "jsonl", "fixed"})
"""Kinds of files of which any records, one after another, are a file again."""

FRAMED: Final = {"json": b",\n", "xml": b"\n"}
"""Kinds in which something stands behind the last record, and what separates two records."""

_BLOCK_BYTES: Final = 2**20


class RowExport(Protocol):
    """One export in the making."""

    def add(self, row: Row) -> bool:
        """Write one row, and say whether that can be done."""
        ...

    def finish(self) -> None:
        """Write what stands behind the last record, if anything."""
        ...


@runtime_checkable
class Exports(Protocol):
    """What a `Format` may offer besides, if its records alone are no file of its kind."""

    def export(self, source: Path, index: FileIndex, to: BinaryIO) -> RowExport:
        """Begin a file with some of the records of another.

        Args:
            source: The file whose records will be added.
            index: Where they are.
            to: Where the export goes.
        """
        ...


def require_export(form: Format) -> None:
    """Refuse a format whose records cannot be exported.

    Raises:
        DefinitionError: It says so.
    """
    if not (form.kind in SLICED or form.kind in FRAMED or isinstance(form, Exports)):
        raise DefinitionError(
            f"faulty records of a {form.kind} file cannot be exported as a file of their own",
            hint="leave the export out; the report shows every cause with its places",
        )


def export_of(form: Format, source: Path, index: FileIndex, to: BinaryIO) -> RowExport:
    """Begin an export; what stands before the records is written at once.

    Args:
        form: How the file is written.
        source: The file.
        index: Its index.
        to: Where the export goes.

    Raises:
        DefinitionError: As `require_export`.
        OSError: If something cannot be read or written.
    """
    require_export(form)
    if isinstance(form, Exports):
        return form.export(source, index, to)
    if form.kind in SLICED:
        return _Slices(source, index, to)
    return _Slices(source, index, to, FRAMED[form.kind], _end_of_rows(source, form, index))


def _end_of_rows(source: Path, form: Format, index: FileIndex) -> int:
    """Return where the last record ends."""
    end, size = index.header.offset, index.fingerprint["size"]
    if not index.records:
        return end
    _, line, offset = index.place(index.records)
    with source.open("rb") as stream:
        for row in form.rows(stream, index.header, line=line, offset=offset, size=size):
            end = row.offset + row.size
    return end


class _Slices:
    """Records as they stand: a row that is too long to be held is read again, block by block."""

    def __init__(
        self,
        source: Path,
        index: FileIndex,
        to: BinaryIO,
        separator: bytes = b"",
        behind: int | None = None,
    ) -> None:
        self._source = source
        self._size: int = index.fingerprint["size"]
        self._to = to
        self._separator = separator
        self._behind = self._size if behind is None else behind
        self._rows = 0
        self._copy(0, index.header.offset)

    def add(self, row: Row) -> bool:
        if self._rows:
            self._to.write(self._separator)
        self._rows += 1
        if len(row.raw) == row.size:
            self._to.write(row.raw)
        else:
            self._copy(row.offset, row.size)
        return True

    def finish(self) -> None:
        self._copy(self._behind, self._size - self._behind)

    def _copy(self, offset: int, size: int) -> None:
        for block in _blocks(self._source, offset, size):
            self._to.write(block)


def _blocks(path: Path, offset: int, size: int) -> Iterator[bytes]:
    with path.open("rb") as stream:
        stream.seek(offset)
        left = size
        while left and (block := stream.read(min(left, _BLOCK_BYTES))):
            left -= len(block)
            yield block
