"""A job that is always in its middle: small chunks, and more of them than anybody waits for."""

from dataclasses import dataclass

from daybreak import Database, Job, Work, source

RECORDS = 100_000_000

db = Database("sqlite:///target.db")
job = Job("endless")


@dataclass(frozen=True, slots=True)
class Square:
    """One record."""

    n: int
    square: int


def square(number: int) -> Square:
    """Do little, so that commits come quickly."""
    return Square(number, number * number)


@job.step(chunk=100, impact="There are no squares.")
def squares() -> Work:
    """Write all squares."""
    return (
        source(range(RECORDS))
        .map(square)
        .into(db.table("squares", Square, key="n", mode="replace", create=True))
    )
