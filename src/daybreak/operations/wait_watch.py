"""What the workers of a rehearsal wait for: looked at again and again while they work."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from ..databases import Database
from ..databases.waits import Cause, Glance, looking_at
from ..errors import DaybreakError
from ..pipeline import Scope, current_scope

_FIRST_S: Final = 0.01
_LONGEST_S: Final = 0.1
_SLOWER: Final = 1.05
"""The longer it takes, the more seldom it is looked: it costs those who work."""


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that workers waited for."""

    what: str
    """In words: `the lock on a row of accounts`."""

    workers: float
    """How many of them waited for it, on average."""

    is_lock: bool
    """Whether it is one that others have until their transaction ends."""


@dataclass(slots=True)
class _Seen:
    """What was seen in one database while one step was at work."""

    looked_s: float = 0.0
    waited_s: dict[Cause, float] = field(default_factory=lambda: defaultdict(float))
    transaction_s_max: float = 0.0

    def add(self, glance: Glance, passed_s: float) -> None:
        self.looked_s += passed_s
        self.transaction_s_max = max(self.transaction_s_max, glance.transaction_s)
        for cause, workers in glance.waiting.items():
            self.waited_s[cause] += workers * passed_s

    def waits(self) -> Iterator[Wait]:
        for cause, waited_s in self.waited_s.items():
            yield Wait(cause.what, waited_s / self.looked_s, cause.is_lock)


class WaitWatch:
    """Looks at databases, each from a thread of its own, and remembers by step."""

    def __init__(self, at_work: Callable[[], str | None]) -> None:
        """Begin with nothing.

        Args:
            at_work: Returns which step is at work, if one is.
        """
        self._at_work = at_work
        self._seen: dict[tuple[str, str], _Seen] = {}

    @contextmanager
    def watching(self, databases: Iterable[Database]) -> Iterator[None]:
        """Look at databases as long as the block lasts."""
        with Scope() as scope:
            for database in databases:
                scope.start(self._look, database.url)
            try:
                yield
            finally:
                scope.cancel()

    def waits(self, step: str) -> list[Wait]:
        """Return what the workers of a step waited for, what most waited for first."""
        found = [wait for seen in self._of(step) for wait in seen.waits()]
        return sorted(found, key=lambda one: (-one.workers, one.what))

    def transaction_s_max(self, step: str) -> float | None:
        """Return for how long a transaction of a step was seen open; None if none was."""
        return max((seen.transaction_s_max for seen in self._of(step)), default=0.0) or None

    def _of(self, step: str) -> list[_Seen]:
        return [seen for (name, _), seen in self._seen.items() if name == step]

    def _look(self, url: str) -> None:
        try:
            with looking_at(url) as look:
                pause_s, last_s = _FIRST_S, time.monotonic()
                while look is not None and not current_scope().wait(pause_s):
                    passed_s = time.monotonic() - last_s
                    last_s += passed_s
                    step, glance = self._at_work(), look(passed_s)
                    pause_s = min(pause_s * _SLOWER, _LONGEST_S)
                    if step is not None:
                        self._seen.setdefault((step, url), _Seen()).add(glance, passed_s)
        except DaybreakError:
            return  # whoever may not look learns nothing; the rehearsal goes on
