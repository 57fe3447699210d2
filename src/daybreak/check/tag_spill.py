"""Entries of many records, kept on disk in parts that fit into memory: keys by tag, faults by row.

Memory is flat: a buffer is divided among the parts when it is full, and written as one run; a part
is read from all runs at once. A file small enough stays in its buffer and touches no disk.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

import numpy as np

from ..connectors.publishing import writing

Entries: TypeAlias = "np.ndarray[Any, np.dtype[np.void]]"
Words: TypeAlias = "np.ndarray[Any, np.dtype[np.uint64]]"
Places: TypeAlias = "np.ndarray[Any, np.dtype[np.intp]]"
Bounds: TypeAlias = "np.ndarray[Any, np.dtype[np.uint32]]"

BUFFER_ENTRIES: Final = 2**18
"""Entries in memory before they are written."""

PARTS: Final = 256
"""Parts: of 20 million records about 80,000 lie in each."""

LOADED_ENTRIES_MAX: Final = 2**20
"""Entries of one part that are looked at together; more of them than that have few tags."""


class Spill:
    """Entries divided into parts by a number that each of them has.

    Args:
        place: A file of its own, made when it is needed; whoever names it removes it.
        dtype: What an entry is.
    """

    def __init__(self, place: Path, dtype: np.dtype[np.void]) -> None:
        self._place = place
        self._dtype = dtype
        self._stream: BinaryIO | None = None
        self._waiting: list[tuple[Entries, Places]] = []
        self._waiting_count = 0
        self._runs: list[tuple[int, Bounds]] = []
        """Of each run on disk where it begins, in entries, and from there its parts."""

        self._written = 0
        self._only: tuple[Entries, Places] | None = None
        """What never filled the buffer, divided."""

    def add(self, entries: Entries, parts: Places) -> None:
        """Take entries, each with the number of its part, below `PARTS`."""
        if not len(entries):
            return
        self._waiting.append((entries, parts))
        self._waiting_count += len(entries)
        if self._waiting_count >= BUFFER_ENTRIES:
            self._write()

    def _write(self) -> None:
        entries, bounds = self._divided()
        with writing(self._place):
            if self._stream is None:
                self._stream = self._place.open("w+b")
            self._stream.seek(0, 2)
            self._stream.write(entries.tobytes())
        self._runs.append((self._written, bounds.astype(np.uint32)))
        self._written += len(entries)
        self._waiting, self._waiting_count = [], 0

    def _divided(self) -> tuple[Entries, Places]:
        """Return what waits by part, in the order of arrival within each, and where parts begin."""
        entries = np.concatenate([one for one, _ in self._waiting])
        parts = np.concatenate([part for _, part in self._waiting])
        order = np.argsort(parts, kind="stable")
        bounds: Places = np.searchsorted(parts[order], np.arange(PARTS + 1))
        return entries[order], bounds

    def finish(self) -> None:
        """Take no more: from now on parts are read."""
        if self._runs and self._waiting:
            self._write()
        elif self._waiting:
            self._only = self._divided()
            self._waiting = []

    def part(self, number: int) -> Iterator[Entries]:
        """Yield a part's entries in the order of arrival, about `LOADED_ENTRIES_MAX` at a time."""
        if self._only is not None:
            entries, ends = self._only
            yield entries[ends[number] : ends[number + 1]]
        if not self._runs:
            return
        loaded: list[Entries] = []
        count = 0
        for begins, bounds in self._runs:
            piece = self._read(begins + int(bounds[number]), begins + int(bounds[number + 1]))
            if count and count + len(piece) > LOADED_ENTRIES_MAX:
                yield np.concatenate(loaded)
                loaded, count = [], 0
            loaded.append(piece)
            count += len(piece)
        yield np.concatenate(loaded)

    def _read(self, first: int, last: int) -> Entries:
        assert self._stream is not None, "there are runs"
        size = self._dtype.itemsize
        with writing(self._place):
            self._stream.seek(first * size)
            return np.frombuffer(self._stream.read((last - first) * size), self._dtype)

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._stream is not None:
            self._stream.close()


