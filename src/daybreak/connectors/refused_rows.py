"""The rows that a check refuses because of other rows: a list beside the index, for the load.

What is wrong with a row by itself is found again when the row is read. A second record of one key
is not: so the check leaves its place here, with the rule and what it was held against. Rows that
were faulty by themselves are here too: they were compared with nothing, and must not pass because
the model became milder meanwhile.

The file: one line of JSON, then entries of 16 bytes in the order of the rows. Reading needs no more
memory than the rows that are read.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import struct
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from ..errors import SourceChanged, SourceError
from ..model.chunk import Finding
from .file_refusals import shorten
from .file_rules import FileRules, shown, taking
from .fingerprint import verify
from .publishing import publishing

LIST_VERSION: Final = 1
_ENTRY: Final = struct.Struct("<IHHII")
_BLOCK_BYTES: Final = 2**20

NULL_KEY: Final = "required: it is part of the key"
COPY: Final = "a copy of an earlier record"
SAME_KEY: Final = "the key of an earlier record that says something else"
NOT_COMPARED: Final = "compared with no other record, for it was faulty when the check saw it"


class Why(IntEnum):
    """Why a row is refused."""

    FAULTY = 0
    """By itself; it is no finding of this list."""

    NULL_KEY = 1
    COPY = 2
    SAME_KEY = 3
    MISSING = 4
    """A reference to what is not there."""


class Refused(NamedTuple):
    """One entry."""

    at: int
    """The ordinal of the record, from 1, through all files of the source."""

    rule: int
    """Which one: 0 is the key, from 1 on the references."""

    why: int
    first: int
    """The ordinal of the record that has the key, if that is the reason."""

    line: int
    """Its line."""

    def pack(self) -> bytes:
        """Return it as 16 bytes."""
        return _ENTRY.pack(*self)


@dataclass(frozen=True, slots=True)
class Describing:
    """Makes findings of entries, the same way for the check and for the load."""

    rules: FileRules
    takes: Sequence[Callable[[Any], Any]]
    """By rule: what takes the values of its columns from a record."""

    @classmethod
    def of(cls, rules: FileRules, model: type | None) -> Describing:
        """Prepare for records of a model."""
        columns = [rules.key, *(one.columns for one in rules.references)]
        return cls(rules, [taking(model, one) if one else _nothing for one in columns])

    def finding(
        self, entry: Refused, file: str, line: int, record: Any, name_of: Callable[[int], str]
    ) -> Finding:
        """Describe an entry.

        Args:
            entry: Why the row is refused.
            file: Its file's name.
            line: Its line.
            record: What it says.
            name_of: Gives the name of the file that holds a record.
        """
        if entry.why == Why.FAULTY:
            return Finding(file, line, None, None, NOT_COMPARED)
        key = entry.rule == 0
        columns = self.rules.key if key else self.rules.references[entry.rule - 1].columns
        value = self.takes[entry.rule](record)
        return Finding(
            file,
            line,
            ", ".join(columns),
            None if value is None else shorten(shown(value)),
            _KEY_REASONS[entry.why] if key else self.rules.references[entry.rule - 1].reason,
            f"{name_of(entry.first)}:{entry.line}" if entry.first else "",
        )


_KEY_REASONS: Final[Mapping[int, str]] = {
    Why.NULL_KEY: NULL_KEY,
    Why.COPY: COPY,
    Why.SAME_KEY: SAME_KEY,
}


def _nothing(_record: Any) -> None:
    return None


# ---------------------------------------------------------------- the list


class RowsRefused:
    """The list, as it is read. Several threads may read from one."""

    def __init__(
        self, path: Path, files: Sequence[Mapping[str, Any]], digest: str, entries: bytes
    ) -> None:
        self.path = path
        self._files = files
        self.digest = digest
        """Of the entries: two lists of the same have the same."""

        self._entries = entries

    def of(self, after: int, upto: int) -> dict[int, list[Refused]]:
        """Return the entries of a range of ordinals (after, upto], by ordinal."""
        ordinals = _Ordinals(self._entries)
        found: dict[int, list[Refused]] = {}
        for place in range(bisect_left(ordinals, after + 1), bisect_left(ordinals, upto + 1)):
            entry = Refused(*_ENTRY.unpack_from(self._entries, place * _ENTRY.size))
            found.setdefault(entry.at, []).append(entry)
        return found

    def refuse_other_records(self, path: Path, fingerprint: Mapping[str, Any], at: int) -> None:
        """Go on only with the bytes that were compared, whatever else is told of the file.

        Args:
            path: The file.
            fingerprint: Its facts as they are now.
            at: Its place in the source, from 0.

        Raises:
            SourceChanged: If it holds other records.
        """
        then = self._files[at]
        if then["fingerprint"] == fingerprint or then["contents"] == contents_of(path):
            return
        raise SourceChanged(
            f"{path.name} holds other records than those that were checked; which of them share a"
            " key, or refer to nothing, nobody has looked at",
            hint="put the file back as it was, or begin again from the step that checked it"
            " (--from STEP)",
            file=path,
        )

    @classmethod
    def load(cls, path: Path) -> RowsRefused:
        """Open a list.

        Raises:
            SourceError: If it is missing, damaged, or of another version.
        """
        try:
            with path.open("rb") as stream:
                facts = json.loads(stream.readline())
                begins = stream.tell()
                is_whole = facts["version"] == LIST_VERSION and facts["digest"] == _digest(stream)
                entries = _mapped(stream, begins) if is_whole else b""
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise _unreadable(path, str(exc)) from exc
        if not is_whole:
            raise _unreadable(path, "it is damaged, or of another version")
        return cls(path, facts["files"], facts["digest"], entries)


class _Ordinals(Sequence[int]):
    """The rows of a list, in order."""

    def __init__(self, entries: bytes) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries) // _ENTRY.size

    def __getitem__(self, place: Any) -> Any:
        return _ENTRY.unpack_from(self._entries, place * _ENTRY.size)[0]


def _mapped(stream: BinaryIO, begins: int) -> Any:
    """Return what stands behind the first line, without loading it."""
    if stream.seek(0, 2) == begins:
        return b""
    return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))[begins:]


def _digest(stream: BinaryIO) -> str:
    exact = hashlib.blake2b(digest_size=16)
    while block := stream.read(_BLOCK_BYTES):
        exact.update(block)
    return exact.hexdigest()


def _unreadable(path: Path, why: str) -> SourceError:
    return SourceError(
        f"the list of refused rows {path.name} cannot be read: {why}",
        hint="run the check again",
        list=path,
    )


def save_list(stem: Path, files: Sequence[tuple[Path, Mapping[str, Any]]], entries: Path) -> Path:
    """Publish a list under a name of its own.

    Args:
        stem: The index of the source's first file: the list lies beside it.
        files: The files of the source, with their fingerprints.
        entries: A file of entries in order.

    Returns:
        Where it is: another list has another name, so that a pipeline that was kept finds its own.

    Raises:
        SourceChanged: If a file is another one by now.
    """
    known = [{"fingerprint": facts, "contents": contents_of(path)} for path, facts in files]
    with entries.open("rb") as stream:
        digest = _digest(stream)
    facts = {"version": LIST_VERSION, "files": known, "digest": digest}
    first = json.dumps(facts).encode() + b"\n"
    name = hashlib.blake2b(first, digest_size=6).hexdigest()
    place = stem.with_name(f"{stem.name}.{name}.refused")
    for path, fingerprint in files:
        verify(path, fingerprint)
    with publishing(place) as out, entries.open("rb") as stream:
        out.write(first)
        for block in iter(lambda: stream.read(_BLOCK_BYTES), b""):
            out.write(block)
    return place


def contents_of(path: Path) -> str:
    """Hash all bytes of a file.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open("rb") as stream:
        return _digest(stream)
