"""How a command ends: its exit statuses, and which one an error means."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from ..errors import CheckFailed, DefinitionError, OwnershipError

if TYPE_CHECKING:
    from ..operations.start import Outcome


class Exit(IntEnum):
    """The exit status of a command."""

    DONE = 0
    """Done; a last line says how many records were quarantined."""

    FAILED = 1
    """Failed: mend the cause, then type the same command again."""

    USAGE = 2
    """The command or the job's file is wrong; nothing was started."""

    CHECK = 3
    """The check found faults in the data; nothing was loaded."""

    STOPPED = 4
    """Stopped between two chunks; the same command resumes."""

    OWNED = 5
    """Another process owns the run."""


def exit_of_error(error: BaseException) -> Exit:
    """Return the status that an error means."""
    match error:
        case DefinitionError():
            return Exit.USAGE
        case CheckFailed():
            return Exit.CHECK
        case OwnershipError():
            return Exit.OWNED
        case _:
            return Exit.FAILED


def exit_of_outcome(outcome: Outcome) -> Exit:
    """Return the status that the end of a run means."""
    from ..model.status import RunStatus  # noqa: PLC0415 - not for `--help`

    if outcome.error is not None:
        status = exit_of_error(outcome.error)
        # Once a run has begun, a wrong definition is a failure like any other.
        return Exit.FAILED if status is Exit.USAGE else status
    if outcome.done_alone is not None:
        return Exit.DONE
    match outcome.status:
        case RunStatus.DONE:
            return Exit.DONE
        case RunStatus.STOPPED | RunStatus.STOPPING | RunStatus.PAUSED:
            return Exit.STOPPED
        case _:
            return Exit.FAILED
