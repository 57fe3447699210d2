"""How many records to take in hand at once, so that slow functions hold nothing back.

With a fixed size the first of thousands of results of a one-second call would come after hours,
and leaving would wait as long. So a hand begins with one record, doubles while that fits in its
time, and shrinks when it takes longer: by half at most, because a thread that had to wait for
the interpreter looks slow and is not; for what has really turned slow there is the `leash`.
"""

from __future__ import annotations

from typing import Final

from .block import BLOCK_RECORDS

HAND_S: Final = 0.002
"""Seconds that one hand of records should take: short to wait for, long against its overhead."""

PROCESS_HAND_S: Final = 0.01
"""The same where a hand travels to another process and back: a tenth of a millisecond a trip."""


class Grain:
    """The number of records to take next, from 1 to `records_max`.

    Workers of one stage share it without a lock: a lost update only delays the growth.
    """

    def __init__(self, hand_s: float = HAND_S, records_max: int = BLOCK_RECORDS) -> None:
        self.records = 1
        self._hand_s = hand_s
        self._records_max = records_max

    def took(self, records: int, seconds: float) -> None:
        """Learn from a hand of `records` that took `seconds`."""
        if seconds > self._hand_s:
            self.records = max(1, self.records // 2, int(records * self._hand_s / seconds))
        elif records >= self.records and 2 * seconds <= self._hand_s:
            self.records = min(self._records_max, self.records * 2)
