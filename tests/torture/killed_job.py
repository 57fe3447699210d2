"""The job that is killed: every way to commit, every reason to isolate, small enough for a second.

It is copied into a folder of its own for every world, together with its file of numbers.
"""

from pathlib import Path

from pydantic import BaseModel

from daybreak import Database, Job, Quarantine, Run, Transaction, Work, files, source

RECORDS = 600
LABELLED = 120

db = Database("sqlite:///world.db")
job = Job("killed", limits={"db": 2})


class Number(BaseModel):
    n: int
    parity: str


class Square(BaseModel):
    n: int
    square: int


@job.task(impact="There are no numbers.")
def fetch(run: Run, url: str) -> Path:
    return run.fetch(url, settle_s=0)


@job.task(after=fetch, impact="Nobody knows whether the numbers are numbers.")
def check(run: Run) -> files.File[Number]:
    return run.check(files.csv(run[fetch], Number), max_bad=20)


def squared(number: Number) -> Square:
    if number.n % 97 == 0:
        raise Quarantine("divisible by 97", n=number.n)
    # Every 50th key comes twice within a chunk: the database refuses the second.
    key = number.n - 1 if number.n % 50 == 2 else number.n
    return Square(n=key, square=number.n * number.n)


@job.step(
    after=check,
    chunk=60,
    parallel=2,
    max_bad="50%",
    uses={"db": 1},
    impact="There are no squares.",
)
def load(run: Run) -> Work:
    return (
        run[check]
        .filter(lambda number: number.n % 7 != 0)
        .map(squared)
        .into(db.table("squares", Square, key="n", mode="replace", create=True))
    )


def label(number: int, tx: Transaction) -> None:
    if number % 40 == 0:
        raise Quarantine("no label for round numbers")
    tx.execute("insert into labels (n, label) values (:n, :label)", n=number, label=f"no {number}")


@job.step(chunk=20, parallel=2, max_bad="50%", uses={"db": 1}, impact="Numbers have no labels.")
def labels() -> Work:
    return source(range(LABELLED)).each(label, database=db)


@job.atomic(db, after=[load, labels], uses={"db": 2}, impact="Nobody knows the sum.")
def total(tx: Transaction) -> int:
    tx.execute("delete from totals")
    tx.execute("insert into totals (what, value) select 'squares', sum(square) from squares")
    tx.execute("insert into totals (what, value) select 'labels', count(*) from labels")
    return tx.one("select value from totals where what = 'squares'", int)
