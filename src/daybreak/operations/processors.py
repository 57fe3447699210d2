"""How busy the processors of this machine are, where its kernel says so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

_STAT: Final = Path("/proc/stat")
_IDLE: Final = slice(3, 5)
"""Idle, and idle while a disk was waited for."""

_COUNTED: Final = 8
"""What stands behind is counted in what stands before already."""


@dataclass(frozen=True, slots=True)
class Ticks:
    """What all processors did since the machine began, in ticks of its kernel."""

    idle: int
    all: int

    def busy_since(self, before: Ticks) -> float | None:
        """Return the share that was not idle since then, 0 to 1; None if no tick has passed."""
        passed = self.all - before.all
        return 1 - (self.idle - before.idle) / passed if passed > 0 else None


def ticks(stat: Path = _STAT) -> Ticks | None:
    """Return what the processors did so far; None where it is not told."""
    try:
        words = stat.read_text().split("\n", 1)[0].split()
    except OSError:
        return None
    counts = [int(word) for word in words[1 : 1 + _COUNTED]]
    return Ticks(idle=sum(counts[_IDLE]), all=sum(counts))
