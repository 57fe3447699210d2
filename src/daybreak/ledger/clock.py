"""The machine's own time and patience, as the ledger uses them unless a test gives others."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ..abc import Clock
from ..model.retry import Backoff

WRITE_PATIENCE_S = 30.0
"""How long a read or write that the database cannot do now is tried again."""


class SystemClock:
    """`abc.Clock` over the machine's clocks."""

    def now(self) -> datetime:
        """Return the wall-clock instant, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class Patience:
    """How the ledger waits: everything here is replaced in tests, which never sleep."""

    clock: Clock = field(default_factory=SystemClock)
    wait: Callable[[float], object] = time.sleep
    """Waits so many seconds."""

    chance: Callable[[], float] = random.random
    """Gives a number from 0 to 1 that spreads simultaneous losers apart."""

    most_s: float = WRITE_PATIENCE_S
    """How long a read or write that the database cannot do now is tried again."""

    backoff: Backoff = field(default_factory=Backoff)
