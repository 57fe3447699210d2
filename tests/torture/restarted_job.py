"""The job that begins again: a table that is replaced, and a sum that would be added twice.

It is copied into a folder of its own for every world, together with its file of numbers.
"""

from pydantic import BaseModel

from daybreak import Database, Job, Quarantine, Transaction, Work, files

db = Database("sqlite:///world.db")
job = Job("restarted")


class Number(BaseModel):
    n: int
    parity: str


class Square(BaseModel):
    n: int
    square: int


def squared(number: Number) -> Square:
    if number.n % 97 == 0:
        raise Quarantine("divisible by 97", n=number.n)
    return Square(n=number.n, square=number.n * number.n)


@job.step(chunk=100, parallel=2, max_bad="50%", impact="There are no squares.")
def load(url: str) -> Work:
    squares = db.table("squares", Square, key="n", mode="replace", create=True)
    return files.csv(url, Number).map(squared).into(squares)


def take_back(tx: Transaction) -> None:
    tx.execute("update totals set value = value - 1000 where what = 'published'")


@job.atomic(db, after=load, undo=take_back, impact="Nobody knows the sum.")
def total(tx: Transaction) -> int:
    tx.execute(
        "insert into totals (what, value) values ('published', 1000)"
        " on conflict (what) do update set value = totals.value + 1000"
    )
    return tx.one("select sum(square) from squares", int)
