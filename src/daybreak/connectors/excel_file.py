"""Excel files at the beginning of a pipeline."""

from __future__ import annotations

from typing import Any, TypeVar, Unpack, overload

from ..errors import DefinitionError
from .file_root import File, Where, file_of
from .file_rules import Rules

M = TypeVar("M")


@overload
def excel(
    where: Where,
    /,
    *,
    sheet: str | None = None,
    header_row: int = 1,
    null: str = "",
    **rules: Unpack[Rules],
) -> File[dict[str, Any]]: ...
@overload
def excel(
    where: Where,
    model: type[M],
    /,
    *,
    sheet: str | None = None,
    header_row: int = 1,
    null: str = "",
    **rules: Unpack[Rules],
) -> File[M]: ...
def excel(
    where: Where,
    model: type | None = None,
    /,
    *,
    sheet: str | None = None,
    header_row: int = 1,
    null: str = "",
    **rules: Unpack[Rules],
) -> File[Any]:
    """Begin a pipeline with the records of one sheet of an .xlsx file.

    A record's line is its row in the sheet, as Excel shows it. Hidden rows are records like
    others; empty ones are none. Its bytes, in quarantine and in exports, are one line of JSON.

    Args:
        where: The file, or several with the same kind of records.
        model: A pydantic model or a dataclass: the type of a record, and its checks. What a cell
            must be for each type is in docs/concepts/formats-of-tables.md. Columns that it does
            not name are ignored. Without one a record is a dict of what stands there.
        sheet: Its name; None for the only one that is visible.
        header_row: The row, from 1, in which the names of the columns stand; what is above it is
            not looked at.
        null: What means NULL besides an empty cell: a text, or an error such as `#N/A`.
        rules: What must hold across the records, as for `files.csv`: `key`, `references`,
            `records` and `totals`.

    Raises:
        DefinitionError: If there is no file, the model is none, or there is no such row.
            Nothing was read; whether the files exist is seen when they are checked or read.
    """
    from .excel_format import ExcelFormat  # noqa: PLC0415 - for who reads such files

    if header_row < 1:
        raise DefinitionError(f"expected a header_row of at least 1, got {header_row!r}")
    return file_of(where, model, ExcelFormat(sheet, header_row, null), rules)
