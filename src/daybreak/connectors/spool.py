"""What cannot be read from its middle is written out once, beside its index, so that it can be."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO, Protocol, runtime_checkable

from .file_format import Format
from .file_refusals import open_file
from .fingerprint import fingerprint_of, refuse_changes
from .publishing import publishing


@runtime_checkable
class SpooledFormat(Protocol):
    """What a `Format` may be besides: one whose files are read from a spool.

    Its `header` and its `rows` are given the spool in place of the file; offsets are the spool's.
    """

    def spool(self, stream: BinaryIO, file: str, into: BinaryIO) -> None:
        """Write a file so that it can be read from any place; the same bytes each time.

        Raises:
            FileRefused: If it cannot be read as records at all.
        """
        ...


def spool_path(index: Path) -> Path:
    """Return where the spool of a file stands, from where its index does."""
    return index.with_suffix(".spool")


def readable(path: Path, form: Format, index: Path) -> Path:
    """Return what the rows of a file are read from: itself, or a spool that is written now.

    Args:
        path: The file.
        form: How it is written.
        index: Where its index will be.

    Raises:
        FileRefused: If it cannot be read as records at all.
        SourceChanged: If it changes meanwhile.
        SourceError: If the spool cannot be written.
    """
    if not isinstance(form, SpooledFormat):
        return path
    place = spool_path(index)
    with open_file(path) as stream:
        before = fingerprint_of(path)
        with publishing(place) as into:
            form.spool(stream, path.name, into)
    refuse_changes(path, before, fingerprint_of(path))
    return place


def spool_fingerprint(form: Format, index: Path) -> dict[str, Any] | None:
    """Return by what the spool of a file is recognised; None if it has none."""
    return fingerprint_of(spool_path(index)) if isinstance(form, SpooledFormat) else None
