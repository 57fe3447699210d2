"""How a file appears in a run's folder: written under a temporary name, synced, then renamed.

A reader sees the whole file or none. Temporary names are drawn anew each time, so that a process
that wakes up late can only publish what it wrote itself; what an earlier one left is removed.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from ..errors import SourceError
from ..faultpoints import hit

MODE_PRIVATE: Final = 0o600
"""What holds records may hold personal data: only who wrote it may read it."""

_lock = threading.Lock()
_in_use: set[Path] = set()
"""Temporary names of this process."""


@contextmanager
def publishing(path: Path, *, is_private: bool = False) -> Iterator[BinaryIO]:
    """Give a file to write; leaving publishes it as `path`, an exception leaves nothing.

    Args:
        path: The file. One that is there already is replaced.
        is_private: Whether only this user may read it, from its first byte on.

    Raises:
        SourceError: If it cannot be written; `path` is as it was before.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary(path) as partial:
            with open(partial, "xb", opener=_private if is_private else None) as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            rename(partial, path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, MODE_PRIVATE)


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Say of what cannot be written in the block where that is, and what to do about it."""
    try:
        yield
    except OSError as exc:
        raise SourceError(
            f"{place} cannot be written: {exc.strerror or exc}",
            hint="make room, or give the right to write there; then run again",
        ) from exc


@contextmanager
def temporary(path: Path) -> Iterator[Path]:
    """Give a name beside `path` that nobody uses; what is there at the end is removed."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    remove_left(path)
    with _lock:
        _in_use.add(partial)
    try:
        yield partial
    finally:
        remove(partial)
        with _lock:
            _in_use.discard(partial)


def remove_left(path: Path) -> None:
    """Remove what dead attempts left under temporary names of `path`.

    What other threads of this process are writing stays.
    """
    names = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{8}}\.partial")
    with _lock:
        for left in path.parent.iterdir():
            if names.fullmatch(left.name) and left not in _in_use:
                remove(left)


def rename(partial: Path, path: Path) -> None:
    """Publish what was written and synced under a temporary name; durable when this returns."""
    hit("publish.before_rename")
    partial.replace(path)
    hit("publish.after_rename")
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_all(folder: Path) -> None:
    """Make a folder durable, with all that is in it."""
    for path in folder.rglob("*"):
        if path.is_dir():
            sync_folder(path)
        elif path.is_file():
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
    sync_folder(folder)


def remove(path: Path) -> None:
    """Remove a file or a whole folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
