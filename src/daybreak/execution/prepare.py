"""Making a target ready for a pass, exactly once, however often the step is begun."""

from __future__ import annotations

from typing import Final

from ..abc import ChunkWriter, Clock
from ..faultpoints import hit
from ..model.chunk import Marker
from ..model.fate import Counts
from ..model.ownership import Ownership, Pass
from ..model.ranges import Range
from .patience import Patience
from .plan import ChunkedPlan

PREPARED: Final = Range("prepared", "prepared")
"""The marker of a pass's preparation; no cursor's text looks like this."""


def prepare_once(
    plan: ChunkedPlan,
    of: Pass,
    ownership: Ownership,
    clock: Clock,
    patience: Patience,
) -> None:
    """Create or empty what the sink needs, in a fenced transaction with a marker of its own.

    Raises:
        LeaseLost: If another process owns the run; nothing was written.
    """
    with plan.target.writer(ownership) as writer:
        patience.until_done(lambda: _once(plan, of, writer, ownership, clock))


def _once(
    plan: ChunkedPlan, of: Pass, writer: ChunkWriter, ownership: Ownership, clock: Clock
) -> None:
    began_s = clock.monotonic_s()
    try:
        if not writer.begin(of, PREPARED):
            return
        with writer.guarded():
            plan.sink.prepare(writer.transaction)
        duration_s = clock.monotonic_s() - began_s
        marker = Marker(PREPARED, ownership.epoch, Counts(), 0, "", duration_s, clock.now())
        hit("step.before_prepare_commit")
        writer.commit(of, marker)
        hit("step.after_prepare_commit")
    finally:
        writer.rollback()
