"""Whether a job ends in its window, and what follows if it does not. Decisions only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

from ..errors import DefinitionError

if TYPE_CHECKING:
    from .job import Step

OnOverrun: TypeAlias = Literal["warn", "stop"]
"""What happens at the end of the window: the run is told of only, or it stops."""

BACK: Final = 0.95
"""A warning is taken back once the rest would end in so much of the time that is left."""


class Outlook(StrEnum):
    """Whether the window is long enough."""

    ON_TIME = "on time"
    AT_RISK = "may overrun"
    """The likely end lies inside the window, the safe bound beyond it."""

    LATE = "will overrun"
    OVER = "overran"
    """The window has ended."""


@dataclass(frozen=True, slots=True)
class Left:
    """How long something still takes, in seconds."""

    likely_s: float = 0.0
    safe_s: float = 0.0
    """What it hardly exceeds."""

    def later(self, seconds: float) -> Left:
        """Return what is left of it after some time."""
        return Left(max(self.likely_s - seconds, 0.0), max(self.safe_s - seconds, 0.0))


def read_on_overrun(on_overrun: str, *, has_window: bool) -> OnOverrun:
    """Check `on_overrun=`.

    Raises:
        DefinitionError: If it is neither, or the job has no window to overrun.
    """
    if on_overrun not in get_args(OnOverrun):
        raise DefinitionError(
            f"expected on_overrun to be 'warn' or 'stop', got {on_overrun!r}",
            hint='write on_overrun="stop" if the run is to go on the next night',
        )
    if on_overrun == "stop" and not has_window:
        raise DefinitionError(
            "a job stops at the end of its window, and this one has none",
            hint='give it one: window="02:00-05:00 Asia/Tokyo"',
        )
    return "stop" if on_overrun == "stop" else "warn"


def left_of(steps: Sequence[Step[Any]], left: Mapping[str, Left]) -> Left:
    """Return how long some steps still take together: the longest way through their net.

    Args:
        steps: In the job's order, each behind those it needs.
        left: Of each what is left, by name; what is not there takes no time.
    """
    ends: dict[str, Left] = {}
    for step in steps:
        before = [ends[one.name] for one in step.after if one.name in ends]
        own = left.get(step.name, Left())
        ends[step.name] = Left(
            max((one.likely_s for one in before), default=0.0) + own.likely_s,
            max((one.safe_s for one in before), default=0.0) + own.safe_s,
        )
    return Left(
        max((one.likely_s for one in ends.values()), default=0.0),
        max((one.safe_s for one in ends.values()), default=0.0),
    )


def outlook(left: Left, now: datetime, ends_at: datetime, before: Outlook) -> Outlook:
    """Say whether what is left ends in the window; what was said before is not taken back at once.

    Args:
        left: Of the job.
        now: The instant.
        ends_at: Of the window.
        before: What was said last.
    """
    window_s = (ends_at - now).total_seconds()
    if window_s <= 0:
        return Outlook.OVER
    calm_s = window_s * BACK
    if left.likely_s > (calm_s if before is Outlook.LATE else window_s):
        return Outlook.LATE
    if left.safe_s > (window_s if before is Outlook.ON_TIME else calm_s):
        return Outlook.AT_RISK
    return Outlook.ON_TIME


def is_last_boundary(now: datetime, ends_at: datetime, chunk_s: float) -> bool:
    """Say whether a chunk that takes so long, begun now, would end beyond the window."""
    return now + timedelta(seconds=chunk_s) > ends_at or now >= ends_at
