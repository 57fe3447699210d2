"""The conductor takes over what is done only if the targets still know of it."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest

from daybreak.errors import LedgerBehind, RunOwned
from daybreak.execution.conductor import Conductor, Result
from daybreak.model.knobs import Knobs
from daybreak.model.status import RunStatus, StepStatus
from daybreak.pipeline import current_scope
from tests.execution.house import Bodies, House, loading

pytestmark = pytest.mark.slow_on_postgresql


def conduct(house: House) -> Result:
    """Bring a job to its end whose second step fails."""

    def fail() -> str:
        raise ValueError("no")

    step = loading(tasks={"report": fail})
    bodies = Bodies(house.plan(range(20)), Knobs(chunk=10))
    return Conductor(step.job.steps, house.around(house.owner(), bodies), lease_s=30).run()


def test_a_step_that_is_done_is_left_alone_by_the_next_attempt(house: House) -> None:
    assert (RunStatus.FAILED, RunStatus.FAILED) == (conduct(house).status, conduct(house).status)

    assert 18 == len(house.numbers())


def test_a_target_that_lost_commits_of_a_finished_step_is_refused(house: House) -> None:
    conduct(house)
    house.spoil("delete from daybreak.markers where records_read = 10")

    with pytest.raises(LedgerBehind, match="step load"):
        conduct(house)


@pytest.mark.slow
def test_a_target_that_somebody_else_holds_cancels_no_other_step(house: House) -> None:
    """The run is still ours: what is at work on other targets comes to its end."""
    at_work, failed = threading.Barrier(2, timeout=30), threading.Event()

    def meets_a_lock() -> str:
        at_work.wait()
        failed.set()
        raise RunOwned("shop.db is locked by process 7")

    def works_on() -> str:
        at_work.wait()
        failed.wait(30)
        assert not current_scope().wait(0.2), "cancelled"
        return "done"

    step = loading(tasks={"locked": meets_a_lock, "other": works_on})
    around = house.around(house.owner(), Bodies(house.plan(range(20)), Knobs(chunk=10)))
    with suppress(RunOwned):
        Conductor(step.job.steps, around, lease_s=30).run()

    assert StepStatus.DONE is around.ledger.steps()["other"].status
