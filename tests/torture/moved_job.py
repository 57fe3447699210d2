"""One step that changes rows of a table in parts, one of which somebody else moves meanwhile."""

from daybreak import Database, Job, Transaction, Work, source

db = Database("sqlite:///world.db")
job = Job("moved")


def add(number: int, tx: Transaction) -> None:
    tx.execute("update accounts set total = total + 1 where n = :n", n=number)


@job.step(chunk=2, max_bad="100%", impact="One is missing.")
def each() -> Work:
    return source([1, 2, 3, 4]).each(add, database=db)
