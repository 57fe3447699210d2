"""The results of a stage's workers on their way to the next stage: in order, or as they come.

In order: a hand is noted before its records are worked on, and results wait in the hand, in the
place of their slice, until all earlier ones were taken. Nobody waits for a turn but who has more
to say than fits. (A bounded queue that re-orders deadlocks: it fills with later results while the
first is wanted.)

Memory: a stage opens no further hand while `SLICES_PER_WORKER * workers` slices are open (or, of
small ones, `RECORDS` records), or while its results weigh `BYTES`; a slice whose results are not
taken adds no second block to `RECORDS` of them, or beyond `BYTES`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import Any, Final

from .block import BLOCK_BYTES, Block, joined
from .buffers import BYTES, LINGER_S, LINGER_S_MAX, RECORDS
from .hand import Hand, Weighed, taken_of
from .leash import Leash

SLICES_PER_WORKER: Final = 4
"""Slices in flight for each worker: one in work, the others done and waiting to be taken."""


JOINED_MAX: Final = 64
"""A block of so many records is handed on by itself."""


class FanIn(ABC):
    """A buffer whose hands are opened in order and filled in any.

    Workers call `end` and `end_alone` without a lock; all else is called under it.
    """

    def __init__(self, slices_max: int) -> None:
        self.bytes_peak = 0
        self.slices_max = slices_max
        """How many slices may be open before no further hand is."""

        self.record_bytes = 1
        """How heavy a result was when one was last weighed."""

        self.leashes: list[Leash] = []
        """Of each worker the loop that it runs."""

        self._hands_open = 0
        self._slices = 0
        self._records = 0
        self._bytes = 0

    @property
    def has_room(self) -> bool:
        """Whether a further hand may be opened; one always may."""
        is_short = self._slices < self.slices_max or self._records < RECORDS
        return not self._hands_open or (is_short and self._bytes < BYTES)

    @property
    def is_low(self) -> bool:
        """Whether half of what may be open is."""
        is_short = self._slices <= self.slices_max // 2 or self._records <= RECORDS // 2
        return not self._hands_open or (is_short and self._bytes < BYTES)

    def __len__(self) -> int:
        return self._records

    def put(self, hand: Hand, /) -> None:
        """Open a hand; its results are taken to be as heavy as those before."""
        self._hands_open += 1
        self._slices += hand.slices
        self._records += len(hand.block)
        self._count(hand)

    def weighed(self, hand: Hand, record_bytes: int) -> None:
        """Hear how heavy the first results of an open hand are."""
        hand.is_weighed = True
        self.record_bytes = record_bytes
        self._count(hand)

    def _count(self, hand: Hand) -> None:
        size = self.record_bytes * min(hand.slice_records, len(hand.block))
        self._weigh((size - hand.slice_bytes) * hand.slices_left)
        hand.slice_bytes = size

    def put_rest(self, hand: Hand, number: int, rest: Hand) -> None:
        """Open a hand for what the worker of a slice gave back, before that slice ends."""
        FanIn.put(self, rest)
        hand.rests[number] = rest

    def look_again_s(self, looks: int, /) -> float:
        """Look soon, and then now and then: not everything is told of.

        Results may have come that were not worth waking anybody, and loops may run, also such that
        begin meanwhile, that have to be cut short.
        """
        return min(LINGER_S * (looks + 1), LINGER_S_MAX)

    def gather(self) -> None:
        """Cut loops short that hold results back."""
        for leash in self.leashes:
            leash.cut_if_slow()

    def end(self, hand: Hand, number: int) -> bool:
        """Say that a slice has no more results; return whether it was its hand's last."""
        return hand.end(number)

    @property
    @abstractmethod
    def is_ready(self) -> bool:
        """Whether there are results to take."""

    @abstractmethod
    def add(self, hand: Hand, number: int, piece: Weighed) -> None:
        """Add some results of a slice."""

    @abstractmethod
    def end_alone(self, hand: Hand, number: int, results: list[Any]) -> bool:
        """Add the results of a slice of one record, and end it; return whether it was the last."""

    @abstractmethod
    def may_add(self, hand: Hand, number: int) -> bool:
        """Say whether further results of a slice may be added to those before."""

    @abstractmethod
    def take(self, records: int, /) -> Block[Any]:
        """Remove results, up to `records` records; it is ready."""

    @property
    def _light(self) -> int:
        """How many results make a block that is not too heavy."""
        return max(1, BLOCK_BYTES // self.record_bytes)

    def _weigh(self, more: int) -> None:
        self._bytes += more
        self.bytes_peak = max(self.bytes_peak, self._bytes)

    def _close_slices(self, hand: Hand, slices: int = 1) -> None:
        self._slices -= slices
        self._bytes -= hand.slice_bytes * slices
        hand.slices_left -= slices
        if not hand.slices_left:
            self._hands_open -= 1
            self._records -= len(hand.block)


class InOrder(FanIn):
    """Results leave in the order in which their records were taken."""

    def __init__(self, slices_max: int) -> None:
        super().__init__(slices_max)
        self._hands: deque[Hand] = deque()

    @property
    def is_ready(self) -> bool:
        """Whether results are due."""
        return self._with_due() is not None

    def put(self, hand: Hand, /) -> None:
        """Open a hand."""
        super().put(hand)
        self._hands.append(hand)

    def add(self, hand: Hand, number: int, piece: Weighed) -> None:
        """Put results in the place of their slice; the first were counted when it was opened."""
        counted = hand.slice_bytes if hand.pieces[number] is None else 0
        more = max(0, piece.bytes - counted)
        hand.add(number, Weighed(piece.block, more))
        self._weigh(more)

    def end_alone(self, hand: Hand, number: int, results: list[Any]) -> bool:
        """Put the results of one record in their place; return whether it was the last to end."""
        return hand.end_alone(number, results)

    def may_add(self, hand: Hand, number: int) -> bool:
        """Say whether few of those before are left."""
        pieces = hand.pieces[number]
        if not isinstance(pieces, deque) or not pieces:
            return True
        return self._bytes < BYTES and sum(len(piece.block) for piece in list(pieces)) < RECORDS

    def end(self, hand: Hand, number: int) -> bool:
        """Say that a slice has no more results; return whether somebody has to be told.

        Also if it was due, and nothing of it is left: it does not hold back the next any more.
        """
        is_last = super().end(hand, number)
        return is_last or (hand.due == number and not hand.pieces[number])

    def take(self, records: int, /) -> Block[Any]:
        """Remove the results that are due, up to `records` records."""
        taken: list[Block[Any]] = []
        records = min(records, self._light)
        while _goes_on(taken, records) and (hand := self._with_due()) is not None:
            taken.append(self._taken(hand, records))
            records -= len(taken[-1])
        self._with_due()  # a slice that is through gives its room free
        return joined(taken)

    def _taken(self, hand: Hand, records: int) -> Block[Any]:
        if isinstance(hand.pieces[hand.due], list) and hand.ends[hand.due]:
            block, through = hand.take_alone(records)
            self._close_slices(hand, through)
            return block
        piece = hand.take(hand.due, records)
        self._bytes -= piece.bytes
        return piece.block

    def _with_due(self) -> Hand | None:
        """Close slices that are through; return the hand whose results are due, if any are."""
        while self._hands:
            hand = self._hands[0]
            if hand.due == hand.slices:
                self._hands.popleft()
                continue
            is_ended = hand.ends[hand.due]  # asked first: results come before their end
            if hand.pieces[hand.due]:
                return hand
            if not is_ended:
                return None
            if rest := hand.rests.pop(hand.due, None):
                self._hands.appendleft(rest)
            hand.due += 1
            self._close_slices(hand)
        return None


class AsReady(FanIn):
    """Results leave as they come."""

    def __init__(self, slices_max: int) -> None:
        super().__init__(slices_max)
        self._pieces: deque[Weighed] = deque()
        self._alone: deque[Weighed] = deque()  # put there without a lock, and not counted yet
        self._ended: deque[Hand] = deque()  # of each slice that ended, its hand
        self._waiting = 0  # records in pieces

    @property
    def has_room(self) -> bool:
        """Whether a further hand may be opened."""
        self._settle()
        return super().has_room and self._bytes < BYTES and self._few_wait(self.slices_max)

    @property
    def is_low(self) -> bool:
        """Whether half of what may wait does."""
        self._settle()
        few = self._bytes < BYTES and self._few_wait(self.slices_max // 2)
        return super().is_low and (few or not self._pieces)

    @property
    def is_ready(self) -> bool:
        """Whether there are results."""
        self._settle()
        return bool(self._pieces)

    def __len__(self) -> int:
        return self._records + self._waiting

    def add(self, _hand: Hand, _number: int, piece: Weighed) -> None:
        """Put results at the end."""
        self._add(piece)

    def end_alone(self, hand: Hand, number: int, results: list[Any]) -> bool:
        """Put the results of one record at the end; return whether it was the last of its hand."""
        if results:
            block = Block(results, [hand.block.origins[number]] * len(results))
            self._alone.append(Weighed(block, hand.slice_bytes))
        return self.end(hand, number)

    def may_add(self, _hand: Hand, _number: int) -> bool:
        """Say whether few results wait."""
        return not self._pieces or (self._bytes < BYTES and self._few_wait(self.slices_max))

    def end(self, hand: Hand, number: int) -> bool:
        """Say that a slice has no more results; return whether it was its hand's last."""
        self._ended.append(hand)
        return super().end(hand, number)

    def take(self, records: int, /) -> Block[Any]:
        """Remove results, up to `records` records."""
        taken: list[Block[Any]] = []
        records = min(records, self._light)
        while self._pieces and _goes_on(taken, records):
            piece = taken_of(self._pieces, records)
            self._bytes -= piece.bytes
            self._waiting -= len(piece.block)
            taken.append(piece.block)
            records -= len(piece.block)
        return joined(taken)

    def _few_wait(self, pieces: int) -> bool:
        return len(self._pieces) < pieces or self._waiting < RECORDS

    def _add(self, piece: Weighed) -> None:
        self._pieces.append(piece)
        self._waiting += len(piece.block)
        self._weigh(piece.bytes)

    def _settle(self) -> None:
        """Count what was added and ended without a lock."""
        while self._alone:
            self._add(self._alone.popleft())
        while self._ended:
            self._close_slices(self._ended.popleft())


def _goes_on(taken: list[Block[Any]], records: int) -> bool:
    """Say whether to take further results: not behind many, which would be copied in vain."""
    return records > 0 and not (taken and len(taken[-1]) >= JOINED_MAX)
