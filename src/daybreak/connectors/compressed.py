"""Compressed files (.gz, .zst): read as a stream, checked to their end, unpacked under a bound."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from ..errors import SourceError
from .publishing import publishing
from .remote import BLOCK_BYTES
from .room import UnpackingBound

if TYPE_CHECKING:
    from typing_extensions import Buffer

SUFFIXES: Final = (".gz", ".zst")

_GZIP: Final = (".gz", ".tgz")
_ZSTD: Final = (".zst", ".tzst")


class Damaged(Exception):  # noqa: N818 - it names a state
    """A packed file is not what its name says, or was damaged or cut off."""


class Unpacked(io.RawIOBase):
    """What comes out of a packed file; of any other one its bytes.

    Reading raises `Damaged` where it is, also for an end that is missing, and `SourceError` where
    it is too much.
    """

    def __init__(self, packed: Path, bound: UnpackingBound) -> None:
        super().__init__()
        self._bound = bound
        self._stream = _opened(packed)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Fill a buffer with what comes next."""
        view = memoryview(buffer).cast("B")
        block = self.read(len(view))
        view[: len(block)] = block
        return len(block)

    def read(self, size: int = -1, /) -> bytes:
        """Return what comes next, a block at most."""
        wanted = BLOCK_BYTES if size < 0 else min(size, BLOCK_BYTES)
        try:
            block = self._stream.read(wanted)
        except (EOFError, gzip.BadGzipFile, zlib.error) as exc:
            raise Damaged(str(exc)) from exc
        except Exception as exc:
            if type(exc).__name__ == "ZstdError":  # its module is imported when it is needed only
                raise Damaged(str(exc)) from exc
            raise
        self._bound.take(len(block))
        return block

    def close(self) -> None:
        """Close the packed file."""
        self._stream.close()
        super().close()


def is_compressed(name: str) -> bool:
    """Say whether a file's name is that of one compressed file."""
    return name.lower().endswith(SUFFIXES)


def unpack_file(packed: Path, place: Path, bound: UnpackingBound) -> None:
    """Unpack one compressed file, which is published when all of it is there.

    Raises:
        SourceError: If it is damaged, cut off, or too large. Nothing was published.
    """
    try:
        with Unpacked(packed, bound) as stream, publishing(place) as unpacked:
            while block := stream.read():
                unpacked.write(block)
    except Damaged as exc:
        raise SourceError(
            f"{packed.name} cannot be unpacked, it is damaged or was cut off: {exc}",
            hint="ask for the file again; give its sha256 to be sure of it",
        ) from exc


def _opened(packed: Path) -> BinaryIO:
    name = packed.name.lower()
    if name.endswith(_GZIP):
        if not packed.stat().st_size:  # which gzip takes for the beginning of nothing
            raise Damaged("it is empty")
        return cast("BinaryIO", gzip.open(packed, "rb"))
    if name.endswith(_ZSTD):
        if not packed.stat().st_size:
            raise Damaged("it is empty")
        return cast("BinaryIO", zstd_module().ZstdFile(packed, "rb"))
    return packed.open("rb")


def zstd_module() -> Any:
    """Return the module for .zst: the standard library's, where it has one."""
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 - heavy
    else:
        from backports import zstd  # type: ignore[attr-defined,unused-ignore] # noqa: PLC0415 - heavy
    return zstd
