"""Where steps that write files enter their parts: in the ledger's database, beside the ledger.

Such a step has no database of its own. Its epochs, markers and quarantine lie where the lease of
the run is, so that whoever owns the run by the word of the ledger is the owner of its files too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..abc import Clock
from ..databases import Database
from ..databases.target import DatabaseTarget
from ..model.limits import LEASE_S, TAKEOVER_S
from ..model.progress import StepRow

REGISTER: Final = "the ledger"
"""What people call it, and what a step's facts say; no database of a job is called so."""


def register_at(
    ledger: str, clock: Clock, *, takeover_s: float = TAKEOVER_S, lease_s: float = LEASE_S
) -> DatabaseTarget:
    """Return the register of parts beside a ledger.

    Args:
        ledger: The ledger's URL.
        clock: For the instants that people read.
        takeover_s: How long it waits for locks of others.
        lease_s: Of the run.
    """
    return DatabaseTarget(
        ledger, REGISTER, clock, lock_wait_s=takeover_s, lease_s=lease_s, holds_parts=True
    )


def register_database(ledger: str) -> Database:
    """Return the ledger as a database, for those who find targets by their databases."""
    return Database(ledger, name=REGISTER)


def targets_besides(ledger: str, steps: Iterable[StepRow], clock: Clock) -> list[DatabaseTarget]:
    """Return the register of parts, if one of the steps of a run writes a file."""
    return [register_at(ledger, clock)] if writes_files(steps) else []


def writes_files(steps: Iterable[StepRow]) -> bool:
    """Say whether one of the steps of a run has begun to write a file."""
    return any((row.fingerprint or {}).get("database") == REGISTER for row in steps)
