"""Encodings: their canonical names, and whether a file can be cut at a character's byte."""

from __future__ import annotations

import codecs
from functools import lru_cache
from typing import Final

from ..errors import DefinitionError

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

NOT_ASCII: Final = (range(0x80, 0xD800), range(0xE000, 0x1_0000))
"""Every character of Unicode's first plane that is not ASCII: no encoding has patterns of bytes
in the others that it does not have here."""


def codec_name(encoding: str) -> str:
    """Return an encoding's canonical name: equal for all its spellings.

    Raises:
        DefinitionError: If there is none of this name.
    """
    try:
        name = codecs.lookup(encoding).name
    except (LookupError, ValueError) as exc:
        raise DefinitionError(
            f"unknown encoding {encoding!r}", hint='write encoding="utf-8", "cp932" or "latin-1"'
        ) from exc
    return "utf-8" if name == "utf-8-sig" else name  # a byte order mark is skipped anyway


@lru_cache
def keeps_apart(codec: str, marks: str) -> bool:
    """Prove that each mark is one byte, never a part of another character, and that none shifts.

    Args:
        codec: The canonical name of an encoding.
        marks: Characters of ASCII.
    """
    if codec in {"utf-8", "ascii"}:
        return True
    try:
        wanted = {mark: mark.encode(codec) for mark in marks}
        text = "".join(chr(number) for part in (range(0x80), *NOT_ASCII) for number in part)
        others = "".join(one for one in text if one not in marks).encode(codec, "ignore")
        alone = b"".join(one.encode(codec, "ignore") for one in text if one not in marks)
    except (UnicodeError, LookupError):  # a codec of bytes (`base64`), or one with a state
        return False
    return others == alone and all(
        len(mark) == 1 and mark not in others for mark in wanted.values()
    )


@lru_cache
def is_ascii_inside(codec: str) -> bool:
    """Say whether the characters of ASCII are the bytes of ASCII in an encoding."""
    ascii_text = "".join(map(chr, range(0x80)))
    try:
        return ascii_text.encode(codec) == ascii_text.encode()
    except (UnicodeError, LookupError):
        return False
