"""The job that writes files: one from a file with faults, and one from that.

It is copied into a folder of its own for every world, together with its file of numbers.
"""

from pathlib import Path

from pydantic import BaseModel

from daybreak import Database, Job, Quarantine, Work, files

FOLDER = Path(__file__).parent

db = Database("sqlite:///world.db")
job = Job("written")


class Number(BaseModel):
    n: int
    parity: str


class Square(BaseModel):
    n: int
    square: int
    note: str


def squared(number: Number) -> Square:
    if number.n % 97 == 0:
        raise Quarantine("divisible by 97", n=number.n)
    # Of every 50th the format cannot say the note: an empty text would be read back as NULL.
    note = "" if number.n % 50 == 2 else f"{number.parity},\n"
    return Square(n=number.n, square=number.n * number.n, note=note)


@job.step(chunk=60, parallel=2, max_bad="50%", impact="There is no list of squares.")
def squares(url: str) -> Work:
    numbers = files.csv(url, Number).filter(lambda number: number.n % 7 != 0)
    return numbers.map(squared).into(files.csv(FOLDER / "squares.csv", Square))


@job.step(after=squares, chunk=200, impact="The partner has no squares.")
def packed() -> Work:
    squares = files.csv(FOLDER / "squares.csv", Square)
    return squares.into(files.jsonl(FOLDER / "squares.jsonl.gz", Square))
