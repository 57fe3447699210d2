"""Joining a target: announce the epoch, close the older ones, then read what is committed.

In this order (PROTOCOL.md 4): a marker read before the old epoch is closed may be followed by one
more commit of its owner.
"""

from __future__ import annotations

import threading

from ..abc import Target
from ..databases.looking import looking_around
from ..errors import DatabaseBusy, RunOwned
from ..model.ownership import Ownership


class Targets:
    """The targets that this attempt has joined; each once."""

    def __init__(self, ownership: Ownership) -> None:
        self._ownership = ownership
        self._joined: set[str] = set()
        self._lock = threading.Lock()

    def join(self, target: Target) -> None:
        """Become the target's owner of the run.

        Raises:
            ForeignLedger, LedgerBehind: Nothing was written.
            RunOwned: An old owner still holds a transaction; it can commit no other after it.
            TransientError, DatabaseUnreachable: Joining again may succeed.
        """
        with self._lock, looking_around():
            if target.name in self._joined:
                return
            try:
                target.install()
                target.announce(self._ownership)
                target.close_older(self._ownership)
            except DatabaseBusy as error:
                raise self._held(target, error) from error
            self._joined.add(target.name)

    def _held(self, target: Target, error: DatabaseBusy) -> RunOwned:
        """Say that an old owner, stopped inside a transaction, keeps everybody out."""
        return RunOwned(
            f"an earlier owner of run {self._ownership.run_id} still holds a transaction in"
            f" {target.name}: {error}",
            hint="continue or end that process (--kill-owner ends one of this machine), then run"
            " the same command again",
            database=target.name,
            run=self._ownership.run_id,
        )
