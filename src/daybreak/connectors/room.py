"""Room on the disk: what is too large for it is refused before it fills it.

Unpacking is bounded twice: by a multiple of what was packed, for a small file may unpack to
anything, and by the room that has to be left. Decision 0024 says why so much.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from ..errors import DefinitionError, SourceError

MAX_RATIO: Final = 200.0
"""By how many times a file may grow when it is unpacked, unless the caller says otherwise."""

ALWAYS_BYTES: Final = 2**26
"""So much may be unpacked from any file."""

MEMBERS_MAX: Final = 100_000
"""The most files that an archive may have."""

RESERVE_BYTES: Final = 2**30
RESERVE_SHARE: Final = 0.05
"""What unpacking leaves free: so many bytes, or so much of a disk if that is less."""

_LOOK_EVERY_BYTES: Final = 2**24


def refuse_without_room(place: Path, size: int) -> None:
    """Look whether a file has room, before it is fetched.

    Raises:
        SourceError: If it has not.
    """
    free = shutil.disk_usage(place.parent).free
    if size > free:
        raise SourceError(
            f"{place} cannot be written: No space left on device: it has {size:,} bytes, and"
            f" {free:,} are free",
            hint="make room there, then run again",
        )


class UnpackingBound:
    """How much may come out of one file.

    Args:
        packed: The file.
        max_ratio: By how many times it may grow.

    Raises:
        DefinitionError: If `max_ratio` is not above 0.
    """

    def __init__(self, packed: Path, max_ratio: float) -> None:
        if not max_ratio > 0:
            raise DefinitionError(f"expected max_ratio to be above 0, got {max_ratio!r}")
        self.ratio = max_ratio
        self._packed = packed
        self._bytes_max = max(ALWAYS_BYTES, int(packed.stat().st_size * max_ratio))
        self._bytes = 0
        self._members = 0
        self._looked_at_bytes = 0

    def take(self, count: int) -> None:
        """Count bytes that are about to be written.

        Raises:
            SourceError: If they are too many, or leave too little room.
        """
        self._bytes += count
        if self._bytes > self._bytes_max:
            raise SourceError(
                f"{self._packed.name} unpacks to more than {self._bytes_max:,} bytes,"
                f" {self.ratio:g} times its size",
                hint="if it is what its sender meant, allow more: max_ratio=; nothing was kept",
            )
        if self._bytes - self._looked_at_bytes >= _LOOK_EVERY_BYTES:
            self._looked_at_bytes = self._bytes
            self._refuse_without_room()

    def take_member(self) -> None:
        """Count a file or folder of an archive.

        Raises:
            SourceError: If they are too many.
        """
        self._members += 1
        if self._members > MEMBERS_MAX:
            raise SourceError(
                f"{self._packed.name} has more than {MEMBERS_MAX:,} members",
                hint="ask its sender for fewer and larger files; nothing was kept",
            )

    def _refuse_without_room(self) -> None:
        disk = shutil.disk_usage(self._packed.parent)
        reserve = min(RESERVE_BYTES, int(disk.total * RESERVE_SHARE))
        if disk.free < reserve:
            raise SourceError(
                f"{self._packed.name} cannot be unpacked: less than {reserve:,} bytes would be"
                " left on the disk",
                hint="make room, then run again; nothing was kept of what was unpacked",
            )
