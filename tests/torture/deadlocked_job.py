"""Two steps that change the same two rows in opposite order, and meet between the two."""

import threading

from daybreak import Database, Job, Transaction, Work, source

MEET_S_MAX = 30.0

db = Database("sqlite:///world.db")
job = Job("deadlocked")
meeting = threading.Barrier(2)
has_met = {"forth": False, "back": False}


def add(step: str, number: int, tx: Transaction) -> None:
    """Add one to a row; at its first try each step has one row, and then wants the other's."""
    tx.execute("update accounts set total = total + 1 where n = :n", n=number)
    if not has_met[step]:
        has_met[step] = True
        meeting.wait(MEET_S_MAX)


def add_forth(number: int, tx: Transaction) -> None:
    add("forth", number, tx)


def add_back(number: int, tx: Transaction) -> None:
    add("back", number, tx)


@job.step(chunk=2, max_bad="100%", impact="One is missing.")
def forth() -> Work:
    return source([1, 2]).each(add_forth, database=db)


@job.step(chunk=2, max_bad="100%", impact="One is missing.")
def back() -> Work:
    return source([2, 1]).each(add_back, database=db)
