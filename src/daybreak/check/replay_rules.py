"""Rules across records, asked of those that leave quarantine: what holds of them now?

A record that shared its key still does, unless it was repaired. A reference may lead somewhere by
now: the row that was missing in the table was added meanwhile, or is replayed with it. So nothing
of the check is believed here. The files are read once, for the keys of the records that were
loaded, and those are kept as tags on disk while this lasts.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from ..connectors.file_refusals import shorten
from ..connectors.file_root import FileRoot
from ..connectors.file_rules import FileKey, OwnKey, Reference, TableKey, is_null, shown, taking
from ..connectors.file_source import FileSource, Replayed
from ..connectors.refused_rows import COPY, NULL_KEY, SAME_KEY
from ..databases import Database
from ..databases.keys_of_tables import KeysOfTable
from ..model.chunk import Finding
from ..model.ranges import Range
from .across import REFERRING
from .kept_rules import bound
from .key_tags import spelled, tags_of
from .parents import READ_RECORDS, parents_in_files
from .rules import working_folder
from .tag_spill import PARTS, Entries, Known, TagSpill, part_of


class ReplayJudge:
    """A `file_source.Judge`.

    Args:
        root: The source, with its rules.
        folder: The run's.
        databases: Those of the run, by name.
    """

    def __init__(self, root: FileRoot, folder: Path, databases: Mapping[str, Database]) -> None:
        self._root = root
        self._folder = folder
        self._rules = bound(root.rules, databases)
        self._key_of = taking(root.model, root.rules.key) if root.rules.key else None
        self._stores: dict[Any, TagSpill] = {}
        self._seen: dict[tuple[str, ...], dict[bytes, int]] = {}
        """By columns: of what was replayed here the keys, with the records that have them."""

        self._open = ExitStack()
        weakref.finalize(self, self._open.close)
        self._place: Path | None = None

    def __call__(
        self, source: FileSource, records: Sequence[Replayed]
    ) -> Mapping[int, Sequence[Finding]]:
        """Return the findings of those that are refused, by place."""
        found: dict[int, list[Finding]] = {}
        if self._key_of is not None:
            for one, finding in self._of_keys(source, records):
                found.setdefault(one.place, []).append(finding)
        admitted = [one for one in records if one.place not in found]
        for rule in self._rules.references:
            for one in self._lost(source, rule, records, admitted):
                finding = self._finding(source, one, rule.columns, rule.reason)
                found.setdefault(one.place, []).append(finding)
        return found

    # ------------------------------------------------------------ keys

    def _of_keys(
        self, source: FileSource, records: Sequence[Replayed]
    ) -> Iterator[tuple[Replayed, Finding]]:
        columns = self._rules.key
        assert self._key_of is not None, "there is a key"
        seen = self._seen.setdefault(columns, {})
        keyed = []
        for one in records:
            if is_null(self._key_of(one.record)):
                yield one, self._finding(source, one, columns, NULL_KEY)
            else:
                keyed.append(one)
        store = self._store_of(source, columns)
        held = _find(store, tags_of([self._key_of(one.record) for one in keyed]))
        for one, at in zip(keyed, held, strict=True):
            mine = spelled(self._key_of(one.record))
            is_other = at not in (0, one.at) and self._has_key(source, at, mine)
            first = at if is_other else seen.setdefault(mine, one.at)
            if first != one.at:
                raw = next(iter(source.placed(Range.of(first - 1, first)))).row
                is_copy = raw.raw.rstrip(b"\r\n") == one.kept.content.rstrip(b"\r\n")
                against = f"{source.file_name_of(first)}:{raw.line}"
                reason = COPY if is_copy else SAME_KEY
                yield one, self._finding(source, one, columns, reason, against)

    def _has_key(self, source: FileSource, at: int, key: bytes) -> bool:
        assert self._key_of is not None, "there is a key"
        placed = next(iter(source.placed(Range.of(at - 1, at))))
        record, _ = placed.part.reader.read(placed.row)
        return spelled(self._key_of(record)) == key

    # ------------------------------------------------------------ references

    def _lost(
        self,
        source: FileSource,
        rule: Reference,
        records: Sequence[Replayed],
        admitted: Sequence[Replayed],
    ) -> list[Replayed]:
        """Return those whose reference leads nowhere."""
        take = taking(self._root.model, rule.columns)
        asked = [one for one in records if not is_null(take(one.record))]
        values = [take(one.record) for one in asked]
        if not asked:
            return []
        match rule.to:
            case TableKey(database=database, table=table, columns=columns):
                keys = [value if type(value) is tuple else (value,) for value in values]
                missing = KeysOfTable(database, table, columns).missing(keys)
                return [asked[place] for place in sorted(missing)]
            case FileKey(root=root, columns=columns):
                held = _find(self._store_of_files(root, columns), tags_of(values))
                return [one for one, first in zip(asked, held, strict=True) if not first]
            case OwnKey(columns=columns):
                known = self._own_keys(columns, admitted)
                held = _find(self._store_of(source, columns), tags_of(values))
                return [
                    one
                    for one, first, value in zip(asked, held, values, strict=True)
                    if not first and spelled(value) not in known
                ]

    def _own_keys(
        self, columns: tuple[str, ...], admitted: Sequence[Replayed]
    ) -> Mapping[bytes, int]:
        """Return the keys of what is replayed, or was before it by this command."""
        take = taking(self._root.model, columns)
        known = self._seen.setdefault(columns, {})
        for one in admitted:
            if not is_null(value := take(one.record)):
                known.setdefault(spelled(value), one.at)
        return known

    # ------------------------------------------------------------ what is known

    def _store_of(self, source: FileSource, columns: tuple[str, ...]) -> TagSpill:
        """Return the tags of all records that the files give, with their ordinals."""
        if columns not in self._stores:
            take = taking(self._root.model, columns)
            spill = TagSpill(self._new_file(), REFERRING)
            after = 0
            for part in source.ranges(source.whole(), READ_RECORDS):
                read = source.read(part)
                pairs = zip(map(take, read.values), read.origins, strict=True)
                kept = [(value, origin) for value, origin in pairs if not is_null(value)]
                tags = tags_of([value for value, _ in kept])
                entries = np.zeros(len(kept), REFERRING)
                entries["high"], entries["low"] = tags[:, 0], tags[:, 1]
                entries["at"] = [after + origin + 1 for _, origin in kept]
                spill.take(entries)
                after += read.read
            spill.finish()
            self._stores[columns] = spill
        return self._stores[columns]

    def _store_of_files(self, root: FileRoot, columns: tuple[str, ...]) -> TagSpill:
        if root not in self._stores:
            spill = parents_in_files(root, columns, self._new_file())
            spill.finish()
            self._stores[root] = spill
        return self._stores[root]

    def _new_file(self) -> Path:
        if self._place is None:
            self._place = self._open.enter_context(working_folder(self._folder))
        return self._place / f"store-{len(self._stores)}"

    def _finding(
        self,
        source: FileSource,
        one: Replayed,
        columns: Sequence[str],
        reason: str,
        against: str = "",
    ) -> Finding:
        value = taking(self._root.model, columns)(one.record)
        text = None if value is None else shorten(shown(value))
        file = source.file_name_of(one.at)
        return Finding(file, 1, ", ".join(columns), text, reason, against)


def _find(store: TagSpill, tags: Any) -> list[int]:
    """Return for each tag the record that has it, by ordinal (1 where none is known), or 0."""
    asked = np.zeros(len(tags), REFERRING)
    asked["high"], asked["low"] = tags[:, 0], tags[:, 1]
    found = np.zeros(len(tags), np.int64)
    parts = part_of(asked)
    for part in range(PARTS):
        mine = np.flatnonzero(parts == part)
        if len(mine):
            found[mine] = _in_part(store, part, asked[mine])
    return [int(at) for at in found]


def _in_part(store: TagSpill, part: int, asked: Entries) -> Any:
    known: Known | None = None
    for entries in store.part(part):
        known = known or Known(entries.dtype)
        known.add(entries)
    if known is None:
        return 0
    places = known.find(asked)
    held = known.at(places) if known.has_any else asked
    at = held["at"] if "at" in (held.dtype.names or ()) else 1
    return np.where(places >= 0, at, 0)
