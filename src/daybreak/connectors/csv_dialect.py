"""How a CSV file is written: delimiter, quote, encoding, the text that means NULL. Plain values."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, BinaryIO, Final, Literal

from ..errors import DefinitionError
from .text_encodings import NOT_ASCII, codec_name, is_ascii_inside

RECORD_LINES_MAX: Final = 100
"""Physical lines of one row; a quote open for longer is taken for one that was never closed."""

RECORD_BYTES_MAX: Final = 2**20
"""Bytes of one row; a longer one is refused, and never held in memory as a whole."""

_WIDE: Final = frozenset({"utf-16", "utf-16-le", "utf-16-be"})
_MARKS: Final = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}
_NO_QUOTE: Final = b"\n\n"
"""Stands in no line: lines end at their first line end."""


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """How a CSV file is written, beside what RFC 4180 says of it.

    Quotes are doubled inside quotes; records end with LF or CRLF.

    Raises:
        DefinitionError: If records could not be told apart, or a limit makes no sense.
    """

    delimiter: str = ","
    """One ASCII character between two fields."""

    encoding: str = "utf-8"
    """One that is ASCII for ASCII and in which every line stands for itself, or UTF-16."""

    null: str = ""
    """The text that means NULL; an empty field is NULL too only if this is empty."""

    quote: str | None = '"'
    """One ASCII character around fields; None if quotes mean nothing, so that no field holds a
    delimiter or a line end."""

    max_record_lines: int = RECORD_LINES_MAX
    max_record_bytes: int = RECORD_BYTES_MAX

    def __post_init__(self) -> None:
        """Refuse what cannot be divided."""
        _require_mark("delimiter", self.delimiter, 'write delimiter="," or ";" or "\\t" or "|"')
        if self.quote is not None:
            _require_mark("quote", self.quote, 'write quote="\\"" or "\'", or None for no quotes')
        if self.quote == self.delimiter:
            raise DefinitionError(
                f"expected quote and delimiter to differ, both are {self.quote!r}",
                hint="write quote=None if the file has no quotes",
            )
        for name in ("max_record_lines", "max_record_bytes"):
            if (value := getattr(self, name)) < 1:
                raise DefinitionError(f"expected {name} to be at least 1, got {value}")
        if _way(codec_name(self.encoding), self.delimiter, self.quote) is None:
            raise DefinitionError(
                f"a CSV file in encoding {self.encoding!r} cannot be divided at its line ends",
                hint="convert the file to UTF-8",
            )

    @property
    def codec(self) -> str:
        """The encoding's canonical name: equal for all its spellings."""
        return codec_name(self.encoding)

    @property
    def is_cut_as_bytes(self) -> bool:
        """Whether no character but themselves has the bytes of quote and delimiter."""
        return _way(self.codec, self.delimiter, self.quote) == "bytes"

    @property
    def quote_byte(self) -> bytes:
        """The quote, or what stands in no line."""
        return _NO_QUOTE if self.quote is None else self.quote.encode()

    @property
    def line_end(self) -> bytes:
        """LF in this encoding."""
        return "\n".encode(self.codec)

    def facts(self) -> dict[str, Any]:
        """Return its arguments as JSON data; those that were added later only where they differ."""
        found: dict[str, Any] = {
            "delimiter": self.delimiter,
            "encoding": self.codec,
            "null": self.null,
        }
        for name in ("quote", "max_record_lines", "max_record_bytes"):
            if (value := getattr(self, name)) != _DEFAULTS[name]:
                found[name] = value
        return found

    # ------------------------------------------------------------ UTF-16 has two orders of bytes

    def of_file(self, stream: BinaryIO) -> CsvDialect | None:
        """Return the dialect with the order of bytes that a file's mark says; None without one."""
        if self.codec != "utf-16":
            return self
        stream.seek(0)
        mark = stream.read(2)
        found = [name for name in ("utf-16-le", "utf-16-be") if mark == _MARKS[name]]
        return _in_order(self, found[0]) if found else None

    def of_row(self, raw: bytes) -> CsvDialect | None:
        """Return the dialect with the order of bytes of a row; None if it cannot be told."""
        if self.codec != "utf-16":
            return self
        order = _order_of(raw, self.delimiter)
        return None if order is None else _in_order(self, order)

    def mark_bytes(self, stream: BinaryIO) -> int:
        """Return how many bytes the mark at a file's beginning has: 0 if there is none."""
        mark = _MARKS.get(self.codec, b"")
        stream.seek(0)
        return len(mark) if mark and stream.read(len(mark)) == mark else 0


_DEFAULTS: Final = {
    "quote": '"',
    "max_record_lines": RECORD_LINES_MAX,
    "max_record_bytes": RECORD_BYTES_MAX,
}


def _require_mark(name: str, mark: str, hint: str) -> None:
    if (
        len(mark) != 1
        or not mark.isascii()
        or mark in "\r\n\0"
        or (name, mark) == ("delimiter", '"')
    ):
        raise DefinitionError(f"expected {name} to be one ASCII character, got {mark!r}", hint=hint)


@lru_cache
def _in_order(dialect: CsvDialect, codec: str) -> CsvDialect:
    return replace(dialect, encoding=codec)


def _order_of(raw: bytes, delimiter: str) -> str | None:
    """Return the UTF-16 in which bytes are a row: by its line end, else by its delimiters."""
    for codec in ("utf-16-le", "utf-16-be"):
        if raw.endswith("\n".encode(codec)):
            return codec
    cuts = {
        codec: raw.decode(codec, "replace").count(delimiter) for codec in ("utf-16-le", "utf-16-be")
    }
    found = [codec for codec, count in cuts.items() if count]
    return found[0] if len(found) == 1 else None


@lru_cache
def _way(codec: str, delimiter: str, quote: str | None) -> Literal["bytes", "text"] | None:
    """Find out how lines of an encoding are cut: as bytes, as text, or not at all."""
    if codec == "utf-8":
        return "bytes"
    if codec in _WIDE:
        return "text"
    others = "".join(chr(number) for part in NOT_ASCII for number in part)
    try:
        if not is_ascii_inside(codec):
            return None
        encoded = others.encode(codec, "ignore")
        has_state = "é日本".encode(codec, "ignore") * 2 != "é日本é日本".encode(codec, "ignore")
    except (UnicodeError, LookupError):  # a codec of bytes (`base64`)
        return None
    if has_state or any(byte in encoded for byte in b"\r\n\0"):
        return None
    return (
        "text" if any(byte in encoded for byte in f"{delimiter}{quote or ''}".encode()) else "bytes"
    )