# ---------------------------------------------------------------- by tag

_MIX_HIGH: Final = np.uint64(secrets.randbits(64) | 1)
_MIX_LOW: Final = np.uint64(secrets.randbits(64) | 1)
"""Drawn for every process, so that nobody can write a file whose keys lie in one part."""


def mixed(high: Words, low: Words) -> Words:
    """Return a number by which tags are divided and sorted; equal tags have equal ones."""
    found = (high * _MIX_HIGH) ^ (low * _MIX_LOW)
    found ^= found >> np.uint64(29)
    found *= np.uint64(0xBF58476D1CE4E5B9)
    found ^= found >> np.uint64(32)
    return found


class TagSpill(Spill):
    """Entries that begin with the two words of a tag, `high` and `low`."""

    def take(self, entries: Entries) -> None:
        """Take entries."""
        self.add(entries, part_of(entries))


def part_of(entries: Entries) -> Places:
    """Return the numbers of the parts in which tags lie."""
    words = mixed(entries["high"], entries["low"])
    found: Places = (words >> np.uint64(56)).astype(np.intp)
    return found


class Known:
    """Distinct tags in order, each with the entry that came first: grows piece by piece."""

    def __init__(self, dtype: np.dtype[np.void]) -> None:
        self._entries: Entries = np.empty(0, dtype)
        self._mixed: Words = np.empty(0, np.uint64)

    @property
    def has_any(self) -> bool:
        """Whether any tag is known."""
        return len(self._entries) > 0

    def find(self, entries: Entries) -> Places:
        """Return for each tag the place of its entry among `entries_at`, or -1."""
        words = mixed(entries["high"], entries["low"])
        places: Places = np.searchsorted(self._mixed, words)
        found: Places = np.full(len(entries), -1)
        rest = np.arange(len(entries))
        while len(rest):  # once, but for tags that differ and are mixed into one number
            rest = rest[places[rest] < len(self._mixed)]
            rest = rest[self._mixed[places[rest]] == words[rest]]
            same = _same(self._entries[places[rest]], entries[rest])
            found[rest[same]] = places[rest[same]]
            rest = rest[~same]
            places[rest] += 1
        return found

    def at(self, places: Places) -> Entries:
        """Return the entries at these places."""
        found: Entries = self._entries[places]
        return found

    def add(self, entries: Entries) -> None:
        """Take entries that lie behind those known: the first of each tag that is not known."""
        fresh = entries[self.find(entries) < 0]
        fresh = fresh[firsts(fresh)[0]]
        both = np.concatenate([self._entries, fresh])
        words = mixed(both["high"], both["low"])
        order = np.argsort(words, kind="stable")
        self._entries, self._mixed = both[order], words[order]


def firsts(entries: Entries) -> tuple[Places, Places]:
    """Return the places of the first entry of each tag, and for each entry the place of its first.

    Args:
        entries: In the order of arrival.
    """
    words = np.sort(mixed(entries["high"], entries["low"]))
    if not bool((words[1:] == words[:-1]).any()):  # as good as always, and much quicker
        return np.arange(len(entries)), np.arange(len(entries))
    order = np.lexsort((entries["low"], entries["high"]))  # stable: the first stays the first
    ordered = entries[order]
    begins = np.ones(len(entries), bool)
    begins[1:] = ~_same(ordered[1:], ordered[:-1])
    groups = np.cumsum(begins) - 1
    heads = order[begins]
    first_of = np.empty(len(entries), np.intp)
    first_of[order] = heads[groups]
    return heads, first_of


def _same(one: Entries, other: Entries) -> np.ndarray[Any, np.dtype[np.bool_]]:
    found: np.ndarray[Any, np.dtype[np.bool_]] = (one["high"] == other["high"]) & (
        one["low"] == other["low"]
    )
    return found
