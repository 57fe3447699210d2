"""The life of a run and of a step: their statuses, and the only moves between them.

Pure values. The ledger enforces the tables in its `UPDATE ... WHERE status` statements. Shape after
Shopify's maintenance_tasks `RunStatusValidator`: one reason per edge.
"""

from __future__ import annotations

from enum import StrEnum

from ..errors import InvalidTransition


class RunStatus(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    """A process holds its lease and commits chunks; or it died: shown as "owner gone"."""

    STOPPING = "stopping"
    """Asked to stop; the chunks in flight are being finished."""

    PAUSED = "paused"
    """Held between two chunks; its owner waits."""

    STOPPED = "stopped"
    """Ended between two chunks, by a person, a signal or its window; resumable."""

    FAILED = "failed"
    """The cause is in `error`; resumable once it is mended."""

    CANCELLED = "cancelled"
    """Given up by a person. Final."""

    DONE = "done"
    """Every step's chain is closed and its fates add up; final unless a step begins again."""


TRANSITIONS: dict[RunStatus, frozenset[RunStatus]] = {
    # running -> running: its owner died, and another process takes over.
    # running -> stopping: a person, SIGTERM, or the end of the window asks.
    # running -> paused: a person or a health signal asks.
    # running -> failed / done: the run ended by itself.
    # running -> cancelled: a person gives up a run whose owner is gone.
    RunStatus.RUNNING: frozenset(
        {
            RunStatus.RUNNING,
            RunStatus.STOPPING,
            RunStatus.PAUSED,
            RunStatus.FAILED,
            RunStatus.CANCELLED,
            RunStatus.DONE,
        }
    ),
    # stopping -> done: the chunks in flight were the last ones.
    # stopping -> running: its owner died while stopping, and another process takes over.
    RunStatus.STOPPING: frozenset(
        {RunStatus.STOPPED, RunStatus.FAILED, RunStatus.DONE, RunStatus.RUNNING}
    ),
    # paused -> running: the person or the signal lets go, or another process takes over.
    RunStatus.PAUSED: frozenset({RunStatus.RUNNING, RunStatus.STOPPED, RunStatus.CANCELLED}),
    # stopped, failed -> running: the same command resumes.
    RunStatus.STOPPED: frozenset({RunStatus.RUNNING, RunStatus.CANCELLED}),
    RunStatus.FAILED: frozenset({RunStatus.RUNNING, RunStatus.CANCELLED}),
    RunStatus.CANCELLED: frozenset(),
    # done -> running: a person begins a step of it again; resuming alone never does that.
    RunStatus.DONE: frozenset({RunStatus.RUNNING}),
}


class StepStatus(StrEnum):
    """Where a step of a run stands."""

    WAITING = "waiting"
    """A step before it is not done yet, or it has not been started."""

    RUNNING = "running"
    """It is at work, or its owner died at work."""

    STOPPED = "stopped"
    """It ended between two chunks; the next attempt goes on from its checkpoint."""

    FAILED = "failed"
    """The cause is in `error`; the next attempt goes on from its checkpoint."""

    DONE = "done"
    """It proved itself; its value or its counts are kept."""


STEP_TRANSITIONS: dict[StepStatus, frozenset[StepStatus]] = {
    StepStatus.WAITING: frozenset({StepStatus.RUNNING}),
    # running -> running: a new attempt found it at work under an owner that is gone.
    # any -> waiting: a person begins it again, in a new pass; of the former one history is left.
    StepStatus.RUNNING: frozenset(
        {
            StepStatus.RUNNING,
            StepStatus.STOPPED,
            StepStatus.FAILED,
            StepStatus.DONE,
            StepStatus.WAITING,
        }
    ),
    StepStatus.STOPPED: frozenset({StepStatus.RUNNING, StepStatus.WAITING}),
    StepStatus.FAILED: frozenset({StepStatus.RUNNING, StepStatus.WAITING}),
    StepStatus.DONE: frozenset({StepStatus.WAITING}),
}

assert set(TRANSITIONS) == set(RunStatus), "every status states its next moves, even if none"
assert set(STEP_TRANSITIONS) == set(StepStatus), "every status states its next moves, even if none"


def sources_of(wanted: RunStatus) -> frozenset[RunStatus]:
    """Return the statuses from which a run may become `wanted`: what the ledger's UPDATE checks."""
    return frozenset(status for status, nexts in TRANSITIONS.items() if wanted in nexts)


def takeable_from(*, begins_again: bool) -> frozenset[RunStatus]:
    """Return the statuses from which a process may become a run's owner.

    Args:
        begins_again: Whether it is going to begin a step again: only that opens a run that is done.
    """
    sources = sources_of(RunStatus.RUNNING)
    return sources if begins_again else sources - {RunStatus.DONE}


def check_takeable(current: RunStatus, *, begins_again: bool) -> None:
    """Raise unless a process may become the owner of a run of this status.

    Raises:
        InvalidTransition: If it may not; nothing was written.
    """
    _check(current, RunStatus.RUNNING, TRANSITIONS[current], "run")
    if current not in takeable_from(begins_again=begins_again):
        raise InvalidTransition(
            f"a {current} run is not resumed",
            hint="begin a step of it again: daybreak restart RUN STEP; or start a new run",
        )


def check_transition(current: RunStatus, wanted: RunStatus) -> None:
    """Raise unless a run may go from `current` to `wanted`.

    Raises:
        InvalidTransition: If the table has no such edge; nothing was written.
    """
    _check(current, wanted, TRANSITIONS[current], "run")


def check_step_transition(current: StepStatus, wanted: StepStatus) -> None:
    """Raise unless a step may go from `current` to `wanted`.

    Raises:
        InvalidTransition: If the table has no such edge; nothing was written.
    """
    _check(current, wanted, STEP_TRANSITIONS[current], "step")


def _check(current: StrEnum, wanted: StrEnum, allowed: frozenset[StrEnum], what: str) -> None:
    if wanted in allowed:
        return
    names = ", ".join(sorted(allowed))
    raise InvalidTransition(
        f"a {current} {what} cannot become {wanted}",
        hint=f"it may become: {names}" if names else f"it is final; start a new {what}",
    )
