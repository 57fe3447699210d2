"""Half a file: what has come so far of a file that is fetched, and whether it may be gone on with.

It lies beside its place under a temporary name, and a note beside it says of which bytes it is the
beginning. A process holds a lock on the half it writes: one that was stopped and wakes up later
cannot write into what another goes on with. What the kernel had not written to disk when the
machine died is not trusted: the note says up to where the disk has it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from io import FileIO
from pathlib import Path
from typing import Any, Final

from .publishing import remove_left, rename, writing
from .remote import BLOCK_BYTES, Look

OVERLAP_BYTES: Final = 2**10
"""What is asked for again at the end of a half, and has to be the same."""

SYNC_BYTES: Final = 2**26
"""After so many bytes the disk has to have them."""

_NAME: Final = re.compile(r"(?P<half>\.(?P<place>.+)\.[0-9a-f]{8}\.half)(?:\.json|\.new)?")
"""The names of a half, of its note, and of a note that is being written."""


class HalfFile:
    """The beginning of a file, open for writing at its end.

    Args:
        place: Where the file will be.
        path: Where the half is now.
        stream: Open and locked; without a buffer, so that a kill loses nothing that has come.
        of: A hash of what it is fetched from.
        algorithms: By which it is hashed, beside sha256.
    """

    def __init__(
        self, place: Path, path: Path, stream: FileIO, of: str, algorithms: Iterable[str]
    ) -> None:
        self.place = place
        self.path = path
        self.look: Look | None = None
        """Of the file of which it is the beginning; None if there is nothing yet."""

        self.size = 0
        self.beginnings = 0
        """How often it was begun, the first time included."""

        self.is_kept = False
        """Whether it stays when it is left by an exception."""

        self._stream = stream
        self._of = of
        self._algorithms = {"sha256", *algorithms}
        self._hashers = {name: hashlib.new(name) for name in self._algorithms}
        self._synced = (0, self._hashers["sha256"].hexdigest())

    @property
    def digests(self) -> dict[str, str]:
        """Of all that has come, in hex, by algorithm."""
        return {name: hasher.hexdigest() for name, hasher in self._hashers.items()}

    def begin(self, look: Look) -> None:
        """Throw away what has come, and begin with a file that looks so."""
        with writing(self.place):
            self._stream.seek(0)
            self._stream.truncate()
            self._hashers = {name: hashlib.new(name) for name in {*self._algorithms, *look.sums}}
            self._synced = (0, self._hashers["sha256"].hexdigest())
            self.size, self.look = 0, look
            self.beginnings += 1
            self._write_note()

    def forget(self) -> None:
        """Trust nothing of what has come: the next try begins anew."""
        self.look, self.size = None, 0

    def write(self, block: bytes) -> None:
        """Add what came next."""
        with writing(self.place):
            rest = memoryview(block)
            while rest:
                rest = rest[self._stream.write(rest) :]
            for hasher in self._hashers.values():
                hasher.update(block)
            self.size += len(block)
            if self.size - self._synced[0] >= SYNC_BYTES:
                self._sync()
                self._write_note()

    def tail(self, count: int) -> bytes:
        """Return the last bytes."""
        return os.pread(self._stream.fileno(), count, self.size - count)

    def publish(self) -> None:
        """Make it the file that it was to become; durable when this returns."""
        with writing(self.place):
            self._sync()
            self._write_note(is_whole=True)
            rename(self.path, self.place)
            self._note.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove it and its note."""
        _remove(self.path)

    def take_up(self, note: dict[str, Any]) -> None:
        """Go on with what an earlier process left, as far as it can be trusted.

        Raises:
            ValueError: If nothing of it can.
        """
        look = Look.from_data(note["look"])
        synced_bytes, synced_digest = note["synced"]
        is_of_this_boot = note["boot"] == _boot() != ""
        length = os.fstat(self._stream.fileno()).st_size
        trusted = length if is_of_this_boot or note["is_whole"] else min(length, synced_bytes)
        self._hashers = {name: hashlib.new(name) for name in {*self._algorithms, *look.sums}}
        self._stream.seek(0)
        while self.size < trusted:
            block = self._stream.read(min(BLOCK_BYTES, trusted - self.size))
            if not block:
                break
            self.size += len(block)
            for hasher in self._hashers.values():
                hasher.update(block)
        found = self._hashers["sha256"].hexdigest()
        is_proven = is_of_this_boot and not note["is_whole"]
        if not is_proven and (self.size, found) != (synced_bytes, synced_digest):
            raise ValueError("the disk does not have what the note says")
        self._stream.seek(trusted)
        self._stream.truncate()
        self.look, self.beginnings = look, 1
        self._synced = (synced_bytes, synced_digest)

    @property
    def _note(self) -> Path:
        return _note_of(self.path)

    def _sync(self) -> None:
        os.fsync(self._stream.fileno())
        self._synced = (self.size, self._hashers["sha256"].hexdigest())

    def _write_note(self, *, is_whole: bool = False) -> None:
        assert self.look is not None
        note = {
            "of": self._of,
            "look": self.look.as_data(),
            "boot": _boot(),
            "synced": self._synced,
            "is_whole": is_whole,
        }
        fresh = _fresh_note_of(self.path)
        fresh.write_text(json.dumps(note), encoding="utf-8")
        fresh.replace(self._note)


