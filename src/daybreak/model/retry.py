"""How often and how patiently something that may succeed is tried again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits between tries, growing by doubling up to a bound."""

    first_s: float = 0.05
    most_s: float = 5.0

    def wait_s(self, tries: int, chance: float) -> float:
        """Return the wait after `tries` failed tries (from 1).

        Args:
            tries: How many tries have failed.
            chance: A number from 0 to 1 that spreads simultaneous losers apart: the wait is
                between half and all of the doubled time.
        """
        whole = min(self.first_s * 2.0 ** (tries - 1), self.most_s)
        return whole * (0.5 + chance / 2)
