"""A job whose steps can begin again, each for a reason of its own; and one that cannot."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from daybreak import faultpoints
from daybreak.databases.session import opened
from daybreak.ledger.rows import AuditRow, StepDetails
from daybreak.ledger.store import LedgerStore
from daybreak.model.restart import Wish
from daybreak.operations.load import load_job
from daybreak.operations.settings import Settings
from daybreak.operations.start import Outcome, start
from daybreak.telemetry import ChunkCommitted, Event, Said, StepEnded, StepStarted, Telemetry

JOB = """
from pathlib import Path
from pydantic import BaseModel
from daybreak import Database, Job, Run, Transaction, Work, files, source

db = Database("sqlite:///shop.db")
job = Job("orders")

class Order(BaseModel):
    id: int
    name: str

@job.task(impact="There is no file.")
def fetch(run: Run, folder: str) -> Path:
    return run.fetch(folder + "/orders.csv", settle_s=0)

@job.step(after=fetch, chunk=10, impact="Orders are missing.")
def load(run: Run) -> Work:
    orders = files.csv(run[fetch], Order)
    return orders.into(db.table("orders", Order, key="id", mode="replace", create=True))

def note(number: int, tx: Transaction) -> None:
    tx.execute("insert into notes (n) values (:n)", n=number)

@job.step(after=fetch, chunk=10, impact="Notes are missing.")
def notes() -> Work:
    return source(range(1, 31)).each(note, database=db)

def take_back(tx: Transaction) -> None:
    tx.execute("update totals set value = value - 1000")

@job.atomic(db, after=load, impact="Nobody knows how many.", undo=take_back)
def publish(tx: Transaction) -> int:
    tx.execute("update totals set value = value + 1000")
    return tx.one("select count(*) from orders", int)
"""
RECORDS = 50


class armed:  # noqa: N801 - read as a verb
    """Have a fault point act as long as the block lasts."""

    def __init__(self, fault: str) -> None:
        self._fault = fault

    def __enter__(self) -> None:
        faultpoints.arm(self._fault)

    def __exit__(self, *_: object) -> None:
        faultpoints.arm(None)


class RerunHouse:
    """One job's folder, and a way to start it and to begin it again."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.events: list[Event] = []
        self.write_job()
        self.write_orders(RECORDS)
        with opened(url) as session:
            session.script(
                "create table totals (value integer not null);"
                "insert into totals values (0);"
                "create table notes (n integer not null);"
            )

    def write_job(self, old: str = "", new: str = "") -> None:
        """Write the job, with one text in it replaced."""
        assert not old or 1 == JOB.count(old)
        (self.folder / "orders_job.py").write_text(JOB.replace(old, new) if old else JOB)

    def write_orders(self, records: int, name: str = "order") -> None:
        rows = (f"{n},{name} {n}" for n in range(1, records + 1))
        (self.folder / "orders.csv").write_text("id,name\n" + "\n".join(rows) + "\n")

    def start(self, listener: Callable[[Event], None] | None = None, **settings: Any) -> Outcome:
        telemetry = Telemetry()
        self.events = []
        telemetry.subscribe(self.events.append)
        if listener is not None:
            telemetry.subscribe(listener)
        common = Settings(
            parameters={"folder": str(self.folder)}, databases={"": self.url}, takeover_s=2
        )
        return start(
            load_job(self.folder / "orders_job.py"), replace(common, **settings), telemetry
        )

    def only(self, step: str, **settings: Any) -> Outcome:
        return self.start(restart=Wish(step, is_only=True), **settings)

    def again(self, step: str | None = None, *undone: str, **settings: Any) -> Outcome:
        wish = Wish(step, undone=frozenset(undone))
        return self.start(restart=wish, run=1, **settings)

    # ------------------------------------------------------------ what is there

    @property
    def said(self) -> list[str]:
        return [event.message for event in self.events if isinstance(event, Said)]

    @property
    def began(self) -> set[str]:
        """The steps that were at work in the last attempt."""
        return {event.step for event in self.events if isinstance(event, StepStarted)}

    @property
    def were_done(self) -> set[str]:
        """The steps that were done before the last attempt."""
        ended = [event for event in self.events if isinstance(event, StepEnded)]
        return {event.step for event in ended if event.was_done}

    @property
    def chunks(self) -> list[ChunkCommitted]:
        return [event for event in self.events if isinstance(event, ChunkCommitted)]

    def orders(self) -> list[str]:
        return [row.name for row in self._query("select name from orders order by id")]

    def notes(self) -> int:
        return len(self._query("select n from notes"))

    def published(self) -> int:
        """How many publications are in force; each adds a thousand."""
        return int(self._query("select value from totals")[0].value) // 1000

    def spoil(self, sql: str) -> int:
        with opened(self.url) as session:
            return session.execute(sql)

    def _query(self, sql: str) -> list[Any]:
        with opened(self.url) as session:
            return session.query(sql)

    def rows(self) -> dict[str, StepDetails]:
        with self.ledger() as store:
            return {row.step: row for row in store.steps(1)}

    def passes(self) -> dict[str, int]:
        return {name: row.pass_number for name, row in self.rows().items()}

    def audit(self, what: str) -> list[AuditRow]:
        with self.ledger() as store:
            return [line for line in store.audit(1) if line.what == what]

    def everything(self) -> list[Any]:
        """Return all that the ledger says of the run, to see that nothing was written."""
        with self.ledger() as store:
            return [store.run(1), store.steps(1), store.audit(1)]

    def ledger(self) -> closing[LedgerStore]:
        url = f"sqlite:///{self.folder}/.daybreak/ledger.db"
        return closing(LedgerStore.open(url, is_reader=True))
