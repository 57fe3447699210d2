"""What the workers of a stage have in hand: records taken together, worked on in slices.

A worker claims the next slice by an atomic counter and puts the results in the slice's own place,
so that nobody waits for a lock for each record, and the order comes for free.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from itertools import accumulate, chain, count, repeat, takewhile
from typing import Any, NamedTuple, cast

from .block import Block


class Weighed(NamedTuple):
    """Some results of a slice."""

    block: Block[Any]
    bytes: int
    """By estimate."""


def taken_of(pieces: deque[Weighed], records: int) -> Weighed:
    """Remove the first piece, or its first `records` records if it has more."""
    piece = pieces.popleft()
    count = len(piece.block)
    if count <= records:
        return piece
    size = piece.bytes * records // count
    pieces.appendleft(Weighed(piece.block.part(records, count), piece.bytes - size))
    return Weighed(piece.block.part(0, records), size)


class Hand:
    """Records that were taken together, cut into slices of equal size.

    Args:
        block: The records, at least one.
        slice_records: How many records a worker takes at once.
    """

    __slots__ = (
        "_claimed",
        "_ended",
        "block",
        "due",
        "ends",
        "half",
        "is_weighed",
        "pieces",
        "rests",
        "slice_bytes",
        "slice_records",
        "slices",
        "slices_left",
    )

    def __init__(self, block: Block[Any], slice_records: int) -> None:
        self.block = block
        self.slice_records = slice_records
        self.slices = -(-len(block) // slice_records)
        self.half = self.slices // 2
        """The slice with which it is time to think of the next hand."""

        self.slices_left = self.slices
        """Slices whose results were not all taken; kept by whoever takes them."""

        self.pieces: list[deque[Weighed] | list[Any] | None] = [None] * self.slices
        """Of each slice the results that were not taken yet: blocks, or those of its one record."""

        self.ends = [False] * self.slices
        """Of each slice whether its results are all there."""

        self.slice_bytes = 0
        """What the results of a slice are taken to weigh."""

        self.is_weighed = False
        """Whether its first results were; until then they count like those of other hands."""

        self.due = 0
        """The slice whose results are to be taken next; kept by whoever takes them."""

        self.rests: dict[int, Hand] = {}
        """What a slice's worker gave back for others to work on; it follows the slice."""

        self._claimed = count()
        self._ended = count(1)

    def claim(self) -> int | None:
        """Give out the next slice; None if there is none. Without a lock."""
        number = next(self._claimed)
        return number if number < self.slices else None

    def slice(self, number: int) -> Block[Any]:
        """Cut out the records of one slice."""
        if self.slices == 1:
            return self.block
        start = number * self.slice_records
        return self.block.part(start, start + self.slice_records)

    def add(self, number: int, piece: Weighed) -> None:
        """Put some results of a slice in their place."""
        pieces = self.pieces[number]
        if not isinstance(pieces, deque):
            pieces = self.pieces[number] = deque()
        pieces.append(piece)

    def end_alone(self, number: int, results: list[Any]) -> bool:
        """Put in the results of a slice of one record; return whether it was the last to end."""
        self.pieces[number] = results
        self.ends[number] = True
        return next(self._ended) == self.slices

    def take_alone(self, records: int) -> tuple[Block[Any], int]:
        """Remove the results of records that travelled alone, from the due one on.

        Returns:
            The results of at least one slice, and how many slices are through.
        """
        first = self.due
        ends = self.ends[first : first + max(1, records)]  # asked first: results come before
        pieces = self.pieces[first : first + (ends.index(False) if False in ends else len(ends))]
        alone = takewhile(lambda each: isinstance(each, list), pieces)
        results = cast("list[list[Any]]", list(alone))
        counts = list(map(len, results))
        if sum(counts) > records:
            del results[1 + bisect_left(list(accumulate(counts)), records) :]
        self.due = first + len(results)
        self.pieces[first : self.due] = [None] * len(results)
        origins: Sequence[Any] = self.block.origins[first : self.due]
        if counts.count(1) < len(counts):
            origins = list(chain.from_iterable(map(repeat, origins, counts)))
        return Block(list(chain.from_iterable(results)), origins), len(results)

    def take(self, number: int, records: int) -> Weighed:
        """Remove results of a slice that has some, up to `records` records."""
        pieces = self.pieces[number]
        if not isinstance(pieces, deque):
            assert pieces, "it has some"
            self.pieces[number] = None
            return Weighed(Block(pieces, [self.block.origins[number]] * len(pieces)), 0)
        return taken_of(pieces, records)

    def end(self, number: int) -> bool:
        """Say that a slice has no more results; return whether it was the last to end."""
        self.ends[number] = True
        return next(self._ended) == self.slices
