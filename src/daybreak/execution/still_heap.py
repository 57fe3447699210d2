"""What was there before the records is not looked through again for every few hundred of them.

Python looks for circles of garbage among all objects there are, again and again while records are
made: a third to a half of the time of a chunk went into looking at imported modules. Those stay as
long as the process does. Objects made meanwhile are collected as ever.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final


class _StillHeap:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._is_ours = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Leave out of all collections what there is now, as long as somebody is in the block.

        If somebody else has done so already, nothing is changed, and nothing put back.
        """
        with self._lock:
            self._users += 1
            if self._users == 1 and not gc.get_freeze_count():
                gc.freeze()
                self._is_ours = True
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users and self._is_ours:
                    self._is_ours = False
                    gc.unfreeze()


still_heap: Final = _StillHeap().held
