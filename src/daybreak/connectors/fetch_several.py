"""All files that match a pattern: collected in a hidden folder, which is published as a whole.

A file keeps the path that it has below the part of the pattern that is fixed. What an earlier
attempt has collected is kept if it is provably still the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path, PurePosixPath
from queue import LifoQueue
from typing import Final
from urllib.parse import unquote

from ..errors import DefinitionError, SourceError
from .arrivals import FetchEnded
from .fetch_one import Wish, facts_of, fetch_one, wanted_of
from .fetched import Entry, entries, forget, is_intact, record
from .patience import asked
from .publishing import remove, rename, sync_all, writing
from .remote import Look, RemoteFiles
from .remote_open import opened
from .remote_url import HTTP, Address, has_magic
from .sums import is_sums_file
from .transfer import Came, Wanted, refuse_unless_at_rest

_FILES: Final = "files"
_MAGIC: Final = re.compile(r"[*?\[\]!]+")


def name_of_pattern(address: Address) -> str:
    """Return the name of the folder of what matches: `orders-_.csv` for orders-*.csv."""
    return _MAGIC.sub("_", address.name)


def fetch_several(files: RemoteFiles, pattern: str, folder: Path, wish: Wish) -> Entry:
    """Bring all files that match a pattern into a folder, which appears when all are there.

    Returns:
        What is recorded of them.

    Raises:
        SourceError: If none matches, or one cannot be fetched; see `fetch`. The folder is as it
            was; what has come is kept for the next attempt.
        DefinitionError: If one checksum is given for all.
    """
    if wish.sums:
        raise DefinitionError(
            "a checksum is of one file, and a pattern was given",
            hint="write checksum='sidecar': each file has one beside it",
        )
    found = _found(files, pattern, wish)
    collecting = folder.with_name(f".{folder.name}.collecting")
    with writing(folder):
        _prepare(collecting, folder, found)
    wish.arrivals.files = len(found)
    collected = _collected(files, found, collecting, wish)
    for inner, (wanted, came) in zip(found, collected, strict=True):
        try:
            refuse_unless_at_rest(wanted, came, wish.patience)
        except SourceError:
            forget(collecting, inner)
            raise
    recorded = {inner: _without_look(entry) for inner, entry in entries(collecting).items()}
    with writing(folder):
        sync_all(collecting / _FILES)
        remove(folder)
        rename(collecting / _FILES, folder)
        remove(collecting)
    return {"files": recorded}


def _found(files: RemoteFiles, pattern: str, wish: Wish) -> dict[str, str]:
    """Return the path of each file that matches by where it goes, below the folder."""
    address = wish.address
    root = _root(pattern, address.scheme)
    paths = asked(lambda: files.matching(pattern), files, address, wish.patience)
    found = {_inner(path, root, address): path for path in paths}
    if wish.checksum_at is not None:
        found = {inner: path for inner, path in found.items() if not is_sums_file(_last(inner))}
    if not found:
        raise SourceError(
            f"no file matches {address.shown}",
            hint="look whether its sender has written it, and at the pattern",
        )
    return dict(sorted(found.items()))


def _root(pattern: str, scheme: str) -> str:
    parts = pattern.split("/")
    fixed = next(at for at, part in enumerate(parts) if has_magic(part, scheme))
    return "".join(f"{part}/" for part in parts[:fixed])


def _inner(path: str, root: str, address: Address) -> str:
    inner = path.removeprefix(root)
    if address.scheme in HTTP:
        inner = unquote(inner)
    parts = PurePosixPath(inner).parts
    if not path.startswith(root) or inner.startswith("/") or ".." in parts or not parts:
        raise SourceError(
            f"{address.shown} matches a file that lies elsewhere: {address.scrub(path)!r}",
            hint="do not trust this server; nothing was fetched",
        )
    return inner


def _last(inner: str) -> str:
    return inner.rpartition("/")[2]


def _prepare(collecting: Path, folder: Path, found: dict[str, str]) -> None:
    """Make the hidden folder, and remove from it what does not match any more."""
    place = collecting / _FILES
    if collecting.exists() and not place.exists() and folder.is_dir():
        folder.rename(place)  # published by a process that died before it could say so
    place.mkdir(parents=True, exist_ok=True)
    for path in sorted(place.rglob("*"), reverse=True):
        inner = path.relative_to(place).as_posix()
        if path.is_file() and not path.name.startswith(".") and inner not in found:
            forget(collecting, inner)
            path.unlink()
    for inner in set(entries(collecting)) - set(found):
        forget(collecting, inner)


def _collected(
    files: RemoteFiles, found: dict[str, str], collecting: Path, wish: Wish
) -> Sequence[tuple[Wanted, Came]]:
    """Bring files, some side by side, each over a connection that no other uses meanwhile.

    If one cannot be had the others end where they are, and are gone on with by the next attempt.
    """
    ended = wish.arrivals.ended
    workers = min(wish.parallel, len(found))
    with ExitStack() as stack:
        idle: LifoQueue[RemoteFiles] = LifoQueue()
        idle.put(files)
        for _ in range(workers - 1):
            others = opened(wish.address, silence_s=wish.patience.silence_s)
            idle.put(stack.enter_context(others)[0])

        def collect(inner: str, path: str) -> tuple[Wanted, Came]:
            if ended.is_set():
                raise FetchEnded
            mine = idle.get()
            try:
                wanted, came = _collect(mine, path, inner, collecting, wish)
                return replace(wanted, files=files), came
            finally:
                idle.put(mine)

        pool = stack.enter_context(ThreadPoolExecutor(workers, "daybreak-fetch"))
        stack.callback(ended.set)  # before the pool waits for those at work
        coming = [pool.submit(collect, inner, path) for inner, path in found.items()]
        for one in as_completed(coming):
            if (fault := one.exception()) is not None:
                raise fault
        return [one.result() for one in coming]


def _collect(
    files: RemoteFiles, path: str, inner: str, collecting: Path, wish: Wish
) -> tuple[Wanted, Came]:
    address = _address_of(wish.address, inner)
    wanted = wanted_of(files, path, _last(inner), address, wish)
    place = collecting / _FILES / inner
    if kept := _kept(wanted, inner, collecting, wish):
        wish.arrivals.is_there(path, place.stat().st_size)
        return wanted, kept
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
    came = fetch_one(wanted, place, wish.patience, at_rest=False)
    facts = facts_of(came, place.stat().st_size)
    wish.arrivals.is_there(path, facts["size"])
    record(collecting, inner, {"url_hash": address.digest, "look": came.look.as_data(), **facts})
    return wanted, came


def _address_of(pattern: Address, inner: str) -> Address:
    """Return the URL of one of the files, for people and to know it again."""
    root = _root(pattern.url, pattern.scheme)
    return replace(pattern, url=root + inner)


def _kept(wanted: Wanted, inner: str, collecting: Path, wish: Wish) -> Came | None:
    """Return what is known of a file that was collected before, and is provably the same."""
    entry = entries(collecting).get(inner)
    if entry is None or entry["url_hash"] != wanted.address.digest:
        return None
    began_s = wish.patience.now_s()
    now = asked(lambda: wanted.files.look(wanted.path), wanted.files, wanted.address, wish.patience)
    is_right = all(entry.get(each.algorithm) == each.digest for each in wanted.sums)
    then = Look.from_data(entry["look"])
    if not (is_right and now.is_surely(then) and is_intact(collecting / _FILES, inner, entry)):
        return None
    return Came(now, began_s, tuple(entry["confirmed_by"]))


def _without_look(entry: Entry) -> Entry:
    return {name: value for name, value in entry.items() if name not in ("look", "url_hash")}
