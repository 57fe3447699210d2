"""Rows of CSV that were seen to be good, as texts by column: Arrow cuts them faster than we do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from .csv_dialect import CsvDialect
from .file_format import Header

if TYPE_CHECKING:
    import pyarrow as pa


@lru_cache
def _has_arrow() -> bool:
    return find_spec("pyarrow") is not None


def columns(
    raw: bytes, header: Header, dialect: CsvDialect, names: Sequence[str], records: int
) -> list[list[str | None]] | None:
    """Return the texts of rows, as `arrays` does, NULL as None."""
    found = arrays(raw, header, dialect, names, records)
    return None if found is None else [column.to_pylist() for column in found]


def arrays(
    raw: bytes, header: Header, dialect: CsvDialect, names: Sequence[str], records: int
) -> list[pa.Array] | None:
    """Return the texts of rows, column by column.

    Args:
        raw: Whole rows, each of which a check has seen to be good.
        header: The columns of the file.
        dialect: How it is written.
        names: The columns that are wanted.
        records: How many rows there are.

    Returns:
        None if Arrow is missing, the dialect says more than what is asked of Arrow here, or Arrow
        counts other rows.
    """
    is_plain = dialect == CsvDialect(dialect.delimiter, dialect.encoding, dialect.null)
    if not is_plain or dialect.codec != "utf-8" or not _has_arrow():
        return None
    import pyarrow as pa  # noqa: PLC0415 - heavy
    from pyarrow import csv  # noqa: PLC0415 - heavy

    try:
        table = csv.read_csv(
            pa.py_buffer(raw),
            read_options=csv.ReadOptions(
                use_threads=False, block_size=len(raw) + 1, column_names=list(header.names)
            ),
            parse_options=csv.ParseOptions(
                delimiter=dialect.delimiter, newlines_in_values=True, ignore_empty_lines=False
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=list(names),
                null_values=[dialect.null],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except (pa.ArrowException, ValueError):
        return None
    if table.num_rows != records:
        return None
    return [column.combine_chunks() for column in table.columns]
