"""Parquet files at either end of a pipeline."""

from __future__ import annotations

from typing import Any, TypeVar, Unpack, overload

from .file_root import File, Where, file_of
from .file_rules import Rules

M = TypeVar("M")


@overload
def parquet(where: Where, /, **rules: Unpack[Rules]) -> File[dict[str, Any]]: ...
@overload
def parquet(where: Where, model: type[M], /, **rules: Unpack[Rules]) -> File[M]: ...
def parquet(where: Where, model: type | None = None, /, **rules: Unpack[Rules]) -> File[Any]:
    """Begin a pipeline with the records of a Parquet file; its schema names the columns.

    A record's line is its row's number, from 1. Its bytes, in quarantine and in exports, are one
    line of JSON: a Parquet record has none of its own.

    In `.into(files.parquet(...))` it is written: its columns follow from the model, which is needed
    then; a Decimal has the model's `max_digits` and `decimal_places`, else 38 and 18.

    Args:
        where: The file, or several with the same kind of records.
        model: A pydantic model or a dataclass: the type of a record, and its checks. The type of
            a column must fit its field (docs/concepts/formats-of-tables.md): an int column for
            an int, a decimal one for a Decimal, never a float. Columns that it does not name are
            ignored. Without one a record is a dict of values as they stand.
        rules: What must hold across the records, as for `files.csv`: `key`, `references`,
            `records` and `totals`.

    Raises:
        DefinitionError: If there is no file, the model is none, or pyarrow is not installed.
            Nothing was read; whether the files exist is seen when they are checked or read.
    """
    from .parquet_format import ParquetFormat, require_pyarrow  # noqa: PLC0415 - for who reads such files

    require_pyarrow()
    return file_of(where, model, ParquetFormat(), rules)
