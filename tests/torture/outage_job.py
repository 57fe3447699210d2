"""Four steps side by side, then one behind them: what a database that goes away interrupts."""

import fcntl
from pathlib import Path

from pydantic import BaseModel

from daybreak import Database, Job, Transaction, Work, source

RECORDS = 60
BAD = 7

db = Database("sqlite:///world.db")
job = Job("outage")


class Square(BaseModel):
    n: int
    square: int


def wait_at_gate(number: int) -> None:
    """Wait until the gate in front of this record is open, if a test has made one."""
    gate = Path(f"gate-{number}")
    if gate.exists():
        with gate.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH)


def square(number: int) -> Square:
    wait_at_gate(number)
    return Square(n=number, square=number * number)


def note(number: int, tx: Transaction) -> None:
    if number % BAD == 0:
        raise ValueError("divisible by seven")
    tx.execute("insert into notes (n) values (:n)", n=number)


def each_number(name: str) -> Work:
    return (
        source(range(RECORDS))
        .map(square)
        .into(db.table(name, Square, key="n", mode="replace", create=True))
    )


@job.step(chunk=4, parallel=2, impact="There are no squares in the north.")
def north() -> Work:
    return each_number("north")


@job.step(chunk=4, parallel=2, impact="There are no squares in the south.")
def south() -> Work:
    return each_number("south")


@job.step(chunk=4, parallel=2, impact="There are no squares in the east.")
def east() -> Work:
    return each_number("east")


@job.step(chunk=4, parallel=2, max_bad="50%", impact="There are no notes.")
def notes() -> Work:
    return source(range(RECORDS)).each(note, database=db)


@job.atomic(db, after=[north, south, east, notes], impact="Nobody knows how many there are.")
def total(tx: Transaction) -> int:
    tables = ("north", "south", "east", "notes")
    return sum(
        tx.one(f"select count(*) from {table}", int)  # noqa: S608 - ours
        for table in tables
    )
