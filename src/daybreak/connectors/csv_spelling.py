"""Columns of texts that Arrow holds, as rows of CSV: written side by side, out of Python."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any, Final

from ..model.raw import RawShape

if TYPE_CHECKING:
    import pyarrow as pa

_NUL: Final = b"\0"


class Unspoken(Exception):  # noqa: N818 - a verdict, raised and caught where rows are rewritten
    """A value has no text of its field's grammar."""


def array_of(texts: Sequence[str | None]) -> pa.Array:
    """Return texts as a column.

    Raises:
        Unspoken: If one is no text, or has half a character in it.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy

    try:
        return pa.array(texts, pa.string())
    except (pa.ArrowException, UnicodeEncodeError) as exc:
        raise Unspoken from exc


def rows_of(columns: Sequence[pa.Array], shape: RawShape) -> bytes:
    """Return rows of texts, each with LF at its end.

    Args:
        columns: In the order in which they are written, NULL as null.
        shape: How.

    Raises:
        Unspoken: If a text has NUL in it, or they are too much for Arrow.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.compute as pc  # noqa: PLC0415 - heavy

    if not len(columns[0]):
        return b""
    try:
        cells = [_quoted(column, shape) for column in columns]
        joined: Any = pc.binary_join_element_wise(
            *cells, shape.delimiter, null_handling="replace", null_replacement=shape.null
        )
        return _content(pc.binary_join_element_wise(joined, "", "\n"))
    except pa.ArrowException as exc:
        raise Unspoken from exc


def _quoted(column: pa.Array, shape: RawShape) -> pa.Array:
    """Put quotes around those texts that need them: few do, and often none."""
    import pyarrow.compute as pc  # noqa: PLC0415 - heavy

    content, quote = _content(column), shape.quote
    if _NUL in content:
        raise Unspoken
    marks = (shape.delimiter, quote, "\n", "\r")
    found = [mark for mark in marks if mark.encode() in content]
    if not found:
        return column
    needs = reduce(pc.or_, [pc.match_substring(column, mark) for mark in found])
    doubled = pc.replace_substring(column.filter(needs), quote, quote * 2)
    return pc.replace_with_mask(
        column, needs, pc.binary_join_element_wise(quote, doubled, quote, "")
    )


def _content(column: pa.Array) -> bytes:
    """Return the bytes of all texts, one right behind the other."""
    import numpy as np  # noqa: PLC0415 - heavy
    import pyarrow as pa  # noqa: PLC0415 - heavy

    if not isinstance(column, pa.StringArray):
        raise Unspoken  # so much that it is held in several pieces
    _, places, content = column.buffers()
    if content is None:
        return b""
    ends = np.frombuffer(places, np.int32)[column.offset : column.offset + len(column) + 1]
    return bytes(memoryview(content)[ends[0] : ends[-1]])
