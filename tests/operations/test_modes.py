"""A run in each mode of a table: what it leaves, and whether it may begin again or be replayed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from daybreak.databases.session import opened
from daybreak.errors import RestartRefused
from daybreak.ledger.store import LedgerStore
from daybreak.model.fate import Counts
from daybreak.model.restart import Wish
from daybreak.model.status import RunStatus
from daybreak.operations.choice import Wanted
from daybreak.operations.load import load_job
from daybreak.operations.places import ledger_url
from daybreak.operations.rehearse import rehearse
from daybreak.operations.replay import replay
from daybreak.operations.settings import Settings
from daybreak.operations.start import Outcome, start
from daybreak.telemetry import ChunkCommitted, Event, Telemetry
from tests.kinds import TWO_KINDS, every_kind

database_url = every_kind
pytestmark = pytest.mark.slow

JOB = """
from pathlib import Path
from pydantic import BaseModel
from daybreak import Database, Job, Quarantine, Work, files

db = Database("sqlite:///shop.db")
job = Job("orders")
FOLDER = Path(__file__).parent

class Order(BaseModel):
    id: int
    name: str

def look(order: Order) -> None:
    if order.name in BAD:
        raise Quarantine("a bad name")

@job.step(chunk=7, order="source", max_bad="50%", impact="Orders are missing.")
def load() -> Work:
    orders = files.csv(FOLDER / "orders.csv", Order)
    return orders.tap(look).into(db.table("orders", Order, MODE))
"""
RECORDS, KEYS = 40, 10
KINDS = """
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from uuid import UUID
from pydantic import AwareDatetime, BaseModel, NaiveDatetime
from daybreak import Database, Job, Work, source

db = Database("sqlite:///shop.db")
job = Job("kinds")
NOW = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)

class Colour(Enum):
    RED = "red"

class Kinds(BaseModel):
    a: UUID = UUID(int=7)
    b: bool = True
    c: int = 2**40
    d: float = 0.5
    e: str | None = None
    f: bytes = b"0"
    g: Decimal = Decimal("1.10")
    h: datetime = NOW
    i: AwareDatetime = NOW
    j: NaiveDatetime = NOW.replace(tzinfo=None)
    k: date = NOW.date()
    l: time = NOW.time()
    m: Colour = Colour.RED
    MORE

@job.step(impact="Nothing is there.")
def load() -> Work:
    return source([0]).map(lambda _n: Kinds()).into(
        db.table("kinds", Kinds, key="a", mode="upsert", create=True)
    )
