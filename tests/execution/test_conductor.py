"""The conductor takes over what is done only if the targets still know of it."""

from __future__ import annotations

import pytest

from daybreak.errors import LedgerBehind
from daybreak.execution.conductor import Conductor, Result
from daybreak.model.knobs import Knobs
from daybreak.model.status import RunStatus
from tests.execution.house import Bodies, House, loading


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
