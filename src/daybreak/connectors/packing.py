"""Packing a file as its name says: `.gz`, `.zst`; the same bytes give the same file."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from .compressed import is_compressed, zstd_module


@contextmanager
def packed(stream: BinaryIO, name: str) -> Iterator[BinaryIO]:
    """Give a stream whose bytes are packed into another one, which stays open."""
    if not is_compressed(name):
        yield stream
    elif name.lower().endswith(".gz"):
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=stream, mtime=0) as inner:
            yield cast("BinaryIO", inner)
    else:
        with zstd_module().ZstdFile(stream, "wb") as inner:
            yield cast("BinaryIO", inner)
