"""Replaying a run by its number: CSV rows unchanged and repaired, ownership, what is stale."""

from __future__ import annotations

import csv
import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from daybreak.databases.session import opened
from daybreak.errors import (
    DefinitionError,
    LedgerBehind,
    RunOwned,
    SourceChanged,
    StepFailed,
)
from daybreak.ledger.store import LedgerStore
from daybreak.model.fate import Counts
from daybreak.model.status import RunStatus, StepStatus
from daybreak.operations.choice import Wanted
from daybreak.operations.erase import Age, Key, erase
from daybreak.operations.load import load_job
from daybreak.operations.places import ledger_url
from daybreak.operations.quarantine import kept_rows, quarantine_records
from daybreak.operations.replay import ReplayOutcome, replay
from daybreak.operations.replaying import Stale
from daybreak.operations.run_lock import RunLock
from daybreak.operations.settings import Settings
from daybreak.operations.start import Outcome, start
from daybreak.reports.export import export
from daybreak.telemetry import Event, Telemetry
from tests.operations.conftest import StopAfter

pytestmark = pytest.mark.slow

JOB = """
from pathlib import Path
from pydantic import BaseModel
from daybreak import Database, Job, Quarantine, Run, Secret, Transaction, Work, files

db = Database("sqlite:///shop.db")
job = Job("orders")
FOLDER = Path(__file__).parent

class Order(BaseModel):
    id: int
    name: str
    amount: int

@job.task(impact="Nothing is loaded.")
def check(run: Run) -> files.File[Order]:
    return run.check(files.csv(FOLDER / "orders.csv", Order), max_bad=20)

@job.step(after=check, chunk=5, max_bad="50%", impact="Orders are missing.")
def load(run: Run, token: Secret = Secret("none")) -> Work:
    def look(order: Order) -> None:
        if order.id % BAD_EVERY == 0 and order.amount < 100:
            raise Quarantine("of a bad kind", name=order.name)
    orders = db.table("orders", Order, key="id", mode="replace", create=True)
    return run[check].tap(look).into(orders)

@job.atomic(db, after=load, impact="Nobody knows how many.")
def count(tx: Transaction) -> int:
    if IS_BROKEN:
        raise RuntimeError("cannot count")
    return tx.one("select count(*) from orders", int)
"""
ROWS = [f"{n},name {n},{n}" for n in range(1, 21)]
ROWS[2] = "3,name 3,x"
ROWS[12] = "13"
ROWS[13] = '14,"name, 14",14'


@dataclass
class Shop:
    """A job over a file of twenty orders: one in five is refused, two are malformed."""

    folder: Path
    url: str
    heard: list[object] = field(default_factory=list)

    def write(self, *, bad_every: int = 5, is_broken: bool = False) -> None:
        text = JOB.replace("BAD_EVERY", str(bad_every)).replace("IS_BROKEN", str(is_broken))
        (self.folder / "orders_job.py").write_text(text)

    def settings(self, **given: Any) -> Settings:
        return Settings(databases={"": self.url}, takeover_s=2, **given)

    def start(
        self, listener: Callable[[Event], None] = lambda _event: None, **given: Any
    ) -> Outcome:
        telemetry = Telemetry()
        telemetry.subscribe(listener)
        return start(load_job(self.folder / "orders_job.py"), self.settings(**given), telemetry)

    def replay(self, **wanted: Any) -> ReplayOutcome:
        telemetry = Telemetry()
        telemetry.subscribe(self.heard.append)
        loaded = load_job(self.folder / "orders_job.py")
        return replay(loaded, 1, Wanted(**wanted), self.settings(), telemetry)

    def erase(self, what: Key | Age) -> int:
        return erase(self.ledger, 1, what, self.settings())

    @property
    def ledger(self) -> str:
        return ledger_url(None, self.folder / "orders_job.py")

    def export(self, name: str = "bad.csv") -> Path:
        records = quarantine_records(self.ledger, 1, {"": self.url})
        export(records, self.folder / name, kept_rows(self.ledger, 1))
        return self.folder / name

    def repaired(self, change: Callable[[list[list[str]]], Sequence[Sequence[str]]]) -> Path:
        """Export, have the rows changed, and save them as a spreadsheet would."""
        path = self.export()
        rows = list(csv.reader(StringIO(path.read_text("utf-8-sig"), newline="")))
        text = StringIO()
        csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL).writerows(change(rows))
        path.write_text("\ufeff" + text.getvalue(), encoding="utf-8", newline="")
        return path

    def reasons(self) -> list[str]:
        return [one.reason for one in quarantine_records(self.ledger, 1, {"": self.url})]

    def orders(self) -> list[tuple[int, str, int]]:
        with opened(self.url) as session:
            rows = session.query("select id, name, amount from orders order by id")
            return [(row.id, row.name, row.amount) for row in rows]

    def steps(self) -> dict[str, tuple[StepStatus, Counts]]:
        store = LedgerStore.open(self.ledger, is_reader=True)
        try:
            return {row.step: (row.status, row.counts) for row in store.steps(1)}
        finally:
            store.close()

    def audit(self) -> list[tuple[str, dict[str, Any]]]:
        store = LedgerStore.open(self.ledger, is_reader=True)
        try:
            return [(line.what, dict(line.details)) for line in store.audit(1)]
        finally:
            store.close()


