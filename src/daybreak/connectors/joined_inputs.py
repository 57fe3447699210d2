"""Several ranges' input as that of one: what a chunk of a spread sample is made of."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate, chain, groupby
from typing import Any, TypeVar

from ..model.chunk import ChunkInput
from ..model.late import Late
from ..model.raw import RawInput, RawPart, RawRecords, RawShape, Rewritten
from ..model.rows_by_column import RowsByColumn
from .scanned_input import DIGEST_BYTES

T = TypeVar("T")


def joined_inputs(inputs: Sequence[ChunkInput]) -> ChunkInput:
    """Return inputs one behind the other as one; an origin counts through all of them.

    Args:
        inputs: Of one source, in its order; at least one.
    """
    if len(inputs) == 1:
        return inputs[0]
    places = _Places([one.read for one in inputs])
    raw = _as_bytes(inputs)
    return ChunkInput(
        values=Late(raw.values if raw is not None else lambda: _chained(inputs)),
        origins=list(
            chain.from_iterable(
                (before + origin for origin in one.origins)
                for before, one in zip(places.before, inputs, strict=True)
            )
        ),
        read=places.count,
        bytes_read=sum(one.bytes_read for one in inputs),
        digest=joined_digests([one.digest for one in inputs]),
        raw=lambda origin: _of(inputs, places, origin, lambda one, at: one.raw(at)),
        cursor=lambda origin: _of(inputs, places, origin, lambda one, at: one.cursor(at)),
        refused=[
            replace(found, origin=before + found.origin)
            for before, one in zip(places.before, inputs, strict=True)
            for found in one.refused
        ],
        rows=_rows(inputs),
        reread=None
        if any(one.reread is None for one in inputs)
        else partial(_reread, inputs, places),
        as_bytes=raw,
    )


def joined_digests(digests: Sequence[str]) -> str:
    """Return the hash of what has these hashes, one behind the other; empty if one is missing."""
    if not all(digests):
        return ""
    if len(digests) == 1:
        return digests[0]
    return hashlib.blake2b(" ".join(digests).encode(), digest_size=DIGEST_BYTES).hexdigest()


class _Places:
    """Numbers that count through several sequences."""

    def __init__(self, counts: Sequence[int]) -> None:
        self.count = sum(counts)
        self.before = [0, *accumulate(counts)][:-1]
        """Of each sequence, how many stand in front of it."""

    def at(self, number: int) -> tuple[int, int]:
        """Return in which sequence a number lies, and its number there."""
        which = bisect_right(self.before, number) - 1
        return which, number - self.before[which]

    def stretches(self, numbers: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
        """Yield numbers, in their order, by the sequence in which they lie."""
        for which, some in groupby(map(self.at, numbers), key=lambda one: one[0]):
            yield which, [within for _, within in some]


def _chained(inputs: Sequence[ChunkInput]) -> list[Any]:
    return list(chain.from_iterable(one.values for one in inputs))


def _of(
    inputs: Sequence[ChunkInput], places: _Places, origin: int, ask: Callable[[ChunkInput, int], T]
) -> T:
    which, within = places.at(origin)
    return ask(inputs[which], within)


def _rows(inputs: Sequence[ChunkInput]) -> Sequence[Sequence[Any]] | None:
    """Return what the database gave; all that the first of them holds, the later ones hold too."""
    found: list[Sequence[Sequence[Any]]] = []
    for one in inputs:
        if one.rows is None or isinstance(one.rows, Mapping):
            return None
        found.append(one.rows)
    by_column = [rows for rows in found if isinstance(rows, RowsByColumn)]
    if len(by_column) < len(found):
        return list(chain.from_iterable(found))
    columns = zip(*(rows.columns for rows in by_column), strict=True)
    return RowsByColumn(
        [[*chain.from_iterable(some)] for some in columns], as_of=by_column[0].as_of
    )


def _reread(inputs: Sequence[ChunkInput], places: _Places, origins: Sequence[int]) -> ChunkInput:
    """Read records once more, each group by the input that it came from."""
    again: list[ChunkInput] = []
    rows: dict[int, Sequence[Any]] = {}
    owner: dict[int, ChunkInput] = {}
    for which, within in places.stretches(origins):
        reread = inputs[which].reread
        assert reread is not None, "all of them can, or none is asked"
        found, before = reread(within), places.before[which]
        assert isinstance(found.rows, Mapping), "what is read again is found by its origin"
        own = {before + origin: row for origin, row in found.rows.items()}
        again.append(_moved(found, before, own))
        rows |= own
        owner |= dict.fromkeys(own, again[-1])
    return ChunkInput(
        values=_chained(again),
        origins=list(chain.from_iterable(one.origins for one in again)),
        read=sum(one.read for one in again),
        bytes_read=sum(one.bytes_read for one in again),
        digest="",
        raw=lambda origin: owner[origin].raw(origin),
        cursor=lambda origin: owner[origin].cursor(origin),
        refused=list(chain.from_iterable(one.refused for one in again)),
        rows=rows,
    )


def _moved(found: ChunkInput, before: int, rows: Mapping[int, Sequence[Any]]) -> ChunkInput:
    """Return what was read again with the origins that it has in all of them together."""
    return replace(
        found,
        origins=[before + origin for origin in found.origins],
        refused=[replace(one, origin=before + one.origin) for one in found.refused],
        rows=rows,
        raw=lambda origin: found.raw(origin - before),
        cursor=lambda origin: found.cursor(origin - before),
    )


# ---------------------------------------------------------------- as bytes


def _as_bytes(inputs: Sequence[ChunkInput]) -> RawInput | None:
    """Return all of them as bytes, if they are bytes of one shape."""
    found = [one.as_bytes for one in inputs if one.as_bytes is not None]
    if len(found) < len(inputs) or len({one.shape for one in found}) > 1:
        return None
    return _JoinedInput(found)


def _all_chained(found: Sequence[Sequence[T] | None]) -> list[T] | None:
    """Return what all of them have, one behind the other; None if one of them has nothing."""
    known = [one for one in found if one is not None]
    return None if len(known) < len(found) else list(chain.from_iterable(known))


class _JoinedRecords:
    """`RawRecords` one behind the other."""

    def __init__(self, records: Sequence[RawRecords]) -> None:
        self._records = records
        self._places = _Places([len(one) for one in records])

    @property
    def shape(self) -> RawShape:
        return self._records[0].shape

    def __len__(self) -> int:
        return self._places.count

    @property
    def blocks(self) -> Sequence[bytes] | None:
        return _all_chained([one.blocks for one in self._records])

    @property
    def are_lines(self) -> bool:
        return all(one.are_lines for one in self._records)

    def chosen(self, numbers: Sequence[int]) -> RawRecords:
        stretches = self._places.stretches(numbers)
        some = [self._records[which].chosen(within) for which, within in stretches]
        return _JoinedRecords(some or [self._records[0].chosen([])])

    def value(self, number: int) -> Any:
        which, within = self._places.at(number)
        return self._records[which].value(within)

    def values(self) -> Sequence[Any]:
        return list(chain.from_iterable(one.values() for one in self._records))

    def column(self, name: str) -> Sequence[Any]:
        return list(chain.from_iterable(one.column(name) for one in self._records))

    def texts(self, name: str) -> Sequence[str | None] | None:
        return _all_chained([one.texts(name) for one in self._records])


class _JoinedInput(_JoinedRecords):
    """`RawInput` one behind the other, all of one source."""

    def __init__(self, inputs: Sequence[RawInput]) -> None:
        super().__init__(inputs)
        self._inputs = inputs

    def parts(self) -> Iterator[RawPart]:
        return chain.from_iterable(one.parts() for one in self._inputs)

    def joined(self, rewritten: Sequence[Rewritten]) -> RawRecords | None:
        return self._inputs[0].joined(rewritten)
