"""The steps' functions as a rehearsal calls them: some of their records only, by one worker."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..abc import EstimatedSource, Target, Transaction
from ..connectors.part_of_source import FirstRecords, SpreadRecords
from ..execution.plan import Bodies, ChunkedPlan
from ..model.fate import Counts
from ..model.job import Step
from ..model.knobs import Knobs


class RehearsedBodies:
    """`execution.plan.Bodies` around those of a run.

    Args:
        bodies: The steps' functions.
        records: At most so many records of each step are read.
        is_alone: Whether there is one transaction, in which one worker has room.
        is_spread: Whether they are read from everywhere in the source, else from its beginning.
    """

    def __init__(
        self, bodies: Bodies, *, records: int, is_alone: bool, is_spread: bool = False
    ) -> None:
        self._bodies = bodies
        self._records = records
        self._is_alone = is_alone
        self._part = SpreadRecords.of if is_spread else FirstRecords
        self.totals: dict[str, int | None] = {}
        """By step: how many records its source holds."""

        self.abouts: dict[str, int] = {}
        """The same, about, of sources that cannot count them."""

        self._spread: dict[str, SpreadRecords] = {}

    def chunked(self, step: Step[Any]) -> ChunkedPlan:
        plan = self._bodies.chunked(step)
        total = self.totals[step.name] = plan.source.total()
        if total is None and isinstance(plan.source, EstimatedSource):
            about = plan.source.about(None)
            if about is not None:
                self.abouts[step.name] = about.records
        part = self._part(plan.source, self._records)
        if isinstance(part, SpreadRecords):
            self._spread[step.name] = part
        return replace(plan, source=part)

    def places(self, step: Step[Any]) -> int | None:
        """Return from how many places in its source its records came; None for its beginning."""
        spread = self._spread.get(step.name)
        return None if spread is None else spread.places

    def aside_s(self, step: Step[Any]) -> float:
        """Return how long these places were looked for, which no run does."""
        spread = self._spread.get(step.name)
        return 0.0 if spread is None else spread.divided_in_s

    def knobs(self, step: Step[Any]) -> Knobs:
        knobs = self._bodies.knobs(step)
        if not self._is_alone:
            return knobs
        # All of it is one transaction: what a chunk takes in it says nothing of a run's.
        return replace(knobs, parallel=1, chunk_adapts=False, parallel_adapts=False)

    def task(self, step: Step[Any]) -> str:
        return self._bodies.task(step)

    def atomic(self, step: Step[Any], tx: Transaction) -> str:
        return self._bodies.atomic(step, tx)

    def target_of(self, step: Step[Any]) -> Target:
        return self._bodies.target_of(step)

    def target_named(self, name: str) -> Target | None:
        return self._bodies.target_named(name)

    def code(self, step: Step[Any]) -> str:
        return self._bodies.code(step)

    def done(self, step: Step[Any], value: str | None, counts: Counts) -> None:
        self._bodies.done(step, value, counts)
