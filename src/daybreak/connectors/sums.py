"""Checksums that others publish: written by the caller, or in a file beside the file.

A checksum file is what `sha256sum` or `md5sum` writes: a line `HASH  NAME` for each file, or `HASH`
alone; or what BSD's tools write, `SHA256 (NAME) = HASH`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from ..errors import DefinitionError, SourceError
from .remote import RemoteFiles

SIDECAR: Final = "sidecar"

DIGITS: Final = {"md5": 32, "sha1": 40, "sha256": 64, "sha384": 96, "sha512": 128}
"""The algorithms that are known, with the length of a checksum in hexadecimal digits."""

ALGORITHMS_BY_FIELD: Final = {
    "md5": "md5",
    "sha": "sha1",
    "sha-256": "sha256",
    "sha-384": "sha384",
    "sha-512": "sha512",
}
"""The names of algorithms in the headers of HTTP."""

SUFFIXES: Final = (".sha512", ".sha384", ".sha256", ".sha1", ".md5")
"""Of a checksum file for one file, `orders.csv.sha256`; the strongest is looked for first."""

LISTS: Final = ("SHA512SUMS", "SHA256SUMS", "sha256sum.txt", "SHA1SUMS", "MD5SUMS", "md5sum.txt")
"""Checksum files for all files of a folder."""

BYTES_MAX: Final = 2**22
"""The most that is read of a checksum file."""

_ALGORITHMS: Final = {digits: name for name, digits in DIGITS.items()}
_GNU: Final = re.compile(r"\\?(?P<hash>[0-9a-fA-F]{32,128})(?:[ \t]+\*?(?P<name>.+))?")
_BSD: Final = re.compile(r"[A-Za-z0-9-]+ ?\((?P<name>.+)\) ?= ?(?P<hash>[0-9a-fA-F]{32,128})")


@dataclass(frozen=True, slots=True)
class Sum:
    """One checksum that somebody says a file has."""

    algorithm: str
    digest: str
    """In small hexadecimal digits."""

    said_by: str
    """Who says so, for people."""


def is_sums_file(name: str) -> bool:
    """Say whether a file's name is that of a checksum file."""
    return name in LISTS or name.endswith(SUFFIXES)


def parsed(text: str, said_by: str = "the caller") -> Sum:
    """Return `ALGORITHM:HEX` as a checksum.

    Raises:
        DefinitionError: If it is none.
    """
    algorithm, _, digest = text.partition(":")
    digits = DIGITS.get(algorithm.lower())
    if digits is None:
        raise DefinitionError(
            f"expected checksum to be 'sidecar', ALGORITHM:HEX or a URL, got {text!r}",
            hint=f"the algorithms are {', '.join(DIGITS)}",
        )
    if not re.fullmatch(rf"[0-9a-fA-F]{{{digits}}}", digest):
        raise DefinitionError(
            f"expected {algorithm} to be {digits} hexadecimal digits, got {digest!r}"
        )
    return Sum(algorithm.lower(), digest.lower(), said_by)


def beside(files: RemoteFiles, path: str, name: str, where: str) -> Sum:
    """Return what the first checksum file beside a file says of it.

    Raises:
        SourceError: If there is none, or none names the file.
    """
    looked_at = []
    for candidate in (*(name + suffix for suffix in SUFFIXES), *LISTS):
        try:
            text = _text(files, files.beside(path, candidate))
        except (FileNotFoundError, PermissionError):  # some stores deny what is not there
            continue
        looked_at.append(candidate)
        if found := in_text(text, name, candidate):
            return found
    what = f"no checksum file beside it names {name}" if looked_at else "no checksum file beside it"
    raise SourceError(
        f"{where} has {what}" if not looked_at else f"{where}: {what} ({', '.join(looked_at)})",
        hint=f"ask its sender for {name}.sha256 or SHA256SUMS, and to write it last",
    )


def at(files: RemoteFiles, path: str, name: str, where: str, label: str) -> Sum:
    """Return what one checksum file says of a file.

    Raises:
        SourceError: If it does not name the file.
    """
    found = in_text(_text(files, path), name, label)
    if found is None:
        raise SourceError(
            f"{label} has no checksum of {name}", hint=f"look whether it is meant for {where}"
        )
    return found


def in_text(text: str, name: str, label: str) -> Sum | None:
    """Return the checksum of a file that the text of a checksum file names.

    Raises:
        SourceError: If it gives the file two different ones.
    """
    lines = list(_lines(text))
    exact = {digest for named, digest in lines if named in (name, f"./{name}")}
    by_name = {digest for named, digest in lines if named and _last(named) == name}
    alone = {digest for named, digest in lines if named is None} if len(lines) == 1 else set()
    found = exact or by_name or alone
    if len(found) > 1:
        raise SourceError(
            f"{label} has {len(found)} different checksums of {name}",
            hint="ask its sender which one holds",
        )
    return next((Sum(_ALGORITHMS[len(digest)], digest, label) for digest in found), None)


def _lines(text: str) -> Iterator[tuple[str | None, str]]:
    for line in text.splitlines():
        found = _GNU.fullmatch(line.strip()) or _BSD.fullmatch(line.strip())
        if found and len(found["hash"]) in _ALGORITHMS:
            yield found["name"], found["hash"].lower()


def _last(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name


def _text(files: RemoteFiles, path: str) -> str:
    taken = b""
    with files.reading(path, 0, None) as reading:
        for block in reading.blocks:
            taken += block
            if len(taken) > BYTES_MAX:
                break
    return taken[:BYTES_MAX].decode("utf-8", "replace")
