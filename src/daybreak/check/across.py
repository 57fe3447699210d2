"""What is compared across the records of one source: keys, references, counts and totals.

While the files are read every good record leaves its keys and references as tags (`key_tags`) in
parts on disk (`tag_spill`). Afterwards each part is looked at by itself: a tag that comes again is
a second record of one key, a reference without its tag is one to what is not there. What that
accuses is read again, row by row, before it is a finding (`accusing`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import NoneType
from typing import Any, Final, NamedTuple

import numpy as np

from ..connectors.expected import Tally
from ..connectors.file_rules import FileRules, Reference, is_null, taking
from ..connectors.refused_rows import Refused, Why
from ..connectors.row import Row
from ..errors import SourceError
from .key_tags import are_hashed, tags_of
from .tag_spill import PARTS, Entries, Known, Places, Spill, TagSpill, firsts

BLOCK_RECORDS: Final = 8_192
"""Records that are turned into tags together."""

RECORDS_MAX: Final = 2**32 - 1
"""Records, and lines, of one source with such rules."""

_TAG: Final = [("high", "<u8"), ("low", "<u8")]
TAG: Final = np.dtype(_TAG)
REFERRING: Final = np.dtype([*_TAG, ("at", "<u8")])
KEYED: Final = np.dtype([*_TAG, ("at", "<u4"), ("line", "<u4"), ("raw", "<i8")])
"""A key: whose, and a hash of the whole row, by which copies are told from others."""

ACCUSED: Final = np.dtype(
    [
        ("at", "<u4"),
        ("rule", "<u2"),
        ("why", "<u2"),
        ("first", "<u4"),
        ("line", "<u4"),
        ("hashed", "<u4"),
    ]
)
"""As `Refused`, and whether the tag is one that different values may have."""


class Keyed(NamedTuple):
    """What is compared of some rows that were looked at together; they have numbers, from 0."""

    records: int
    faulty: Places
    """The numbers of those that are faulty by themselves."""

    good: Places
    """The numbers of the others."""

    lines: Places
    """The physical lines on which the good ones begin."""

    hashes: Places
    """Of the bytes of each good one; see `hash_of`."""

    tags: Sequence[tuple[Places, Any]]
    """By column (`Across.columns`) the places among the good ones of those without NULL, and
    their tags."""


class Across:
    """One check of one source: give it every row in order, then ask.

    Args:
        rules: What must hold.
        model: What records are.
        folder: An empty one, for what does not fit into memory; whoever gives it removes it.
        parents: By reference the tags that it may lead to; None where they are of the same files.
    """

    def __init__(
        self,
        rules: FileRules,
        model: type | None,
        folder: Path,
        parents: Sequence[TagSpill | None] = (),
    ) -> None:
        self.tally = Tally()
        self._folder = folder
        self._rules = rules
        self._early = Spill(folder / "early", ACCUSED)
        self._accused = Spill(folder / "accused", ACCUSED)
        self._waiting: list[tuple[Row, Any]] = []
        self._faulty: list[int] = []
        """The ordinals of faulty rows since those that wait began to."""

        self._before = 0
        """Rows in front of them."""

        self._sums = [(name, taking(model, [name])) for name, _ in rules.expected.totals]
        self._keys = Column(rules.key, model, TagSpill(folder / "keys", KEYED))
        self._references = [
            _Referring(
                one, model, folder / f"reference-{number}", self._keys if known is None else known
            )
            for number, (one, known) in enumerate(zip(rules.references, parents, strict=True), 1)
        ]

    @property
    def columns(self) -> Sequence[Column]:
        """The columns of which tags are taken."""
        keys = (self._keys,) if self._rules.key else ()
        return (*keys, *(one for referring in self._references for one in referring.columns))

    @property
    def has_key(self) -> bool:
        """Whether rows are compared with each other."""
        return bool(self._rules.key)

    @property
    def needs_values(self) -> bool:
        """Whether tags are not enough."""
        return bool(self._sums)

    def add_seen(self, seen: Keyed) -> None:
        """Take the next rows, which were looked at together."""
        self.flush()
        first = self.tally.records + 1
        self.tally.records += seen.records
        self.tally.unread += len(seen.faulty)
        self._before = self.tally.records
        self._accuse_early(_accused(seen.faulty + first, 0, Why.FAULTY))
        if len(seen.good):
            self._take(seen.good + first, seen.lines, seen.hashes, seen.tags)

    def add(self, row: Row, record: Any, *, is_faulty: bool = False) -> None:
        """Take the next row; one that is faulty by itself is compared with nothing."""
        self.tally.records += 1
        if is_faulty:
            self._faulty.append(self.tally.records)
        else:
            self._waiting.append((row, record))
        if self.tally.records - self._before >= BLOCK_RECORDS:
            self.flush()

    def flush(self) -> None:
        """Turn what waits into tags."""
        ats = np.arange(self._before + 1, self.tally.records + 1)
        faulty = np.array(self._faulty, np.intp)
        if len(faulty):
            ats = np.delete(ats, faulty - self._before - 1)
            self._accuse_early(_accused(faulty, 0, Why.FAULTY))
        if self._waiting:
            self._take_rows(ats)
        self.tally.unread += len(faulty)
        self._before = self.tally.records
        self._waiting, self._faulty = [], []

    def _take_rows(self, ats: Places) -> None:
        rows, records = zip(*self._waiting, strict=True)
        for name, take in self._sums:
            for record in records:
                self.tally.add(name, take(record))
        lines = np.array([row.line for row in rows])
        hashes = np.array([hash_of(row.raw) for row in rows] if self._rules.key else ())
        self._take(ats, lines, hashes, [column.tags(records) for column in self.columns])

    def _take(
        self, ats: Places, lines: Places, hashes: Places, tags: Sequence[tuple[Places, Any]]
    ) -> None:
        if max(self.tally.records, int(lines.max())) > RECORDS_MAX:
            raise SourceError(
                f"rules across records hold for {RECORDS_MAX:,} records and lines at most",
                hint="divide the file, or check it without them",
            )
        taken = iter(tags)
        if self._rules.key:
            self._take_keys(*next(taken), ats, lines, hashes)
        for referring in self._references:
            referring.add([next(taken) for _ in referring.columns], ats)

    def _take_keys(
        self, kept: Places, tags: Any, ats: Places, lines: Places, hashes: Places
    ) -> None:
        entries = _entries(KEYED, tags)
        entries["at"], entries["line"], entries["raw"] = ats[kept], lines[kept], hashes[kept]
        self._keys.spill.take(entries)
        self._accuse_early(_accused(np.delete(ats, kept), 0, Why.NULL_KEY))

    def _accuse_early(self, entries: Entries) -> None:
        """Accuse rows while they are read: how many there are, and so their part, is not known."""
        self._early.add(entries, np.zeros(len(entries), np.intp))

    def _accuse(self, entries: Entries) -> None:
        width = self.tally.records // PARTS + 1
        self._accused.add(entries, (entries["at"] // width).astype(np.intp))

    def accused(self) -> Iterator[list[tuple[Refused, bool]]]:
        """Yield what is accused by row, in the order of rows; ask once, after the last row.

        With each goes whether different values may be meant: then it is no finding yet.
        """
        self.flush()
        self._early.finish()
        for early in self._early.part(0):
            self._accuse(early)
        self._compare_keys()
        for number, referring in enumerate(self._references, 1):
            for missing in referring.missing():
                self._accuse(_accused(missing["at"], number, Why.MISSING))
        self._accused.finish()
        for part in range(PARTS):
            for entries in _in_order(self._accused, part):
                yield from _by_row(entries)
        self.close()

    def _compare_keys(self) -> None:
        spill = self._keys.spill
        spill.finish()
        for part in range(PARTS):
            known = Known(KEYED)
            waiting: Entries | None = None
            for entries in spill.part(part):
                if waiting is not None:
                    known.add(waiting)
                places = known.find(entries)
                self._accuse_later(entries[places >= 0], known.at(places[places >= 0]))
                fresh = entries[places < 0]
                heads, first_of = firsts(fresh)
                later = first_of != np.arange(len(fresh))
                self._accuse_later(fresh[later], fresh[first_of[later]])
                waiting = fresh[heads]  # known only if more comes, which is seldom

    def _accuse_later(self, later: Entries, first: Entries) -> None:
        if len(later):
            why = np.where(later["raw"] == first["raw"], Why.COPY, Why.SAME_KEY)
            entries = _accused(later["at"], 0, why)
            entries["first"], entries["line"] = first["at"], first["line"]
            entries["hashed"] = are_hashed(later["low"])
            self._accuse(entries)

    def close(self) -> None:
        """Close all files."""
        self._early.close()
        self._accused.close()
        self._keys.spill.close()
        for one in self._references:
            one.close()


class Column:
    """What is taken from records for one rule, and where its tags go."""

    def __init__(self, columns: Sequence[str], model: type | None, spill: TagSpill) -> None:
        self.columns = tuple(columns)
        self.spill = spill
        self._take: Callable[[Any], Any] = taking(model, columns) if columns else _nothing

    def tags(self, records: Sequence[Any]) -> tuple[Places, Any]:
        """Return the places of the records that have no NULL, and their tags."""
        values = list(map(self._take, records))
        if not {NoneType, tuple} & set(map(type, values)):  # which most have not, and it is quick
            return np.arange(len(values)), tags_of(values)
        kept = [place for place, value in enumerate(values) if not is_null(value)]
        if len(kept) != len(values):
            values = [values[place] for place in kept]
        return np.array(kept, np.intp), tags_of(values)


def hash_of(raw: bytes) -> int:
    """Return a hash of a row, by which copies are told from others, in this process."""
    return hash(raw.rstrip(b"\r\n"))


def _nothing(_record: Any) -> None:
    return None


class _Referring:
    """The references of one rule, and what they may refer to.

    Args:
        rule: The rule.
        model: What records are.
        place: A file of its own.
        known: The tags that are referred to; of the same files the column of their key.
    """

    def __init__(
        self, rule: Reference, model: type | None, place: Path, known: TagSpill | Column
    ) -> None:
        self._children = Column(rule.columns, model, TagSpill(place, REFERRING))
        self._own: Column | None = None
        if isinstance(known, TagSpill):
            self._parents = known
        elif rule.to.columns == known.columns:
            self._parents = known.spill
        else:
            self._parents = TagSpill(place.with_suffix(".own"), TAG)
            self._own = Column(rule.to.columns, model, self._parents)

    @property
    def columns(self) -> Sequence[Column]:
        """The columns of which tags are taken."""
        return (self._children,) if self._own is None else (self._children, self._own)

    def add(self, taken: Sequence[tuple[Places, Any]], ats: Any) -> None:
        """Take the tags of good records, by column."""
        kept, tags = taken[0]
        entries = _entries(REFERRING, tags)
        entries["at"] = ats[kept]
        self._children.spill.take(entries)
        if self._own is not None:
            self._own.spill.take(_entries(TAG, taken[1][1]))

    def missing(self) -> Iterator[Entries]:
        """Yield the references that lead nowhere."""
        self._children.spill.finish()
        self._parents.finish()
        for part in range(PARTS):
            known: Known | None = None
            for entries in self._parents.part(part):
                known = known or Known(entries.dtype)
                known.add(entries)
            for entries in self._children.spill.part(part):
                yield entries if known is None else entries[known.find(entries) < 0]

    def close(self) -> None:
        """Close all files."""
        self._children.spill.close()
        self._parents.close()


def _accused(ats: Any, rule: int, why: Any) -> Entries:
    entries = np.zeros(len(ats), ACCUSED)
    entries["at"], entries["rule"], entries["why"] = ats, rule, why
    return entries


def _entries(dtype: np.dtype[np.void], tags: Any) -> Entries:
    entries = np.zeros(len(tags), dtype)
    entries["high"], entries["low"] = tags[:, 0], tags[:, 1]
    return entries


def _in_order(spill: Spill, part: int) -> Iterator[Entries]:
    entries = np.concatenate([np.zeros(0, ACCUSED), *spill.part(part)])
    if len(entries):
        yield entries[np.lexsort((entries["rule"], entries["at"]))]


def _by_row(entries: Entries) -> Iterator[list[tuple[Refused, bool]]]:
    rows: list[tuple[Refused, bool]] = []
    for *fields, hashed in entries.tolist():
        one = Refused(*fields)
        if rows and rows[0][0].at != one.at:
            yield rows
            rows = []
        rows.append((one, bool(hashed)))
    if rows:
        yield rows
