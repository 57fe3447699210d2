"""By what a file is recognised at every resume: size, inode, time, and three hashed blocks."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from ..errors import SourceChanged

BLOCK_BYTES: Final = 2**16
"""Bytes of each of the three blocks: beginning, middle, end."""

_NANOSECONDS: Final = 10**9

_TELL: Final = "put the file back as it was, or begin a new run with --again"


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


def differences(then: object, now: object, what: str = "") -> Iterator[str]:
    """Say what differs between two fingerprints, fact by fact, then and now.

    Args:
        then: JSON data, of a file or of a whole source.
        now: The same kind of JSON data.
        what: The name of the fact that is compared.
    """
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for name in {**then, **now}:
            inner = f"{what} {name}".strip()
            yield from differences(then.get(name), now.get(name), inner)
    elif then != now:
        fact = what.rpartition(" ")[2]
        if fact in {"beginning", "middle", "end"}:
            yield f"its {fact} has other bytes"
        else:
            yield f"{what} was {_shown(fact, then)}, is {_shown(fact, now)}"


def _shown(fact: str, value: object) -> str:
    if isinstance(value, int) and fact == "mtime_ns":
        seconds, rest = divmod(value, _NANOSECONDS)
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"
    return f"{value:,}" if isinstance(value, int) and fact != "inode" else repr(value)
