"""A chunk worker: takes ranges, and brings each from its source to its commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from ..abc import Clock
from ..faultpoints import hit
from ..model.limits import PATIENCE_S
from ..model.ownership import Ownership, Pass
from ..model.ranges import Range
from ..pipeline import Block, Scope, carry
from .bad_budget import BadBudget
from .committer import Committed, Committer
from .draft import Draft, draft_of
from .patience import MAY_PASS, patiently
from .plan import ChunkedPlan
from .stop_request import StopRequest


@dataclass(frozen=True, slots=True)
class ChunkWorker:
    """What all workers of a step share; each call of `work` is one of them."""

    plan: ChunkedPlan
    of: Pass
    ownership: Ownership
    budget: BadBudget
    clock: Clock
    scope: Scope
    """Whose threads stages with several workers use."""

    stop: StopRequest
    patience_s: float = PATIENCE_S

    def work(self, parts: Iterable[Range]) -> Iterator[Committed]:
        """Commit one range after the other; a generator, so that its yield hands the result on."""
        with self.plan.target.writer(self.ownership) as writer:
            committer = Committer(
                writer,
                self.plan.sink,
                self.of,
                epoch=self.ownership.epoch,
                budget=self.budget,
                clock=self.clock,
                patience_s=self.patience_s,
            )
            for part in parts:
                if self.stop.is_requested:
                    return
                began_s = self.clock.monotonic_s()
                draft = patiently(partial(self._draft, part), self.clock, self.patience_s)
                yield committer.commit(draft, began_s=began_s)

    def _draft(self, part: Range) -> Draft:
        hit("chunk.before_read")
        read = self.plan.source.read(part)
        hit("chunk.after_read")
        block = Block(read.values, read.origins)
        carried = carry(self.plan.stages, block, scope=self.scope)
        hit("chunk.after_stages")
        for failure in carried.failures:
            if isinstance(failure.error, MAY_PASS):
                raise failure.error  # no record's fault: the chunk is computed again
        return draft_of(part, read, carried)
