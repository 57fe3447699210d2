"""How many records to take in hand at once, so that slow functions hold nothing back.

With a fixed size the first of 256 results of a one-second call would come after four minutes, and
leaving would wait as long. So a hand begins with one record, doubles while it takes less than
`HAND_S`, and shrinks as soon as it takes longer.
"""

from __future__ import annotations

from typing import Final

from .block import BLOCK_RECORDS

HAND_S: Final = 0.001
"""Seconds that one hand of records should take: short to wait for, long against its overhead."""


class Grain:
    """The number of records to take next, from 1 to `BLOCK_RECORDS`.

    Workers of one stage share it without a lock: a lost update only delays the growth.
    """

    def __init__(self) -> None:
        self.records = 1

    def took(self, records: int, seconds: float) -> None:
        """Learn from a hand of `records` that took `seconds`."""
        if seconds > HAND_S:
            self.records = max(1, int(records * HAND_S / seconds))
        elif records >= self.records:
            self.records = min(BLOCK_RECORDS, self.records * 2)