@pytest.fixture
def shop(tmp_path: Path, database_url: str) -> Shop:
    return made(tmp_path, database_url)


@pytest.fixture
def done(shop: Shop) -> Shop:
    """Give a shop whose run is done, with six records in quarantine."""
    assert RunStatus.DONE == shop.start().status
    return shop


@pytest.fixture
def sqlite_shop(tmp_path: Path, sqlite_url: str) -> Shop:
    return made(tmp_path, sqlite_url)


@pytest.fixture
def sqlite_done(sqlite_shop: Shop) -> Shop:
    assert RunStatus.DONE == sqlite_shop.start().status
    return sqlite_shop


def made(folder: Path, url: str) -> Shop:
    shop = Shop(folder, url)
    shop.write()
    (folder / "orders.csv").write_text("id,name,amount\n" + "\n".join(ROWS) + "\n")
    return shop


BEFORE = Counts(read=20, passed=14, quarantined=6, written=14)


# ---------------------------------------------------------------- unchanged


def test_what_the_code_refused_passes_once_it_is_mended(done: Shop) -> None:
    assert (StepStatus.DONE, BEFORE) == done.steps()["load"]
    done.write(bad_every=1000)
    outcome = done.replay(reason="bad kind")

    after = Counts(read=20, passed=18, quarantined=2, written=18)
    assert (RunStatus.DONE, 2) == (outcome.status, outcome.quarantined)
    assert Counts(read=4, passed=4, written=4) == outcome.steps[0].counts
    assert (StepStatus.DONE, after) == done.steps()["load"]
    assert [n for n in range(1, 21) if n not in (3, 13)] == [row[0] for row in done.orders()]
    assert done.start().was_done


def test_nothing_to_replay_owns_nothing(sqlite_done: Shop) -> None:
    before = sqlite_done.audit()
    outcome = sqlite_done.replay(reason="of no kind")

    assert ((), RunStatus.DONE) == (tuple(outcome.steps), outcome.status)
    assert before == sqlite_done.audit()


def test_steps_behind_are_named_as_computed_before(done: Shop) -> None:
    done.write(bad_every=1000)
    first = done.replay(reason="bad kind")
    second = done.replay()

    assert [Stale("count", "load", 4)] == first.stale == second.stale
    assert ("replayed", 4) in [(what, details.get("records")) for what, details in done.audit()]


def test_a_failed_run_is_replayed_and_stays_failed(sqlite_shop: Shop) -> None:
    sqlite_shop.write(is_broken=True)
    assert RunStatus.FAILED == sqlite_shop.start().status
    sqlite_shop.write(bad_every=1000)
    outcome = sqlite_shop.replay()

    assert (RunStatus.FAILED, 2) == (outcome.status, outcome.quarantined)
    assert RunStatus.DONE == sqlite_shop.start().status
    assert 18 == len(sqlite_shop.orders())


def test_a_run_that_was_stopped_is_replayed_and_resumed(shop: Shop, stop_after: StopAfter) -> None:
    """Its other chunks are still to come, and are not the replay's business."""
    stopped = shop.start(stop_after(5), knobs={"load": {"chunk": 1}})
    assert RunStatus.STOPPED == stopped.status
    shop.write(bad_every=1000)
    outcome = shop.replay()

    assert RunStatus.STOPPED == outcome.status
    assert StepStatus.STOPPED == shop.steps()["load"][0]
    assert RunStatus.DONE == shop.start().status
    assert Counts(read=20, passed=18, quarantined=2, written=18) == shop.steps()["load"][1]


def test_a_changed_source_is_refused_and_the_run_stays_done(sqlite_done: Shop) -> None:
    (sqlite_done.folder / "orders.csv").write_text("id,name,amount\n1,a,1\n")
    with pytest.raises(SourceChanged):
        sqlite_done.replay()

    assert (StepStatus.DONE, BEFORE) == sqlite_done.steps()["load"]
    assert sqlite_done.start().was_done


