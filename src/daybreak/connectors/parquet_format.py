"""Parquet behind the contract of `file_format`: a place is a row's number, a record a line of JSON.

Reading begins at the row group that holds the place, and decodes a batch at a time. What cannot
be decoded, for a page is damaged, takes the rest of its row group with it, as one row with a
fault: how many rows of a page there are behind the damage nobody can know for sure.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Final

from ..errors import DefinitionError
from ..model.chunk import Finding
from .csv_grammar import Ungrammatical
from .csv_header import DUPLICATE_COLUMN, MISSING_COLUMN
from .csv_schema import schema_of
from .file_format import Header
from .file_refusals import FileRefused, shorten
from .parquet_export import ParquetExport
from .parquet_lines import lines
from .parquet_types import UNKNOWN_KIND, decoder, fits, kind_of
from .row import Row
from .typed_records import TypedColumn, TypedRowReader, one_line

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow.parquet as pq

    from .csv_schema import Column
    from .file_index import FileIndex

NOT_PARQUET: Final = "not a Parquet file, or not a whole one"
DAMAGED: Final = "rows that cannot be decoded: a page is damaged"
NO_COLUMNS: Final = "no columns"
NO_MODEL_COLUMN: Final = "no column of the model"

BATCH_ROWS: Final = 1_000
"""Rows that are decoded at a time: a constant, for where damage begins is rounded down to it."""

BUFFER_BYTES: Final = 2**20
"""Bytes of each column that are read at a time, however large its row group is."""


@dataclass(frozen=True, slots=True)
class ParquetFormat:
    """Parquet; the file itself says all there is to know."""

    kind: ClassVar[str] = "parquet"

    @classmethod
    def of(cls) -> ParquetFormat:
        """Make it of its facts."""
        return cls()

    def facts(self) -> dict[str, Any]:
        """Return nothing: there is one way to write it."""
        return {}

    def header(self, stream: BinaryIO, file: str, columns: Sequence[Column]) -> Header:
        """Read the schema from the file's end; raises `FileRefused`."""
        with _refusing(file):
            schema = _opened(stream).schema_arrow
        kinds = tuple(kind_of(field.type) for field in schema)
        found = [
            *_strange(file, schema.names, [str(field.type) for field in schema], kinds, columns),
            *_missing(file, schema.names, columns),
        ]
        if found:
            raise FileRefused(found)
        return Header(tuple(schema.names), 1, 0, json.dumps(kinds))

    def rows(
        self,
        stream: BinaryIO,
        header: Header,  # noqa: ARG002 - the file names its columns anew
        *,
        line: int,  # noqa: ARG002 - it follows from the place
        offset: int,
        size: int,  # noqa: ARG002 - the end of a Parquet file is where its index begins
    ) -> Iterator[Row]:
        """Yield a line for every row, from a row's number on."""
        try:
            file = _opened(stream)
        except _failures() as exc:  # the index is there, so it was a Parquet file once
            raise OSError(f"{NOT_PARQUET}: {exc}") from exc
        groups = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
        ends = list(accumulate(groups))
        for group in range(bisect_right(ends, offset), len(groups)):
            first = ends[group] - groups[group]
            yield from _rows_of(file, group, first, groups[group], skip=max(0, offset - first))

    def export(self, source: Path, index: FileIndex, to: BinaryIO) -> ParquetExport:  # noqa: ARG002 - rows have numbers
        """Begin a file with some of the rows of another."""
        return ParquetExport(source, to)

    def row_of(self, raw: bytes, header: Header) -> Row:  # noqa: ARG002 - the reader compares
        """Return a line of JSON as a row."""
        return one_line(raw)

    def reader(self, file: str, header: Header, model: type | None) -> TypedRowReader:
        """Return what makes records of lines."""
        kinds = dict(zip(header.names, json.loads(header.notes), strict=True))
        if model is None:
            columns = [TypedColumn(name, decoder(kind)) for name, kind in kinds.items()]
        else:
            columns = [
                TypedColumn(of.name, _converter(kinds[of.name], of), of.nullable, of.has_default)
                for of in schema_of(model).columns
                if of.name in kinds
            ]
        return TypedRowReader(file, header.names, columns, model)


