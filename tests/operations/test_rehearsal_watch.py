"""A rehearsal is watched once: what its workers wait for is a danger, and a reason for tuning."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from daybreak.databases.session import connect
from daybreak.operations.dangers import DangerKind
from daybreak.operations.load import load_job
from daybreak.operations.rehearse_scratch import rehearse_in_scratch
from daybreak.operations.settings import Settings
from daybreak.telemetry import Telemetry

pytestmark = pytest.mark.slow

LOCK = "a row of accounts"
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


def test_a_rehearsal_in_scratch_names_the_row_that_its_workers_wait_for(
    tmp_path: Path, postgres_url: str
) -> None:
    """Each of twelve chunks holds the one row while the server counts to a large number."""
    (tmp_path / "transfers.py").write_text(JOB)
    with closing(connect(postgres_url)) as session:
        session.script("create table accounts (id integer primary key, cents bigint)")
    rehearsal = rehearse_in_scratch(
        load_job(tmp_path / "transfers.py"),
        "transfers",
        Settings(databases={"": postgres_url}),
        Telemetry(),
    )
    (step,) = rehearsal.steps
    dangers = [one for one in rehearsal.dangers if one.kind is DangerKind.LOCK_WAIT]

    assert 12 == step.counts.read
    (lock,) = [one for one in step.waits if one.what == LOCK]
    assert lock.is_lock
    assert lock.workers > 0.5, step.waits  # of three; on a busy machine the rest takes its time
    assert f"{LOCK}, held by daybreak:" in dangers[0].what, "in the same words"
    assert step.transaction_s_max
    assert step.processor_s
