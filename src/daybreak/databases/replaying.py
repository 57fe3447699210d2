"""Replay in a target: records leave quarantine, and their fates move, in one transaction.

Each replay has a row of its own, written first as a chunk's marker is: a lost COMMIT is decided by
it, and the counts stay in it when the records, which may be personal data, are gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ..abc import Clock
from ..model.chunk import FatesMoved, Kept
from ..model.fate import Counts
from ..model.ownership import Ownership, Pass
from ..model.row import Row
from .statement import load
from .writer import Writer


class ReplayWriter:
    """`abc.ReplayWriter` over the writer that the sink and the isolator are given."""

    def __init__(self, writer: Writer, ownership: Ownership, clock: Clock) -> None:
        self.chunk = writer
        self._ownership = ownership
        self._clock = clock

    def begin(self, of: Pass, number: int) -> bool:
        """Fence, and write the row of the replay; False if it is committed already."""
        return self.chunk.enter("replay_mark", **self._key(of, number))

    def stored(self, of: Pass, number: int) -> Counts | None:
        """Return what became of the records of a committed replay."""
        rows = self.chunk.ask("replay_one", **self._key(of, number))
        return counts_of(rows[0]) if rows else None

    def take(self, of: Pass, records: Sequence[Kept]) -> int:
        """Remove records from quarantine; return how many were there."""
        return self._each(
            "quarantine_take",
            of,
            [{"range_after": one.part.after, "origin": one.origin} for one in records],
        )

    def move(self, of: Pass, moved: Sequence[FatesMoved]) -> int:
        """Add to the counts of committed markers; return how many were there."""
        return self._each(
            "marker_move",
            of,
            [
                {
                    "range_after": one.part.after,
                    "passed": one.counts.passed,
                    "filtered": one.counts.filtered,
                    "quarantined": one.counts.quarantined,
                    "superseded": one.counts.superseded,
                    "refused": one.refused,
                    "written": one.counts.written,
                }
                for one in moved
            ],
        )

    def commit(self, of: Pass, number: int, counts: Counts) -> None:
        """Write the counts into the replay's row, and commit."""
        self.chunk.leave(
            "replay_complete",
            lambda: self.stored(of, number) is not None,
            **self._key(of, number),
            taken=counts.read,
            passed=counts.passed,
            filtered=counts.filtered,
            quarantined=counts.quarantined,
            superseded=counts.superseded,
            written=counts.written,
            replayed_at=self._clock.now().isoformat(),
        )

    def _each(self, name: str, of: Pass, binds: Sequence[dict[str, Any]]) -> int:
        tx = self.chunk.transaction
        common = {"run_key": self._ownership.run_key, "step": of.step, "pass_": of.number}
        return tx.executemany(load(tx.dialect, name), [{**common, **bind} for bind in binds])

    def _key(self, of: Pass, number: int) -> dict[str, Any]:
        return {
            "run_key": self._ownership.run_key,
            "step": of.step,
            "pass_": of.number,
            "epoch": self._ownership.epoch,
            "number": number,
        }


def counts_of(row: Row) -> Counts:
    """Return what became of the records of a replay."""
    return Counts(
        row.records_taken,
        row.records_passed,
        row.records_filtered,
        row.records_quarantined,
        row.records_superseded,
        row.rows_written,
    )


def replayed_of(row: Row) -> tuple[datetime, Counts]:
    """Return when records were replayed, and what became of them."""
    return datetime.fromisoformat(row.replayed_at), counts_of(row)
