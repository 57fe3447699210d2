"""What a user's function raised, as an error of ours that names its step."""

from __future__ import annotations

from typing import Any

from ..errors import DaybreakError, StepFailed
from ..model.job import Step


def failure_of(step: Step[Any], error: Exception) -> DaybreakError:
    """Return the error by which a step failed: ours as it is, any other behind a `StepFailed`."""
    if isinstance(error, DaybreakError):
        return error
    failed = StepFailed(
        f"{type(error).__name__}: {error}",
        hint="mend the function or what it needs, then run the same command again",
        step=step.name,
    )
    failed.__cause__ = error
    return failed
