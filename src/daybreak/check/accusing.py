"""From accused rows to findings: each row is read again, and nobody is accused of another's key.

Where different values may have one tag, their spellings are compared. Whether a value is missing in
a table the database itself is asked once more, for it alone knows what is equal to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, BinaryIO, Final, NamedTuple

from ..connectors.file_parts import Placed
from ..connectors.file_rules import is_null
from ..connectors.file_source import FileSource
from ..connectors.refused_rows import Describing, Refused, Why
from ..databases.keys_of_tables import KeysOfTable
from ..model.chunk import Finding
from ..model.ranges import Range
from .key_tags import spelled

ROWS_AT_ONCE: Final = 1_000
"""Accused rows that are in memory, and asked of a database, together."""

_NEAR_RECORDS: Final = 100
"""Accused rows within so many records are read in one go."""

Accused = list[tuple[Refused, bool]]


class RowFindings(NamedTuple):
    """What is wrong with one row because of others."""

    file: int
    """The place of its file among those of the source, from 0."""

    findings: Sequence[Finding]


class _Seen(NamedTuple):
    """An accused row, read again."""

    placed: Placed
    record: Any
    entries: Accused


class Accusing:
    """Turns accused rows into findings and the entries of a list (`refused_rows`).

    Args:
        source: The files, by their new indexes, without their rules.
        describing: Makes the findings.
        tables: By reference, from 1, the table to which it leads.
        out: Takes the entries.
    """

    def __init__(
        self,
        source: FileSource,
        describing: Describing,
        tables: Mapping[int, KeysOfTable],
        out: BinaryIO,
    ) -> None:
        self._source = source
        self._describing = describing
        self._tables = tables
        self._out = out
        self._strays: dict[int, dict[bytes, Refused]] = {}
        """Records that share a tag with an earlier one, but not its key: by its ordinal and their
        spelling. As good as never is there one."""

        self._key_of = lru_cache(maxsize=4_096)(self._spelled_at)

    def findings(self, accused: Iterable[Accused]) -> Iterator[RowFindings]:
        """Yield the findings of each row that is refused, in order, and write its entries."""
        waiting: list[Accused] = []
        for row in accused:
            waiting.append(row)
            if len(waiting) == ROWS_AT_ONCE:
                yield from self._settled(waiting)
                waiting = []
        yield from self._settled(waiting)

    def _settled(self, rows: Sequence[Accused]) -> Iterator[RowFindings]:
        judged = [row for row in rows if row[0][0].why != Why.FAULTY]
        seen = {row.entries[0][0].at: row for row in self._read(judged)}
        held = self._not_in_tables(list(seen.values()))
        for row in rows:
            at = row[0][0].at
            if at not in seen:
                self._out.write(row[0][0].pack())
                continue
            entries = [
                kept
                for entry, hashed in row
                if (at, entry.rule) not in held
                and (kept := self._confirmed(entry, seen[at], hashed=hashed)) is not None
            ]
            if entries:
                self._out.writelines(entry.pack() for entry in entries)
                yield self._described(seen[at], entries)

    def _described(self, seen: _Seen, entries: Sequence[Refused]) -> RowFindings:
        part, row = seen.placed.part, seen.placed.row
        found = [
            self._describing.finding(
                entry, part.path.name, row.line, seen.record, self._source.file_name_of
            )
            for entry in entries
        ]
        return RowFindings(self._source.file_place_of(entries[0].at), found)

    def _read(self, rows: Sequence[Accused]) -> Iterator[_Seen]:
        """Read rows again; those that are near each other together."""
        for _, near in groupby(rows, key=lambda row: row[0][0].at // _NEAR_RECORDS):
            group = list(near)
            first, last = group[0][0][0].at, group[-1][0][0].at
            wanted = {row[0][0].at: row for row in group}
            for at, placed in enumerate(self._source.placed(Range.of(first - 1, last)), first):
                if at in wanted:
                    record, _ = placed.part.reader.read(placed.row)
                    yield _Seen(placed, record, wanted[at])

    # ------------------------------------------------------------ is it true?

    def _not_in_tables(self, rows: Sequence[_Seen]) -> set[tuple[int, int]]:
        """Return, by row and rule, the references that a database knows after all."""
        held: set[tuple[int, int]] = set()
        for number, table in self._tables.items():
            take = self._describing.takes[number]
            asked = [
                (entry.at, take(row.record))
                for row in rows
                for entry, _ in row.entries
                if entry.rule == number
            ]
            keys = [value if type(value) is tuple else (value,) for _, value in asked]
            missing = table.missing(keys) if keys else set()
            held |= {(at, number) for place, (at, _) in enumerate(asked) if place not in missing}
        return held

    def _confirmed(self, entry: Refused, seen: _Seen, *, hashed: bool) -> Refused | None:
        """Return the entry if it holds; perhaps it is another record that has the key."""
        if not hashed or entry.rule or not entry.first:
            return entry
        mine = spelled(self._describing.takes[0](seen.record))
        if mine == self._key_of(entry.first):
            return entry
        strays = self._strays.setdefault(entry.first, {})
        if mine not in strays:
            strays[mine] = entry._replace(first=entry.at, line=seen.placed.row.line)
            return None
        return entry._replace(
            first=strays[mine].first, line=strays[mine].line, why=int(Why.SAME_KEY)
        )

    def _spelled_at(self, at: int) -> bytes:
        placed = next(iter(self._source.placed(Range.of(at - 1, at))))
        record, _ = placed.part.reader.read(placed.row)
        value = self._describing.takes[0](record)
        assert not is_null(value), "it has a key"
        return spelled(value)
