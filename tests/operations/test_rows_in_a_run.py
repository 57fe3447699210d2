"""A job over the rows of a database: run, stopped, killed, resumed and replayed."""

from __future__ import annotations

import json
import random
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daybreak.databases.session import opened, transaction
from daybreak.ledger.store import LedgerStore
from daybreak.model.fate import Counts
from daybreak.model.status import RunStatus
from daybreak.operations.choice import Wanted
from daybreak.operations.load import load_job
from daybreak.operations.places import ledger_url
from daybreak.operations.quarantine import quarantine_records
from daybreak.operations.rehearse import rehearse
from daybreak.operations.replay import replay
from daybreak.operations.settings import Settings
from daybreak.operations.start import start
from daybreak.telemetry import ChunkCommitted, Event, Said, Telemetry
from tests.kinds import TWO_KINDS, two_kinds_and_slowly
from tests.torture.nursery import Nursery
from tests.torture.world import Ran

pytestmark = pytest.mark.slow_on_postgresql
database_url = two_kinds_and_slowly("mysql", "duckdb")

JOB = Path(__file__).with_name("rows_job.py")
USERS = range(0, 300, 3)
MONTH = date(2024, 5, 1)


def is_bad(user: int) -> bool:
    return user % 20 == 0


@dataclass
class Shop:
    """The job's folder and its database, and what must be in it in the end."""

    folder: Path
    url: str

    def __post_init__(self) -> None:
        shutil.copy(JOB, self.folder / "job.py")
        self.said: list[str] = []
        with opened(self.url) as session:
            session.script(
                "create table accounts (user_id bigint not null primary key,"
                " opening numeric(9,2));\n"
                "create table bookings (id integer primary key, user_id bigint, amount integer);\n"
                "create table balances (user_id bigint not null, month date not null,"
                " closing numeric(9,2), primary key (user_id, month));\n"
            )
            if session.dialect in ("mysql", "duckdb"):  # no type of theirs holds every Decimal
                session.script("create table copies as select * from accounts")
                session.script("alter table copies add primary key (user_id)")
                made = 'Account, key="user_id", mode="replace"'
                self.rewrite(f"{made}, create=True", made)
        with opened(self.url) as session, transaction(session):
            session.copy(
                "accounts",
                [(user, Decimal(-9 if is_bad(user) else user)) for user in USERS],
                ["user_id", "opening"],
            )
            bookings = [(user, user, 1) for user in USERS] + [(n, 9, 1) for n in (1, 2)]
            session.copy("bookings", bookings, ["id", "user_id", "amount"])

    def settings(self, **more: Any) -> Settings:
        parameters = {"month": MONTH.isoformat()}
        return Settings(parameters=parameters, databases={"": self.url}, takeover_s=2, **more)

    def start(self, hear: Callable[[Event], None] = lambda _event: None) -> RunStatus:
        telemetry = Telemetry()
        telemetry.subscribe(hear)
        telemetry.subscribe(
            lambda event: self.said.append(event.message) if isinstance(event, Said) else None
        )
        return start(load_job(self.folder / "job.py"), self.settings(), telemetry).status

    @property
    def ledger(self) -> str:
        return ledger_url(None, self.folder / "job.py")

    def counts(self) -> dict[str, Counts]:
        store = LedgerStore.open(self.ledger, is_reader=True)
        try:
            return {row.step: row.counts for row in store.steps(1)}
        finally:
            store.close()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with opened(self.url) as session:
            return [tuple(row.values()) for row in session.query(sql)]

    def rewrite(self, old: str, new: str) -> None:
        text = (self.folder / "job.py").read_text()
        assert old in text
        (self.folder / "job.py").write_text(text.replace(old, new))

    def assert_all_is_done(self) -> None:
        """Say what must be there, from the data alone: nothing of what a run says is believed."""
        booked = {user: 1 + 2 * (user == 9) for user in USERS}
        closed = [(user, user + booked[user]) for user in USERS if not is_bad(user)]
        found = self.query("select user_id, closing from balances order by user_id")
        assert closed == [(user, int(Decimal(closing))) for user, closing in found]
        assert [(user,) for user in USERS] == self.query(
            "select user_id from copies order by user_id"
        )
        assert sorted(booked.items()) == self.query(
            "select user_id, bookings from totals order by user_id"
        )
        bad = sum(map(is_bad, USERS))
        good = len(USERS) - bad
        assert {
            "close": Counts(read=good + bad, passed=good, quarantined=bad, written=good),
            "copy": Counts(read=100, passed=100, written=100),
            "report": Counts(read=100, passed=100, written=100),
        } == self.counts()


@pytest.fixture
def shop(tmp_path: Path, database_url: str) -> Shop:
    return Shop(tmp_path, database_url)


