"""Bring a file from wherever fsspec can read into a run's folder: whole, hashed, published once.

Beside the files lies `checksums.json`: what was fetched from where, with sizes and sha256. What is
recorded and still intact is not copied again. Retries and resumption of half a file are not here.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

from ..errors import DefinitionError, SourceError
from ..model.ownership import Pass
from .archives import is_archive, name_unpacked, unpack_archive
from .publishing import publishing, writing

CHECKSUMS: Final = "checksums.json"
FIRST_PASS: Final = 1
NOBODYS_PASS: Final = Pass("", FIRST_PASS)

_BLOCK_BYTES: Final = 2**20

_locks: dict[Path, threading.Lock] = {}
_locks_lock = threading.Lock()


def fetch(
    url: str,
    folder: Path,
    *,
    sha256: str | None = None,
    unpack: bool = False,
    of: Pass = NOBODYS_PASS,
) -> Path:
    """Bring a file into a folder; all of it is there, under its name, or nothing is.

    What is there already stays, unless the step that wants it has begun again since.

    Args:
        url: A path, or a URL that fsspec knows. User, password and query are never shown or stored.
        folder: Where it goes; made if it is missing.
        sha256: What its bytes must hash to, in hex.
        unpack: Whether it is an archive (.tar, .tar.gz, .tgz, .zip) whose files are wanted.
        of: The step that wants it, and its pass.

    Returns:
        The file; of an archive the folder of its files.

    Raises:
        SourceError: If it cannot be read or written, is incomplete, has another hash, or is no
            archive. Nothing was published; an archive that is refused stays to be looked at.
        DefinitionError: If `sha256` is no hash, or another URL of the same name is there already.
    """
    name = _name(url)
    wanted = _hash_wanted(sha256)
    if unpack and not is_archive(name):
        raise SourceError(
            f"{shown(url)} is no archive that can be unpacked",
            hint="unpack=True takes .tar, .tar.gz, .tgz and .zip; leave it out for a plain file",
        )
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    result = folder / (name_unpacked(name) if unpack else name)
    with _one_at_a_time(folder / name):
        known = _load(folder).get(name)
        _refuse_other_url(known, url, name)
        is_of_this_pass = known is not None and _pass_of(known, of.step) >= of.number
        is_wanted = known is not None and wanted in (None, known["sha256"])
        if known and is_of_this_pass and is_wanted and _is_intact(folder, name, known, result):
            return result
        copied = _copy(url, folder / name, wanted)
        passes = {**(known or {}).get("passes", {}), of.step: of.number}
        entry = {"url": shown(url), "url_hash": _hash_text(url), "passes": passes, **copied}
        if unpack:
            unpack_archive(folder / name, result)
            entry["unpacked"] = _facts_of_all(result)
        _record(folder, name, entry)
    return result


def shown(url: str) -> str:
    """Return a URL without user, password, query and fragment: what may be printed and stored."""
    if "://" not in url:
        return url
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _pass_of(known: dict[str, Any], step: str) -> int:
    """Return the last pass of a step that fetched a file itself; the first, if others did."""
    return int(known.get("passes", {}).get(step, FIRST_PASS))


def _name(url: str) -> str:
    path = unquote(urlsplit(url).path) if "://" in url else url
    name = Path(path.rstrip("/")).name
    if name in {"", ".", "..", CHECKSUMS}:
        raise SourceError(
            f"{shown(url)} names no file", hint="give the whole path, down to the file's name"
        )
    return name


def _hash_wanted(sha256: str | None) -> str | None:
    if sha256 is None:
        return None
    if not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise DefinitionError(f"expected sha256 to be 64 hexadecimal digits, got {sha256!r}")
    return sha256.lower()


def _refuse_other_url(known: dict[str, Any] | None, url: str, name: str) -> None:
    if known and known["url_hash"] != _hash_text(url):
        raise DefinitionError(
            f"{name!r} was fetched from {known['url']} already, and would be replaced by"
            f" {shown(url)}",
            hint="give files of one run names of their own",
        )


# ---------------------------------------------------------------- copying


def _copy(url: str, place: Path, wanted: str | None) -> dict[str, Any]:
    """Copy a file and publish it, if it is complete and has the hash that is wanted."""
    exact = hashlib.sha256()
    size = 0
    with publishing(place) as stream:
        for block in _blocks(url):
            stream.write(block)
            exact.update(block)
            size += len(block)
        found = exact.hexdigest()
        if wanted not in (None, found):
            raise SourceError(
                f"{shown(url)} has sha256 {found}, expected {wanted}",
                hint="ask its sender which file is meant; nothing was kept of this one",
            )
    return {"size": size, "sha256": found}


def _blocks(url: str) -> Iterator[bytes]:
    """Yield the bytes of a file, wherever it is.

    Raises:
        SourceError: If it cannot be read to its end.
    """
    from fsspec.core import url_to_fs  # type: ignore[import-untyped] # noqa: PLC0415 - heavy

    with _reading(url):
        system, path = url_to_fs(url)
        if system.isdir(path):
            raise IsADirectoryError(path)
        size = 0
        with system.open(path, "rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                size += len(block)
                yield block
        announced = system.info(path).get("size")
    if isinstance(announced, int) and announced != size:
        raise SourceError(
            f"{shown(url)} gave {size:,} bytes of {announced:,}",
            hint="it is still being written, or the connection was cut: wait, then run again",
        )


@contextmanager
def _reading(url: str) -> Iterator[None]:
    """Translate what any file system may raise; credentials never get into a message."""
    where = shown(url)
    try:
        yield
    except FileNotFoundError as exc:
        raise SourceError(f"{where} does not exist", hint="check the path or URL") from exc
    except IsADirectoryError as exc:
        raise SourceError(
            f"{where} is a folder", hint="fetch one file, or an archive with unpack=True"
        ) from exc
    except PermissionError as exc:
        raise SourceError(
            f"no permission to read {where}", hint="ask for the right to read it"
        ) from exc
    except ImportError as exc:
        raise SourceError(f"{where} needs a library: {exc}", hint="install it") from exc
    except Exception as exc:
        if isinstance(exc, ValueError) and "rotocol not known" in str(exc):
            scheme = url.partition("://")[0]
            raise SourceError(
                f"unknown scheme {scheme!r} in {where}", hint="write file://, https:// or a path"
            ) from exc
        why = str(exc).replace(url, where)
        raise SourceError(f"{where} cannot be read: {type(exc).__name__}: {why}") from exc


# ---------------------------------------------------------------- what was fetched


def _load(folder: Path) -> dict[str, Any]:
    try:
        record = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # missing: nothing was fetched; damaged: everything is again
        return {}
    return record if isinstance(record, dict) else {}


def _record(folder: Path, name: str, entry: dict[str, Any]) -> None:
    place = folder / CHECKSUMS
    with _one_at_a_time(place):
        record = {**_load(folder), name: entry}
        with publishing(place) as stream:
            stream.write(json.dumps(record, indent=2, sort_keys=True).encode())


@contextmanager
def _one_at_a_time(place: Path) -> Iterator[None]:
    """Let one thread after the other work on a file; between processes the run's lock does."""
    with _locks_lock:
        lock = _locks.setdefault(place.absolute(), threading.Lock())
    with lock:
        yield


def _is_intact(folder: Path, name: str, known: dict[str, Any], result: Path) -> bool:
    files = {folder / name: known}
    if result != folder / name:
        if "unpacked" not in known:
            return False
        files |= {result / inner: facts for inner, facts in known["unpacked"].items()}
    return all(_has(path, facts) for path, facts in files.items())


def _has(path: Path, facts: dict[str, Any]) -> bool:
    if not path.is_file() or path.stat().st_size != facts["size"]:
        return False
    return bool(_facts(path)["sha256"] == facts["sha256"])


def _facts_of_all(folder: Path) -> dict[str, dict[str, Any]]:
    return {
        path.relative_to(folder).as_posix(): _facts(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _facts(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"size": path.stat().st_size, "sha256": found}


def _hash_text(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
