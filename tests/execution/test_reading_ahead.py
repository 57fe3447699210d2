"""Chunks read and computed ahead of those who write them: each once, and none after a stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from daybreak import Database
from daybreak.abc import Transaction
from daybreak.connectors.functions import EachSink
from daybreak.connectors.rows_source import RowsSource
from daybreak.databases.nodes import RowsRoot
from daybreak.databases.session import opened
from daybreak.execution.chunked_step import ChunkedStep, Surroundings
from daybreak.execution.plan import ChunkedPlan
from daybreak.model.chunk import Written
from daybreak.model.fate import Counts
from daybreak.model.knobs import Knobs
from daybreak.telemetry import ChunkCommitted
from tests.execution.house import Bodies, House, insert, loading

pytestmark = pytest.mark.slow_on_postgresql

ROWS = 60
FATES = Counts(read=ROWS, passed=54, quarantined=6, written=54)


class Ahead(EachSink):
    """Inserts numbers; notes which threads compute, and which write."""

    reads_ahead = True
    tries_again = False

    def __init__(self) -> None:
        super().__init__(insert)
        self.computing: set[int] = set()
        self.writing: set[int] = set()

    def computed(self, records: Sequence[Any], rows: Sequence[Sequence[Any]]) -> Sequence[Any]:
        del rows
        self.computing.add(threading.get_ident())
        return [record.n for record in records]

    def write(self, tx: Transaction, records: Sequence[Any]) -> Written:
        self.writing.add(threading.get_ident())
        return super().write(tx, records)


@pytest.fixture
def plan(house: House) -> Callable[[], ChunkedPlan]:
    with opened(house.url) as session:
        session.script("create table wanted (n integer primary key)")
        session.executemany("insert into wanted values (:n)", [{"n": n} for n in range(ROWS)])
    root = Database(house.url, name="shop").rows("select n from wanted", key="n").root
    assert isinstance(root, RowsRoot)
    return lambda: ChunkedPlan(RowsSource(root), (), Ahead(), house.target)


def around(house: House, plan: ChunkedPlan, parallel: int = 2) -> Surroundings:
    return house.around(house.owner(), Bodies(plan, Knobs(chunk=4, parallel=parallel)))


def run(around: Surroundings) -> Counts | None:
    return ChunkedStep(loading(), around).run(around.ledger.steps().get(loading().name))


def test_who_reads_ahead_does_not_write(house: House, plan: Callable[[], ChunkedPlan]) -> None:
    one = plan()

    assert run(around(house, one)) == FATES
    assert [n for n in range(ROWS) if n % 10 != 5] == house.numbers()
    assert isinstance(one.sink, Ahead)
    assert one.sink.computing.isdisjoint(one.sink.writing)


def test_one_chunk_in_flight_is_not_read_ahead_of(
    house: House, plan: Callable[[], ChunkedPlan]
) -> None:
    one = plan()

    assert run(around(house, one, parallel=1)) == FATES
    assert isinstance(one.sink, Ahead)
    assert one.sink.computing == one.sink.writing


def test_a_stop_drops_what_was_read_ahead(house: House, plan: Callable[[], ChunkedPlan]) -> None:
    attempts = [1]

    def stop(event: object) -> None:
        if isinstance(event, ChunkCommitted) and len(attempts) == 1:
            house.stop.request("a test")

    house.telemetry.subscribe(stop)
    stopped = around(house, plan())

    assert run(stopped) is None
    assert len(house.numbers()) < FATES.written
    assert not stopped.in_flight._begun

    house.stop = type(house.stop)()
    attempts.append(2)
    assert run(around(house, plan())) == FATES
    assert [n for n in range(ROWS) if n % 10 != 5] == house.numbers()
