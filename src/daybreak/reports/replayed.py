"""What a replay did, for people: one line a step, and what it leaves to be done."""

from __future__ import annotations

from collections.abc import Iterator

from ..operations.replay import ReplayOutcome
from ..operations.replaying import StepReplay
from .wording import records, visible


def replayed_lines(outcome: ReplayOutcome) -> Iterator[str]:
    """Yield what a replay did, line by line."""
    for step in outcome.steps:
        if step.counts.read or step.left:
            yield _step_line(step)
    if outcome.gone:
        yield f"{records(outcome.gone)} of the export left quarantine before: replayed already"
    if outcome.killers:
        yield (
            f"{records(outcome.killers)} left out: the process died, as it did of them before;"
            " mend the code, or repair them"
        )
    if outcome.erased:
        yield f"{records(outcome.erased)} cannot be replayed: erased"
    if not any(step.counts.read for step in outcome.steps):
        yield "nothing was replayed"
    for stale in outcome.stale:
        were = "was" if stale.records == 1 else "were"
        yield (
            f"{visible(stale.step)} was computed before {records(stale.records)} of"
            f" {visible(stale.before)} {were} replayed; run it again with --only {stale.step}"
        )
    yield f"run {outcome.run} is {outcome.status.value}; {records(outcome.quarantined)} quarantined"


def _step_line(step: StepReplay) -> str:
    counts = step.counts
    superseded = f" {counts.superseded:,} superseded," if counts.superseded else ""
    left = f"; {step.left:,} were left, for it was stopped" if step.left else ""
    return (
        f"{visible(step.step)}: {records(counts.read)} replayed: {counts.passed:,} passed,"
        f" {counts.filtered:,} filtered,{superseded} {counts.quarantined:,} set aside again{left}"
    )
