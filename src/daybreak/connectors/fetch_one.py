"""One file is fetched: its checksum is looked up, it comes, it is at rest, it is published."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import SourceError
from . import sums
from .arrivals import Arrivals
from .fetched import Entry
from .half_file import half_of
from .patience import Patience, asked
from .remote import RemoteFiles
from .remote_open import opened
from .remote_url import Address, shown
from .sums import SIDECAR, Sum
from .transfer import Came, Wanted, refuse_unless_at_rest, transfer


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of a file, or of each of several."""

    address: Address
    sums: tuple[Sum, ...]
    checksum_at: str | None
    """`sidecar`, or the URL of a checksum file; None if none is looked for."""

    unpack: bool
    max_ratio: float
    patience: Patience
    arrivals: Arrivals
    parallel: int = 1
    """How many files of a pattern come side by side."""

    @property
    def checksum_shown(self) -> str | None:
        """Where a checksum is looked for, as it may be stored."""
        return None if self.checksum_at is None else shown(self.checksum_at)


def wanted_of(files: RemoteFiles, path: str, name: str, address: Address, wish: Wish) -> Wanted:
    """Return a file with the checksums that it has to have.

    Args:
        files: Where it is.
        path: Its path there.
        name: Its name there.
        address: Its URL.
        wish: What is wanted of it.

    Raises:
        SourceError: If no checksum is published though one is asked for.
    """
    published = _published(files, path, name, address, wish)
    return Wanted(address, files, path, (*wish.sums, *published), wish.arrivals)


def fetch_one(wanted: Wanted, place: Path, patience: Patience, *, at_rest: bool = True) -> Came:
    """Bring one file to its place, where it appears whole.

    Args:
        wanted: The file.
        place: Where it goes.
        patience: How long is waited for what.
        at_rest: Whether it has to be at rest before it is published; the caller looks otherwise.

    Raises:
        SourceError: See `fetch`.
        SourceChanged: If it was changed while it was read.
    """
    algorithms = [each.algorithm for each in wanted.sums]
    with half_of(place, wanted.address.digest, algorithms) as half:
        came = transfer(wanted, half, patience)
        if at_rest:
            refuse_unless_at_rest(wanted, came, patience)
        half.publish()
        return came


def facts_of(came: Came, size: int) -> Entry:
    """Return what is recorded of a file that came."""
    return {"size": size, **came.digests, "confirmed_by": list(came.confirmed_by)}


def _published(
    files: RemoteFiles, path: str, name: str, address: Address, wish: Wish
) -> tuple[Sum, ...]:
    if wish.checksum_at is None:
        return ()
    if wish.checksum_at == SIDECAR:
        look_beside = lambda: sums.beside(files, path, name, address.shown)  # noqa: E731
        return (asked(look_beside, files, address, wish.patience),)
    elsewhere = Address(wish.checksum_at, address.options)
    try:
        with opened(elsewhere, silence_s=wish.patience.silence_s) as (others, other_path):
            look_there = lambda: sums.at(  # noqa: E731
                others, other_path, name, address.shown, elsewhere.shown
            )
            return (asked(look_there, others, elsewhere, wish.patience),)
    except SourceError as exc:
        raise SourceError(f"{address.shown} has no checksum: {exc}", hint=exc.hint) from None
