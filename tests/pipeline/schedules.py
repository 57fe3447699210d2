"""Other schedules: locks at which threads give way by chance, and crews that change all the time.

Threads of one interpreter change places seldom at the moments that matter. Here they do so before
they take the lock that all of them share and after they have left it, which is where a wake-up is
lost, or something ends between a look and a deed. It has found what 10,000 pipelines without it
had not: an event loop that was told something after it had ended.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Lock, RLock
from typing import Any, Final, TypeAlias
from unittest import mock

from daybreak.pipeline import async_crew, crew, waiting

YIELDS: Final = 0.25
"""How often a thread gives way."""

PAUSES: Final = 0.05
"""How often it stays away for a while."""

PAUSE_S: Final = 0.0003

CHANGES: Final = 0.2
"""After what share of slices another number of workers works."""

Change: TypeAlias = Callable[[int], None]


class ShakyLock:
    """A re-entrant lock, also for conditions, that is slow at random."""

    def __init__(self, chance: random.Random) -> None:
        lock: Any = RLock()
        self._lock = lock
        self._chance = chance
        self._release_save = lock._release_save
        self._acquire_restore = lock._acquire_restore
        self._is_owned = lock._is_owned

    def acquire(self, *args: Any) -> bool:
        """Take it, a little later."""
        self._hesitate()
        taken: bool = self._lock.acquire(*args)
        return taken

    def release(self) -> None:
        """Leave it, and be slow afterwards."""
        self._lock.release()
        self._hesitate()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_error: object) -> None:
        self.release()

    def _hesitate(self) -> None:
        drawn = self._chance.random()
        if drawn < PAUSES:
            time.sleep(self._chance.random() * PAUSE_S)
        elif drawn < PAUSES + YIELDS:
            time.sleep(0)


@contextmanager
def shaken(seed: int) -> Iterator[None]:
    """Give each scope that is made inside a shaky lock."""
    chance = random.Random(seed)
    with mock.patch.object(waiting, "RLock", partial(ShakyLock, chance)):
        yield


class Restless:
    """Has another number of workers work every few slices; see `Climber` and `Prober`."""

    reason = ""

    def __init__(self, chance: random.Random, workers: int, most: int, change: Change) -> None:
        self.workers = workers
        self._chance = chance
        self._most = most
        self._change = change
        self._lock = Lock()

    def ended(self, _records: int) -> None:
        """Change the number now and then; one thread at a time, as those do."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._chance.random() < CHANGES:
                self.workers = self._chance.randint(1, self._most)
                self._change(self.workers)
        finally:
            self._lock.release()


@contextmanager
def restless(seed: int) -> Iterator[None]:
    """Let workers rest and work again all the time, as they do once a second or less otherwise."""
    chance = random.Random(seed)

    def chooser_of(workers: int, most: int, change: Change) -> Restless | None:
        return Restless(chance, workers, most, change) if most > 1 else None

    with (
        mock.patch.object(crew, "chooser_of", chooser_of),
        mock.patch.object(async_crew, "chooser_of", chooser_of),
    ):
        yield
