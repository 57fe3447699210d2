"""Records of fixed width become records of a model.

A field's padding is taken off by the layout's rule where it is a text, and on both sides where its
column has a grammar (numbers, dates): `"  42"`, `"42  "` and `"0042"` are the number 42. A field of
nothing but padding is NULL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ..model.chunk import Finding
from .csv_schema import schema_of
from .file_format import Header
from .fixed_layout import FixedLayout
from .named_values import NamedValues
from .row import Malformed, Row

NUL: Final = "a NUL character"
TOO_SHORT: Final = "shorter than a record"
TOO_LONG: Final = "longer than a record"


class FixedRowReader:
    """Makes records of one file's rows. Several threads may use one.

    Args:
        file: The file's name, for findings.
        header: Its columns.
        layout: How it is written.
        model: What its records are; None for dicts of texts.
    """

    def __init__(self, file: str, header: Header, layout: FixedLayout, model: type | None) -> None:
        self._layout = layout
        self._values = NamedValues(file, model)
        self._undecodable = f"bytes that are not {layout.encoding}"
        columns = () if model is None else schema_of(model).columns
        typed = {column.name for column in columns if column.convert is not None}
        ignored = set(self._values.ignored(header.names))
        self.ignored = tuple(name for name in header.names if name in ignored)
        self._fields = [
            (name, start, end, "both" if name in typed else layout.strip)
            for name, start, end in layout.columns
            if name not in ignored
        ]

    def read(self, row: Row) -> tuple[Any, Sequence[Finding]]:
        """Return a row's record and no finding, or None and everything that is wrong with it."""
        try:
            content = self._content(row)
        except Malformed as exc:
            return self._values.refuse(row, exc)
        values: dict[str, str | None] = {}
        refused: dict[str, str] = {}
        for name, start, end, strip in self._fields:
            part = content[start:end]
            text = part if isinstance(part, str) else self._decoded(part)
            if text is None:
                assert isinstance(part, bytes), "a text was decoded"
                values[name] = part.decode(self._layout.encoding, "backslashreplace")
                refused[name] = self._undecodable
                continue
            if "\0" in text:
                refused[name] = NUL
            values[name] = self._stripped(text, strip)
        return self._values.read(row, values, refused)

    def _content(self, row: Row) -> bytes | str:
        """Return a record without its line end, of the right length."""
        if row.fault is not None:
            raise Malformed(row.fault)
        layout = self._layout
        raw = row.raw
        if (end := layout.line_end) is not None and raw.endswith(end):
            raw = raw.removesuffix(end).removesuffix("\r".encode(layout.encoding))
        content: bytes | str = raw
        if layout.unit == "characters":
            content = _whole_text(raw, layout.encoding, self._undecodable)
        if len(content) != layout.length:
            raise Malformed(TOO_SHORT if len(content) < layout.length else TOO_LONG)
        return content

    def _decoded(self, part: bytes) -> str | None:
        try:
            return part.decode(self._layout.encoding)
        except UnicodeDecodeError:
            return None

    def _stripped(self, text: str, strip: str) -> str | None:
        padding = self._layout.padding
        if not text.strip(padding):
            return None
        match strip:
            case "both":
                return text.strip(padding)
            case "left":
                return text.lstrip(padding)
            case "right":
                return text.rstrip(padding)
            case _:
                return text


def _whole_text(content: bytes, codec: str, fault: str) -> str:
    try:
        return content.decode(codec)
    except UnicodeDecodeError as exc:
        raise Malformed(fault) from exc
