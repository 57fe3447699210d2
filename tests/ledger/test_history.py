"""What steps took is read from the ledger's past runs, over both databases."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from daybreak.model.fate import Counts
from daybreak.model.knobs import Knobs
from daybreak.model.ownership import Pass
from daybreak.model.progress import Measurement
from daybreak.model.ranges import Range
from daybreak.model.status import RunStatus, StepStatus
from daybreak.testing.ledger import INSTANT, WHOLE
from tests.ledger.manual import NIGHT, ManualTime, alter, identity, owner, start

if TYPE_CHECKING:
    from daybreak.ledger.owned import OwnedRun
    from daybreak.ledger.store import LedgerStore

KNOBS = Knobs(chunk=10, parallel=2)


def night_run(store: LedgerStore, night: date = NIGHT) -> OwnedRun:
    run = start(store, identity(night))
    return store.take(run.id, owner(1), is_locked=True)


def chunk(after: int | None, upto: int, duration_s: float) -> Measurement:
    counts = Counts(read=10, passed=10, written=10)
    return Measurement(Range.of(after, upto), counts, 0, duration_s, INSTANT)


def load(
    run: OwnedRun, seconds: float, records: int = 20, status: StepStatus = StepStatus.DONE
) -> None:
    run.begin_step("load", code="1", knobs=KNOBS)
    run.begin_step("load", code="1", whole=WHOLE)
    run.measure(Pass("load"), [chunk(None, 10, 1.0), chunk(10, 20, 3.0)])
    run.end_step("load", status, counts=Counts(read=records, passed=records), seconds=seconds)


def test_history_says_what_each_step_took_the_oldest_run_first(store: LedgerStore) -> None:
    for days, seconds in enumerate((5.0, 7.0)):
        run = night_run(store, NIGHT + timedelta(days=days))
        run.begin_step("fetch", code="1", knobs=Knobs())
        run.end_step("fetch", StepStatus.DONE, counts=Counts(), value="1", seconds=0.5)
        load(run, seconds)
        run.become(RunStatus.DONE)

    fetch, first, _, second = store.history("orders")

    assert ("fetch", None, 20, 0.5, 0) == (
        fetch.step, fetch.records, fetch.volume, fetch.seconds, fetch.chunks,
    )  # fmt: skip
    assert (NIGHT, 20, 5.0, 1) == (first.night, first.records, first.seconds, first.attempts)
    assert (2, 10) == (first.parallel, first.chunk)
    assert (2, 2.0, 3.0) == (first.chunks, first.chunk_s, first.chunk_s_max)
    assert (NIGHT + timedelta(days=1), 7.0) == (second.night, second.seconds)
    assert [first, second] == store.history("orders", step="load")
    assert [second] == store.history("orders", step="load", runs_most=1)


def test_history_knows_only_finished_steps_of_the_job_and_the_databases(store: LedgerStore) -> None:
    run = night_run(store)
    run.begin_step("fetch", code="1", knobs=Knobs())
    run.end_step("fetch", StepStatus.FAILED, error="gone", seconds=1.0)
    load(run, 4.0)

    assert ["load"] == [time.step for time in store.history("orders")]
    assert ["load"] == [
        time.step for time in store.history("orders", databases={"shop": "sqlite:///shop.db"})
    ]
    assert [] == store.history("orders", databases={"shop": "sqlite:///other.db"})
    assert [] == store.history("invoices")


def test_the_attempts_of_a_step_in_chunks_add_up_and_those_of_a_task_do_not(
    store: LedgerStore,
) -> None:
    run = night_run(store)
    load(run, 4.0, status=StepStatus.STOPPED)
    load(run, 2.5)
    for status, seconds in ((StepStatus.FAILED, 30.0), (StepStatus.DONE, 9.0)):
        run.begin_step("sum", code="1", knobs=Knobs())
        run.end_step("sum", status, value="1", seconds=seconds)

    loaded, summed = store.history("orders")

    assert (6.5, 2) == (loaded.seconds, loaded.attempts)
    assert (9.0, 2) == (summed.seconds, summed.attempts)


def test_what_a_killed_attempt_took_is_known_by_its_chunks(store: LedgerStore) -> None:
    run = night_run(store)
    run.begin_step("load", code="1", knobs=Knobs(chunk=10))
    run.begin_step("load", code="1", whole=WHOLE)
    run.measure(Pass("load"), [chunk(None, 10, 8.0), chunk(10, 20, 3.0)])
    run.begin_step("load", code="1", knobs=Knobs(chunk=10))
    run.end_step("load", StepStatus.DONE, counts=Counts(read=20, passed=20), seconds=1.0)

    assert [11.0] == [time.seconds for time in store.history("orders")]


def test_a_replay_does_not_change_what_a_step_took(store: LedgerStore) -> None:
    run = night_run(store)
    load(run, 4.0)
    run.reopen_step("load", code="1")
    run.end_step("load", StepStatus.DONE, counts=Counts(read=20, passed=20))

    assert [4.0] == [time.seconds for time in store.history("orders")]


def test_a_row_of_an_older_release_counts_if_it_had_one_owner(
    database_url: str, store: LedgerStore, time: ManualTime
) -> None:
    run = night_run(store)
    run.begin_step("load", code="1", whole=WHOLE)
    time.wait(60)
    run.end_step("load", StepStatus.DONE, counts=Counts(read=20, passed=20))

    (told,) = store.history("orders")
    alter(database_url, "update daybreak_ledger.runs set epoch = 2")

    assert (60.0, 0, None) == (told.seconds, told.attempts, told.parallel)
    assert [] == store.history("orders")
