"""A job with a step for each workload on PostgreSQL; `workloads` says how large they are."""

from __future__ import annotations

import time
from collections.abc import Sequence

from bench.scaling import functions
from daybreak import Database, Job, Transaction, Work, source

db = Database("postgresql:///postgres")
job = Job("scaling-postgresql")
IMPACT = "A figure is missing."

SCHEMA = """
create table small (n integer primary key, what integer not null);
create table large (n integer primary key, pad text not null);
create table indexed (n integer primary key, what integer not null, a integer, b integer, c text);
create index on indexed (what);
create index on indexed (a);
create index on indexed (b);
create index on indexed (c);
create index on indexed (what, a, b);
create index on indexed (c, b);
create table counters (id integer primary key, n bigint not null);
"""


@job.step(impact=IMPACT)
def pg_cheap(count: int) -> Work:
    """Rows that cost little: what a commit costs decides."""
    return source(range(count)).map(functions.row).into(db.table("small", key="n"))


@job.step(impact=IMPACT)
def pg_computed(count: int) -> Work:
    """A function in pure Python."""
    return source(range(count)).map(functions.computed).into(db.table("small", key="n"))


@job.step(impact=IMPACT)
def pg_processes(count: int) -> Work:
    """The same in two processes of its own."""
    return (
        source(range(count))
        .map(functions.computed, on="process", workers=2)
        .into(db.table("small", key="n"))
    )


@job.step(impact=IMPACT)
def pg_asked(count: int) -> Work:
    """A call that takes a millisecond."""
    return source(range(count)).map(functions.asked).into(db.table("small", key="n"))


@job.step(impact=IMPACT)
def pg_mixed(count: int) -> Work:
    """A call, and a function in pure Python."""
    return source(range(count)).map(functions.asked_and_computed).into(db.table("small", key="n"))


@job.step(impact=IMPACT)
def pg_large(count: int) -> Work:
    """Rows of sixteen thousand bytes."""
    return source(range(count)).map(functions.large).into(db.table("large", key="n"))


@job.step(impact=IMPACT)
def pg_indexed(count: int) -> Work:
    """A table with seven indexes."""

    def scattered(number: int) -> dict[str, object]:
        spread = number * 7919 % 100_003
        return {"n": number, "what": spread, "a": spread % 991, "b": -spread, "c": f"{spread:064d}"}

    return source(range(count)).map(scattered).into(db.table("indexed", key="n"))


@job.step(impact=IMPACT)
def pg_each(count: int) -> Work:
    """A statement a record, each a round trip."""

    def insert(number: int, tx: Transaction) -> None:
        tx.execute("insert into small (n, what) values (:n, :what)", n=number, what=number % 97)

    return source(range(count)).each(insert, database=db)


@job.step(impact=IMPACT)
def pg_server(count: int) -> Work:
    """A query a record, for which the server works."""

    def work(number: int, tx: Transaction) -> None:
        total = tx.one("select sum(g % 7)::integer from generate_series(1, 4000) g", int)
        tx.execute("insert into small (n, what) values (:n, :what)", n=number, what=total)

    return source(range(count)).each(work, database=db)


@job.step(impact=IMPACT)
def pg_hot_row(count: int) -> Work:
    """Each chunk counts itself in one row, and only then does what takes long."""

    def counted(numbers: Sequence[int], tx: Transaction) -> None:
        tx.execute(
            "insert into counters (id, n) values (1, :n)"
            " on conflict (id) do update set n = counters.n + excluded.n",
            n=len(numbers),
        )
        time.sleep(0.004 + 0.0005 * len(numbers))

    return source(range(count)).each_chunk(counted, database=db)


@job.step(impact=IMPACT)
def pg_hot_late(count: int) -> Work:
    """Calls first; each chunk counts itself in one row at its end."""

    def counted(numbers: Sequence[int], tx: Transaction) -> None:
        time.sleep(0.001 * len(numbers))
        tx.execute(
            "insert into counters (id, n) values (1, :n)"
            " on conflict (id) do update set n = counters.n + excluded.n",
            n=len(numbers),
        )
        time.sleep(0.005)

    return source(range(count)).each_chunk(counted, database=db)


@job.step(impact=IMPACT)
def pg_fixed(count: int) -> Work:
    """Each chunk has to be announced elsewhere, which takes twenty milliseconds."""

    def announced(numbers: Sequence[int], tx: Transaction) -> None:
        time.sleep(0.020)
        for number in numbers:
            tx.execute("insert into small (n, what) values (:n, :what)", n=number, what=1)

    return source(range(count)).each_chunk(announced, database=db)


@job.step(impact=IMPACT)
def pg_growing(count: int) -> Work:
    """Each record is compared with all others of its chunk."""

    def compare(numbers: Sequence[int], tx: Transaction) -> None:
        tx.execute(
            "insert into counters (id, n) values (:first, :found)",
            first=numbers[0],
            found=functions.compared(list(numbers)),
        )

    return source(range(count)).each_chunk(compare, database=db)
