"""Writes everything that a run writes into a ledger; goes on where an earlier one was killed."""

from __future__ import annotations

import sys

from daybreak.ledger.store import LedgerStore
from daybreak.model.status import RunStatus, StepStatus
from daybreak.testing.ledger import OF, WHOLE, measured
from tests.ledger.manual import owner, start


def write(url: str) -> None:
    """Do the writes in the order of `test_kill.WRITES`."""
    store = LedgerStore.open(url)
    if start(store).is_final:
        return
    owned = store.take(1, owner(1), is_locked=True)
    step = owned.steps().get("load")
    if step is None or step.status is not StepStatus.DONE:
        owned.begin_step("load", code="1", whole=WHOLE)
        owned.measure(OF, [measured(None, 10), measured(10, 20)])
        owned.end_step("load", StepStatus.DONE)
    owned.become(RunStatus.DONE)


if __name__ == "__main__":
    write(sys.argv[1])
