"""The heartbeat: renews the lease while the run is at work; a lost one cancels everything."""

from __future__ import annotations

from ..abc import RunLedger
from ..errors import LeaseLost, TransientError
from ..pipeline import Scope, current_scope

BEATS_PER_LEASE = 3


class Heartbeat:
    """Beats three times a lease, in a thread of the run's scope, until the run is over."""

    def __init__(self, ledger: RunLedger, *, lease_s: float) -> None:
        self._ledger = ledger
        self._lease_s = lease_s
        self.lost: LeaseLost | TransientError | None = None

    def beat(self, scope: Scope) -> None:
        """Renew the lease until the scope is cancelled; cancel the scope if it cannot be renewed.

        A ledger that does not answer for the whole of its patience is lost like a lease: what the
        chunks commit meanwhile is fenced by their targets.
        """
        while not current_scope().wait(self._lease_s / BEATS_PER_LEASE):
            try:
                self._ledger.renew()
            except (LeaseLost, TransientError) as lost:
                self.lost = lost
                scope.cancel()
                return
