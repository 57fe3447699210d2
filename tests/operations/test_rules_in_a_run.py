"""Rows that other rows refuse: set aside by the load, in every attempt, and replayed."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from daybreak.databases.session import opened
from daybreak.model.status import RunStatus
from daybreak.operations.choice import Wanted
from daybreak.operations.load import load_job
from daybreak.operations.places import ledger_url
from daybreak.operations.quarantine import kept_rows, quarantine_records
from daybreak.operations.replay import ReplayOutcome, replay
from daybreak.operations.settings import Settings
from daybreak.operations.start import Outcome, start
from daybreak.reports.export import export
from daybreak.telemetry import Telemetry
from tests.operations.rerun_house import armed

pytestmark = pytest.mark.slow

JOB = """
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from pydantic import Field
from daybreak import Database, Job, Run, Work, files

db = Database("sqlite:///shop.db")
job = Job("orders")
FOLDER = Path(__file__).parent
COLUMNS = {"id": int, "user": Annotated[int, Field(gt=0)], "parent": int | None}

@job.task(impact="Nothing is loaded.")
def check(run: Run) -> files.File[dict[str, Any]]:
    orders = files.csv(
        FOLDER / "orders.csv",
        COLUMNS,
        key="id",
        references={
            "user": db.table("users", key="id"),
            "parent": "id",
            "id": files.csv(FOLDER / "known.csv", {"no": int}, key="no"),
        },
        records=(5, None),
        totals={"id": 85},
    )
    return run.check(orders, max_bad="100%")

@job.step(after=check, chunk=3, impact="Orders are missing.")
def load(run: Run) -> Work:
    return run[check].into(db.table("orders", key="id", mode="replace"))
