"""What is asked of files that lie elsewhere: a look, bytes from a place on, names by a pattern.

Each kind of server has a module of its own (`remote_http`, `remote_sftp`, `remote_s3`; whatever
else fsspec knows is in `remote_fsspec`). How often something is tried again is in `transfer`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

BLOCK_BYTES: Final = 2**20
"""The most that is asked for, and held, at once."""

SILENCE_S: Final = 60.0
"""How long a server may say nothing before the connection counts as cut."""


class Interrupted(Exception):  # noqa: N818 - it names an event
    """A connection was cut, or a server could not do it now: the same may succeed later.

    Args:
        reason: What happened, without credentials.
        wait_s: How long the server asked to be left alone.
    """

    def __init__(self, reason: str, *, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Look:
    """What a server says of a file, without giving it."""

    size: int | None
    """Bytes; None if the server does not say."""

    version: str | None = None
    """What it calls exactly these bytes: a strong ETag, a version id, an inode with its time."""

    modified_at: float | None = None
    """When it was written last, in seconds since 1970, by the server's clock."""

    rested_s: float | None = None
    """For how long it has surely not been written, if a clock can be trusted for that."""

    sums: Mapping[str, str] = field(default_factory=dict)
    """Checksums in hex that the server computed over exactly these bytes, by algorithm."""

    can_grow: bool = True
    """Whether a reader may see it half written: not in stores where files appear whole."""

    def is_surely(self, other: Look) -> bool:
        """Say whether both are provably of the same bytes."""
        if self.size is None or self.size != other.size:
            return False
        if self.version is not None or other.version is not None:
            return self.version == other.version
        return self.modified_at is not None and self.modified_at == other.modified_at

    def differences(self, later: Look) -> list[str]:
        """Return what is another in a later look, for people; nothing if both say the same."""
        facts = (
            ("size", self.size, later.size),
            ("time", self.modified_at, later.modified_at),
            ("version", self.version, later.version),
        )
        return [
            f"{name} was {then}, is {now}"
            for name, then, now in facts
            if then is not None and now is not None and then != now
        ]

    def as_data(self) -> dict[str, Any]:
        """Return what has to be known of it to go on later, as JSON data."""
        return {
            "size": self.size,
            "version": self.version,
            "modified_at": self.modified_at,
            "sums": dict(self.sums),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Look:
        """Return what `as_data` gave as a look."""
        sums = {str(name): str(digest) for name, digest in data["sums"].items()}
        return cls(data["size"], data["version"], data["modified_at"], sums=sums)


@dataclass(frozen=True, slots=True)
class Reading:
    """A file on its way."""

    start: int
    """The place of the first byte that comes: what was asked for, or 0."""

    look: Look
    """Of exactly what comes."""

    blocks: Iterator[bytes]
    """Raises `Interrupted`, or what the file system raises, if it does not come to its end."""

    ends_surely: bool = True
    """Whether its end is told from a cut: not if the server just closes the connection."""

    encoding: str = ""
    """By what the server packed it on its own account (`gzip`); empty if it did not."""


class RemoteFiles(Protocol):
    """The files of one server, or of this machine; one connection, made when it is needed.

    Methods raise `FileNotFoundError`, `PermissionError`, `IsADirectoryError`, `Interrupted`, or
    whatever the library beneath raises.
    """

    def look(self, path: str) -> Look:
        """Return what the server says of a file now."""
        ...

    def reading(self, path: str, start: int, then: Look | None) -> AbstractContextManager[Reading]:
        """Read a file from `start` on if it is provably as it was `then`, else from its start."""
        ...

    def is_file(self, path: str) -> bool:
        """Say whether there is a file of exactly that name."""
        ...

    def matching(self, pattern: str) -> list[str]:
        """Return the paths of all files that match a pattern, in order."""
        ...

    def beside(self, path: str, name: str) -> str:
        """Return the path of another file in the folder of a file."""
        ...

    def close(self) -> None:
        """Give the connection up; the next call makes another one."""
        ...
