"""How often a stage may call its function: one rate, shared by all its workers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Final

from ..errors import DefinitionError

_SECONDS: Final = {"s": 1.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Rate:
    """Calls a second, a minute or an hour, evenly spaced."""

    calls: float
    unit: str
    """`s`, `min` or `h`."""

    @classmethod
    def parse(cls, text: object) -> Rate:
        """Read `"200/s"`, `"10/min"` or `"0.5/h"`.

        Raises:
            DefinitionError: If it is none of them, or not positive.
        """
        found = re.fullmatch(r"(\d+(?:\.\d+)?)/(s|min|h)", text) if isinstance(text, str) else None
        if found is None or float(found[1]) == 0:
            raise DefinitionError(
                f"expected a rate, got {text!r}", hint='write for example rate="200/s" or "10/min"'
            )
        return cls(float(found[1]), found[2])

    @property
    def spacing_s(self) -> float:
        """Seconds from one call to the next."""
        return _SECONDS[self.unit] / self.calls

    def __str__(self) -> str:
        return f"{self.calls:g}/{self.unit}"


class Limiter:
    """Gives each call its time; those who come early wait, and time not used is not saved up.

    Args:
        rate: How often.
        clock: Seconds that never jump; for tests.
    """

    def __init__(self, rate: Rate, clock: Callable[[], float] = monotonic) -> None:
        self.rate = rate
        self._spacing_s = rate.spacing_s
        self._clock = clock
        self._next = clock()
        self._lock = Lock()
        self.waited_s = 0.0
        """Seconds for which calls were held back so far, all together."""

    def wait_s(self, calls: int = 1) -> float:
        """Take the next free time for so many calls; return how many seconds it is ahead."""
        with self._lock:
            now = self._clock()
            mine = max(now, self._next)
            self._next = mine + self._spacing_s * calls
            self.waited_s += mine - now
            return mine - now
