"""Single rows of a file, found again by their lines with the index that a check has left."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import BinaryIO

from .file_format import Format
from .file_index import FileIndex
from .file_refusals import FileRefused, open_file
from .fingerprint import verify_open
from .row import Row


def rows_at(
    path: Path,
    form: Format,
    index: FileIndex,
    lines: Iterable[int],
    *,
    rows: Path | None = None,
) -> Iterator[Row]:
    """Yield the rows that begin on lines; a line on which none begins is passed over.

    Args:
        path: The file.
        form: How it is written.
        index: Its index.
        lines: Ascending.
        rows: What its rows are read from, if that is its spool.

    Raises:
        SourceChanged: If the file is not the one of the index.
        FileRefused: If it cannot be read any more.

    Complexity: one reading of the file at most; where lines are far apart, of what is near them.
    """
    with open_file(path) as stream:
        verify_open(path, stream, index.fingerprint)
        with nullcontext(stream) if rows is None else rows.open("rb") as readable:
            yield from _found(readable, form, index, lines)
        verify_open(path, stream, index.fingerprint)


def _found(stream: BinaryIO, form: Format, index: FileIndex, lines: Iterable[int]) -> Iterator[Row]:
    rows: Iterator[Row] = iter(())
    row: Row | None = None
    place = -1
    for line in lines:
        nearest = bisect_right(index.lines, line) - 1
        if nearest < 0:
            continue  # above the first record
        if nearest != place and not (nearest == place + 1 and row is not None):
            rows, row = _rows_from(stream, form, index, nearest), None
        place = nearest
        while row is None or row.line < line:
            row = next(rows, None)
            if row is None:
                return
        if row.line == line:
            yield row


def _rows_from(stream: BinaryIO, form: Format, index: FileIndex, place: int) -> Iterator[Row]:
    line, offset = index.lines[place], index.offsets[place]
    with suppress(FileRefused):  # behind the last row, of which the check has told
        yield from form.rows(stream, index.header, line=line, offset=offset, size=index.size)
