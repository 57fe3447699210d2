"""Looking at runs: owners that are gone, rates that count work only. The rest is in tests/cli."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from daybreak.ledger.rows import Owner, RunRow
from daybreak.ledger.store import LedgerStore
from daybreak.model.fate import Counts
from daybreak.model.identity import Identity
from daybreak.model.ownership import Pass
from daybreak.model.progress import EXPECTED, KNOBS_TURNED, Measurement
from daybreak.model.ranges import Range
from daybreak.model.status import RunStatus
from daybreak.operations.inspect import busy, is_owner_gone, run_report
from daybreak.operations.run_lock import RunLock, host_name
from daybreak.reports.runs import report_parts

NOW = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LedgerStore]:
    """Give a ledger of this test's own."""
    store = LedgerStore.open(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield store
    store.close()


def run_of(store: LedgerStore, folder: Path, host: str) -> RunRow:
    """Enter a run in the ledger, and have a process of `host` own it."""
    run = store.start(
        Identity("shop", {}, {}, None),
        parameters={},
        job_file="shop.py",
        runs_folder=folder,
        who="somebody",
    )
    Path(run.folder).mkdir(parents=True)
    return store.take(run.id, Owner(host, 4711, "lock"), is_locked=True).run


def test_on_this_machine_the_lock_says_whether_the_owner_lives(
    store: LedgerStore, tmp_path: Path
) -> None:
    run = run_of(store, tmp_path, host_name())
    lock = RunLock(Path(run.folder))
    assert lock.acquire()

    assert not is_owner_gone(run, NOW)
    lock.release()
    assert is_owner_gone(run, NOW)


@pytest.mark.parametrize(("left_s", "is_gone"), [(1, False), (-1, True)])
def test_of_another_machine_the_lease_says_it(
    store: LedgerStore, tmp_path: Path, left_s: int, *, is_gone: bool
) -> None:
    run = run_of(store, tmp_path, f"not-{host_name()}")
    assert run.lease is not None
    assert run.lease.ends_at is not None

    assert is_gone == is_owner_gone(run, run.lease.ends_at - timedelta(seconds=left_s))


def test_a_run_that_nobody_works_at_misses_no_owner(store: LedgerStore, tmp_path: Path) -> None:
    run = run_of(store, tmp_path, f"not-{host_name()}")
    later = NOW + timedelta(days=3650)

    for status in (RunStatus.DONE, RunStatus.FAILED, RunStatus.STOPPED):
        assert not is_owner_gone(replace(run, status=status), later)
    assert is_owner_gone(run, later)


def measured(ended_s: float, duration_s: float) -> Measurement:
    at = NOW + timedelta(seconds=ended_s)
    return Measurement(Range("", "x"), Counts(), 0, duration_s, at)


@pytest.mark.parametrize(
    ("chunks", "seconds"),
    [
        ([], 0),
        ([measured(10, 2)], 2),
        ([measured(10, 2), measured(12, 2)], 4),
        ([measured(10, 2), measured(11, 2)], 3),
        ([measured(10, 5), measured(8, 1)], 5),
        # Stopped for an hour between two attempts.
        ([measured(10, 2), measured(3610, 2)], 4),
    ],
    ids=["none", "one", "one after another", "side by side", "inside", "resumed"],
)
def test_only_the_time_at_work_counts(chunks: list[Measurement], seconds: float) -> None:
    assert seconds == busy(chunks)


@pytest.mark.parametrize("is_counted", [True, False], ids=["counted", "about"])
def test_a_step_at_work_shows_its_knobs_and_how_long_it_still_takes(
    store: LedgerStore, tmp_path: Path, *, is_counted: bool
) -> None:
    """A quarter of 400 records, a second for each ten: thirty seconds less what passed."""
    run = run_of(store, tmp_path, host_name())
    lock = RunLock(Path(run.folder))
    assert lock.acquire()
    owned = store.take(run.id, Owner(host_name(), 4711, "lock"), is_locked=True)
    total = 400 if is_counted else None
    owned.begin_step("load", code="", whole=Range("", "400"), total=total, fingerprint={})
    for records, doubt in ((9_000, 0.9), (400, 0.3)):
        owned.note(EXPECTED, step="load", records=records, doubt=doubt)
    began = store.now() - timedelta(seconds=11)
    owned.measure(
        Pass("load"),
        [
            Measurement(
                Range.of(10 * n, 10 * n + 10),
                Counts(read=10, passed=10),
                0,
                1.0,
                began + timedelta(seconds=n + 1),
            )
            for n in range(10)
        ],
    )
    for chunk in (100, 10):
        owned.note(KNOBS_TURNED, step="load", chunk=chunk, parallel=2, reason="measured")

    report = run_report(f"sqlite:///{tmp_path / 'ledger.db'}", run.id)
    lock.release()

    line = report.steps[0]
    assert line.estimate is not None
    assert line.estimate.remaining_s == pytest.approx(29, abs=2)
    assert line.estimate.is_about is not is_counted
    assert line.knobs is not None
    assert (10, 2, "measured") == (line.knobs.chunk, line.knobs.parallel, line.knobs.reason)
    shown = io.StringIO()
    console = Console(file=shown, width=200)
    for part in report_parts(report, shown):
        console.print(part)
    assert f"step load: {'2' if is_counted else 'about 2'}" in shown.getvalue()
    assert "by n^1.0, from its own chunks" in shown.getvalue()
    assert "step load: 10 records a chunk, 2 chunks in flight (last turned at" in shown.getvalue()
