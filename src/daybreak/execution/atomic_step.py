"""An atomic step: its body, its marker and its result are one transaction (PROTOCOL.md 8)."""

from __future__ import annotations

from typing import Any, Final

from ..abc import ChunkWriter, Target
from ..faultpoints import hit
from ..model.chunk import Marker
from ..model.fate import Counts
from ..model.job import Step
from ..model.ownership import Pass
from ..model.ranges import Range
from .chunked_step import Surroundings

ATOMIC: Final = Range("atomic", "atomic")
"""The marker of an atomic step; no cursor's text looks like this."""


def run_atomic(step: Step[Any], pass_number: int, around: Surroundings) -> str | None:
    """Run an atomic step, unless its marker says that it is committed; return its value as JSON.

    Raises:
        RunError, LedgerError: Nothing of the step was committed.
    """
    target = around.bodies.target_of(step)
    around.patiently(lambda: around.targets.join(target))
    return _commit(step, Pass(step.name, pass_number), target, around)


def _commit(step: Step[Any], of: Pass, target: Target, around: Surroundings) -> str | None:
    with target.writer(around.ledger.ownership) as writer:
        return around.patiently(lambda: _once(step, of, writer, around))


def _once(step: Step[Any], of: Pass, writer: ChunkWriter, around: Surroundings) -> str | None:
    began_s = around.clock.monotonic_s()
    try:
        if not writer.begin(of, ATOMIC):
            stored = writer.stored(of, ATOMIC)
            assert stored is not None, "a marker that refuses another can be seen"
            return stored.value
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
