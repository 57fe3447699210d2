"""A target is made ready once, however often its step is begun."""

from __future__ import annotations

from daybreak.abc import Transaction
from daybreak.connectors.functions import EachSink
from daybreak.execution.patience import Patience
from daybreak.execution.prepare import prepare_once
from tests.execution.house import CLOCK, OF, House, insert


class Emptying(EachSink):
    """A sink that empties its table, as `mode="replace"` does."""

    def prepare(self, tx: Transaction) -> None:
        tx.execute("delete from numbers")


def test_a_resumed_step_does_not_empty_its_table_again(house: House) -> None:
    plan = house.plan(range(10), sink=Emptying(insert))
    prepare_once(plan, OF, house.owned().ownership, CLOCK, Patience(CLOCK))
    house.spoil("insert into numbers (n) values (1)")

    prepare_once(plan, OF, house.owned().ownership, CLOCK, Patience(CLOCK))

    assert [1] == house.numbers()