def test_rows_are_read_closed_copied_and_reported(shop: Shop) -> None:
    assert RunStatus.DONE is shop.start()

    shop.assert_all_is_done()
    assert 1 == sum("the catalogue does not prove" in message for message in shop.said)


@pytest.mark.slow
def test_stopped_run_goes_on_behind_what_is_done(shop: Shop) -> None:
    def fail_at(event: Event) -> None:
        if isinstance(event, ChunkCommitted) and event.step == "close":
            (shop.folder / "stop").write_text("")

    shop.rewrite(
        "    booked = tx.one(",
        "    from pathlib import Path\n"
        "    if Path(__file__).with_name('stop').exists():\n"
        "        raise OSError('the disk is on fire')\n"
        "    booked = tx.one(",
    )
    shop.rewrite('max_bad="50%"', "max_bad=9")
    assert RunStatus.FAILED is shop.start(fail_at)
    done = shop.counts()["close"]
    assert 0 < done.read < 100

    (shop.folder / "stop").unlink()
    starts: list[Event] = []
    assert RunStatus.DONE is shop.start(starts.append)
    shop.assert_all_is_done()
    read_again = sum(
        event.counts.read
        for event in starts
        if isinstance(event, ChunkCommitted) and event.step == "close"
    )
    assert 100 == done.read + read_again


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("b.month = :month)", "b.month = :month) and opening > 7", "opening > 7"),
        ('Account, key="user_id", month', 'Account, key=("user_id", "opening"), month', "opening"),
    ],
    ids=["query", "key"],
)
def test_changed_query_or_key_is_refused_with_the_difference(
    shop: Shop, old: str, new: str, said: str
) -> None:
    shop.rewrite("    booked = tx.one(", "    assert account.user_id < 30\n    booked = tx.one(")
    shop.rewrite('max_bad="50%"', "max_bad=9")
    assert RunStatus.FAILED is shop.start()
    shop.rewrite(old, new)

    errors: list[Any] = []
    status = shop.start(lambda event: errors.append(getattr(event, "error", None)))

    assert RunStatus.FAILED is status
    assert any(error and said in error and "changed" in error for error in errors), errors


@pytest.mark.slow
def test_record_in_quarantine_is_replayed_as_it_is_now(shop: Shop) -> None:
    shop.start()
    records = list(quarantine_records(shop.ledger, 1, {"": shop.url}))
    first = min(records, key=lambda one: one.place)
    assert "user_id=0" == first.place
    assert 0 == json.loads(first.raw)["user_id"]
    with opened(shop.url) as session:
        session.execute("update accounts set opening = 5 where user_id <> 60 and opening < 0")

    settings = Settings(databases={"": shop.url}, takeover_s=2)
    replay(load_job(shop.folder / "job.py"), 1, Wanted(), settings, Telemetry())

    assert [(60,)] == shop.query(
        "select user_id from accounts a where not exists"
        " (select 1 from balances b where b.user_id = a.user_id)"
    )
    assert Counts(read=100, passed=99, quarantined=1, written=99) == shop.counts()["close"]


@pytest.mark.slow
@pytest.mark.parametrize("database_url", TWO_KINDS, indirect=True)
def test_rehearsal_reads_inside_its_transaction_and_leaves_nothing(shop: Shop) -> None:
    """Its sessions are those of the rehearsal: what a chunk wrote the next range's read sees."""
    job = load_job(shop.folder / "job.py")

    found = rehearse(job, "close", shop.settings(), Telemetry(), records=30)

    assert Counts(read=30, passed=28, quarantined=2, written=28) == found.steps[0].counts
    assert [(0,)] == shop.query("select count(*) from balances")
    assert RunStatus.DONE is shop.start()
    shop.assert_all_is_done()


POINTS = ("chunk.before_read", "chunk.after_marker", "chunk.after_write", "chunk.after_commit")


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_kill_at_a_fault_point_changes_nothing(
    shop: Shop, nest: Nursery, point: str, seed: int
) -> None:
    """Killed once and once more while it resumes; then the same command ends it."""
    chance = random.Random(seed)
    for hits in (chance.randint(1, 12), chance.randint(1, 8)):
        killed = run_command(shop, nest, f"{point}:{hits}:kill")
        assert killed.status in (0, -signal.SIGKILL), killed.err

    ended = run_command(shop, nest, None)

    assert 0 == ended.status, ended.err
    shop.assert_all_is_done()


def run_command(shop: Shop, nest: Nursery, fault: str | None) -> Ran:
    words = ("run", str(shop.folder / "job.py"), "--month", MONTH.isoformat(), "--json")
    more = ("--database", shop.url, "--attempts", "1")
    return nest.typed(shop.folder, *words, *more, fault=fault)
