"""The files of a source: their indexes, found or made, and their rows from any record on."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import DefinitionError, SourceChanged, SourceError
from .clean_span import checked_as
from .csv_schema import schema_of
from .file_format import Header
from .file_index import FileIndex, build
from .file_pieces import FilePart
from .file_refusals import FileRefused
from .fingerprint import verify
from .plain_model import PlainModel, plain_model
from .refused_rows import RowsRefused
from .row import Row
from .spool import spool_path

if TYPE_CHECKING:
    from .file_root import FileRoot

_building = threading.Lock()
"""Steps that run side by side may begin with the same file: one makes its index, others wait."""

_REPAIR: Final = "see all of its faults with run.check(...), repair the file, then resume"


class Placed(NamedTuple):
    """A row, and the file in which it stands."""

    part: FilePart
    row: Row


def refused_rows_of(root: FileRoot) -> RowsRefused | None:
    """Return the list of the rows that other rows refuse, if there are rules across records.

    Raises:
        DefinitionError: If no check has looked at them.
        SourceError: If the list cannot be read.
    """
    if not root.rules:
        return None
    if not root.is_checked:
        raise DefinitionError(
            f"{root} has rules across its records, which nobody has looked at",
            hint="check it in a task, checked = run.check(files), and load what that gave",
        )
    assert root.refused_rows is not None, "the check left it"
    return RowsRefused.load(root.refused_rows)


def part_of(
    path: Path, place: Path, root: FileRoot, before: int, *, accepts_changes: bool
) -> FilePart:
    """Return one of the files of a source.

    Args:
        path: The file.
        place: Where its index is, or goes.
        root: What the pipeline says.
        before: Records in the files before it.
        accepts_changes: Whether a file that is not the one of its index gets a new one.

    Raises:
        SourceError: If it cannot be read, or lacks a column of the model.
        SourceChanged: If it is not the one whose index is there.
    """
    index = _index(path, place, root, accepts_changes=accepts_changes)
    rows = path if index.spool is None else spool_path(place)
    reader = root.format.reader(path.name, index.header, root.model)
    plain = _plain_model(root, index)
    return FilePart(path, rows, index, root.format, reader, plain, before)


def _index(path: Path, place: Path, root: FileRoot, *, accepts_changes: bool) -> FileIndex:
    """Return a file's index: the check's, that of an earlier attempt, or a new one."""
    with _building:
        index = _known_index(path, place, is_lenient=accepts_changes)
        if index is None and root.is_checked and not accepts_changes:
            index = FileIndex.load(place)  # it is missing, and says so
        if index is None:
            index = _built(path, root, place)
            index.save(place)
    require_columns(path, index.header, root)
    return index


def _known_index(path: Path, place: Path, *, is_lenient: bool) -> FileIndex | None:
    """Return the index that is there, if it is the file's; else None, or raise."""
    if not place.exists():
        return None
    index = FileIndex.load(place)
    try:
        verify(path, index.fingerprint)
        if index.spool is not None:
            verify(spool_path(place), index.spool)
    except SourceChanged:
        if not is_lenient:
            raise
        return None
    return index


def _built(path: Path, root: FileRoot, place: Path) -> FileIndex:
    try:
        return build(path, root.format, place)
    except FileRefused as exc:
        raise SourceError(str(exc), hint=_REPAIR, file=path) from exc


def require_columns(path: Path, header: Header, root: FileRoot) -> None:
    """Raise `SourceError` unless a file has every column that the model needs."""
    columns = () if root.model is None else schema_of(root.model).columns
    needed = [column.name for column in columns if not column.has_default]
    if header.names and (missing := [name for name in needed if name not in header.names]):
        raise SourceError(
            f"{path.name} lacks the columns {', '.join(missing)}", hint=_REPAIR, file=path
        )


def _plain_model(root: FileRoot, index: FileIndex) -> PlainModel | None:
    """Return what clean spans of a file are made into: the model is the one it was checked by."""
    if (
        root.model is None
        or not index.checked
        or checked_as(root.format, root.model) != index.checked
    ):
        return None
    plain = plain_model(root.model)
    assert plain is not None, "it was checked as a plain one"
    return plain if {one.column for one in plain.fields} <= set(index.header.names) else None
