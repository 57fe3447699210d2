"""A file whose checksum comes of the reading that is done anyhow."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BLOCK_BYTES: Final = 2**20


class HashedFile(io.FileIO):
    """Hashes bytes when they are read for the first time, if those before them were.

    One who reads from the beginning to the end, with steps back, has read all of them. What was
    skipped, and all behind it, is read by `sha256`.

    Args:
        path: The file.

    Raises:
        OSError: If it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self._exact = hashlib.sha256()
        self._hashed = 0
        """The byte before which all are hashed."""

    def readinto(self, into: WriteableBuffer, /) -> int:
        """Read bytes into something; return how many, 0 at the end."""
        at = self.tell()
        count = super().readinto(into)
        if count and at <= self._hashed < at + count:
            self._exact.update(memoryview(into)[self._hashed - at : count])
            self._hashed = at + count
        return count

    def readall(self) -> bytes:
        """Read what is left."""
        found = bytearray()
        block = bytearray(_BLOCK_BYTES)
        while count := self.readinto(block):
            found += memoryview(block)[:count]
        return bytes(found)

    def sha256(self) -> str:
        """Return the checksum of the whole file; what was not read yet is read now."""
        self.seek(self._hashed)
        block = bytearray(_BLOCK_BYTES)
        while self.readinto(block):
            pass
        return self._exact.hexdigest()
