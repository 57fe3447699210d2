"""`checksums.json` of a run's folder: what was fetched from where, with sizes and checksums.

What is recorded and still intact is not fetched again.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ..errors import DefinitionError
from .publishing import publishing
from .remote_url import Address

CHECKSUMS: Final = "checksums.json"

Entry = dict[str, Any]
"""What is recorded of one name: url, url_hash, passes, and size and sha256 of each file."""

_locks: dict[Path, threading.Lock] = {}
_locks_lock = threading.Lock()


def entries(folder: Path) -> dict[str, Entry]:
    """Return what is recorded, by name."""
    try:
        record = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # missing: nothing was fetched; damaged: everything is again
        return {}
    return record if isinstance(record, dict) else {}


def record(folder: Path, name: str, entry: Entry) -> None:
    """Record what lies under a name."""
    place = folder / CHECKSUMS
    with one_at_a_time(place):
        _write(place, {**entries(folder), name: entry})


def forget(folder: Path, name: str) -> None:
    """Record nothing of a name any more."""
    place = folder / CHECKSUMS
    with one_at_a_time(place):
        known = entries(folder)
        if known.pop(name, None) is not None:
            _write(place, known)


@contextmanager
def one_at_a_time(place: Path) -> Iterator[None]:
    """Let one thread after the other work on a file; between processes the run's lock does."""
    with _locks_lock:
        lock = _locks.setdefault(place.absolute(), threading.Lock())
    with lock:
        yield


def refuse_another(folder: Path, name: str, result: str, address: Address) -> None:
    """Refuse to put a file where one of another URL is, or what was unpacked of it.

    Raises:
        DefinitionError: If there is one.
    """
    for other, entry in entries(folder).items():
        if entry["url_hash"] == address.digest:
            continue
        taken = {other, entry.get("unpacked_as", other)} & {name, result}
        if taken:
            raise DefinitionError(
                f"{min(taken)!r} was fetched from {entry['url']} already, and would be replaced by"
                f" {address.shown}",
                hint="give files of one run names of their own: name=",
            )


def is_intact(folder: Path, name: str, entry: Entry) -> bool:
    """Say whether all that is recorded under a name is there, and as it was."""
    if "unpacked" in entry:
        unpacked_as = entry.get("unpacked_as")
        if unpacked_as is None or not _is_there(folder / unpacked_as, entry["unpacked"]):
            return False
    return _is_there(folder / name, entry.get("files", entry))


def facts_at(place: Path) -> dict[str, Any]:
    """Return size and sha256 of a file; of a folder those of all its files, by path."""
    if place.is_dir():
        return {
            path.relative_to(place).as_posix(): facts_at(path)
            for path in sorted(place.rglob("*"))
            if path.is_file()
        }
    with place.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"size": place.stat().st_size, "sha256": found}


def _write(place: Path, known: dict[str, Entry]) -> None:
    with publishing(place) as stream:
        stream.write(json.dumps(known, indent=2, sort_keys=True).encode())


def _is_there(place: Path, facts: dict[str, Any]) -> bool:
    if isinstance(facts.get("sha256"), str):
        return _has(place, facts)
    if not place.is_dir():
        return False
    return all(_has(place / inner, inner_facts) for inner, inner_facts in facts.items())


def _has(path: Path, facts: dict[str, Any]) -> bool:
    if not path.is_file() or path.stat().st_size != facts["size"]:
        return False
    return bool(facts_at(path)["sha256"] == facts["sha256"])
