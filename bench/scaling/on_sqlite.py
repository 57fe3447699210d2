"""A job with a step for each workload on SQLite; `workloads` says how large they are."""

from __future__ import annotations

import time
from collections.abc import Sequence

from bench.scaling import functions
from daybreak import Database, Job, Transaction, Work, source

db = Database("sqlite:///scaling.db")
job = Job("scaling-sqlite")
IMPACT = "A figure is missing."

SCHEMA = """
create table small (n integer primary key, what integer not null);
create table large (n integer primary key, pad text not null);
create table indexed (n integer primary key, what integer not null, a integer, b integer, c text);
create index by_what on indexed (what);
create index by_a on indexed (a);
create index by_b on indexed (b);
create index by_c on indexed (c);
create index by_what_a_b on indexed (what, a, b);
create table counters (id integer primary key, n integer not null);
"""


@job.step(impact=IMPACT)
def lite_cheap(count: int) -> Work:
    """Rows that cost little: what a commit costs decides."""
    return source(range(count)).map(functions.row).into(db.table("small", key="n"))


@job.step(impact=IMPACT)
def lite_computed(count: int) -> Work:
    """A function in pure Python."""
    return source(range(count)).map(functions.computed).into(db.table("small", key="n"))


@job.step(impact=IMPACT)
def lite_asked(count: int) -> Work:
    """A call that takes a millisecond."""
    return source(range(count)).map(functions.asked).into(db.table("small", key="n"))


@job.step(impact=IMPACT)
def lite_mixed(count: int) -> Work:
    """A call, and a function in pure Python."""
    return source(range(count)).map(functions.asked_and_computed).into(db.table("small", key="n"))


@job.step(impact=IMPACT)
def lite_large(count: int) -> Work:
    """Rows of sixteen thousand bytes."""
    return source(range(count)).map(functions.large).into(db.table("large", key="n"))


@job.step(impact=IMPACT)
def lite_indexed(count: int) -> Work:
    """A table with six indexes."""

    def scattered(number: int) -> dict[str, object]:
        spread = number * 7919 % 100_003
        return {"n": number, "what": spread, "a": spread % 991, "b": -spread, "c": f"{spread:064d}"}

    return source(range(count)).map(scattered).into(db.table("indexed", key="n"))


@job.step(impact=IMPACT)
def lite_held(count: int) -> Work:
    """Calls while the chunk has its one writer's turn."""

    def called(numbers: Sequence[int], tx: Transaction) -> None:
        time.sleep(0.002 + 0.0004 * len(numbers))
        tx.execute(
            "insert into counters (id, n) values (:first, :n)", first=numbers[0], n=len(numbers)
        )

    return source(range(count)).map(functions.counted_little).each_chunk(called, database=db)
