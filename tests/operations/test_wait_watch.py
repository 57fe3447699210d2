"""What workers wait for is counted by step, while it is at work."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from daybreak.databases.session import connect
from daybreak.databases.waits import Cause, Glance
from daybreak.operations.load import load_job
from daybreak.operations.rehearse_scratch import rehearse_in_scratch
from daybreak.operations.settings import Settings
from daybreak.operations.wait_watch import Wait, _Seen
from daybreak.telemetry import Telemetry

LOCK = Cause("the lock on a row of accounts", is_lock=True)
LOG = Cause("the write-ahead log", is_lock=False)
JOB = """
from daybreak import Database, Job, Work, source

db = Database("postgresql:///postgres")
job = Job("transfers")

def add(numbers, tx):
    tx.execute("update accounts set cents = cents + 1 where id = 1")
    tx.execute("insert into accounts (id, cents) values (1, 1) on conflict (id) do nothing")
    tx.one("select count(*) from generate_series(1, 300000)", int)

@job.step(chunk=1, parallel=4, impact="Nobody knows who has what.")
def transfers() -> Work:
    return source(range(12)).each_chunk(add, database=db)
"""


def test_glances_count_by_the_time_that_they_stand_for() -> None:
    """Three workers wait for a quarter of the time."""
    seen = _Seen()
    seen.add(Glance({LOCK: 3.0}, transaction_s=0.2), 1.0)
    seen.add(Glance({LOG: 1.0}, transaction_s=0.7), 1.0)
    seen.add(Glance({}), 2.0)

    assert [Wait(LOCK.what, 0.75, is_lock=True), Wait(LOG.what, 0.25, is_lock=False)] == list(
        seen.waits()
    )
    assert 0.7 == seen.transaction_s_max


@pytest.mark.slow
def test_a_rehearsal_in_scratch_names_the_row_that_its_workers_wait_for(
    tmp_path: Path, postgres_url: str
) -> None:
    """Each of twelve chunks holds the one row while the server counts to a large number."""
    (tmp_path / "transfers.py").write_text(JOB)
    with closing(connect(postgres_url)) as session:
        session.script("create table accounts (id integer primary key, cents bigint)")
    (step,) = rehearse_in_scratch(
        load_job(tmp_path / "transfers.py"),
        "transfers",
        Settings(databases={"": postgres_url}),
        Telemetry(),
    ).steps

    assert 12 == step.counts.read
    assert (LOCK.what, True) == (step.waits[0].what, step.waits[0].is_lock)
    assert step.waits[0].workers > 1, step.waits
    assert step.transaction_s_max
    assert step.processor_s
