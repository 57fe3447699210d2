"""An atomic step: its body, its marker and its result are one transaction (PROTOCOL.md 8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from ..abc import ChunkWriter, Target, Transaction
from ..errors import RestartRefused
from ..faultpoints import hit
from ..model.chunk import Marker
from ..model.fate import Counts
from ..model.job import Step
from ..model.ownership import Pass
from ..model.progress import Former
from ..model.ranges import Range
from .chunked_step import Surroundings

Undo: TypeAlias = Callable[[Transaction], None]

ATOMIC: Final = Range("atomic", "atomic")
"""The marker of an atomic step; no cursor's text looks like this."""


def run_atomic(
    step: Step[Any], pass_number: int, around: Surroundings, former: Former | None = None
) -> str | None:
    """Run an atomic step, unless its marker says that it is committed; return its value as JSON.

    Args:
        step: The step.
        pass_number: Its present pass.
        around: What all steps share.
        former: What an earlier pass left: it is undone in the same transaction, before the body.

    Raises:
        RestartRefused: If nobody says how to undo that. Nothing of the step was committed.
        RunError, LedgerError: Nothing of the step was committed.
    """
    target = around.bodies.target_of(step)
    undo = None if former is None else _undo_of(step, former)
    around.patiently(lambda: around.targets.join(target))
    return _commit(step, Pass(step.name, pass_number), target, around, undo)


def _undo_of(step: Step[Any], former: Former) -> Undo:
    if step.undo is None:
        raise RestartRefused(
            f"step {step.name} has committed in its pass {former.number}, and has no undo= now",
            hint="give it back its undo=; or undo it by hand, and say so: daybreak restart RUN"
            f" {step.name} --undone {step.name} --again",
            step=step.name,
        )
    return step.undo


def _commit(
    step: Step[Any], of: Pass, target: Target, around: Surroundings, undo: Undo | None
) -> str | None:
    with target.writer(around.ledger.ownership) as writer:
        return around.patiently(lambda: _once(step, of, writer, around, undo))


def _once(
    step: Step[Any], of: Pass, writer: ChunkWriter, around: Surroundings, undo: Undo | None
) -> str | None:
    began_s = around.clock.monotonic_s()
    try:
        if not writer.begin(of, ATOMIC):
            stored = writer.stored(of, ATOMIC)
            assert stored is not None, "a marker that refuses another can be seen"
            return stored.value
        if undo is not None:
            hit("atomic.before_undo")
            with writer.guarded():
                undo(writer.transaction)
            hit("atomic.after_undo")
        hit("atomic.before_body")
        with writer.guarded():
            value = around.bodies.atomic(step, writer.transaction)
        hit("atomic.after_body")
        duration_s = around.clock.monotonic_s() - began_s
        epoch, now = around.ledger.ownership.epoch, around.clock.now()
        hit("atomic.before_commit")
        writer.commit(of, Marker(ATOMIC, epoch, Counts(), 0, "", duration_s, now, value=value))
        hit("atomic.after_commit")
        return value
    finally:
        writer.rollback()
