"""An owned run keeps the contract of `RunLedger`, and more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from daybreak.errors import LeaseLost
from daybreak.ledger.owned import OwnedRun
from daybreak.ledger.passes import NewPass
from daybreak.ledger.rows import PlannedStep
from daybreak.model.ownership import Pass
from daybreak.model.progress import Measurement
from daybreak.model.status import RunStatus, StepStatus
from daybreak.testing.ledger import OF, WHOLE, WRITES, RunLedgerContract, measured
from tests.ledger.manual import ManualTime, content, owner, taken

if TYPE_CHECKING:
    from collections.abc import Callable

    from daybreak.ledger.store import LedgerStore


@pytest.fixture
def run_ledger(store: LedgerStore) -> OwnedRun:
    return taken(store)


@pytest.fixture
def surpass(store: LedgerStore, run_ledger: OwnedRun) -> Callable[[], OwnedRun]:
    return lambda: store.take(run_ledger.run.id, owner(2), is_locked=False)


class TestOwnedRun(RunLedgerContract):
    """The contract, over both databases."""


@pytest.mark.parametrize("verb", list(WRITES))
def test_a_surpassed_owner_leaves_no_trace_in_any_table(
    database_url: str, run_ledger: OwnedRun, surpass: Callable[[], OwnedRun], verb: str
) -> None:
    run_ledger.begin_step("load", code="1", whole=WHOLE)
    surpass()
    before = content(database_url)

    with pytest.raises(LeaseLost, match="host2, pid 1002"):
        WRITES[verb](run_ledger)

    assert before == content(database_url)


def test_the_plan_puts_steps_in_order_and_leaves_what_began(
    store: LedgerStore, run_ledger: OwnedRun
) -> None:
    run_ledger.begin_step("load", code="1", whole=WHOLE, total=20)
    run_ledger.plan([PlannedStep("fetch", "No file."), PlannedStep("load", "No orders.")])
    run_ledger.plan([PlannedStep("fetch", "No file at all."), PlannedStep("load", "No orders.")])

    fetch, load = store.steps(run_ledger.run.id)

    assert ("fetch", "No file at all.", StepStatus.WAITING) == (
        fetch.step,
        fetch.impact,
        fetch.status,
    )
    assert ("load", StepStatus.RUNNING, 20) == (load.step, load.status, load.total)
    assert ["fetch", "load"] == list(run_ledger.steps())


def test_an_empty_plan_is_none(run_ledger: OwnedRun) -> None:
    run_ledger.plan([])

    assert {} == run_ledger.steps()


def test_measurements_come_back_as_they_were(store: LedgerStore, run_ledger: OwnedRun) -> None:
    first, second = measured(None, 10), measured(10, 20, passed=4)
    later = Measurement(
        second.part, second.counts, 0, 1.5, first.committed_at + timedelta(seconds=1)
    )
    run_ledger.begin_step("load", code="1", whole=WHOLE)
    run_ledger.measure(OF, [later, first])

    assert [first, later] == store.measurements(run_ledger.run.id, "load")
    assert [] == store.measurements(run_ledger.run.id, "fetch")


def test_measurements_of_a_former_pass_say_nothing_of_the_present_one(
    store: LedgerStore, run_ledger: OwnedRun
) -> None:
    again = measured(None, 20)
    run_ledger.begin_step("load", code="1", whole=WHOLE)
    run_ledger.measure(OF, [measured(None, 10)])
    run_ledger.begin_again([NewPass("load", 1, None)])

    assert [] == store.measurements(run_ledger.run.id, "load")
    run_ledger.measure(Pass("load", 2), [again])
    assert [again] == store.measurements(run_ledger.run.id, "load")


def test_the_end_of_a_run_is_the_end_of_its_lease(
    store: LedgerStore, run_ledger: OwnedRun, time: ManualTime
) -> None:
    run_ledger.become(RunStatus.FAILED, error="disk full")
    run_ledger.renew()

    run = store.run(run_ledger.run.id)

    assert (RunStatus.FAILED, "disk full", time.now()) == (run.status, run.error, run.ended_at)
    assert run.lease is not None
    assert not run.lease.is_current(store.now())


def test_nothing_ends_before_it_began_when_the_clock_goes_back(
    store: LedgerStore, run_ledger: OwnedRun, time: ManualTime
) -> None:
    began_at = time.now()
    run_ledger.begin_step("load", code="1", whole=WHOLE)
    time.wall = began_at - timedelta(days=1)
    run_ledger.end_step("load", StepStatus.DONE)
    run_ledger.become(RunStatus.DONE)

    run, [step] = store.run(run_ledger.run.id), store.steps(run_ledger.run.id)

    assert (began_at, began_at) == (run.started_at, run.ended_at)
    assert (began_at, began_at) == (step.started_at, step.ended_at)


def test_a_lease_is_current_after_a_sign_of_life(store: LedgerStore, run_ledger: OwnedRun) -> None:
    run_ledger.renew()

    run = store.run(run_ledger.run.id)

    assert run.lease is not None
    assert run.lease.is_current(store.now())
    assert not run.lease.is_current(store.now() + timedelta(seconds=30))


def test_the_audit_says_who_did_what(store: LedgerStore, run_ledger: OwnedRun) -> None:
    run_ledger.note("code changed", step="load", path=WHOLE)
    run_ledger.become(RunStatus.DONE)

    audit = store.audit(run_ledger.run.id)

    assert ["entered", "taken", "code changed", "done"] == [line.what for line in audit]
    assert ["a test", *["host1, pid 1001"] * 3] == [line.who for line in audit]
    assert "load" == audit[2].details["step"]
