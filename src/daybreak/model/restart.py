"""Beginning again: which steps a command means, and what stands in the way (PROTOCOL.md 11).

Pure decisions. A step may begin again if what its former passes committed can be replaced: a table
that it replaces, rows that it writes over by their keys, an atomic step with `undo=`, a task (its
files are the run's own), or nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ..errors import DefinitionError
from .fate import Counts
from .job import Job, Step, StepKind
from .progress import Former, StepRow

_WHERE_EFFECTS_ARE: Final = ("sink", "database")
_REPLACEABLE: Final = ("replace", "upsert")
"""Modes of a table whose effects can be written once more."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a command wants to begin again."""

    step: str | None = None
    """A step; None for the whole run."""

    is_only: bool = False
    """Only that step, and only if it is done: otherwise it is resumed. Else those behind it too."""

    undone: frozenset[str] = frozenset()
    """Steps whose effects a person has taken back by hand."""

    is_once_more: bool = False
    """Begin again although the last restart of the same steps is not done."""

    has_begun: bool = False
    """An attempt of the same command has begun all of it, and died: nothing begins any more."""

    def steps(self, job: Job) -> tuple[Step[Any], ...]:
        """Return the steps that are meant, in the job's order.

        Raises:
            DefinitionError: If the job has no such step, or `undone` names another.
        """
        if self.step is None:
            meant = job.steps
        else:
            step = job.step_named(self.step)
            meant = (step,) if self.is_only else (step, *step.downstream)
        names = [step.name for step in meant]
        for name in sorted(self.undone):
            if name not in names:
                raise DefinitionError(
                    f"--undone names {name!r}, which does not begin again",
                    hint=f"these do: {', '.join(names)}",
                )
        return meant


@dataclass(frozen=True, slots=True)
class Standing:
    """What a step's present pass has committed, as its target says."""

    row: StepRow
    counts: Counts
    has_committed: bool

    @property
    def left(self) -> Former | None:
        """What a new pass must replace; None if there is nothing."""
        if self.has_committed:
            known = self.row.fingerprint or {}
            facts = {name: known[name] for name in _WHERE_EFFECTS_ARE if name in known}
            return Former(self.row.pass_number, facts)
        return self.row.former


def obstacle(step: Step[Any], standing: Standing) -> str | None:
    """Return what stands in the way of a step that is to begin again; None if nothing does."""
    left = standing.left
    if left is None or step.kind is StepKind.TASK:
        return None
    if step.kind is StepKind.ATOMIC:
        return None if step.undo else f"step {step.name} has committed, and has no undo="
    sink = left.facts.get("sink", {})
    if sink.get("mode") in _REPLACEABLE:
        return None
    counts = standing.counts
    if "table" in sink:
        return (
            f"step {step.name} inserts into {sink['table']}:"
            f" {counts.written:,} rows of this run are there"
        )
    function = sink.get("each") or sink.get("each_chunk") or "its function"
    return (
        f"step {step.name} has given {counts.passed:,} records of this run to {function}:"
        f" {counts.written:,} rows were touched"
    )