"""
KINDS_MORE = {"sqlite": "", "postgr": "n: timedelta = timedelta(seconds=5)"}


@dataclass
class Shop:
    """A job over a file in which each key comes four times."""

    folder: Path
    url: str
    mode: str

    def write(self, *bad: str) -> None:
        mode = f'mode="{self.mode}"' if self.mode == "append" else f'key="id", mode="{self.mode}"'
        text = JOB.replace("BAD", repr(bad)).replace("MODE", mode)
        (self.folder / "orders_job.py").write_text(text)

    def start(
        self, listener: Callable[[Event], None] = lambda _event: None, **settings: Any
    ) -> Outcome:
        telemetry = Telemetry()
        telemetry.subscribe(listener)
        job = load_job(self.folder / "orders_job.py")
        common = Settings(databases={"": self.url}, takeover_s=2, **settings)
        return start(job, common, telemetry)

    def replay(self) -> None:
        job = load_job(self.folder / "orders_job.py")
        replay(job, 1, Wanted(), Settings(databases={"": self.url}, takeover_s=2), Telemetry())

    def orders(self) -> list[tuple[int, str]]:
        with opened(self.url) as session:
            rows = session.query("select id, name from orders order by id, name")
        return [(row.id, row.name) for row in rows]

    def counts(self) -> Counts:
        url = ledger_url(None, self.folder / "orders_job.py")
        store = LedgerStore.open(url, is_reader=True)
        try:
            return next(row.counts for row in store.steps(1) if row.step == "load")
        finally:
            store.close()


@pytest.fixture
def open_shop(tmp_path: Path, database_url: str) -> Callable[[str], Shop]:
    rows = [f"{n % KEYS},name {n:02}" for n in range(RECORDS)]
    (tmp_path / "orders.csv").write_text("id,name\n" + "\n".join(rows) + "\n")

    def opens(mode: str) -> Shop:
        key = "" if mode == "append" else "primary key"
        with opened(database_url) as session:
            session.script(f"create table orders (id integer {key}, name text not null)")
        shop = Shop(tmp_path, database_url, mode)
        shop.write()
        return shop

    return opens


LAST = [(key, f"name {RECORDS - KEYS + key:02}") for key in range(KEYS)]


def test_of_equal_keys_the_last_in_the_source_stands(open_shop: Callable[[str], Shop]) -> None:
    """Across chunks by their order, within a chunk by the rule; whatever was there before."""
    shop = open_shop("upsert")
    with opened(shop.url) as session:
        session.script("insert into orders values (3, 'old'), (99, 'old')")

    assert RunStatus.DONE is shop.start().status

    assert [*LAST, (99, "old")] == shop.orders()
    counts = shop.counts()
    assert counts.is_balanced
    assert (RECORDS, 0) == (counts.written, counts.superseded), "no chunk has a key twice"


def test_what_is_superseded_is_counted(open_shop: Callable[[str], Shop]) -> None:
    shop = open_shop("upsert")
    (shop.folder / "orders.csv").write_text("id,name\n1,a\n1,b\n2,c\n1,d\n")

    assert RunStatus.DONE is shop.start().status

    assert [(1, "d"), (2, "c")] == shop.orders()
    assert Counts(read=4, passed=2, superseded=2, written=2) == shop.counts()


def test_rows_that_are_written_over_can_be_written_once_more(
    open_shop: Callable[[str], Shop],
) -> None:
    shop = open_shop("upsert")
    shop.start()
    again = Wish("load")

    assert RunStatus.DONE is shop.start(restart=again, run=1).status

    assert LAST == shop.orders()
    assert RECORDS == shop.counts().written


def test_an_upsert_that_was_cut_off_goes_on(open_shop: Callable[[str], Shop]) -> None:
    shop = open_shop("upsert")

    def cut(event: Event) -> None:
        if isinstance(event, ChunkCommitted):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shop.start(cut)
    assert RunStatus.DONE is shop.start().status

    assert LAST == shop.orders()


def test_what_is_appended_needs_no_key_and_comes_once(open_shop: Callable[[str], Shop]) -> None:
    shop = open_shop("append")

    assert RunStatus.DONE is shop.start().status
    assert RunStatus.DONE is shop.start().status, "it is done already"

    assert sorted((n % KEYS, f"name {n:02}") for n in range(RECORDS)) == shop.orders()
    assert Counts(read=RECORDS, passed=RECORDS, written=RECORDS) == shop.counts()


@pytest.mark.parametrize("mode", ["append", "insert"])
def test_what_was_added_must_be_taken_away_before_it_is_added_again(
    open_shop: Callable[[str], Shop], mode: str
) -> None:
    shop = open_shop(mode)
    (shop.folder / "orders.csv").write_text("id,name\n1,a\n2,b\n")
    shop.start()

    with pytest.raises(RestartRefused, match="inserts into orders: 2 rows of this run are there"):
        shop.start(restart=Wish("load"), run=1)

    assert [(1, "a"), (2, "b")] == shop.orders()


def test_a_replayed_record_is_written_as_if_it_came_now(open_shop: Callable[[str], Shop]) -> None:
    """It writes over what stands there; of those replayed together the last one stands."""
    shop = open_shop("upsert")
    bad = ("name 31", "name 12", "name 22", "name 32")
    shop.write(*bad)
    shop.start()
    before = Counts(read=RECORDS, passed=36, quarantined=4, written=36)
    assert before == shop.counts()
    assert (1, "name 21") in shop.orders()
    assert (2, "name 02") in shop.orders()

    shop.write()
    shop.replay()

    assert LAST == shop.orders()
    assert Counts(read=RECORDS, passed=38, superseded=2, written=38) == shop.counts()


@pytest.mark.parametrize("database_url", TWO_KINDS, indirect=True)
@pytest.mark.parametrize("mode", ["upsert", "append"])
def test_a_rehearsal_leaves_nothing(open_shop: Callable[[str], Shop], mode: str) -> None:
    """Neither of the rows that were there nor of those that stand in for them."""
    shop = open_shop(mode)
    rows = [f"{n % 3},name {n:02}" for n in range(RECORDS)]
    (shop.folder / "orders.csv").write_text("id,name\n" + "\n".join(rows) + "\n")
    with opened(shop.url) as session:
        session.script("insert into orders values (1, 'old')")
    job = load_job(shop.folder / "orders_job.py")
    settings = Settings(databases={"": shop.url}, takeover_s=2)

    rehearsed = rehearse(job, "load", settings, Telemetry())

    superseded = {"upsert": RECORDS - 18, "append": 0}[mode]
    taken = RECORDS - superseded
    expected = Counts(read=RECORDS, passed=taken, superseded=superseded, written=taken)
    assert expected == rehearsed.steps[0].counts
    assert [(1, "old")] == shop.orders()


@pytest.mark.parametrize("database_url", TWO_KINDS, indirect=True)
def test_a_created_table_holds_its_own_model(tmp_path: Path, database_url: str) -> None:
    """It is held against the model by the next attempt."""
    (tmp_path / "kinds_job.py").write_text(KINDS.replace("MORE", KINDS_MORE[database_url[:6]]))
    settings = Settings(databases={"": database_url}, takeover_s=2)
    for again in (None, Wish("load")):
        job = load_job(tmp_path / "kinds_job.py")
        run = None if again is None else 1
        outcome = start(job, replace(settings, restart=again, run=run), Telemetry())
        assert RunStatus.DONE is outcome.status, outcome.error
