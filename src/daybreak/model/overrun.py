"""Whether a job ends in its window, and what follows if it does not. Decisions only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from heapq import heapify, heappop, heappush
from itertools import compress
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

from ..errors import DefinitionError
from .shares import NOTHING, Claim, may_begin

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


def left_of(
    steps: Sequence[Step[Any]], left: Mapping[str, Left], begun: Collection[str] = ()
) -> Left:
    """Return how long some steps still take together, if they wait for each other as they do.

    Args:
        steps: Of one job, in its order, each behind those it needs.
        left: Of each what is left, by name; what is not there takes no time.
        begun: Those at work: they have what they use of the job's limits.
    """
    likely_s = _last_end(steps, {name: one.likely_s for name, one in left.items()}, begun)
    safe_s = _last_end(steps, {name: one.safe_s for name, one in left.items()}, begun)
    return Left(likely_s, max(likely_s, safe_s))  # in another order longer steps may end sooner


def _last_end(
    steps: Sequence[Step[Any]], seconds: Mapping[str, float], begun: Collection[str]
) -> float:
    """Let steps begin as the conductor lets them; return when the last one ends."""
    claims = {s.name: Claim(s.name, s.uses if s.name in seconds else NOTHING) for s in steps}
    missing = {s.name: sum(one.name in claims for one in s.after) for s in steps}
    behind: dict[str, list[str]] = {name: [] for name in claims}
    for step in steps:
        for one in step.after:
            behind.get(one.name, []).append(step.name)
    limits = steps[0].job.limits if steps else NOTHING
    at_work = [(seconds.get(name, 0.0), name) for name in claims if name in begun]
    heapify(at_work)
    waiting = [name for name in claims if not missing[name] and name not in begun]
    now_s = 0.0
    while True:
        held = [claims[name] for _, name in at_work]
        begins = may_begin(limits, held, (claims[name] for name in waiting))
        for name in compress(waiting, begins):
            heappush(at_work, (now_s + seconds.get(name, 0.0), name))
        waiting = [name for name, has_begun in zip(waiting, begins, strict=True) if not has_begun]
        if not at_work:
            return now_s
        now_s, ended = heappop(at_work)
        for name in behind[ended]:
            missing[name] -= 1
            if not missing[name] and name not in begun:  # one that has begun is at work already
                waiting.append(name)


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
