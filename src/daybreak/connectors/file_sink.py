"""A file as a sink: records are brought into form here; parts and publication are its target's."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from ..abc import RecordRefused, Transaction
from ..errors import DataRefused, DefinitionError, PreflightError, RightsMissing
from ..model.chunk import Written
from .compressed import is_compressed
from .csv_format import CsvFormat
from .csv_schema import schema_of
from .csv_writing import csv_writer
from .file_format import format_as_data
from .file_rules import NO_RULES
from .file_writing import FormatWriter, Piece
from .jsonl_format import JsonLinesFormat
from .jsonl_writing import jsonl_writer
from .parquet_format import ParquetFormat

if TYPE_CHECKING:
    from .file_root import FileRoot

MODE: Final = "replace"
"""A pass leaves the file with its own records only, so that it may begin again at any time."""


class OpenPart:
    """What a file sink is given as its transaction: the pieces of one chunk."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []


class FileSink:
    """`abc.Sink` over one file.

    Args:
        root: The file, as a pipeline names it.
        folder: Where relative paths start.

    Raises:
        DefinitionError: If it is no file that can be written.
    """

    def __init__(self, root: FileRoot, folder: Path) -> None:
        if len(root.paths) != 1:
            raise DefinitionError(
                f"a step writes one file, not {len(root.paths)}: {root}", hint="name one"
            )
        if root.is_checked or root.rules != NO_RULES:
            raise DefinitionError(
                f"{root} was checked, or has rules across records: that is for files that are read",
                hint="leave key=, references=, records= and totals= out where it is written",
            )
        self.place = folder / root.paths[0]
        self._root = root
        self.writer = _writer_of(root, self.place.name)

    @property
    def name(self) -> str:
        return self.place.name

    def facts(self) -> Mapping[str, Any]:
        """Return what must not change between two attempts at a run."""
        model = self._root.model
        return {
            "file": str(self.place),
            "mode": MODE,
            "format": format_as_data(self._root.format),
            "columns": [] if model is None else [one.name for one in schema_of(model).columns],
        }

    def preflight(self) -> None:
        folder = self.place.parent
        if not folder.is_dir():
            raise PreflightError(
                f"{self.place} cannot be written: folder {folder} does not exist",
                hint=f"make it: mkdir -p {folder}",
            )
        if self.place.is_dir():
            raise PreflightError(
                f"{self.place} cannot be written: it is a folder", hint="name a file in it"
            )
        if not os.access(folder, os.W_OK | os.X_OK):
            raise RightsMissing(
                f"{self.place} cannot be written: this user may not write {folder}",
                hint=f"chown or chmod {folder}: the file is written beside its place, then renamed",
            )

    def prepare(self, tx: Transaction) -> None:
        """Do nothing: what is at the file's place stays until the new one is whole."""

    def write(self, tx: Transaction, records: Sequence[Any]) -> Written:
        cast("OpenPart", tx).pieces.append(self.writer.piece(records))
        return Written(len(records))

    def suspects(
        self,
        tx: Transaction,
        records: Sequence[Any],
        refusal: DataRefused,
    ) -> Sequence[int]:
        """Return the places of the records that the format cannot say."""
        return [place for place, record in enumerate(records) if self._is_refused(record)]

    def _is_refused(self, record: Any) -> bool:
        try:
            self.writer.piece([record])
        except RecordRefused:
            return True
        return False

    def rows_expected(self, written: int) -> None:
        """Return nothing to count: the target proves its parts when it publishes them."""


def _writer_of(root: FileRoot, name: str) -> FormatWriter:
    model = root.model
    if isinstance(root.format, JsonLinesFormat):
        return jsonl_writer(root.format, model, name)
    if not isinstance(root.format, CsvFormat | ParquetFormat):
        raise DefinitionError(
            f"files of the kind {root.format.kind} are read, not written",
            hint="write files.csv, files.jsonl or files.parquet",
        )
    if model is None:
        raise DefinitionError(
            f"{root} has no model, so nobody knows its columns before the first record",
            hint="give the class of its records as the second argument",
        )
    if isinstance(root.format, CsvFormat):
        return csv_writer(root.format, model, name)
    if is_compressed(name):
        raise DefinitionError(
            f"a Parquet file is compressed inside, {name} would be it twice",
            hint="leave .gz or .zst out of its name",
        )
    from .parquet_writing import ParquetWriter  # noqa: PLC0415 - heavy

    return ParquetWriter(root.format, model, name)
