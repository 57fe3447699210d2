"""The import that is killed: rows added and rows written over, with every reason to isolate.

It is copied into a folder of its own for every world, together with its file of numbers. What comes
of it does not depend on how its chunks lie: numbers are written over in the order of their file.
"""

from pathlib import Path

from pydantic import BaseModel

from daybreak import Database, Job, Quarantine, Run, Transaction, Work, files

KEYS = 25

db = Database("sqlite:///world.db")
job = Job("imported", limits={"db": 2})


class Number(BaseModel):
    n: int
    parity: str


class Square(BaseModel):
    n: int
    square: int


class Label(BaseModel):
    n: int
    label: str | None


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


@job.step(after=check, chunk=60, parallel=2, max_bad="50%", impact="There are no squares.")
def load(run: Run) -> Work:
    squares = db.table("squares", Square, key="n", mode="insert", create=True)
    return run[check].map(squared).into(squares)


def labelled(record: Number) -> list[Label]:
    number = record.n
    if number % 40 == 0:
        raise Quarantine("no label for round numbers")
    # A key comes twice or more in each chunk; the database refuses every 45th, often the last one.
    label = None if number % 45 == 0 else f"no {number}"
    found = [Label(n=number % KEYS, label=label)]
    # What is refused has one output: which of several is named depends on what is beside it.
    if number % 9 == 0 and label is not None:
        found.append(Label(n=number % KEYS + 1, label=label))
    return found


@job.step(after=check, chunk=60, order="source", max_bad="50%", impact="Numbers have no labels.")
def label(run: Run) -> Work:
    return run[check].flat_map(labelled).into(db.table("labels", Label, key="n", mode="upsert"))


@job.atomic(db, after=[load, label], impact="Nobody knows the sum.")
def total(tx: Transaction) -> int:
    tx.execute("delete from totals")
    tx.execute("insert into totals (what, value) select 'squares', sum(square) from squares")
    tx.execute("insert into totals (what, value) select 'labels', count(*) from labels")
    return tx.one("select value from totals where what = 'squares'", int)
