"""One chunk on its way: what a source read, and what the target says was committed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .fate import Counts
from .ranges import Range
from .raw import RawInput


class BrokenOff(str):
    """A finding's reason that says that a file cannot be read to its end, or ends too early.

    Nobody knows how many records that costs: its check fails, however few findings are allowed.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of one record, with its place and its way out."""

    file: str
    line: int
    """The physical line on which the record begins, from 1."""

    column: str | None
    """The column, or None if the record as a whole is at fault."""

    value: str | None
    """The value as it stands in the file, shortened; None if it is missing."""

    reason: str
    """The cause, the same words for the same cause: reports group by it."""

    against: str = ""
    """What it was held against, where that is elsewhere: an earlier record's place, a total."""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}"
        column = f" {self.column}" if self.column else ""
        value = "" if self.value is None else f" {self.value!r}"
        against = f" ({self.against})" if self.against else ""
        return f"{where}{column}{value}: {self.reason}{against}"


@dataclass(frozen=True, slots=True)
class Refused:
    """An input record that could not become a value: it is set aside by the step that loads it."""

    origin: int
    findings: Sequence[Finding]
    by_check: bool = True
    """Refused by a check: it does not count against the step's `max_bad`, as that did count it."""


@dataclass(slots=True)
class ChunkInput:
    """What a source read for one range."""

    values: Sequence[Any]
    """The records that could be read, in source order."""

    origins: Sequence[int]
    """Of each value the place of its record within the range, from 0."""

    read: int
    """Input records in the range, good and refused."""

    bytes_read: int
    digest: str
    """Hash of the range's bytes, kept in its marker; empty where the source cannot give one."""

    raw: Callable[[int], bytes]
    """The exact bytes of the record with that origin."""

    cursor: Callable[[int], str]
    """The place of the record with that origin, for people: a line, a key."""

    refused: Sequence[Refused] = field(default=())
    rows: Sequence[Sequence[Any]] | Mapping[int, Sequence[Any]] | None = None
    """By origin, what the database gave for a record, in the order of its query's columns; None if
    the records come from elsewhere."""

    reread: Callable[[Sequence[int]], ChunkInput] | None = None
    """Reads the records with some origins once more, as they are now, with the same origins; those
    that are gone are left out. None if what was read does not change."""
    as_bytes: RawInput | None = None
    """The values as bytes, where their texts say all that there is to say of them."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a sink made of the records it was given."""

    rows: int
    """By the database's own count."""

    superseded: Sequence[int] = ()
    """Places, from 0 and in order, of records that something newer stands in the place of."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A record on its way into quarantine."""

    origin: int
    """Its place within the range, from 0."""

    cursor: str
    """Its place for people: a line, a key."""

    stage: str
    """Where it was refused: a stage's name, `check`, or the sink's."""

    reason: str
    details: dict[str, Any]
    raw: bytes
    """Its bytes as they stand in the source."""

    by_check: bool = False
    """Refused by the check already: it does not count against the step's `max_bad`."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A record in quarantine, on its way back into its step."""

    part: Range
    """The range in which it was read."""

    origin: int
    """Its place within the range, from 0."""

    cursor: str
    """Its place for people: a line, a key."""

    reason: str
    raw: bytes
    """Its bytes as they stand in the source; none if they were erased."""

    by_check: bool
    repaired: bytes | None = None
    """Its bytes as a person repaired them."""

    @property
    def is_erased(self) -> bool:
        """Whether nothing of it is left but its fate: every source gives a record some bytes."""
        return not self.raw

    @property
    def content(self) -> bytes:
        """The bytes that are to be processed."""
        return self.raw if self.repaired is None else self.repaired


@dataclass(frozen=True, slots=True)
class FatesMoved:
    """Other fates for some records of a committed range."""

    part: Range
    counts: Counts
    """What is added to its marker; `read` stays 0, and fewer are quarantined."""

    refused: int
    """What is added to the number of those that the check had refused."""


@dataclass(frozen=True, slots=True)
class Marker:
    """The row that says: this range is committed, by this epoch, with these fates."""

    part: Range
    epoch: int
    counts: Counts
    bytes_read: int
    digest: str
    duration_s: float
    committed_at: datetime
    refused: int = 0
    """How many of the quarantined the check had refused."""

    value: str | None = None
    """What an atomic step gave, as JSON text; of a chunk that may be swept, what stayed behind."""