def _converter(kind: str, column: Column) -> Callable[[Any], Any]:
    """Return what makes values of cells; nothing does where no check has refused the column."""
    if fits(kind, column):
        return decoder(kind, column.kind)

    def refuse(_cell: Any) -> Any:
        raise Ungrammatical(_unfit(column))

    return refuse


def _unfit(column: Column) -> str:
    return f"a column of another type than {column.kind}"


def _strange(
    file: str,
    names: Sequence[str],
    types: Sequence[str],
    kinds: Sequence[str],
    columns: Sequence[Column],
) -> Iterator[Finding]:
    """Yield the findings against columns that are there."""
    if not names:
        yield Finding(file, 1, None, None, NO_COLUMNS)
    wanted = {column.name: column for column in columns}
    for name, count in Counter(names).items():
        if count > 1:
            yield Finding(file, 1, shorten(name), shorten(name), DUPLICATE_COLUMN)
    for name, type_, kind in zip(names, types, kinds, strict=True):
        column = wanted.get(name)
        if kind == UNKNOWN_KIND:
            yield Finding(file, 1, shorten(name), shorten(type_), "a type that is not read")
        elif column is not None and not fits(kind, column):
            yield Finding(file, 1, shorten(name), shorten(type_), _unfit(column))


def _missing(file: str, names: Sequence[str], columns: Sequence[Column]) -> Iterator[Finding]:
    if columns and not {column.name for column in columns} & set(names):
        yield Finding(file, 1, None, shorten(", ".join(names)), NO_MODEL_COLUMN)
        return
    for column in columns:
        if not column.has_default and column.name not in names:
            yield Finding(file, 1, column.name, None, MISSING_COLUMN)


def _rows_of(
    file: pq.ParquetFile, group: int, first: int, count: int, *, skip: int
) -> Iterator[Row]:
    """Yield the rows of one row group but the first few; what cannot be decoded as one row."""
    at, why = 0, "it has fewer rows than it says"
    try:
        for batch in file.iter_batches(BATCH_ROWS, row_groups=[group], use_threads=False):
            if at + batch.num_rows > skip:
                begin = max(0, skip - at)
                batch.validate()
                for place, raw in enumerate(lines(batch.slice(begin)), first + at + begin):
                    yield Row(place + 1, place, len(raw), raw, None)
            at += batch.num_rows
    except _failures() as exc:
        if isinstance(exc, OSError) and exc.errno:
            raise  # the disk's fault, not the file's
        why = str(exc).partition("\n")[0]
    if at < count and skip < count:
        yield _damaged(group, first + max(at, skip), first + count, why)


def _damaged(group: int, first: int, end: int, why: str) -> Row:
    says = {"row_group": group, "rows": [first + 1, end], "why": why}
    raw = json.dumps(says).encode() + b"\n"
    return Row(first + 1, first, len(raw), raw, DAMAGED, end - first)


def _opened(stream: BinaryIO) -> pq.ParquetFile:
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

    return pq.ParquetFile(
        stream, pre_buffer=False, buffer_size=BUFFER_BYTES, page_checksum_verification=True
    )


def _failures() -> tuple[type[Exception], ...]:
    """Return what Arrow raises for bytes that are no Parquet, or damaged."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    return (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError)


@contextmanager
def _refusing(file: str) -> Iterator[None]:
    try:
        yield
    except _failures() as exc:
        raise FileRefused([Finding(file, 1, None, None, NOT_PARQUET)]) from exc


def require_pyarrow() -> None:
    """Say what is missing where there is no Arrow.

    Raises:
        DefinitionError: Nothing was read.
    """
    from importlib.util import find_spec  # noqa: PLC0415 - seldom needed

    if find_spec("pyarrow") is None:
        raise DefinitionError(
            "Parquet files are read by pyarrow, which is not installed",
            hint='install the extra: pip install "daybreak[files]"',
        )
