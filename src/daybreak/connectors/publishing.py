"""How a file appears in a run's folder: written under a temporary name, synced, then renamed.

A reader sees the whole file or none. Temporary names are drawn anew each time, so that a process
that wakes up late can only publish what it wrote itself; what an earlier one left is removed.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..errors import SourceError
from ..faultpoints import hit

_lock = threading.Lock()
_in_use: set[Path] = set()
"""Temporary names of this process."""


@contextmanager
def publishing(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write; leaving publishes it as `path`, an exception leaves nothing.

    Raises:
        SourceError: If it cannot be written; `path` is as it was before.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary(path) as partial:
            with partial.open("xb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            rename(partial, path)


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
    """Give a name beside `path` that nobody uses; what is there at the end is removed.

    What dead attempts left under such names is removed first; what other threads of this process
    are writing is not.
    """
    prefix, suffix = f".{path.name}.", ".partial"
    partial = path.with_name(f"{prefix}{secrets.token_hex(4)}{suffix}")
    with _lock:
        for left in path.parent.iterdir():
            if left.name.startswith(prefix) and left.name.endswith(suffix) and left not in _in_use:
                remove(left)
        _in_use.add(partial)
    try:
        yield partial
    finally:
        remove(partial)
        with _lock:
            _in_use.discard(partial)


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


def remove(path: Path) -> None:
    """Remove a file or a whole folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
