"""Whether the owners of other runs are alive, by the rule by which a run can be taken over.

Silence is found out by looking now and then, for as long as somebody waits; see `ownership` for
the rule and for why no clocks are compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..abc import Clock
from .ownership import LOOKS_A_LEASE
from .rows import RunRow

LOOK_SHARE_MAX: Final = 2 / LOOKS_A_LEASE
"""Of the time between two looks no more than this share of the lease counts as silence: if this
process was stopped, or the machine with all on it, the owner had no chance to give a sign."""


@dataclass(slots=True)
class _Seen:
    """What the last look at an owner saw."""

    epoch: int
    beat: int
    at_s: float
    silent_s: float = 0.0


class SilenceWatch:
    """Watches the owners of other runs, as long as somebody looks.

    Args:
        clock: Its monotonic time counts.
        is_gone: Whether the kernel of this machine says that a run's owner is dead.
    """

    def __init__(self, clock: Clock, is_gone: Callable[[RunRow], bool]) -> None:
        self._clock = clock
        self._is_gone = is_gone
        self._seen: dict[int, _Seen] = {}

    def is_dead(self, run: RunRow) -> bool:
        """Look at a run as it stands now, and say whether its owner is dead.

        That is: the kernel says so, or it was silent for its whole lease while it was looked at.
        """
        assert run.lease is not None
        if self._is_gone(run):
            return True
        now_s = self._clock.monotonic_s()
        seen = self._seen.get(run.id)
        if seen is None or (seen.epoch, seen.beat) != (run.epoch, run.lease.beat):
            self._seen[run.id] = _Seen(run.epoch, run.lease.beat, now_s)
            return False
        seen.silent_s += min(now_s - seen.at_s, run.lease.length_s * LOOK_SHARE_MAX)
        seen.at_s = now_s
        return seen.silent_s >= run.lease.length_s
