"""What a channel holds: items for a user's generators, blocks of records for the stages.

No buffer has a lock or waits: its channel does, and calls it under the lock of the scope's tree,
except where a method says otherwise.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

from .block import Block
from .leash import Leash
from .weight import weigh

T = TypeVar("T")
T_in_contra = TypeVar("T_in_contra", contravariant=True)
T_out_co = TypeVar("T_out_co", covariant=True)

RECORDS: Final = 1_000
"""Records that may wait in a channel: enough to keep threads from waking each other each time."""

BLOCKS: Final = 8
"""Blocks that may wait in a channel, also if they have more records than `RECORDS`."""

BYTES: Final = 64_000_000
"""Bytes beyond which a channel takes nothing more, whatever their number; by estimate."""

LINGER_S: Final = 0.005
"""How long a receiver waits before it takes what lies ready without having been announced."""

LINGER_S_MAX: Final = 0.05


class Buffer(Protocol[T_in_contra, T_out_co]):
    """A first-in, first-out store."""

    @property
    def is_ready(self) -> bool:
        """Whether there is something to take."""
        ...

    @property
    def has_room(self) -> bool:
        """Whether it wants more; one item then fits, whatever its size."""
        ...

    @property
    def is_low(self) -> bool:
        """Whether there is so much room that those who wait for it are woken.

        Woken for each item, they would put one and wait again.
        """
        ...

    def __len__(self) -> int:
        """Count the records in it, for people."""
        ...

    def put(self, item: T_in_contra, /) -> None:
        """Add at the end."""
        ...

    def take(self, records: int, /) -> T_out_co:
        """Remove up to that many records from the beginning; it is ready."""
        ...

    def look_again_s(self, looks: int, /) -> float | None:
        """Return after how many seconds of waiting more may be ready; None if that is told."""
        ...

    def gather(self) -> None:
        """Take in what has been made ready without being told."""
        ...


class Items(Generic[T]):
    """Items, handed out one by one.

    Args:
        items_max: How many may wait.
    """

    def __init__(self, items_max: int = RECORDS) -> None:
        self._items: deque[T] = deque()
        self._items_max = items_max

    @property
    def is_ready(self) -> bool:
        """Whether there is one."""
        return bool(self._items)

    @property
    def has_room(self) -> bool:
        """Whether fewer than `items_max` wait."""
        return len(self._items) < self._items_max

    @property
    def is_low(self) -> bool:
        """Whether there is room: an item may be all that somebody else waits for."""
        return self.has_room

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T, /) -> None:
        """Add at the end."""
        self._items.append(item)

    def take(self, _records: int, /) -> T:
        """Remove the first item."""
        return self._items.popleft()

    def look_again_s(self, _looks: int, /) -> None:
        """Every item is told of."""

    def gather(self) -> None:
        """Every item is told of."""


class Blocks:
    """Blocks, handed out whole or in parts.

    Memory: it wants more while it holds fewer than `RECORDS` records or `BLOCKS` blocks, and fewer
    than `BYTES` bytes. A block that is being filled may be taken in part: see `fill`.

    Args:
        leashes: Of those who fill it, the loops that are cut short when they hold records back.
    """

    def __init__(self, leashes: Sequence[Leash] = ()) -> None:
        self.bytes_peak = 0
        self.record_bytes = 1
        """How heavy a record of the last block was."""

        self._blocks: deque[tuple[Block[Any], int]] = deque()  # with its bytes
        self._begun = 0  # records that were taken of the first block
        self._records = 0
        self._bytes = 0
        self._filling: Filling | None = None
        self._leashes = leashes

    @property
    def is_ready(self) -> bool:
        """Whether there is a block."""
        return bool(self._blocks)

    @property
    def has_room(self) -> bool:
        """Whether it wants more."""
        is_short = self._records < RECORDS or len(self._blocks) < BLOCKS
        return is_short and (self._bytes < BYTES or not self._blocks)

    @property
    def is_low(self) -> bool:
        """Whether it is half empty."""
        is_short = self._records <= RECORDS // 2 or len(self._blocks) <= BLOCKS // 2
        return is_short and (self._bytes < BYTES or not self._blocks)

    def __len__(self) -> int:
        return self._records

    def put(self, block: Block[Any], /) -> None:
        """Add a block of at least one record."""
        size = weigh(block.values)
        self.record_bytes = max(1, size // len(block))
        self._blocks.append((block, size))
        self._records += len(block)
        self._bytes += size
        self.bytes_peak = max(self.bytes_peak, self._bytes)

    def take(self, records: int, /) -> Block[Any]:
        """Remove the first block, or its first `records` records if it has more."""
        block, size = self._blocks[0]
        end = min(len(block), self._begun + records)
        taken = block.part(self._begun, end) if end - self._begun < len(block) else block
        self._begun = end
        self._records -= len(taken)
        if end == len(block):
            self._blocks.popleft()
            self._begun = 0
            self._bytes -= size
        return taken

    def fill(self, filling: Filling | None) -> None:
        """Hear of a block that is being filled from now on, or no longer."""
        self._filling = filling

    def look_again_s(self, looks: int, /) -> float | None:
        """While a block is being made, look now and then: it may be taking long."""
        if self._filling is None and not self._leashes:
            return None
        return min(LINGER_S * (looks + 1), LINGER_S_MAX)

    def gather(self) -> None:
        """Take out of the block that is being filled what is there, and cut slow loops short."""
        for leash in self._leashes:
            leash.cut_if_slow()
        if self._filling is not None and len(block := self._filling.taken()):
            self.put(block)


class Filling:
    """A block in the making, whose first records can be taken out while more are added.

    One thread extends `values` in one go; others take, or cut it short, under the channel's lock.
    Safe because a list's `extend` adds one item at a time and looks at the list anew for each.

    Args:
        start: The place in its source of the first record.
        wanted: How many records it is to have.
    """

    def __init__(self, start: int, wanted: int) -> None:
        self.values: list[Any] = []
        self.start = start
        """The place in its source of the first value that is still here."""

        self._wanted = wanted
        self._turns: list[Iterator[Any]] = []
        self._is_cut = False

    def extend(self, records: Iterator[Any]) -> None:
        """Add records until there are enough, or it is cut short."""
        self._turns = [records] * self._wanted
        if not self._is_cut:  # asked last: a cut from now on finds the turns
            self.values.extend(map(next, self._turns))

    def cut(self) -> None:
        """Have `extend` end with the record it has begun."""
        self._is_cut = True
        self._turns.clear()

    def taken(self) -> Block[Any]:
        """Take out what is there; under the lock."""
        values = self.values[:]
        del self.values[: len(values)]
        block = Block(values, range(self.start, self.start + len(values)))
        self.start += len(values)
        return block
