"""Targets in which a run has worked: joined, and asked what they know (PROTOCOL.md 4 and 5)."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import Any

from ..abc import Target
from ..errors import LedgerBehind
from ..model.chunk import Marker
from ..model.job import Step, StepKind
from ..model.ownership import Pass
from ..model.progress import StepRow
from ..model.status import StepStatus
from .atomic_step import ATOMIC
from .chunked_step import Surroundings
from .patience import MAY_PASS
from .prepare import PREPARED
from .proof import sum_of


def verify_done(step: Step[Any], row: StepRow, around: Surroundings) -> None:
    """Compare a finished step's counts with the markers in its target.

    Raises:
        LedgerBehind: If the target knows less: a failover or a restored backup lost commits.
        RunOwned: If an old owner still holds a transaction there.
    """
    target = _target_of(step, row, around)
    if target is None:
        return
    run_key = around.ledger.ownership.run_key
    of = Pass(step.name, row.pass_number)
    around.patiently(lambda: around.targets.join(target))
    markers = around.patiently(lambda: target.markers(run_key, of))
    refuse_lost(step, row, markers, target.name)


def refuse_lost(step: Step[Any], row: StepRow, markers: Collection[Marker], target: str) -> None:
    """Compare a finished step's counts with its markers.

    Args:
        step: The step.
        row: What the ledger says of it.
        markers: All of its pass that the target has.
        target: The target's name.

    Raises:
        LedgerBehind: If the target knows less.
    """
    if step.kind is StepKind.ATOMIC:
        if not any(marker.part == ATOMIC for marker in markers):
            raise _behind(step, target, "is done", "has no marker of it")
        return
    counts = sum_of(marker for marker in markers if marker.part != PREPARED)
    if counts != row.counts:
        raise _behind(step, target, f"says: {row.counts}", f"says: {counts}")


def join_begun(step: Step[Any], row: StepRow, around: Surroundings) -> None:
    """Join the target of a step that has begun, before anything waits for an old owner's locks.

    One that cannot be reached now is left to the step, which has patience with it.

    Raises:
        RunOwned: If an old owner still holds a transaction there.
    """
    target = None if row.status is StepStatus.WAITING else _target_of(step, row, around)
    if target is not None:
        with suppress(*MAY_PASS):
            around.targets.join(target)


def _target_of(step: Step[Any], row: StepRow, around: Surroundings) -> Target | None:
    if step.kind is StepKind.ATOMIC:
        return around.bodies.target_of(step)
    if step.kind is StepKind.STEP and row.fingerprint is not None:
        return around.bodies.target_named(str(row.fingerprint["database"]))
    return None


def _behind(step: Step[Any], target: str, ledger: str, found: str) -> LedgerBehind:
    return LedgerBehind(
        f"step {step.name}: the ledger {ledger}; {target} {found}",
        hint="the target lost commits (failover, restored backup?): bring them back, or start"
        " a new run with --again",
        step=step.name,
        database=target,
    )
