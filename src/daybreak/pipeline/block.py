"""A block: records that travel together, each with the origin it came from.

Only the value is here; what a stage does to one stands in `stages`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Generic, TypeAlias, TypeVar

T = TypeVar("T")

Origin: TypeAlias = Hashable
"""Which input record a value came from; opaque here, and the same through every stage."""

BLOCK_RECORDS: Final = 8_192
"""The most records that travel together: handing them over then costs next to nothing each."""


BLOCK_BYTES: Final = 4_000_000
"""Records that are heavy travel in smaller blocks: of about so many bytes."""


@dataclass(frozen=True, slots=True)
class Block(Generic[T]):
    """Values and their origins, side by side."""

    values: list[T]
    """The records, in source order; nobody changes the list once it is in a block."""

    origins: Sequence[Any]
    """Of each value the origin. Values of one origin are neighbours."""

    def __post_init__(self) -> None:
        """Refuse a block whose two halves differ: records would change their origin."""
        assert len(self.values) == len(self.origins), "every value has its origin"

    def __len__(self) -> int:
        return len(self.values)

    def part(self, start: int, stop: int) -> Block[T]:
        """Cut out the records from `start` up to, not including, `stop`."""
        return Block(self.values[start:stop], self.origins[start:stop])


def joined(blocks: Sequence[Block[Any]]) -> Block[Any]:
    """Make one block of several."""
    if len(blocks) == 1:
        return blocks[0]
    values = chain.from_iterable(block.values for block in blocks)
    origins = chain.from_iterable(block.origins for block in blocks)
    return Block(list(values), list(origins))
