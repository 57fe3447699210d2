"""A process killed in the middle of a ledger write leaves a ledger that the next one reads."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from daybreak.databases.session import opened
from daybreak.ledger.rows import Owner
from daybreak.ledger.store import LedgerStore
from daybreak.model.status import RunStatus, StepStatus
from daybreak.testing.ledger import OF, measured
from tests.torture.nursery import Nursery

# The child's writes in their order; it goes on where an earlier one was killed.
PROGRAM = "tests.ledger.killed_child"
WRITES = ("open", "start", "take", "begin_step", "measure", "end_step", "become")
POINTS = ("before_write", "after_write", "before_commit", "after_commit")

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Child:
    """Writes in a process of its own, in a ledger that is killed or not."""

    nest: Nursery
    folder: Path
    url: str

    def run(self, fault: str | None = None) -> int:
        """Run it to its end, or to its fault; give its exit status."""
        return self.nest.typed(self.folder, self.url, fault=fault, program=PROGRAM).status

    def killed_at(self, point: str, write: str) -> None:
        """Run it until it kills itself at a fault point of one of its writes."""
        fault = f"ledger.{point}:{WRITES.index(write) + 1}:kill"
        assert -signal.SIGKILL == self.run(fault)


@pytest.fixture
def child(nest: Nursery, tmp_path: Path, database_url: str) -> Child:
    return Child(nest, tmp_path, database_url)


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_in_a_write_leaves_all_of_it_or_nothing(
    database_url: str, child: Child, point: str
) -> None:
    child.killed_at(point, "measure")

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
    database_url: str, child: Child, point: str, write: str
) -> None:
    child.killed_at(point, write)

    assert 0 == child.run()

    store = LedgerStore.open(database_url)
    assert RunStatus.DONE is store.run(1).status
    store.close()
    if database_url.startswith("sqlite"):
        with opened(database_url) as session:
            assert "ok" == session.query("pragma integrity_check")[0].integrity_check
