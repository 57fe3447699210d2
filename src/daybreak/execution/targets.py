"""Joining a target: announce the epoch, close the older ones, then read what is committed.

In this order (PROTOCOL.md 4): a marker read before the old epoch is closed may be followed by one
more commit of its owner.
"""

from __future__ import annotations

import threading

from ..abc import Target
from ..model.ownership import Ownership


class Targets:
    """The targets that this attempt has joined; each once."""

    def __init__(self, ownership: Ownership, *, takeover_s: float) -> None:
        self._ownership = ownership
        self._takeover_s = takeover_s
        self._joined: set[str] = set()
        self._lock = threading.Lock()

    def join(self, target: Target) -> None:
        """Become the target's owner of the run.

        Raises:
            ForeignLedger, LedgerBehind: Nothing was written.
            RunOwned: An old owner still holds a transaction; it can commit no other after it.
        """
        with self._lock:
            if target.name in self._joined:
                return
            target.install()
            target.announce(self._ownership, takeover_s=self._takeover_s)
            target.close_older(self._ownership, takeover_s=self._takeover_s)
            self._joined.add(target.name)
