"""How a CSV file is written: delimiter, encoding, the text that means NULL. Plain values."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ..errors import DefinitionError

_NOT_ASCII: Final = (range(0x80, 0xD800), range(0xE000, 0x1_0000))
"""Every character of Unicode's first plane that is not ASCII: no encoding has patterns of bytes
in the others that it does not have here."""


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """How a CSV file is written, beside what RFC 4180 says of it.

    Quotes are `"`, doubled inside quotes; records end with LF or CRLF; the first one is the header.

    Raises:
        DefinitionError: If records could not be told apart by their bytes.
    """

    delimiter: str = ","
    """One ASCII character between two fields."""

    encoding: str = "utf-8"
    """One in which line ends, quotes and delimiter are single bytes that mean nothing else."""

    null: str = ""
    """The text that means NULL; an empty field is NULL too only if this is empty."""

    def __post_init__(self) -> None:
        """Refuse what cannot be divided at byte level."""
        if len(self.delimiter) != 1 or not self.delimiter.isascii() or self.delimiter in '"\r\n\0':
            raise DefinitionError(
                f"expected delimiter to be one ASCII character, got {self.delimiter!r}",
                hint='write delimiter="," or ";" or "\\t" or "|"',
            )
        if not _is_dividable(_codec_name(self.encoding), self.delimiter):
            raise DefinitionError(
                f"a CSV file in encoding {self.encoding!r} with delimiter {self.delimiter!r}"
                " cannot be divided by its bytes",
                hint="convert the file to UTF-8",
            )

    @property
    def codec(self) -> str:
        """The encoding's canonical name: equal for all its spellings."""
        return _codec_name(self.encoding)


def _codec_name(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
    except (LookupError, ValueError) as exc:
        raise DefinitionError(
            f"unknown encoding {encoding!r}", hint='write encoding="utf-8", "cp932" or "latin-1"'
        ) from exc
    return "utf-8" if name == "utf-8-sig" else name  # a byte order mark is skipped anyway


@lru_cache
def _is_dividable(codec: str, delimiter: str) -> bool:
    """Prove that ASCII means itself, and that no other character contains a byte we cut at."""
    if codec == "utf-8":
        return True
    ascii_text = "".join(map(chr, range(0x80)))
    try:
        if ascii_text.encode(codec) != ascii_text.encode():
            return False
        others = "".join(chr(number) for part in _NOT_ASCII for number in part)
        encoded = others.encode(codec, "ignore")
    except (UnicodeError, LookupError):  # a codec of bytes (`base64`), or one with a state
        return False
    return not any(byte in encoded for byte in f'\r\n"\0{delimiter}'.encode())
