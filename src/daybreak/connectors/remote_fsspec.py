"""Files in whatever file system fsspec knows, this machine's own among them."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

from .remote import BLOCK_BYTES, Look, Reading
from .remote_url import Address

FileSystem = Any
"""An `fsspec.AbstractFileSystem`; fsspec brings no types along."""

CLOCKS_APART_S: Final = 300.0
"""How far a server's clock may be from ours, where it does not tell its own time."""

_VERSIONS: Final = ("version_id", "VersionId", "generation", "ETag", "etag")
_INSTANTS: Final = ("mtime", "LastModified", "last_modified", "updated", "modified")


class FsspecFiles:
    """The files of a file system of fsspec.

    Args:
        connect: Makes the file system; called again after `close`.
        connected: The file system, if it is there already.
        has_our_clock: Whether it tells times by this machine's clock.
    """

    block_bytes = BLOCK_BYTES
    """What is asked for at once: at a cut what has come of it may be lost."""

    def __init__(
        self,
        connect: Callable[[], FileSystem],
        *,
        connected: FileSystem | None = None,
        has_our_clock: bool = False,
    ) -> None:
        self._connect = connect
        self._connected = connected
        self._clocks_apart_s = 0.0 if has_our_clock else CLOCKS_APART_S

    @property
    def system(self) -> FileSystem:
        """The file system, connected."""
        if self._connected is None:
            self._connected = self._connect()
        return self._connected

    def look(self, path: str) -> Look:
        """Return what the file system says of a file now, not what it remembers."""
        self.system.invalidate_cache()
        facts = self.system.info(path)
        if facts.get("type") == "directory":
            raise IsADirectoryError(path)
        if facts.get("type") == "other":  # a pipe or a device: opening it may wait for ever
            raise OSError("it is neither a file nor a folder")
        return self._look_of(facts)

    @contextmanager
    def reading(self, path: str, start: int, then: Look | None) -> Iterator[Reading]:
        """Read a file from `start` on if it is provably as it was `then`, else from its start."""
        look = self.look(path)
        begins = start if then is not None and look.is_surely(then) else 0
        with self.opened(path, look, begins) as stream:
            yield Reading(begins, look, _blocks(stream, self.block_bytes))

    @contextmanager
    def opened(self, path: str, look: Look, start: int) -> Iterator[BinaryIO]:  # noqa: ARG002
        """Open a file at a place."""
        with self.system.open(path, "rb") as stream:
            if start:
                stream.seek(start)
            yield stream

    def is_file(self, path: str) -> bool:
        """Say whether there is a file of exactly that name."""
        return bool(self.system.isfile(path))

    def matching(self, pattern: str) -> list[str]:
        """Return the paths of all files that match a pattern, in order."""
        self.system.invalidate_cache()
        found: Mapping[str, Mapping[str, Any]] = self.system.glob(pattern, detail=True)
        return sorted(path for path, facts in found.items() if facts.get("type") == "file")

    def beside(self, path: str, name: str) -> str:
        """Return the path of another file in the folder of a file."""
        folder, slash, _ = path.rpartition("/")
        return f"{folder}{slash}{name}"

    def close(self) -> None:
        """Give the file system up; the next call makes another one."""
        self._connected = None

    def _look_of(self, facts: Mapping[str, Any]) -> Look:
        modified_at = _instant(_first(facts, _INSTANTS))
        rested_s = None
        if modified_at is not None:
            rested_s = max(0.0, time.time() - modified_at - self._clocks_apart_s)
        version, size = _first(facts, _VERSIONS), facts.get("size")
        if version is None and "ino" in facts:  # another file of the same name has another one
            version = f"inode {facts['ino']} of {modified_at}"
        return Look(
            size=int(size) if size is not None else None,
            version=None if version is None else str(version),
            modified_at=modified_at,
            rested_s=rested_s,
            sums=_sums(facts),
        )


def files_of(address: Address) -> tuple[FsspecFiles, str]:
    """Return the files of a file system that fsspec knows, and the path of a URL in it.

    Raises:
        ImportError: If it needs a library that is not installed.
        ValueError: If fsspec does not know the scheme.
    """
    from fsspec.core import url_to_fs  # type: ignore[import-untyped] # noqa: PLC0415 - heavy

    def connect() -> FileSystem:
        return url_to_fs(address.url, **address.options)[0]

    system, path = url_to_fs(address.url, **address.options)
    is_ours = address.scheme in {"file", "local"} and not address.is_chain
    return FsspecFiles(connect, connected=system, has_our_clock=is_ours), path


def _blocks(stream: BinaryIO, block_bytes: int) -> Iterator[bytes]:
    while block := stream.read(block_bytes):
        yield block


def _first(facts: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((facts[name] for name in names if facts.get(name) is not None), None)


def _instant(value: object) -> float | None:
    """Return a time as file systems write it in seconds since 1970; None if it is none."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    match value:
        case datetime():
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        case int() | float():
            return float(value)
    return None


def _sums(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the MD5 that Google's store tells of a file."""
    try:
        return {"md5": base64.b64decode(facts["md5Hash"], validate=True).hex()}
    except (KeyError, TypeError, binascii.Error):
        return {}
