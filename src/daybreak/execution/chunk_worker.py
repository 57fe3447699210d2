"""A chunk worker: takes ranges, and brings each from its source to its commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..abc import Clock, Ownership, Pass
from ..faultpoints import hit
from ..model.ranges import Range
from ..pipeline import Block, Scope, carry
from .bad_budget import BadBudget
from .committer import Committed, Committer
from .draft import draft_of
from .plan import ChunkedPlan


def chunk_worker(
    scope: Scope,
    parts: Iterable[Range],
    plan: ChunkedPlan,
    of: Pass,
    ownership: Ownership,
    budget: BadBudget,
    clock: Clock,
) -> Iterator[Committed]:
    """Commit one range after the other; a generator, so that its yield hands the result on."""
    with plan.target.writer(ownership) as writer:
        committer = Committer(
            writer, plan.sink, of, epoch=ownership.epoch, budget=budget, clock=clock
        )
        for part in parts:
            began_s = clock.monotonic_s()
            hit("chunk.before_read")
            read = plan.source.read(part)
            hit("chunk.after_read")
            block = Block(read.values, read.origins)
            carried = carry(plan.stages, block, scope=scope)
            hit("chunk.after_stages")
            yield committer.commit(draft_of(part, read, carried), began_s=began_s)
