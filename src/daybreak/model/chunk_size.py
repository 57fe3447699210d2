"""How many records the next chunk of a step has, where it says `chunk="auto"`. Decisions only.

A chunk should be large, for each commit costs something; and short, for its transaction holds locks
beside a live system, and a chunk is what a failure costs. So each has a budget: half a second of
transaction, ten seconds with its reading and its stages, eight megabytes. What share of its budgets
a chunk has used up, records for records, says how many records use up one whole budget.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

TRANSACTION_S: Final = 0.5
"""The aim for a transaction. At four times that its locks would be noticed; at a quarter of it a
commit, the marker and the planning still cost less than a hundredth."""

BRIEF_TRANSACTION_S: Final = 0.125
"""The aim where a transaction locks rows that the application changes. On a database that turns
four times slower it takes half a second then, and nobody has to break it off."""

CHUNK_S: Final = 10.0
"""The aim for a chunk with its reading and its stages: so much is done again after a failure."""

CHUNK_BYTES: Final = 8_000_000
"""The aim for what a chunk reads: databases load fastest by 1 to 10 MB a commit."""

FIRST_RECORDS: Final = 1_000
"""The size that a step begins with: at a millisecond a record it is at twice its aim."""

AUTO_RECORDS_MAX: Final = 100_000
"""A larger chunk would only take memory."""

STEP_DOWN: Final = 4
STEP_UP: Final = 2
STEP_WARMING: Final = 4
"""At most so many times as small, as large, as large while nothing is known yet."""

STEADY: Final = (0.8, 1.25)
"""Between so many times its size nothing is changed, so that noise does not turn the knob."""

DECAY: Final = 0.5
"""What chunks before the last weigh, once more for each that follows on the same worker."""

SUDDEN: Final = 2.0
"""A chunk that took so many times its budget speaks for itself alone."""

LIMIT: Final = 2.0
"""A transaction that would take so many times its aim is broken off, and its range divided."""

PIECES: Final = 8
"""A chunk is written in so many pieces where its transaction can be broken off between two."""


@dataclass(frozen=True, slots=True)
class ChunkTook:
    """What one chunk took."""

    records: int
    transaction_s: float
    """From its begin to its commit; waiting for others before that does not count."""

    chunk_s: float
    """With its reading and its stages."""

    bytes_read: int = 0
    aim_s: float = TRANSACTION_S
    """What its transaction should have taken."""

    @property
    def load(self) -> float:
        """The share of its budgets that it used up, of the one that was used most."""
        return max(
            self.transaction_s / self.aim_s,
            self.chunk_s / CHUNK_S,
            self.bytes_read / CHUNK_BYTES,
        )

    def __str__(self) -> str:
        most = self.load
        if most == self.bytes_read / CHUNK_BYTES:
            what = f"were {self.bytes_read / 1e6:.1f} of {CHUNK_BYTES / 1e6:g} MB"
        elif most == self.chunk_s / CHUNK_S:
            what = f"took {self.chunk_s:.1f} of {CHUNK_S:g} s with reading and stages"
        else:
            what = f"took {self.transaction_s:.2f} of {self.aim_s:g} s of transaction"
        return f"{self.records:,} records {what}"


@dataclass(frozen=True, slots=True)
class ChunkSize:
    """The size of the next chunk, and what is known of those before it."""

    records: int = FIRST_RECORDS
    is_warm: bool = False
    """Whether a chunk has come near its budget: before that the size grows faster."""

    seen_records: float = 0.0
    """Records of the chunks heard of, the older the less."""

    seen_load: float = 0.0
    reason: str = "begins"

    def after(self, chunk: ChunkTook, *, in_flight: int = 1) -> ChunkSize:
        """Return the size that follows from one more chunk, of so many in flight.

        It is at most four times smaller than before, and at most twice as large; four times as long
        as no chunk has come near its budget. Chunks that were planned when the size was another
        one say how fast records go, but let it not grow.
        """
        if chunk.records <= 0 or chunk.load <= 0:
            return self
        is_sudden = chunk.load > SUDDEN
        decay = 0.0 if is_sudden else DECAY ** (1 / in_flight)
        seen_records = self.seen_records * decay + chunk.records
        seen_load = self.seen_load * decay + chunk.load
        heard = replace(
            self,
            is_warm=self.is_warm or chunk.load >= 1 / STEP_WARMING,
            seen_records=seen_records,
            seen_load=seen_load,
        )
        return _turned(heard, heard.bounded(seen_records / seen_load, chunk), str(chunk))

    def slowed(self, written: int, elapsed_s: float) -> ChunkSize:
        """Return the size after a transaction was broken off that had written so many records."""
        took = ChunkTook(max(written, 1), elapsed_s, elapsed_s)
        least = -(-self.records // STEP_DOWN)
        records = max(least, math.floor(took.records / took.load), 1)
        seen = replace(self, is_warm=True, seen_records=took.records, seen_load=took.load)
        return _turned(seen, min(self.records, records), f"broken off: {took}")

    def bounded(self, wanted: float, chunk: ChunkTook) -> int:
        """Return the size nearest to a wanted one that may follow the present one."""
        is_about_that_large = chunk.records * STEP_UP >= self.records
        up = STEP_UP if self.is_warm else STEP_WARMING
        most = self.records * (up if is_about_that_large else 1)
        least = -(-self.records // STEP_DOWN)
        if STEADY[0] <= wanted / self.records <= STEADY[1]:
            return self.records
        return max(1, min(math.floor(wanted), most, AUTO_RECORDS_MAX), least)


def _turned(size: ChunkSize, records: int, reason: str) -> ChunkSize:
    return size if records == size.records else replace(size, records=records, reason=reason)


def is_too_slow(written: int, of: int, elapsed_s: float, piece_s: float, pieces: int) -> bool:
    """Say whether an open transaction is to be broken off: it is late, and would get far too late.

    Args:
        written: Records that are written.
        of: Records that there are.
        elapsed_s: How long the transaction has been open.
        piece_s: How long the last piece took.
        pieces: How many there are still.
    """
    is_late = elapsed_s > TRANSACTION_S
    return is_late and 0 < written < of and elapsed_s + piece_s * pieces > LIMIT * TRANSACTION_S
