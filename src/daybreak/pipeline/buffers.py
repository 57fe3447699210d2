"""What a channel holds: items for a user's generators, records and blocks for the stages.

The buffers of stages also number what they hand out, by the records handed out before: under the
channel's lock, so that the numbers are in the order in which workers took their records.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from .block import Block

T = TypeVar("T")
T_in_contra = TypeVar("T_in_contra", contravariant=True)
T_out_co = TypeVar("T_out_co", covariant=True)


class Buffer(Protocol[T_in_contra, T_out_co]):
    """A first-in, first-out store without a bound and without a lock: its channel has both."""

    def __len__(self) -> int:
        """Count the records in it."""
        ...

    def put(self, item: T_in_contra, /) -> int:
        """Add at the end; return how many records are in it now."""
        ...

    def take(self, records: int, /) -> T_out_co:
        """Remove up to that many records from the beginning; there is at least one."""
        ...


class Hand(NamedTuple):
    """What one worker took to work on."""

    number: int
    """How many records were handed out before it."""

    block: Block[Any]


class Items(Generic[T]):
    """Items, handed out one by one."""

    def __init__(self) -> None:
        self._items: deque[T] = deque()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T, /) -> int:
        """Add at the end; return how many are in it now."""
        self._items.append(item)
        return len(self._items)

    def take(self, _records: int, /) -> T:
        """Remove the first item."""
        return self._items.popleft()


class Records:
    """A source's records, put one by one so that none is held back, handed out in blocks."""

    def __init__(self) -> None:
        self._records: deque[Any] = deque()
        self._taken = 0

    def __len__(self) -> int:
        return len(self._records)

    def put(self, record: Any, /) -> int:
        """Add at the end; return how many are in it now."""
        self._records.append(record)
        return len(self._records)

    def take(self, records: int, /) -> Hand:
        """Remove up to `records` records; their origins are their places in the source."""
        count = min(records, len(self._records))
        popleft = self._records.popleft
        number = self._taken
        self._taken += count
        values = [popleft() for _ in range(count)]
        return Hand(number, Block(values, range(number, self._taken)))


class Blocks:
    """Blocks, handed out whole or in parts."""

    def __init__(self) -> None:
        self._blocks: deque[Block[Any]] = deque()
        self._records = 0
        self._taken = 0

    def __len__(self) -> int:
        return self._records

    def put(self, block: Block[Any], /) -> int:
        """Add a block of at least one record; return how many records are in it now."""
        self._blocks.append(block)
        self._records += len(block)
        return self._records

    def take(self, records: int, /) -> Hand:
        """Remove the first block, or its first `records` records if it has more."""
        block = self._blocks.popleft()
        if len(block) > records:
            self._blocks.appendleft(block.part(records, len(block)))
            block = block.part(0, records)
        number = self._taken
        self._taken += len(block)
        self._records -= len(block)
        return Hand(number, block)
