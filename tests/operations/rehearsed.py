"""A job to rehearse, in a folder of its own, and everything that could be left of a rehearsal."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from daybreak.databases.scratch import PREFIX as SCRATCH_PREFIX
from daybreak.databases.session import Session, opened
from daybreak.databases.statement import load
from daybreak.operations.load import LoadedJob, load_job
from daybreak.operations.rehearsal import Rehearsal
from daybreak.operations.rehearsal_folder import PREFIX
from daybreak.operations.rehearse import rehearse
from daybreak.operations.settings import Settings
from daybreak.operations.start import Outcome, start
from daybreak.telemetry import Event, Telemetry

JOB = '''
from pathlib import Path

from pydantic import BaseModel

from daybreak import Database, Job, Quarantine, Run, Transaction, Work, files, source

db = Database("sqlite:///shop.db")
job = Job("shop")

class Order(BaseModel):
    id: int
    parent: int

def insert(number: int, tx: Transaction) -> None:
    tx.execute("insert into numbers (n) values (:n)", n=number)
    if number % 10 == 5:
        raise Quarantine("ends in five", n=number)
    if number % 10 == 7:  # the database refuses the second
        tx.execute("insert into numbers (n) values (:n)", n=number)

@job.step(chunk=10, parallel=2, max_bad="50%", impact="There are no numbers.")
def numbers(last: int = 60) -> Work:
    return source(range(1, last + 1)).each(insert, database=db)

@job.task(impact="Nothing is loaded.")
def check(run: Run, orders: str = "orders.csv") -> files.File[Order]:
    (run.folder / "seen").write_text("by the check")
    return run.check(files.csv(Path(__file__).parent / orders, Order), max_bad=5)

@job.step(after=check, chunk=20, max_bad="50%", impact="Orders are missing.")
def load(run: Run) -> Work:
    return run[check].into(db.table("orders", Order, key="id", mode="replace", create=True))

@job.step(chunk=10, max_bad="50%", impact="Children have no parents.")
def children(loose: int = 0) -> Work:
    rows = [{"id": n, "parent": n if not loose else n + 1_000_000} for n in range(1, 31)]
    return source(rows).into(db.table("children", key="id"))

@job.atomic(db, after=load, impact="Nobody knows how many.")
def count(tx: Transaction) -> int:
    tx.execute("insert into notes (what) values ('counted')")
    return tx.one("select count(*) from notes", int)

@job.atomic(db, impact="Nobody is told.")
def told(tx: Transaction, run: Run) -> str:
    tx.execute("insert into notes (what) values (:what)", what=f"told: {run.rehearsal}")
    return tx.one("select what from notes where what like 'told%'", str)

@job.step(chunk=10, max_bad="100%", impact="Nothing is seen.")
def seen() -> Work:
    """Every record is what the chunks before it wrote, as its stage sees it."""
    def look(number: int) -> int:
        return db.one("select count(*) from notes", int)
    def note(before: int, tx: Transaction) -> None:
        tx.execute("insert into notes (what) values (:what)", what=f"{before} before")
        if tx.one("select count(*) from notes where what like '% before'", int) > before + 10:
            raise Quarantine("the chunks before were not seen")
    return source(range(30)).map(look).each(note, database=db)

@job.step(chunk=10, max_bad="50%", impact="Somebody commits.")
def committing(how: str = "select 1") -> Work:
    def commit(number: int, tx: Transaction) -> None:
        tx.execute("insert into notes (what) values (:what)", what=f"number {number}")
        if number == 15:
            tx.connection.execute(how)
    return source(range(30)).each(commit, database=db)

@job.step(chunk=25, impact="Nothing is wide.")
def wide() -> Work:
    def write(number: int, tx: Transaction) -> None:
        tx.execute("insert into notes (what) values (:what)", what="wide " * 20_000)
    return source(range(50)).each(write, database=db)

@job.step(chunk=10, impact="Nothing is sorted.")
def sorting(first: str = "") -> Work:
    """Each of its few records sorts more than fits into memory."""
    numbers = "with recursive g (n) as (select 1 union all select n + 1 from g where n < 50000)"
    wide = "select n, 'a text that is so long that it takes some room' as s from g order by -n"
    def sort(number: int, tx: Transaction) -> None:
        if first:
            tx.execute(first)
        tx.one(f"{numbers} select count(*) from ({wide} limit 49999) x", int)
        tx.execute("update numbers set n = n where n = 1000000")
    return source(range(2)).each(sort, database=db)

@job.step(chunk=50, impact="Pairs are missing.")
def quadratic(pairs: int = 40) -> Work:
    def pair(number: int, tx: Transaction) -> None:
        tx.one("select count(*) from notes where what like :like", like=f"%{number} pair")
        tx.execute("insert into notes (what) values (:what)", what=f"{number} pair")
    return source(range(pairs)).each(pair, database=db)
'''

TABLES = """
create table numbers (n integer primary key);
create table notes (what text not null);
create table parents (id integer primary key);
create table children (
  id integer primary key,
  parent integer not null references parents (id) deferrable initially deferred
);
insert into numbers (n) values (1000000);
insert into notes (what) values ('was there before');
"""
PARENTS = 30


class Rehearsed:
    """The job's folder, its database, and what is in them."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.events: list[Event] = []
        folder.mkdir(exist_ok=True)
        for name in ("shop_job.py", "shop_beside.py"):
            (folder / name).write_text(JOB)
        lines = [f"{n},{n}" if n % 20 else f"{n}x,{n}" for n in range(1, 61)]
        (folder / "orders.csv").write_text("id,parent\n" + "\n".join(lines) + "\n")
        with opened(url) as session:
            session.script(TABLES)
            session.executemany(
                "insert into parents (id) values (:id)", [{"id": n} for n in range(1, PARENTS + 1)]
            )

    @property
    def job(self) -> LoadedJob:
        return load_job(self.folder / "shop_job.py")

    @property
    def beside(self) -> LoadedJob:
        """The same job loaded once more: as another process has it beside the first."""
        return load_job(self.folder / "shop_beside.py")

    def settings(self, **settings: Any) -> Settings:
        common = Settings(databases={"": self.url}, takeover_s=2, lease_s=2)
        return replace(common, **settings)

    def rehearse(
        self,
        step: str,
        *,
        job: LoadedJob | None = None,
        records: int = 1_000,
        run_id: int | None = None,
        is_spread: bool = False,
        **settings: Any,
    ) -> Rehearsal:
        telemetry = Telemetry()
        self.events = []
        telemetry.subscribe(self.events.append)
        return rehearse(
            job or self.job,
            step,
            self.settings(**settings),
            telemetry,
            records=records,
            run_id=run_id,
            is_spread=is_spread,
        )

    def start(self, **settings: Any) -> Outcome:
        return start(self.job, self.settings(**settings), Telemetry())

    def left(self) -> dict[str, Any]:
        """Read everything that could be left: tables with their rows, files, folders."""
        with opened(self.url) as session:
            tables = {name: _rows(session, name) for name in _tables(session)}
        files = sorted(
            (str(path.relative_to(self.folder)), path.stat().st_size if path.is_file() else 0)
            for path in self.folder.rglob("*")
            if "__pycache__" not in path.parts
        )
        folders = [path.name for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*")]
        return {"tables": tables, "files": files, "folders": folders}

    def scratches(self) -> list[str]:
        """Return the scratch databases of the job's database; other tests have theirs."""
        if self.url.startswith("sqlite"):
            return []
        sql = "select datname as name from pg_database where datname like :pattern"
        with opened(self.url) as session:
            number = session.query(load(session.dialect, "scratch_facts"))[0].number
            pattern = f"{SCRATCH_PREFIX}{number}%"
            return [row.name for row in session.query(sql, pattern=pattern)]


def _tables(session: Session) -> list[str]:
    if session.dialect == "sqlite":
        sql = "select name from sqlite_master where type = 'table' order by name"
    else:
        sql = """
            select format('%I.%I', table_schema, table_name) as name from information_schema.tables
            where table_schema not in ('pg_catalog', 'information_schema') order by name
        """
    return [row.name for row in session.query(sql)]


def _rows(session: Session, table: str) -> list[tuple[Any, ...]]:
    rows = session.query(f"select * from {table}")  # noqa: S608 - a name from the catalogue
    return sorted((tuple(row.values()) for row in rows), key=str)
