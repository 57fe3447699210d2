"""A process killed in the middle of a ledger write leaves a ledger that the next one reads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from daybreak.databases.session import opened
from daybreak.ledger.rows import Owner
from daybreak.ledger.store import LedgerStore
from daybreak.model.status import RunStatus, StepStatus
from daybreak.testing.ledger import OF, measured

# The child's writes in their order; it goes on where an earlier one was killed.
WRITES = ("open", "start", "take", "begin_step", "measure", "end_step", "become")
CHILD = """
import sys
from daybreak.model.status import RunStatus, StepStatus
from daybreak.testing.ledger import OF, WHOLE, measured
from daybreak.ledger.store import LedgerStore
from tests.ledger.manual import owner, start
store = LedgerStore.open(sys.argv[1])
if start(store).is_final:
    sys.exit()
owned = store.take(1, owner(1), is_locked=True)
step = owned.steps().get("load")
if step is None or step.status is not StepStatus.DONE:
    owned.begin_step("load", code="1", whole=WHOLE)
    owned.measure(OF, [measured(None, 10), measured(10, 20)])
    owned.end_step("load", StepStatus.DONE)
owned.become(RunStatus.DONE)
"""
POINTS = ("before_write", "after_write", "before_commit", "after_commit")

pytestmark = pytest.mark.slow


def run_child(url: str, fault: str = "") -> int:
    """Run the child to its end, or to its fault; give its exit status."""
    root = Path(__file__).parents[2]
    environment = {**os.environ, "DAYBREAK_FAULT": fault, "PYTHONPATH": f"{root / 'src'}:{root}"}
    command = [sys.executable, "-c", CHILD, url]
    return subprocess.run(command, env=environment, check=False).returncode


def killed_at(point: str, write: str, url: str) -> None:
    """Run the child until it kills itself at a fault point of one of its writes."""
    fault = f"ledger.{point}:{WRITES.index(write) + 1}:kill"
    assert -signal.SIGKILL == run_child(url, fault)


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_in_a_write_leaves_all_of_it_or_nothing(database_url: str, point: str) -> None:
    killed_at(point, "measure", database_url)

    store = LedgerStore.open(database_url)
    assert RunStatus.RUNNING is store.run(1).status
    assert (2 if point == "after_commit" else 0) == len(store.measurements(1, "load"))
    owned = store.take(1, Owner("host1", 1, "lock1"), is_locked=True)
    owned.measure(OF, [measured(None, 10), measured(10, 20)])
    owned.end_step("load", StepStatus.DONE)
    owned.become(RunStatus.DONE)
    assert 20 == store.steps(1)[0].counts.passed
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
def test_after_a_kill_in_any_write_the_next_process_gets_to_the_end(
    database_url: str, point: str, write: str
) -> None:
    killed_at(point, write, database_url)

    assert 0 == run_child(database_url)

    store = LedgerStore.open(database_url)
    assert RunStatus.DONE is store.run(1).status
    store.close()
    if database_url.startswith("sqlite"):
        with opened(database_url) as session:
            assert "ok" == session.query("pragma integrity_check")[0].integrity_check
