"""Files that cannot be read as records at all, and how findings show what stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from ..model.chunk import Finding

VALUE_CHARS_MAX: Final = 80
"""Characters of a value that a finding shows."""

RAW_BYTES_SHOWN: Final = 4 * VALUE_CHARS_MAX
"""Bytes of which a finding shows the beginning, whatever their encoding."""

NO_FILE: Final = "no such file"
NOT_A_FILE: Final = "not a file"
NO_PERMISSION: Final = "no permission to read it"
UNREADABLE: Final = "it cannot be read"


class FileRefused(Exception):  # noqa: N818 - a verdict on a file, raised and caught in this room
    """A file as a whole cannot be read as records; none of its records was looked at.

    Args:
        findings: Everything that is wrong with it.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(map(str, findings)))
        self.findings = tuple(findings)


def shorten(text: str) -> str:
    """Return a value as findings show it: at most `VALUE_CHARS_MAX` characters."""
    return text if len(text) <= VALUE_CHARS_MAX else text[: VALUE_CHARS_MAX - 1] + "…"


def show_raw(raw: bytes) -> str:
    """Return bytes as findings show them, whatever they are."""
    return shorten(raw[:RAW_BYTES_SHOWN].decode("utf-8", "backslashreplace").rstrip("\r\n"))


def open_file(path: Path) -> BinaryIO:
    """Open a file to be read in rows.

    Raises:
        FileRefused: If it is missing, is none, or may not be read.
    """
    try:
        return path.open("rb")
    except FileNotFoundError:
        reason = NO_FILE
    except IsADirectoryError:
        reason = NOT_A_FILE
    except PermissionError:
        reason = NO_PERMISSION
    except OSError:
        reason = UNREADABLE
    raise FileRefused([Finding(path.name, 1, None, str(path), reason)])
