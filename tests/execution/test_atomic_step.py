"""An atomic step happens once: its marker and its result are part of its transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from daybreak import Database, Job
from daybreak.abc import Transaction
from daybreak.execution.atomic_step import run_atomic
from daybreak.faultpoints import FaultPoint, InjectedFault
from daybreak.model.job import Step
from tests.execution.house import Bodies, House
from tests.kinds import every_kind

database_url = every_kind

pytestmark = [pytest.mark.slow_on_postgresql, pytest.mark.slow_on_duckdb]


def publishing() -> Step[Any]:
    def publish(_tx: Transaction) -> None:
        raise AssertionError("its body is given")

    return Job("orders").atomic(Database("sqlite://"))(publish)


def publish(house: House) -> str | None:
    """Run the step as a new owner would."""

    def body(tx: Transaction) -> str:
        tx.execute("insert into notes (what) values ('published')")
        return '"published"'

    bodies = Bodies(house.plan(range(1)), atomic=body)
    around = house.around(house.owner(), bodies)
    row = around.ledger.begin_step(publishing().name, code="")
    return run_atomic(publishing(), row.pass_number, around)


def test_a_step_that_was_committed_gives_its_value_again_and_does_nothing(
    house: House, arm: Callable[[str], None]
) -> None:
    arm("atomic.after_commit:1:raise")
    with pytest.raises(InjectedFault):
        publish(house)
    arm("atomic.after_commit:2:raise")

    assert ('"published"', 1) == (publish(house), house.notes())


@pytest.mark.parametrize(
    "point", ["atomic.before_body", "atomic.after_body", "atomic.before_commit"]
)
def test_a_fault_before_its_commit_leaves_nothing(
    house: House, arm: Callable[[str], None], point: FaultPoint
) -> None:
    arm(f"{point}:1:raise")
    with pytest.raises(InjectedFault):
        publish(house)

    assert 0 == house.notes()
    assert ('"published"', 1) == (publish(house), house.notes())