@contextmanager
def half_of(place: Path, of: str, algorithms: Iterable[str]) -> Iterator[HalfFile]:
    """Give what an earlier attempt left of a file, or an empty half.

    It stays for the next attempt if the process dies or is interrupted, or if `is_kept` is set.
    Other exceptions remove it.

    Args:
        place: Where the file will be.
        of: A hash of what it is fetched from: halves of something else are removed.
        algorithms: By which it is hashed, beside sha256.

    Raises:
        SourceError: If the folder cannot be written.
    """
    with ExitStack() as stack:
        with writing(place):
            remove_left(place)
            half = _left(place, of, algorithms, stack) or _new(place, of, algorithms, stack)
        try:
            yield half
        except Exception:
            if not half.is_kept:
                half.discard()
            raise


def _new(place: Path, of: str, algorithms: Iterable[str], stack: ExitStack) -> HalfFile:
    path = place.with_name(f".{place.name}.{secrets.token_hex(4)}.half")
    stream = stack.enter_context(path.open("x+b", buffering=0))
    fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return HalfFile(place, path, stream, of, algorithms)


def _left(place: Path, of: str, algorithms: Iterable[str], stack: ExitStack) -> HalfFile | None:
    """Return a half that can be gone on with; remove all others that nobody writes."""
    found: HalfFile | None = None
    for path in sorted(_halves_of(place)):
        _give_back(place, path)
        half = _locked(place, path, of, algorithms, stack)
        if half is None:
            continue
        if found is None and _took_up(half, of):
            found = half
        else:
            half.discard()
    return found


def _halves_of(place: Path) -> set[Path]:
    """Return where halves of a file are, or were: their notes may be left alone."""
    names = (_NAME.fullmatch(path.name) for path in place.parent.iterdir())
    return {place.with_name(name["half"]) for name in names if name and name["place"] == place.name}


def _give_back(place: Path, half: Path) -> None:
    """Make a file a half again that was published by a process that died before it could say so."""
    if not half.exists() and place.is_file() and _read_note(half).get("is_whole"):
        place.rename(half)


def _locked(
    place: Path, path: Path, of: str, algorithms: Iterable[str], stack: ExitStack
) -> HalfFile | None:
    try:
        stream = stack.enter_context(path.open("r+b", buffering=0))
    except FileNotFoundError:
        _remove(path)
        return None
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # somebody writes it: a process that was stopped, and may wake up
        return None
    return HalfFile(place, path, stream, of, algorithms)


def _took_up(half: HalfFile, of: str) -> bool:
    note = _read_note(half.path)
    if note.get("of") != of:
        return False
    with suppress(KeyError, TypeError, ValueError):
        half.take_up(note)
        return True
    return False


def _read_note(half: Path) -> dict[str, Any]:
    try:
        note = json.loads(_note_of(half).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _note_of(half: Path) -> Path:
    return half.with_name(f"{half.name}.json")


def _fresh_note_of(half: Path) -> Path:
    return half.with_name(f"{half.name}.new")


def _remove(half: Path) -> None:
    for path in (_note_of(half), _fresh_note_of(half), half):
        path.unlink(missing_ok=True)


@cache
def _boot() -> str:
    """Return what is another after each start of the machine; empty if it does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
