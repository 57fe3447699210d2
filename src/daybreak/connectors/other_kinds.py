"""Files that are of another kind than they are read as: told by their first bytes, in words."""

from __future__ import annotations

from typing import BinaryIO, Final

from ..model.chunk import Finding
from .file_refusals import FileRefused, show_raw

_BEGINNINGS: Final = (
    (b"\x1f\x8b\x08", "a gzip file: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd file: unpack it first"),
    (b"\xfd7zXZ\0", "an xz file: unpack it first"),
    (b"PK\x03\x04", "a zip file: unpack it first, or read it as the spreadsheet that it is"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel file of the old kind: save it as .xlsx"),
    (b"%PDF-", "a PDF file"),
    (b"PAR1", "a Parquet file: read it as one"),
)
_WIDE: Final = "text in UTF-16"
CONVERT: Final = "convert the file to UTF-8"
_LETTERS_BYTES: Final = 4
_LOOKED_AT_BYTES: Final = 320


def refuse_other_kinds(stream: BinaryIO, file: str, codec: str, *, way_out: str) -> None:
    """Refuse a file whose first bytes say that it is no text of its encoding.

    Args:
        stream: The file; afterwards it stands at its beginning.
        file: Its name, for the finding.
        codec: In which it is read.
        way_out: What to do about UTF-16.

    Raises:
        FileRefused: It says what the file is.
    """
    stream.seek(0)
    first = stream.read(_LOOKED_AT_BYTES)
    stream.seek(0)
    for beginning, kind in _BEGINNINGS:
        if first.startswith(beginning):
            raise FileRefused([Finding(file, 1, None, show_raw(first), kind)])
    if not codec.startswith("utf-16") and _is_wide(first):
        reason = f"{_WIDE}: {way_out}"
        raise FileRefused([Finding(file, 1, None, show_raw(first), reason)])


def _is_wide(first: bytes) -> bool:
    """Whether bytes are marked as UTF-16, or look like ASCII with a zero beside each letter."""
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    near = first[:_LETTERS_BYTES]
    halves = (near[0::2], near[1::2])
    return len(near) == _LETTERS_BYTES and any(
        not any(zeros) and letters.decode("latin-1").isprintable() and letters.isascii()
        for zeros, letters in (halves, halves[::-1])
    )
