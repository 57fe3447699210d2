"""What was there before the records is not looked through again for every few hundred of them.

Python looks for circles of garbage among all objects there are, again and again while records are
made: a third to a half of the time of a chunk went into looking at imported modules. Those stay as
long as the process does. Objects made meanwhile are collected, but not while only those records
are new that are in work at any time: all of them are alive, and they go without a collector.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

NEW_OBJECTS: Final = 20_000
"""So many more objects there are before they are looked through. Those of the records that a few
workers have in hand are fewer; and if all were garbage, it would be a few megabytes."""


class _StillHeap:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._is_ours = False
        self._threshold: tuple[int, int, int] | None = None
        """What it was, if we have raised it."""

    @contextmanager
    def held(self) -> Iterator[None]:
        """Leave out of all collections what there is now, as long as somebody is in the block.

        If somebody else has done so already, nothing is changed, and nothing put back.
        """
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._begin()
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._end()

    def _begin(self) -> None:
        if not gc.get_freeze_count():
            gc.freeze()
            self._is_ours = True
        first, *others = before = gc.get_threshold()
        if 0 < first < NEW_OBJECTS:  # 0 is said by who wants no collections
            gc.set_threshold(NEW_OBJECTS, *others)
            self._threshold = before

    def _end(self) -> None:
        if self._is_ours:
            self._is_ours = False
            gc.unfreeze()
        if self._threshold is not None:
            if gc.get_threshold()[0] == NEW_OBJECTS:  # nobody else has said something since
                gc.set_threshold(*self._threshold)
            self._threshold = None


still_heap: Final = _StillHeap().held