def test_a_target_that_lost_commits_is_noticed_first(sqlite_done: Shop) -> None:
    with opened(sqlite_done.url) as session:
        session.execute("delete from daybreak_markers where step = 'load' and records_read > 0")
    with pytest.raises(LedgerBehind):
        sqlite_done.replay()


# ---------------------------------------------------------------- repaired


def test_a_repaired_export_takes_the_place_of_the_rows(done: Shop) -> None:
    def repair(rows: list[list[str]]) -> list[list[str]]:
        assert ["id", "name", "amount"] == rows[0][3:]
        by_id = {row[3]: row for row in rows[1:]}
        by_id["3"][5] = "33"
        by_id["5"][4:] = ['five, "5"', "500"]
        by_id["13"] += ["dreizehn"] if len(by_id["13"]) < 5 else []
        by_id["13"][4:] = ["dreizehn", "13"]
        kept = ("13", "3", "5")
        width = [[*row, ""] for row in by_id.values() if row[3] in kept]
        return [rows[0], *reversed(width)]

    outcome = done.replay(repaired=done.repaired(repair))

    assert Counts(read=3, passed=3, written=3) == outcome.steps[0].counts
    assert {(3, "name 3", 33), (5, 'five, "5"', 500), (13, "dreizehn", 13)} <= set(done.orders())
    assert 3 == outcome.quarantined


def test_a_repaired_export_replayed_twice_says_so(done: Shop) -> None:
    done.write(bad_every=1000)
    path = done.repaired(lambda rows: [row for row in rows if row[3] in ("id", "5", "13")])
    first = done.replay(repaired=path)
    orders = done.orders()
    second = done.replay(repaired=path)

    assert (2, 1) == (first.steps[0].counts.read, first.steps[0].counts.passed)
    assert (1, 1, 0) == (second.gone, second.steps[0].counts.read, second.steps[0].counts.passed)
    assert orders == done.orders()
    assert 5 == second.quarantined


def test_what_fails_in_its_repair_keeps_the_bytes_of_the_source(done: Shop) -> None:
    def repair(rows: list[list[str]]) -> list[list[str]]:
        row = next(row for row in rows if row[3] == "3")
        row[5] = "y"
        return [rows[0], row]

    done.replay(repaired=done.repaired(repair))

    (record,) = [
        one
        for one in quarantine_records(done.ledger, 1, {"": done.url})
        if one.place.endswith(":4")
    ]
    assert (b"3,name 3,x\n", {"amount": "y"}) == (record.raw, dict(record.details))


def test_exact_bytes_can_be_repaired_too(sqlite_done: Shop) -> None:
    path = sqlite_done.export("bad.jsonl")
    path.write_text(path.read_text().replace("3,name 3,x", "3,name 3,33"))
    outcome = sqlite_done.replay(repaired=path)

    assert (6, 1) == (outcome.steps[0].counts.read, outcome.steps[0].counts.passed)
    assert (3, "name 3", 33) in sqlite_done.orders()


def test_an_export_that_cannot_be_told_is_refused_before_anything_is_written(
    sqlite_done: Shop,
) -> None:
    """Doubled, unknown, without identification, with a column removed."""
    spoiled: list[tuple[Callable[[list[list[str]]], list[list[str]]], str]] = [
        (lambda rows: [*rows, rows[1]], r"bad\.csv:8: the record of line 2 stands there twice"),
        (lambda rows: [rows[0], ["nobody", *rows[1][1:]]], r"bad\.csv:2: no record of this run"),
        (lambda rows: [row[1:] for row in rows], r"bad\.csv:1: it has no column daybreak_id"),
        (lambda rows: [[*row[:3], *row[4:]] for row in rows], r"bad\.csv:2: .* other columns"),
    ]
    before = sqlite_done.audit()
    for change, message in spoiled:
        path = sqlite_done.repaired(change)
        with pytest.raises(DefinitionError, match=message):
            sqlite_done.replay(repaired=path)

    assert before == sqlite_done.audit()
    assert BEFORE == sqlite_done.steps()["load"][1]


# ---------------------------------------------------------------- ownership


@pytest.mark.slow
def test_a_run_at_work_is_not_replayed(sqlite_done: Shop) -> None:
    folder = sqlite_done.folder / ".daybreak" / "runs" / "1"
    reading, writing = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=hold, args=(folder, writing), daemon=True
    )
    process.start()
    try:
        assert reading.recv()
        with pytest.raises(RunOwned):
            sqlite_done.replay()
        with pytest.raises(RunOwned):
            sqlite_done.erase(Key("name 5"))
    finally:
        process.kill()
        process.join()
    assert BEFORE == sqlite_done.steps()["load"][1]