"""
ROWS = [
    "1,1,",
    "2,1,9",  # its parent stands behind it
    "2,1,9",
    "x,1,",
    "3,7,",  # no such user
    "4,2,33",  # no such parent
    "9,2,",
    "2,3,",
    "50,3,",  # not known
    "6,3,",
    "6,3,1",
]
REASONS = {
    3: "id: a copy of an earlier record",
    4: "id: not a whole number",
    5: "user: is not in users.id",
    6: "parent: is not in id of any record",
    8: "id: the key of an earlier record that says something else",
    9: "id: is not in known.csv.no",
    11: "id: the key of an earlier record that says something else",
}
LOADED = [1, 2, 6, 9]


@dataclass
class Shop:
    """A job over eleven orders, of which four can be loaded."""

    folder: Path
    url: str

    def settings(self) -> Settings:
        return Settings(databases={"": self.url}, takeover_s=2)

    def start(self, **settings: Any) -> Outcome:
        job = load_job(self.folder / "orders_job.py")
        return start(job, replace(self.settings(), **settings), Telemetry())

    def replay(self, **wanted: Any) -> ReplayOutcome:
        job = load_job(self.folder / "orders_job.py")
        return replay(job, 1, Wanted(**wanted), self.settings(), Telemetry())

    @property
    def ledger(self) -> str:
        return ledger_url(None, self.folder / "orders_job.py")

    def reasons(self) -> dict[int, str]:
        """Return why records are in quarantine, by their number among the rows."""
        records = quarantine_records(self.ledger, 1, {"": self.url})
        return {int(one.place.rpartition(":")[2]) - 1: one.reason for one in records}

    def repaired(self, change: Callable[[list[str]], list[str]]) -> Path:
        path = self.folder / "bad.csv"
        records = quarantine_records(self.ledger, 1, {"": self.url})
        export(records, path, kept_rows(self.ledger, 1))
        head, *rows = csv.reader(StringIO(path.read_text("utf-8-sig"), newline=""))
        text = StringIO()
        csv.writer(text).writerows([head, *(one[:3] + change(one[3:]) for one in rows)])
        path.write_text(text.getvalue(), newline="")
        return path

    def orders(self) -> list[int]:
        with opened(self.url) as session:
            return [row.id for row in session.query("select id from orders order by id")]

    def write(self, rows: list[str]) -> None:
        (self.folder / "orders.csv").write_text("id,user,parent\n" + "\n".join(rows) + "\n")

    def execute(self, sql: str) -> None:
        with opened(self.url) as session:
            session.script(sql)


@pytest.fixture
def shop(tmp_path: Path, database_url: str) -> Shop:
    found = Shop(tmp_path, database_url)
    (tmp_path / "orders_job.py").write_text(JOB)
    numbers = "".join(f"{number}\n" for number in range(1, 34))
    (tmp_path / "known.csv").write_text("no\n" + numbers)
    found.write(ROWS)
    found.execute(
        "create table users (id integer primary key); insert into users values (1), (2), (3);"
        'create table orders (id integer primary key, "user" integer, parent integer);'
    )
    return found


@pytest.fixture
def done(shop: Shop) -> Shop:
    assert RunStatus.DONE == shop.start().status
    assert LOADED == shop.orders()
    assert REASONS == shop.reasons()
    return shop


def test_a_run_that_failed_half_way_refuses_the_same_rows_when_it_goes_on(shop: Shop) -> None:
    with armed("chunk.before_marker:3:raise"):
        assert RunStatus.FAILED == shop.start().status
    assert LOADED != shop.orders()

    assert RunStatus.DONE == shop.start().status

    assert LOADED == shop.orders()
    assert REASONS == shop.reasons()


def test_what_is_unchanged_is_refused_again(done: Shop) -> None:
    outcome = done.replay()

    assert (RunStatus.DONE, 7) == (outcome.status, outcome.quarantined)
    assert REASONS == done.reasons()
    assert LOADED == done.orders()
    assert [] == list((done.folder / ".daybreak" / "runs" / "1" / "across").iterdir())


def test_a_parent_that_was_added_meanwhile_is_found(done: Shop) -> None:
    done.execute("insert into users values (7)")
    with (done.folder / "known.csv").open("a") as stream:
        stream.write("50\n")

    outcome = done.replay()

    assert (RunStatus.DONE, 5) == (outcome.status, outcome.quarantined)
    assert [1, 2, 3, 6, 9, 50] == done.orders()


def test_a_repaired_record_is_held_against_all_others_once_more(done: Shop) -> None:
    repairs = {
        "2,1,9": "9,1,",  # the key of a record that was loaded
        "2,3,": "7,3,5",  # a child of what is repaired with it
        "x,1,": "5,1,",
        "3,7,": "5,2,",  # a second one of the same key
        "4,2,33": "4,2,1",
        "50,3,": "8,3,",
    }

    def change(cells: list[str]) -> list[str]:
        return repairs.get(",".join(cells), ",".join(cells)).split(",")

    outcome = done.replay(repaired=done.repaired(change))

    assert RunStatus.DONE == outcome.status
    assert [1, 2, 4, 5, 6, 7, 8, 9] == done.orders()
    assert {
        3: "id: the key of an earlier record that says something else",
        5: "id: the key of an earlier record that says something else",
        11: "id: the key of an earlier record that says something else",
    } == done.reasons()


class TestChanges:
    def half(self, shop: Shop) -> None:
        with armed("chunk.before_marker:3:raise"):
            assert RunStatus.FAILED == shop.start().status

    def test_the_same_bytes_in_another_file_are_accepted(self, shop: Shop) -> None:
        self.half(shop)
        shutil.copy(shop.folder / "orders.csv", shop.folder / "copy.csv")
        (shop.folder / "copy.csv").replace(shop.folder / "orders.csv")
        assert RunStatus.FAILED == shop.start().status

        assert RunStatus.DONE == shop.start(accepts_changes=True).status

        assert LOADED == shop.orders()
        assert REASONS == shop.reasons()

    def test_other_records_are_not_accepted_for_nobody_has_compared_them(self, shop: Shop) -> None:
        self.half(shop)
        shop.write([*ROWS[:-1], "9,3,1"])

        outcome = shop.start(accepts_changes=True)

        assert RunStatus.FAILED == outcome.status
        assert 6 not in shop.orders()
        shop.write(ROWS)
        assert RunStatus.DONE == shop.start(accepts_changes=True).status
        assert REASONS == shop.reasons()
