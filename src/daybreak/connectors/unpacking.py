"""What is wanted of a packed file: the folder of an archive's files, or the one file in it."""

from __future__ import annotations

from pathlib import Path

from ..errors import SourceError
from . import archives, compressed
from .room import UnpackingBound


def refuse_unless_packed(name: str, where: str) -> None:
    """Look at a file's name, before anything is fetched.

    Raises:
        SourceError: If it is not that of a file that can be unpacked.
    """
    if not (archives.is_archive(name) or compressed.is_compressed(name)):
        kinds = ", ".join((*archives.SUFFIXES, *compressed.SUFFIXES))
        raise SourceError(
            f"{where} is no archive that can be unpacked",
            hint=f"unpack=True takes {kinds}; leave it out for a plain file",
        )


def name_unpacked(name: str) -> str:
    """Return the name of what is unpacked: `orders` for orders.zip, `a.csv` for a.csv.gz."""
    suffixes = (*archives.SUFFIXES, *compressed.SUFFIXES)
    suffix = next((suffix for suffix in suffixes if name.lower().endswith(suffix)), "")
    stem = name.removesuffix(name[len(name) - len(suffix) :])
    return stem if suffix and stem else "unpacked"


def unpack(packed: Path, result: Path, max_ratio: float) -> None:
    """Unpack a file, and publish what was in it.

    Raises:
        SourceError: If it is damaged, cut off, unsafe or too large. Nothing was published.
    """
    bound = UnpackingBound(packed, max_ratio)
    if archives.is_archive(packed.name):
        archives.unpack_archive(packed, result, bound)
    else:
        compressed.unpack_file(packed, result, bound)
