"""One file on its way into its half: gone on with after a cut, proven whole, and at rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ..errors import SourceChanged, SourceError
from .arrivals import Arrivals
from .half_file import OVERLAP_BYTES, HalfFile
from .patience import Patience, asked
from .remote import Interrupted, Look, Reading, RemoteFiles
from .remote_errors import reading
from .remote_url import Address
from .room import refuse_without_room
from .sums import Sum

GAIN_BYTES: Final = 2**20
"""A try that brought so much, or a tenth of the file, is no failed one."""

_PACKED_SUFFIXES: Final = {"gzip": (".gz", ".tgz"), "zstd": (".zst", ".tzst")}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file that is wanted."""

    address: Address
    files: RemoteFiles
    path: str
    sums: tuple[Sum, ...] = ()
    """What somebody who knows says of it."""

    arrivals: Arrivals | None = None
    """Counts what comes of it."""

    @property
    def where(self) -> str:
        """What may be printed of where it is."""
        return self.address.shown


@dataclass(frozen=True, slots=True)
class Came:
    """A file that is there, and proven as far as its bytes can be."""

    look: Look
    began_s: float
    """When it was looked at first, by the clock of `Patience`."""

    confirmed_by: tuple[str, ...] = ()
    """Whose checksums it has."""

    digests: Mapping[str, str] = field(default_factory=dict)
    """Its checksums in hex, by algorithm."""


def transfer(wanted: Wanted, half: HalfFile, patience: Patience) -> Came:
    """Bring all of a file into its half.

    Raises:
        SourceError: If it cannot be read to its end (what has come is kept), or is not what a
            checksum says.
    """
    began_s = patience.now_s()
    read = _persistently(wanted, half, patience)
    confirmed = tuple(_confirmed(wanted, half))
    if not read.ends_surely and not wanted.sums:
        raise SourceError(
            f"{wanted.where} may have been cut off: its server does not say how long it is",
            hint="give its checksum: sha256=, or checksum='sidecar' if one lies beside it",
        )
    return Came(read.look, began_s, confirmed, half.digests)


def refuse_unless_at_rest(wanted: Wanted, came: Came, patience: Patience) -> None:
    """Look at a file once more, when it has had the time to grow.

    There is no need to where somebody who knows has given its checksum, or where files appear
    whole.

    Raises:
        SourceError: If it is still being written.
        SourceChanged: If it is another one now.
    """
    before = came.look
    if wanted.sums or not before.can_grow:
        return
    rested_s = max(patience.now_s() - came.began_s, before.rested_s or 0.0)
    if (missing_s := patience.settle_s - rested_s) > 0:
        patience.wait(missing_s)
    later = asked(lambda: wanted.files.look(wanted.path), wanted.files, wanted.address, patience)
    if not (differences := before.differences(later)):
        return
    if before.size is not None and later.size is not None and later.size > before.size:
        raise _still_written(wanted, differences[0])
    raise SourceChanged(
        f"{wanted.where} was changed while it was read: {differences[0]}",
        hint="run again when its sender has finished; nothing was kept of it",
    )


def _persistently(wanted: Wanted, half: HalfFile, patience: Patience) -> Reading:
    """Read, and go on after every cut, until all is there or nothing is gained any more."""
    failed = 0
    while True:
        size, beginnings = half.size, half.beginnings
        try:
            with reading(wanted.address):
                return _read(wanted, half)
        except Interrupted as exc:
            gained = half.size - size if beginnings in (0, half.beginnings) else 0
            failed = 1 if _is_a_gain(gained, half.look) else failed + 1
            if failed >= patience.tries:
                half.is_kept = half.size > 0
                raise _given_up(wanted, half, failed, exc) from exc
            wanted.files.close()
            patience.pause(failed, exc)


def _is_a_gain(gained: int, look: Look | None) -> bool:
    tenth = (look.size or 0) // 10 if look else 0
    return gained >= min(GAIN_BYTES, tenth or GAIN_BYTES)


