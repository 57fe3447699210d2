"""The back-fill that is killed: squares of numbers that are there without them.

It is copied into a folder of its own for every world. Some records are refused by the function,
and some by the database.
"""

from dataclasses import dataclass

from daybreak import Database, Job, Quarantine, Transaction, Work

RECORDS = 600

db = Database("sqlite:///world.db")
job = Job("backfilled")


@dataclass(frozen=True)
class Number:
    n: int


@job.atomic(db, impact="There are no numbers.")
def numbers(tx: Transaction, url: str) -> int:
    tx.execute("create table squares (n integer primary key, square bigint unique)")
    return tx.executemany(
        "insert into squares (n) values (:n)", [{"n": n} for n in range(1, RECORDS + 1)]
    )


def squared(number: Number) -> int:
    if number.n % 97 == 0:
        raise Quarantine("divisible by 97", n=number.n)
    # Every 50th square comes twice within a chunk: the database refuses the second.
    root = number.n - 1 if number.n % 50 == 2 else number.n
    return root * root


@job.step(after=numbers, chunk=60, parallel=2, max_bad="50%", impact="There are no squares.")
def backfill() -> Work:
    return db.rows("select n from squares where square is null", Number, key="n").into(
        db.update("squares", key="n", set={"square": squared})
    )
