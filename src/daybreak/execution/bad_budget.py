"""How many records a step may still set aside; shared by its chunk workers."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

from ..errors import TooManyBadRecords
from ..model.chunk import SetAside
from ..model.limits import BadLimit

CAUSES_SHOWN = 3


class BadBudget:
    """Charged before a chunk commits, so that a broken mapping cannot quarantine a whole night.

    Args:
        limit: The step's `max_bad`.
        total: The step's input records, where known.
        read: Records that earlier attempts have committed.
        bad: Of these, how many were set aside, not counting those that the check refused.
    """

    def __init__(self, limit: BadLimit, *, total: int | None, read: int, bad: int) -> None:
        self._limit = limit
        self._total = total
        self._read = read
        self._bad = bad
        self._causes: Counter[str] = Counter()
        self._lock = threading.Lock()

    def charge(self, records: Sequence[SetAside], *, read: int) -> None:
        """Charge a chunk that is about to commit.

        Raises:
            TooManyBadRecords: If the step may not set that many aside. The chunk is not committed.
        """
        with self._lock:
            bad = self._refuse_excess(records, read)
            self._causes.update(record.reason for record in bad)
            self._bad += len(bad)
            self._read += read

    def committed(self, *, bad: int, read: int) -> None:
        """Take in a chunk that turned out to be committed: nothing can be refused any more."""
        with self._lock:
            self._bad += bad
            self._read += read

    def refuse_excess(self, records: Sequence[SetAside], *, read: int) -> None:
        """Raise if a chunk has too many bad records already; nothing is charged.

        Args:
            records: Those set aside so far; there may be more to come.
            read: All records of the chunk.

        Raises:
            TooManyBadRecords: If the step may not set that many aside.
        """
        with self._lock:
            self._refuse_excess(records, read)

    def _refuse_excess(self, records: Sequence[SetAside], read: int) -> list[SetAside]:
        bad = [record for record in records if not record.by_check]
        if self._limit.is_exceeded(self._bad + len(bad), read=self._read + read, total=self._total):
            causes = self._causes + Counter(record.reason for record in bad)
            raise self._exceeded(self._bad + len(bad), self._read + read, causes)
        return bad

    def refund(self, records: Sequence[SetAside], *, read: int) -> None:
        """Take a charge back: the chunk was not committed after all."""
        bad = sum(1 for record in records if not record.by_check)
        with self._lock:
            self._bad -= bad
            self._read -= read

    def _exceeded(self, bad: int, read: int, causes: Counter[str]) -> TooManyBadRecords:
        shown = "; ".join(
            f"{count:,} x {cause}" for cause, count in causes.most_common(CAUSES_SHOWN)
        )
        return TooManyBadRecords(
            f"{bad:,} of {read:,} records would be set aside; max_bad is {self._limit}: {shown}",
            hint="repair the data or the function and run again, or raise max_bad;"
            " the chunk at hand was not committed",
        )
