"""The heartbeat: renews the lease while the run is at work; a lost one cancels everything."""

from __future__ import annotations

from ..abc import Clock, RunLedger
from ..errors import LeaseLost, TransientError
from ..pipeline import Scope, current_scope

BEATS_PER_LEASE = 3


class Heartbeat:
    """Beats three times a lease, in a thread of the run's scope, until the run is over."""

    def __init__(self, ledger: RunLedger, clock: Clock, *, lease_s: float) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lease_s = lease_s
        self.lost: LeaseLost | None = None

    def beat(self, scope: Scope) -> None:
        """Renew the lease until the scope is cancelled; cancel the scope if the lease is lost."""
        renewed_s = self._clock.monotonic_s()
        while not current_scope().wait(self._lease_s / BEATS_PER_LEASE):
            try:
                self._ledger.renew()
                renewed_s = self._clock.monotonic_s()
            except LeaseLost as lost:
                self.lost = lost
            except TransientError as error:
                if self._clock.monotonic_s() - renewed_s > self._lease_s:
                    self.lost = LeaseLost(
                        f"the lease could not be renewed for {self._lease_s:g} s: {error}",
                        hint="see why the ledger does not answer, then run the same command again",
                    )
            if self.lost is not None:
                scope.cancel()
                return
