"""Making known what a proven step has written, where nobody sees it before (PROTOCOL.md 9)."""

from __future__ import annotations

from collections.abc import Sequence

from ..abc import PublishingTarget
from ..model.chunk import Marker
from ..model.ownership import Ownership, Pass
from .patience import Patience
from .plan import ChunkedPlan


def publish_proven(
    plan: ChunkedPlan, of: Pass, ownership: Ownership, chunks: Sequence[Marker], patience: Patience
) -> None:
    """Make known what a step has written, before the ledger says that it is done.

    Args:
        plan: The step's.
        of: Its pass.
        ownership: Of the run.
        chunks: The markers with which the step has just been proven.
        patience: How long a place that cannot be written now is waited for.

    Raises:
        LeaseLost, ProofFailed, SinkError: The step is not done; what was committed stays.
    """
    target = plan.target
    if isinstance(target, PublishingTarget):
        starts = plan.source.in_order([marker.part.after for marker in chunks])
        patience.until_done(lambda: target.publish(ownership, of, starts))