def _given_up(wanted: Wanted, half: HalfFile, failed: int, exc: Interrupted) -> SourceError:
    size = half.look.size if half.look else None
    if not half.size:
        return SourceError(
            f"{wanted.where} cannot be read after {failed} tries: {exc}",
            hint="look whether its server is up, then run again",
        )
    of = "" if size is None else f" of {size:,}"
    return SourceError(
        f"{wanted.where} gave {half.size:,} bytes{of}; then {failed} tries failed: {exc}",
        hint="run again: it goes on from there if the file is still the same",
    )


def _read(wanted: Wanted, half: HalfFile) -> Reading:
    """Read once, from the end of the half on if that is possible."""
    start = max(0, half.size - OVERLAP_BYTES)
    with wanted.files.reading(wanted.path, start, half.look) as came:
        _refuse_packed(wanted, half, came)
        blocks = came.blocks
        if came.start:
            blocks = _behind_overlap(half, came)
        else:
            half.begin(came.look)
            if wanted.arrivals is not None:
                wanted.arrivals.came(wanted.path, 0, came.look.size)
            if came.look.size is not None:
                refuse_without_room(half.place, came.look.size)
        for block in blocks:
            half.write(block)
            if wanted.arrivals is not None:
                wanted.arrivals.came(wanted.path, half.size, came.look.size)
            if came.look.size is not None and half.size > came.look.size:
                break
    _refuse_another_length(wanted, half, came.look)
    return came


def _behind_overlap(half: HalfFile, came: Reading) -> Iterator[bytes]:
    """Yield what comes behind the end of the half.

    Raises:
        Interrupted: If what comes before it is not what the half ends with: the server said that it
            is the same file, and it is not.
    """
    tail = half.tail(half.size - came.start)
    seen = b""
    for block in came.blocks:
        seen += block
        if len(seen) >= len(tail):
            break
    if len(seen) < len(tail):
        raise Interrupted("the connection ended before anything new came")
    if not seen.startswith(tail):
        half.forget()
        raise Interrupted("the file is another one now")
    yield seen[len(tail) :]
    yield from came.blocks


def _refuse_packed(wanted: Wanted, half: HalfFile, came: Reading) -> None:
    """Refuse what a server packed on its own account, unless the name of the file says so."""
    if came.encoding and not half.place.name.lower().endswith(
        _PACKED_SUFFIXES.get(came.encoding, ())
    ):
        raise SourceError(
            f"{wanted.where} comes packed by {came.encoding}, though its name does not say so",
            hint="give it a name that does, and unpack it: name='orders.csv.gz', unpack=True",
        )


def _refuse_another_length(wanted: Wanted, half: HalfFile, look: Look) -> None:
    if look.size is None or look.size == half.size:
        return
    if half.size > look.size:
        raise _still_written(wanted, f"it had {look.size:,} bytes, and gave more")
    raise SourceError(
        f"{wanted.where} gave {half.size:,} bytes of {look.size:,}",
        hint="it is still being written, or was cut off: wait, then run again",
    )


# ---------------------------------------------------------------- proven


def _confirmed(wanted: Wanted, half: HalfFile) -> Iterator[str]:
    """Yield who says that the bytes are right.

    Raises:
        SourceError: If somebody says that they are not.
    """
    digests = half.digests
    for each in (*wanted.sums, *_said_by_server(half)):
        found = digests[each.algorithm]
        if found != each.digest:
            said = "" if each.said_by == "the caller" else f" by {each.said_by}"
            raise SourceError(
                f"{wanted.where} has {each.algorithm} {found}, expected {each.digest}{said}",
                hint="ask its sender which file is meant; nothing was kept of this one",
            )
        yield f"{each.algorithm} by {each.said_by}"


def _said_by_server(half: HalfFile) -> Iterable[Sum]:
    """Return what the server said of the whole file when it began: a part may have other ones."""
    sums = half.look.sums if half.look else {}
    return (Sum(algorithm, digest, "its server") for algorithm, digest in sums.items())


def _still_written(wanted: Wanted, what: str) -> SourceError:
    return SourceError(
        f"{wanted.where} is still being written: {what}",
        hint="run again when its sender has finished; or have it renamed when it is whole",
    )
