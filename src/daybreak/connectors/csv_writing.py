"""CSV as it is written: one header, records that end with LF, quotes only where they are needed."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Any

from ..errors import DefinitionError
from .csv_schema import schema_of
from .file_writing import ReadBack, fields_getter
from .text_writing import LineWriter, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .csv_dialect import CsvDialect
    from .csv_format import CsvFormat


def csv_writer(form: CsvFormat, model: type, file: str) -> LineWriter:
    """Return what writes CSV of a dialect.

    Raises:
        DefinitionError: If the dialect says more of a file than is written.
    """
    _refuse_more(form)
    codec = "utf-16-le" if form.dialect.codec == "utf-16" else form.dialect.codec
    mark = codecs.BOM_UTF16_LE if form.dialect.codec == "utf-16" else b""
    fields = _fields(form.dialect)
    names = [column.name for column in schema_of(model).columns]
    head = mark + (b"" if form.header_lines.names else fields(names).encode(codec))
    get, null = fields_getter(model), form.dialect.null

    def line(record: Any) -> bytes:
        texts = [null if value is None else text_of(value) for value in get(record)]
        return fields(texts).encode(codec)

    return LineWriter(head, line, ReadBack(form, model, file))


def _refuse_more(form: CsvFormat) -> None:
    if form.trailer is not None:
        raise DefinitionError(
            "a CSV file is written without a trailer",
            hint="leave trailer= out; what needs one can be written by a task",
        )
    expected = 0 if form.header_lines.names else 1
    if form.header_lines.lines != expected:
        raise DefinitionError(
            f"a CSV file is written with {expected} lines before its records, not"
            f" {form.header_lines.lines}",
            hint="leave header_lines= out",
        )


def _fields(dialect: CsvDialect) -> Callable[[Sequence[str]], str]:
    """Return what makes a line of texts."""
    quote, delimiter = dialect.quote, dialect.delimiter
    if quote is None:
        return lambda texts: delimiter.join(texts) + "\n"
    needs_quotes = re.compile(f"[{re.escape(delimiter + quote)}\r\n]|\\A\ufeff").search
    doubled = quote * 2

    def quoted(text: str) -> str:
        if not needs_quotes(text):
            return text
        return f"{quote}{text.replace(quote, doubled)}{quote}"

    def fields(texts: Sequence[str]) -> str:
        if len(texts) == 1 and not texts[0]:
            return doubled + "\n"  # a blank line is no record
        return delimiter.join(map(quoted, texts)) + "\n"

    return fields
