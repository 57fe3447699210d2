"""The memory of blocks: so many at a time, each used again when its block is done with."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

from ...pipeline import current_scope
from .texts import Buffer

_LOOK_S: Final = 0.1
"""How often somebody who waits looks whether the work is still wanted."""


class Memory:
    """Buffers for blocks. Several threads may give back.

    A pipeline alone would let the reader run ahead as far as its channels reach. Pages that were
    touched before also cost less than new ones.

    Args:
        blocks_max: How many blocks there may be at a time.
    """

    def __init__(self, blocks_max: int) -> None:
        self._free = threading.Semaphore(blocks_max)
        self._used: deque[bytearray] = deque()

    def take(self, size: int) -> Buffer | None:
        """Wait for a block's memory; return None if the pipeline around is cancelled meanwhile."""
        scope = current_scope()
        while not self._free.acquire(timeout=_LOOK_S):
            if scope.cancelled:
                return None
        return Buffer(size, self._used.pop() if self._used else None)

    def give(self, buffer: Buffer) -> None:
        """Let another block have the memory. Nobody may look at the block any more."""
        self._used.append(buffer.bytes)
        self._free.release()
