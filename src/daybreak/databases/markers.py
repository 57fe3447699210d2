"""Markers as the target's rows hold them."""

from __future__ import annotations

from datetime import datetime

from ..errors import TransactionEnded
from ..model.chunk import Marker
from ..model.fate import Counts
from ..model.ranges import Range
from ..model.row import Row


def marker_of(row: Row) -> Marker:
    """Return the marker that a row holds.

    Raises:
        TransactionEnded: If it was committed without its counts: somebody else than its owner
            ended the transaction, and effects may be durable that no marker speaks of.
    """
    part = Range(row.range_after, row.range_upto)
    if row.committed_at is None:
        raise TransactionEnded(
            f"the marker of {part} was committed without its counts",
            hint="a function ended the transaction; see which effects of this range are in the"
            " data, undo them, delete the marker, and run again",
        )
    return Marker(
        part=part,
        epoch=row.epoch,
        counts=Counts(
            row.records_read,
            row.records_passed,
            row.records_filtered,
            row.records_quarantined,
            row.records_superseded,
            row.rows_written,
        ),
        bytes_read=row.bytes_read,
        digest=row.digest,
        duration_s=row.duration_s,
        committed_at=datetime.fromisoformat(row.committed_at),
        refused=row.records_refused,
        value=row.value,
    )