def hold(folder: Path, told: Any) -> None:
    """Hold a run's lock until killed."""
    lock = RunLock(folder)
    told.send(lock.acquire())
    multiprocessing.Event().wait()


# ---------------------------------------------------------------- erasing


def test_a_person_is_erased_by_key_and_the_proof_still_holds(done: Shop) -> None:
    erased = done.erase(Key("name 5"))

    left = [
        (one.raw, one.details, one.reason)
        for one in quarantine_records(done.ledger, 1, {"": done.url})
        if one.is_erased
    ]
    assert 1 == erased
    assert [(b"", {}, "of a bad kind")] == left
    assert (StepStatus.DONE, BEFORE) == done.steps()["load"]
    done.write(bad_every=1000)
    outcome = done.replay()
    assert (1, RunStatus.DONE, 3) == (outcome.erased, outcome.status, outcome.quarantined)
    assert 5 not in [row[0] for row in done.orders()]
    assert ("erased", {"by": "key", "records": 1}) in done.audit()


def test_a_key_is_looked_for_in_fields_details_place_and_malformed_rows(sqlite_done: Shop) -> None:
    nobody = ["name=10", "name", "nobody", "na"]
    somebody = ["id=10", "amount=15", "20", "13", "orders.csv:4"]

    assert [0] * 4 == [sqlite_done.erase(Key.of(key)) for key in nobody]
    assert [1] * 5 == [sqlite_done.erase(Key.of(key)) for key in somebody]
    assert [0] * 5 == [sqlite_done.erase(Key.of(key)) for key in somebody]


def test_an_erased_record_is_not_brought_back_by_an_older_export(sqlite_done: Shop) -> None:
    path = sqlite_done.export()
    sqlite_done.erase(Key("id", "name"))
    sqlite_done.erase(Key("name 5"))
    sqlite_done.write(bad_every=1000)
    outcome = sqlite_done.replay(repaired=path)

    assert 1 == outcome.erased
    assert 5 not in [row[0] for row in sqlite_done.orders()]


def test_no_byte_of_an_erased_record_stays_in_the_file(sqlite_shop: Shop) -> None:
    """Not in the pages either that a long record leaves free."""
    orders, file = sqlite_shop.folder / "orders.csv", sqlite_shop.folder / "x.db"
    orders.write_text(orders.read_text().replace("5,name 5,", f"5,{'tarotaro' * 3000},", 1))
    sqlite_shop.start()
    assert b"tarotaro" in file.read_bytes()
    sqlite_shop.erase(Key("5", "id"))

    assert b"tarotaro" not in file.read_bytes()


def test_old_records_are_erased(sqlite_done: Shop) -> None:
    later = datetime.now(UTC) + timedelta(days=31)
    assert 0 == sqlite_done.erase(Age(32, later))
    assert 6 == sqlite_done.erase(Age(30, later))
    assert ["erased"] * 6 == sqlite_done.reasons()
    assert RunStatus.DONE == sqlite_done.replay().status


# ---------------------------------------------------------------- the job


def test_another_job_is_refused(sqlite_done: Shop) -> None:
    job = sqlite_done.folder / "orders_job.py"
    job.write_text(job.read_text().replace('Job("orders")', 'Job("others")'))
    with pytest.raises(DefinitionError, match="run 1 is one of job orders"):
        sqlite_done.replay()


def test_a_step_that_was_renamed_is_missed(sqlite_done: Shop) -> None:
    job = sqlite_done.folder / "orders_job.py"
    text = (
        job.read_text().replace("def load(", "def loading(").replace("after=load", "after=loading")
    )
    job.write_text(text)
    with pytest.raises(DefinitionError, match="load"):
        sqlite_done.replay()


def test_a_secret_that_is_required_is_given_again(sqlite_done: Shop) -> None:
    job = sqlite_done.folder / "orders_job.py"
    job.write_text(job.read_text().replace('Secret = Secret("none")', "Secret"))
    with pytest.raises(DefinitionError, match="secret parameter token is missing"):
        sqlite_done.replay()


def test_a_function_that_cannot_be_called_leaves_the_run_as_it_was(sqlite_done: Shop) -> None:
    job = sqlite_done.folder / "orders_job.py"
    job.write_text(job.read_text().replace("    def look(", "    1 / 0\n    def look("))
    with pytest.raises(StepFailed, match="ZeroDivisionError"):
        sqlite_done.replay()

    assert (StepStatus.DONE, BEFORE) == sqlite_done.steps()["load"]
    assert sqlite_done.start().was_done
