"""Bring files from wherever fsspec can read into a run's folder: whole, hashed, published once.

`run.fetch` in one function. How one file comes is in `fetch_one` and `transfer`, how several do in
`fetch_several`, how they are unpacked in `unpacking`, what is recorded of them in `fetched`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from ..errors import DefinitionError
from ..model.ownership import Pass
from .arrivals import Arrivals, FetchProgress
from .fetch_one import Wish, facts_of, fetch_one, wanted_of
from .fetch_several import fetch_several, name_of_pattern
from .fetched import (
    CHECKSUMS,
    Entry,
    entries,
    facts_at,
    is_intact,
    one_at_a_time,
    record,
    refuse_another,
)
from .patience import Patience, asked
from .publishing import remove, rename, sync_all, temporary, writing
from .remote import RemoteFiles
from .remote_open import opened
from .remote_url import Address
from .room import MAX_RATIO
from .sums import SIDECAR, Sum, parsed
from .unpacking import name_unpacked, refuse_unless_packed
from .unpacking import unpack as unpack_file

PARALLEL: Final = 4
"""Files of a pattern that come side by side; servers count connections."""

FIRST_PASS: Final = 1
NOBODYS_PASS: Final = Pass("", FIRST_PASS)


def fetch(
    url: str,
    folder: Path,
    *,
    name: str | None = None,
    sha256: str | None = None,
    checksum: str | None = None,
    unpack: bool = False,
    max_ratio: float = MAX_RATIO,
    settle_s: float = 1.0,
    parallel: int = PARALLEL,
    options: Mapping[str, Any] | None = None,
    of: Pass = NOBODYS_PASS,
    patience: Patience | None = None,
    tell: Callable[[FetchProgress], None] | None = None,
) -> Path:
    """Bring a file, or all files that match a pattern, into a folder: all is there, or nothing.

    What is there already stays, unless the step that wants it has begun again since.

    Args:
        url: A path, or a URL that fsspec knows. User, password and query are never shown or stored.
        folder: Where it goes; made if it is missing.
        name: What it is called there; by default as in the URL.
        sha256: What its bytes must hash to, in hex.
        checksum: Another checksum, as `md5:HEX`; or where one is published: `sidecar`, in a file
            beside it, or the URL of such a file.
        unpack: Whether what is in it is wanted: of an archive (.tar, .tar.gz, .tgz, .tar.zst,
            .tzst, .zip) a folder of its files, of a compressed file (.gz, .zst) that file.
        max_ratio: By how many times it may grow when it is unpacked; 64 MiB are always allowed.
        settle_s: For how long it must not have been written.
        parallel: How many files of a pattern come side by side, each over a connection of its own.
        options: What its file system needs besides: a key file, an endpoint, headers. Never stored.
        of: The step that wants it, and its pass.
        patience: How long is waited for what, in place of `settle_s`.
        tell: Hears now and then how much has come.

    Returns:
        The file; of an archive or a pattern the folder of its files.

    Raises:
        SourceError: If it cannot be read or written, is incomplete or still being written, has
            another checksum, or is no archive. Nothing was published; half a file whose connection
            was cut stays hidden, to be gone on with; an archive that is refused stays to be looked
            at.
        SourceChanged: If it was changed while it was read. Nothing was published.
        DefinitionError: If an argument is wrong, or another URL of the same name is there already.
    """
    address = Address(url, options or {})
    sums, checksum_at = _published(sha256, checksum)
    patience = patience or Patience(settle_s=_settle_s(settle_s))
    arrivals = Arrivals(address.name, tell or (lambda _event: None), patience.now_s)
    wish = Wish(
        address, sums, checksum_at, unpack, max_ratio, patience, arrivals, _at_least_one(parallel)
    )
    for known in _names(address, name):
        with one_at_a_time(folder / known):
            if result := _result_if_good(folder, known, wish, of):
                return result
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with opened(address, silence_s=patience.silence_s) as (files, path):
        is_pattern = address.is_pattern and not asked(
            lambda: files.is_file(path), files, address, patience
        )
        given = _names(address, name)[-1 if is_pattern else 0]
        with one_at_a_time(folder / given):
            if result := _result_if_good(folder, given, wish, of):
                return result
            return _fetched(files, path, folder / given, wish, of, is_pattern=is_pattern)


def _fetched(
    files: RemoteFiles, path: str, place: Path, wish: Wish, of: Pass, *, is_pattern: bool
) -> Path:
    """Fetch, unpack if that is wanted, and record what is there now."""
    folder, name, address = place.parent, place.name, wish.address
    wish.arrivals.what = name
    result = folder / name_unpacked(name) if wish.unpack else place
    refuse_another(folder, name, result.name, address)
    if wish.unpack and not is_pattern:
        refuse_unless_packed(name, address.shown)
    before = entries(folder).get(name, {})
    if is_pattern:
        facts = fetch_several(files, path, place, wish)
    else:
        wanted = wanted_of(files, path, address.name, address, wish)
        came = fetch_one(wanted, place, wish.patience)
        facts = facts_of(came, place.stat().st_size)
        wish.arrivals.is_there(wanted.path, facts["size"])
    entry: Entry = {
        "url": address.shown,
        "url_hash": address.digest,
        "passes": {**before.get("passes", {}), of.step: of.number},
        **facts,
    }
    if wish.checksum_at is not None:
        entry["checksum_at"] = wish.checksum_shown
    if wish.unpack:
        _unpack(place, result, wish)
        entry |= {"unpacked_as": result.name, "unpacked": facts_at(result)}
    record(folder, name, entry)
    return result


def _unpack(place: Path, result: Path, wish: Wish) -> None:
    """Unpack a file; or each file of a folder into another one."""
    if not place.is_dir():
        unpack_file(place, result, wish.max_ratio)
        return
    with writing(result), temporary(result) as partial:
        for packed in sorted(path for path in place.rglob("*") if path.is_file()):
            inner = packed.relative_to(place)
            refuse_unless_packed(packed.name, f"{wish.address.shown}: {inner}")
            target = partial / inner.with_name(name_unpacked(packed.name))
            target.parent.mkdir(parents=True, exist_ok=True)
            unpack_file(packed, target, wish.max_ratio)
        sync_all(partial)
        remove(result)
        rename(partial, result)


# ---------------------------------------------------------------- what is there already


def _result_if_good(folder: Path, name: str, wish: Wish, of: Pass) -> Path | None:
    """Return what was fetched before, if it is what is wanted now, and intact."""
    entry = entries(folder).get(name)
    if entry is None or entry["url_hash"] != wish.address.digest:
        return None
    has_right_sums = all(entry.get(each.algorithm) == each.digest for each in wish.sums)
    was_looked_up = wish.checksum_at is None or entry.get("checksum_at") == wish.checksum_shown
    is_as_wanted = has_right_sums and was_looked_up and wish.unpack in (False, "unpacked" in entry)
    if _pass_of(entry, of.step) < of.number or not is_as_wanted:
        return None
    if not is_intact(folder, name, entry):
        return None
    return folder / (entry["unpacked_as"] if wish.unpack else name)


def _pass_of(entry: Entry, step: str) -> int:
    """Return the last pass of a step that fetched a file itself; the first, if others did."""
    return int(entry.get("passes", {}).get(step, FIRST_PASS))


# ---------------------------------------------------------------- what the caller says


def _names(address: Address, name: str | None) -> list[str]:
    """Return the name in the folder: the first if it is a file, the last if it is a pattern."""
    names = [address.name] if name is None else [name]
    if name is None and address.is_pattern:
        names.append(name_of_pattern(address))
    for each in names:
        if each in {"", ".", "..", CHECKSUMS} or "/" in each:
            raise DefinitionError(
                f"{each!r} cannot be the name of a file in a run's folder",
                hint="give another one: name=",
            )
    return names


def _published(sha256: str | None, checksum: str | None) -> tuple[tuple[Sum, ...], str | None]:
    """Return the checksums that the caller gives, and where another one is looked for."""
    sums = () if sha256 is None else (parsed(f"sha256:{sha256}"),)
    if checksum is None:
        return sums, None
    if checksum == SIDECAR or "/" in checksum:
        return sums, checksum
    return (*sums, parsed(checksum)), None


def _at_least_one(parallel: int) -> int:
    if parallel < 1:
        raise DefinitionError(f"expected parallel to be 1 or more, got {parallel!r}")
    return parallel


def _settle_s(settle_s: float) -> float:
    if not settle_s >= 0:
        raise DefinitionError(f"expected settle_s to be 0 or more, got {settle_s!r}")
    return settle_s
