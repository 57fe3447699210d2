"""Good rows of CSV as bytes that a database may read itself, and what stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from ..model.raw import RawField, RawShape
from .csv_format import CsvFormat
from .csv_schema import Column, schema_of
from .file_format import Format, Header
from .plain_model import plain_model

_LF: Final = 10


@dataclass(frozen=True)
class GoodRows:
    """Good rows, one right behind the other but for the bad ones, which are left out."""

    raw: bytes
    """Theirs, each with a line end."""

    count: int
    are_lines: bool
    """Whether each is one line."""

    is_readable: bool
    """Whether a database cuts them as we do."""

    is_exact: bool
    """Whether these are the file's own bytes, line ends included."""

    def cut(self, first: int, upto: int) -> bytes:
        """Return the lines from one number up to another; rows must be lines."""
        begins = self._begins
        return self.raw[begins[first] : begins[upto]]

    @cached_property
    def _begins(self) -> Sequence[int]:
        """Where each line begins, and where the last one ends; found at the first look."""
        import numpy as np  # noqa: PLC0415 - heavy

        ends = np.flatnonzero(np.frombuffer(self.raw, np.uint8) == _LF) + 1
        begins: Sequence[int] = np.concatenate(([0], ends))  # type: ignore[assignment]
        return begins


def good_rows(raw: bytes, count: int) -> GoodRows:
    r"""Make good rows alike: LF ends each of them, where that can be told from what is in quotes.

    COPY refuses a file whose lines end in two ways, and some versions of it take `\.` for the end
    of all data, even inside quotes, if it is a line by itself.

    Args:
        raw: Their bytes; the last one of a file may lack its line end.
        count: How many there are.
    """
    alike = raw if raw.endswith(b"\n") or not raw else raw + b"\n"
    are_lines = alike.count(b"\n") == count
    has_returns = b"\r" in alike
    if are_lines and has_returns:
        alike = alike.replace(b"\r\n", b"\n")
    return GoodRows(
        alike,
        count,
        are_lines,
        is_readable=are_lines or not (has_returns or b"\n\\." in alike),
        is_exact=len(alike) == len(raw),
    )


def raw_shape(form: Format, header: Header, model: type | None) -> RawShape | None:
    """Return what good rows of a file are, if their texts say all that their values do.

    Returns:
        None if they do not: a validator changes values, a default stands for NULL, the file has
        columns that the model does not name, or fields that not every reader cuts alike.
    """
    if model is None or not isinstance(form, CsvFormat) or plain_model(model) is None:
        return None
    dialect = form.dialect
    columns = {column.name: column for column in schema_of(model).columns}
    if dialect.quote is None or dialect.codec != "utf-8" or sorted(columns) != sorted(header.names):
        return None
    fields = [_raw_field(columns[name]) for name in header.names]
    known = tuple(field for field in fields if field is not None)
    if len(known) < len(fields):
        return None
    return RawShape(known, dialect.delimiter, dialect.quote, dialect.null)


def _raw_field(column: Column) -> RawField | None:
    has_other_null = column.has_default and not column.nullable
    return None if has_other_null or column.kind is None else RawField(column.field, column.kind)
