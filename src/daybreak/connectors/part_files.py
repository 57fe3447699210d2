"""The parts of a pass as files: each written once, under a name of its own, and synced.

A name carries range and epoch, and is drawn anew by every try: who wakes up late writes beside the
others, never into what they wrote.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from ..errors import SinkError, TransientError
from ..faultpoints import hit
from ..model.ownership import Pass
from .publishing import MODE_PRIVATE, remove, sync_folder

FOLDER: Final = "parts"
"""In the run's folder."""

_BLOCK_BYTES: Final = 2**20
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def written_to(place: Path) -> Iterator[None]:
    """Say of what cannot be written in the block where that is, and what to do about it.

    Raises:
        TransientError: If the disk is full: there may be room later.
        SinkError: If it cannot be written for another reason.
    """
    try:
        yield
    except OSError as exc:
        said = f"{place} cannot be written: {exc.strerror or exc}"
        if exc.errno in _FULL:
            hint = "make room there, then run the same command again: it goes on where it was"
            raise TransientError(said, hint=hint) from exc
        hint = "give the right to write there, or mend the disk; then run the same command again"
        raise SinkError(said, hint=hint) from exc


@dataclass(frozen=True, slots=True)
class WrittenPart:
    """A part that is durable; nobody knows of it yet."""

    path: Path
    bytes: int
    digest: str


class PartFiles:
    """The folder of a step's parts, by pass.

    Args:
        folder: The run's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER

    def of(self, of: Pass) -> Path:
        """Return the folder of a pass."""
        return self._step(of) / str(of.number)

    def _step(self, of: Pass) -> Path:
        return self._folder / _plain(of.step)

    def write(
        self, of: Pass, range_after: str, epoch: int, write: Callable[[BinaryIO], None]
    ) -> WrittenPart:
        """Write one part; durable when this returns.

        Raises:
            TransientError: If the disk is full; nothing is left of the part.
            SinkError: If it cannot be written; nothing is left of it.
        """
        folder = self.of(of)
        name = f"{_plain(range_after or 'start')}-{epoch}-{secrets.token_hex(4)}.part"
        path = folder / name
        hit("part.before_write")
        try:
            with written_to(path):
                folder.mkdir(parents=True, exist_ok=True)
                with open(path, "xb", opener=_private) as stream:
                    write(stream)
                    hit("part.before_sync")
                    stream.flush()
                    os.fsync(stream.fileno())
                sync_folder(folder)
                found = WrittenPart(path, path.stat().st_size, digest_of(path))
        except BaseException:
            remove(path)
            raise
        hit("part.after_sync")
        return found

    def remove_all_but(self, of: Pass, names: frozenset[str]) -> None:
        """Remove what belongs to nobody: parts that are not entered, and those of former passes."""
        here = self.of(of)
        for path in here.iterdir() if here.is_dir() else ():
            if path.name not in names:
                remove(path)
        if not names:
            remove(here)
        step = self._step(of)
        for former in step.iterdir() if step.is_dir() else ():
            if former.name.isdecimal() and int(former.name) < of.number:
                remove(former)


def digest_of(path: Path) -> str:
    """Return the hash of a file's bytes."""
    found = hashlib.blake2b(digest_size=16)
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            found.update(block)
    return found.hexdigest()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, MODE_PRIVATE)


def _plain(text: str) -> str:
    """Return a text as a part of a file's name; unlike texts have unlike ones."""
    digest = hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=4).hexdigest()
    return f"{re.sub(r'[^0-9A-Za-z]+', '_', text).strip('_')[:40]}-{digest}"
