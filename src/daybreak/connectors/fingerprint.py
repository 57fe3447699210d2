"""By what a file is recognised at every resume: size, inode, time, and three hashed blocks."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

from ..errors import SourceChanged
from ..model.differences import differences

BLOCK_BYTES: Final = 2**16
"""Bytes of each of the three blocks: beginning, middle, end."""

_TELL: Final = (
    "put the file back as it was, go on with it as it is (--accept-changes), or begin again from"
    " the step that found it (--from STEP)"
)


def fingerprint_of(path: Path) -> dict[str, Any]:
    """Return the facts by which a file is recognised, as JSON data.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open("rb") as stream:
        facts = stat_of(stream)
        size = facts["size"]
        middle = max(0, (size - BLOCK_BYTES) // 2)
        last = max(0, size - BLOCK_BYTES)
        for name, offset in (("beginning", 0), ("middle", middle), ("end", last)):
            stream.seek(offset)
            facts[name] = hashlib.blake2b(stream.read(BLOCK_BYTES), digest_size=16).hexdigest()
    return facts


def stat_of(stream: BinaryIO) -> dict[str, Any]:
    """Return the facts about an open file that cost no reading: size, inode, time."""
    stat = os.fstat(stream.fileno())
    return {"size": stat.st_size, "inode": stat.st_ino, "mtime_ns": stat.st_mtime_ns}


def verify(path: Path, then: Mapping[str, Any]) -> None:
    """Compare a file with what it was.

    Raises:
        SourceChanged: If it is another one; the message shows every difference.
    """
    try:
        now = fingerprint_of(path)
    except FileNotFoundError as exc:
        raise SourceChanged(f"{path.name} is gone", hint=_TELL, file=path) from exc
    except OSError as exc:
        raise SourceChanged(
            f"{path.name} cannot be read any more: {exc.strerror}", hint=_TELL, file=path
        ) from exc
    refuse_changes(path, then, now)


def verify_open(path: Path, stream: BinaryIO, then: Mapping[str, Any]) -> None:
    """Compare an open file with what it was, by the facts that cost no reading.

    Raises:
        SourceChanged: If it is another one.
    """
    now = stat_of(stream)
    refuse_changes(path, {name: then[name] for name in now}, now)


def refuse_changes(path: Path, then: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise if two fingerprints of one file differ.

    Raises:
        SourceChanged: The message shows every difference.
    """
    if found := list(differences(then, now)):
        raise SourceChanged(
            f"{path.name} is not the file that the run began with: {'; '.join(found)}",
            hint=_TELL,
            file=path,
        )
