"""CSV files at either end of a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, Unpack, overload

from ..errors import DefinitionError
from .csv_dialect import RECORD_BYTES_MAX, RECORD_LINES_MAX, CsvDialect
from .csv_format import CsvFormat
from .csv_header import HeaderLines
from .csv_schema import schema_of
from .csv_trailer import Trailer
from .file_root import File, Where, file_of
from .file_rules import Rules

M = TypeVar("M")


@overload
def csv(
    where: Where,
    /,
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    null: str = "",
    quote: str | None = '"',
    header_lines: int = 1,
    trailer: Trailer | None = None,
    max_record_lines: int = RECORD_LINES_MAX,
    max_record_bytes: int = RECORD_BYTES_MAX,
    **rules: Unpack[Rules],
) -> File[dict[str, str]]: ...
@overload
def csv(
    where: Where,
    model: type[M],
    /,
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    null: str = "",
    quote: str | None = '"',
    header: bool = True,
    header_lines: int | None = None,
    trailer: Trailer | None = None,
    max_record_lines: int = RECORD_LINES_MAX,
    max_record_bytes: int = RECORD_BYTES_MAX,
    **rules: Unpack[Rules],
) -> File[M]: ...
@overload
def csv(
    where: Where,
    model: Mapping[str, Any],
    /,
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    null: str = "",
    quote: str | None = '"',
    header: bool = True,
    header_lines: int | None = None,
    trailer: Trailer | None = None,
    max_record_lines: int = RECORD_LINES_MAX,
    max_record_bytes: int = RECORD_BYTES_MAX,
    **rules: Unpack[Rules],
) -> File[dict[str, Any]]: ...
def csv(
    where: Where,
    model: type | Mapping[str, Any] | None = None,
    /,
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    null: str = "",
    quote: str | None = '"',
    header: bool = True,
    header_lines: int | None = None,
    trailer: Trailer | None = None,
    max_record_lines: int = RECORD_LINES_MAX,
    max_record_bytes: int = RECORD_BYTES_MAX,
    **rules: Unpack[Rules],
) -> File[Any]:
    """Begin a pipeline with the records of a CSV file; its first row names the columns.

    ```python
    files.csv("orders.csv", Order)
    files.csv("受注.csv", Order, encoding="cp932", delimiter="|", quote=None)
    files.csv("orders.txt", Order, header=False, trailer=files.Trailer("T", totals={"amount": 3}))
    ```

    In `.into(files.csv(...))` it is written: with one header, in the order of the source, published
    by one rename when the step is proven. A name that ends in `.gz` or `.zst` has it packed then.

    A record is never repaired: what breaks the grammar of RFC 4180 is set aside, with its bytes and
    its line. A broken quote costs a region, all other damage its own line.

    Args:
        where: The file, or several with the same kind of records.
        model: A pydantic model, a dataclass, a TypedDict or a NamedTuple: the type of a record,
            and its checks; or the types by column, `{"id": int, "note": str | None}`, for dicts.
            Columns that it does not name are ignored. Without one a record is a dict of texts.
        delimiter: One ASCII character between two fields.
        encoding: How the file is encoded; a byte order mark is skipped. With `utf-16` it says the
            order of the bytes; a file without one is `utf-16-le` or `utf-16-be`.
        null: The text that means NULL. With the default an empty field is NULL; with `null="NA"`
            an empty field is an empty text.
        quote: One ASCII character around fields, doubled inside them. With None quotes are
            ordinary characters. There is no escape character.
        header: Whether the file names its columns. If it does not, they are those of the model, in
            its order, and there are no others.
        header_lines: Rows before the first record, of which the last names the columns if there is
            a header; 1 by default, and 0 without a header.
        trailer: What the last line says of the others. A file whose trailer is missing or does not
            agree with its records fails the check as a whole.
        max_record_lines: Physical lines of one record, and of the region that a broken quote costs.
        max_record_bytes: Bytes of one record; one that is longer is never held in memory.
        rules: What must hold across the records, looked at by `run.check`: `key`, `references`,
            `records` and `totals` (`file_rules.Rules`).

    Raises:
        DefinitionError: If there is no file, the model is none, the file could not be divided, or
            a rule could not be looked at. Nothing was read; whether the files exist is seen when
            they are checked or read.
    """
    dialect = CsvDialect(delimiter, encoding, null, quote, max_record_lines, max_record_bytes)
    lines = _header_lines(model, header=header, lines=header_lines)
    return file_of(where, model, CsvFormat(dialect, lines, trailer), rules)


def _header_lines(
    model: type | Mapping[str, Any] | None, *, header: bool, lines: int | None
) -> HeaderLines:
    if header:
        return HeaderLines(1 if lines is None else lines)
    if model is None:
        raise DefinitionError(
            "a CSV file without a header and without a model has columns without names",
            hint="give a model whose fields are the columns, in the file's order",
        )
    return HeaderLines(lines or 0, tuple(column.name for column in schema_of(model).columns))
