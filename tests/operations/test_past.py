"""What earlier runs of a job say of its steps, for a run that begins."""

from __future__ import annotations

from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

import pytest

from daybreak.ledger.store import LedgerStore
from daybreak.operations.past import RUNS_MOST, past_of
from tests.operations.past_nights import FIRST, RECORDS, done, fill, taken

if TYPE_CHECKING:
    from pathlib import Path

NIGHTS = 7


def test_the_newest_runs_of_a_step_say_how_long_it_takes_and_how_many_records_it_has(
    tmp_path: Path,
) -> None:
    """The run in hand has done a step already; of another one a night that never ended knows."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    fill(url, NIGHTS)
    store = LedgerStore.open(url)
    broken = taken(store, FIRST + timedelta(days=NIGHTS))
    done(broken, "load", 9_000.0, 3 * RECORDS)
    run = taken(store, FIRST + timedelta(days=NIGHTS + 1))
    done(run, "fetch", 1.0, 0)
    known = store.history("nightly")
    past = past_of(store, run.run)
    store.close()

    took = {
        name: [one.seconds for one in known if one.step == name and one.run != run.run.id]
        for name in ("fetch", "load")
    }
    for name, seconds in took.items():
        assert median(seconds[-RUNS_MOST:]) == pytest.approx(past.typical[name].likely_s)
    assert 9_000 == pytest.approx(past.typical["load"].safe_s), "the worst of them"
    assert 3 * RECORDS == past.records["load"]
    assert {"load", "stock"} == set(past.records)
    assert "fetch" not in past.growths


def test_a_job_without_a_past_knows_nothing(tmp_path: Path) -> None:
    store = LedgerStore.open(f"sqlite:///{tmp_path}/ledger.db")
    past = past_of(store, taken(store, FIRST).run)
    store.close()

    assert ({}, {}, {}) == (past.growths, past.typical, past.records)
