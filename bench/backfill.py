"""The back-fill of a column by a Python function, against the database doing it by itself.

Three ways fill `full_name` of one table of users, in turns, each on a fresh copy of it:

* one SQL UPDATE, which computes inside the database: the mark;
* the same UPDATE in chunks of 10,000 rows, on two connections: what two cores allow;
* `daybreak run` with a Python function, two chunk workers and a checkpoint for every chunk. Counted
  is the run from its beginning to its end, with its sweep and its proof, as the events tell; not
  the start of the interpreter, which the other two ways do not have.

What they leave is compared by a checksum. The server has its own settings: every commit waits for
the disk. Meanwhile somebody else looks at pg_locks every few milliseconds: a row of `users` is
locked no longer than its transaction holds the table's lock for writing.

Beside the clock stands the processor time of a row, on the server (all sessions that have ended
meanwhile, without the one that looks at the locks) and in the process of the run. It tells what two
cores would give that nobody else uses: half of ours for the whole of one UPDATE.

`DAYBREAK_BENCH_ROWS=100000` measures a tenth of the rows, `DAYBREAK_BENCH_ROUNDS=5` fewer rounds.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import psycopg

from tests.postgres_server import running_server

from . import processor
from .flights_job import output_of
from .measure import (
    PAIRS_MIN,
    Figure,
    Target,
    bounded,
    compared,
    counted,
    in_turns,
    observed,
    pairs_from,
)

ROWS: Final = int(os.environ.get("DAYBREAK_BENCH_ROWS", "1000000"))
ROUNDS: Final = int(os.environ.get("DAYBREAK_BENCH_ROUNDS", "7"))
ROUNDS_OF_MEMORY: Final = int(os.environ.get("DAYBREAK_BENCH_ROUNDS", PAIRS_MIN))
CHUNK: Final = 10_000
STARTS: Final = 3
WRITERS: Final = 2
LOOKS_EVERY_S: Final = 0.02
MICROSECONDS: Final = 1e6
JOB: Final = Path(__file__).with_name("backfill_job.py")
LAUNCHER: Final = Path(__file__).with_name("resident.py")
SQL: Final = (
    "update users set full_name = btrim(first_name || ' ' || last_name) where full_name is null"
)
OURS, ONE, CHUNKED = "daybreak", "one UPDATE", "UPDATE in chunks"

_FRESH: Final = """
drop schema if exists daybreak cascade;
drop table if exists users;
create table users (
  id bigint primary key, first_name text not null, last_name text not null, full_name text
);
insert into users select n, 'First ' || n, 'Last ' || mod(n::bigint * 7919, 1000003)
  from generate_series(1, {rows}) n;
vacuum analyze users;
checkpoint;
"""
_CHECKSUM: Final = (
    "select count(full_name), coalesce(sum(hashtextextended(id || '|' || full_name, 0)), 0)"
    " from users"
)
_SESSIONS: Final = (
    "select count(*) from pg_stat_activity where backend_type = 'client backend'"
    " and pid <> pg_backend_pid()"
)
_HOLDERS: Final = (
    "select virtualtransaction from pg_locks"
    " where relation = to_regclass('users') and mode = 'RowExclusiveLock' and granted"
)


@dataclass
class Shop:
    """A server with the table, and what was seen of the locks that ours held."""

    url: str
    rows: int
    sums: dict[str, set[tuple[Any, ...]]] = field(default_factory=dict)
    longest_s: list[float] = field(default_factory=list)
    server_s: dict[str, list[float]] = field(default_factory=dict)
    """By way, the processor time of the server's sessions in each round."""

    client_s: list[float] = field(default_factory=list)
    """That of our own runs, with the start of the interpreter."""

    looking_s: float = 0.0
    """That of the last session which looked at the locks."""

    def connect(self) -> psycopg.Connection[Any]:
        """Open a session that commits by itself."""
        return psycopg.connect(self.url, autocommit=True)

    def fresh(self, rows: int | None = None) -> None:
        """Make the table anew."""
        with self.connect() as session:
            for statement in _FRESH.format(rows=rows or self.rows).split(";"):
                session.execute(statement.encode())

    def timed(self, name: str, fill: Callable[[], float]) -> float:
        """Fill a fresh table, and remember what is in it then; return rows a second."""
        self.fresh()
        before_s, self.looking_s = self.ended_s(), 0.0
        took_s = fill()
        server_s = self.ended_s() - before_s - self.looking_s
        self.server_s.setdefault(name, []).append(server_s)
        with self.connect() as session:
            found = session.execute(_CHECKSUM).fetchone()
        assert found is not None
        self.sums.setdefault(name, set()).add(found)
        return self.rows / took_s

    def ended_s(self) -> float:
        """Return what all sessions took that have ended, once all but this one have."""
        if not processor.is_known():
            return 0.0
        with self.connect() as session:
            while session.execute(_SESSIONS).fetchone() != (0,):
                time.sleep(0.01)
            time.sleep(0.1)  # the server hears of an end a moment later
            return processor.ended_s(processor.parent_of(session))


def figures() -> Iterator[Figure]:
    """Measure speed, locks and content; then memory."""
    with running_server(is_durable=True) as socket:
        shop = Shop(f"postgresql://postgres@/postgres?host={socket}", ROWS)
        yield from speed(shop)


def memory_figures() -> Iterator[Figure]:
    """Measure the peak memory of a back-fill of two million rows, and of twenty."""
    with running_server() as socket:
        shop = Shop(f"postgresql://postgres@/postgres?host={socket}", ROWS)
        few, many = 2 * ROWS, 20 * ROWS
        ways = {"few": lambda: peak_mb(shop, few), "many": lambda: peak_mb(shop, many)}
        peaks = in_turns(ways, ROUNDS_OF_MEMORY)
    yield observed(f"peak memory, {few:,} rows", peaks["few"], unit="MB")
    yield observed(f"peak memory, {many:,} rows", peaks["many"], unit="MB")
    yield compared(
        f"peak memory, {many:,} rows against {few:,}",
        pairs_from(peaks["many"], peaks["few"]),
        lambda pair: pair.ratio,
        unit="times",
        target=Target("<=", 1.1),
    )


def speed(shop: Shop) -> Iterator[Figure]:
    """Fill in all ways, in turns."""
    ways: Mapping[str, Callable[[], float]] = {
        OURS: lambda: shop.timed(OURS, lambda: by_daybreak(shop)),
        ONE: lambda: shop.timed(ONE, lambda: by_one_update(shop)),
        CHUNKED: lambda: shop.timed(CHUNKED, lambda: in_chunks(shop)),
    }
    rates = in_turns(ways, ROUNDS)
    for name, samples in rates.items():
        yield observed(f"{shop.rows:,} rows by {name}", samples, unit="rows/s")
    yield compared(
        f"{shop.rows:,} rows, a Python function and {WRITERS} writers against one UPDATE",
        pairs_from(rates[OURS], rates[ONE]),
        lambda pair: pair.ratio,
        unit="times",
        target=Target(">=", 1.1),
    )
    limit = pairs_from(rates[CHUNKED], rates[ONE])
    yield observed(
        f"the limit: UPDATE in chunks on {WRITERS} connections against one UPDATE",
        [pair.ratio for pair in limit],
        unit="times",
    )
    yield bounded(
        "longest lock of a row, as pg_locks shows",
        shop.longest_s,
        unit="s",
        target=Target("<", 0.5),
    )
    yield from processor_figures(shop)
    contents = set().union(*shop.sums.values())
    yield counted("different contents, by checksum", len(contents), unit="", target=Target("=", 1))


def processor_figures(shop: Shop) -> Iterator[Figure]:
    """Tell what a row costs, and what two cores would give that nobody else uses."""
    if not processor.is_known():
        return
    starts = [start_of_a_run_s(shop) for _ in range(STARTS)]
    server_start_s, start_s = map(median, zip(*starts, strict=True))
    server_s = [one - server_start_s for one in shop.server_s[OURS]]
    client_s = [one - start_s for one in shop.client_s]
    costs = {
        "the server, one UPDATE": shop.server_s[ONE],
        "the server, UPDATE in chunks": shop.server_s[CHUNKED],
        "the server, daybreak without its start": server_s,
        "the process, daybreak without its start": client_s,
    }
    for name, samples in costs.items():
        per_row = [MICROSECONDS * one / shop.rows for one in samples]
        yield observed(f"processor time of {name}", per_row, unit="µs/row")
    yield observed("processor time of a run of one row, server", [server_start_s], unit="s")
    yield observed("processor time of a run of one row, process", [start_s], unit="s")
    both = [WRITERS / (one + other) for one, other in zip(server_s, client_s, strict=True)]
    pairs = pairs_from(both, [1 / one for one in shop.server_s[ONE]])
    yield observed(
        f"by processor time alone: {WRITERS} free cores against one UPDATE on one of them",
        [pair.ratio for pair in pairs],
        unit="times",
    )


def start_of_a_run_s(shop: Shop) -> tuple[float, float]:
    """Run the job for one row; return the processor time of the server, and of the process."""
    shop.fresh(1)
    server_s, client_s = shop.ended_s(), processor.commands_s()
    with _folder() as folder:
        output_of(command(shop), folder)
    return shop.ended_s() - server_s, processor.commands_s() - client_s


# ---------------------------------------------------------------- the ways


def by_one_update(shop: Shop) -> float:
    """Fill by one statement; return seconds."""
    with shop.connect() as session:
        began_s = time.perf_counter()
        session.execute(SQL.encode())
        return time.perf_counter() - began_s


def in_chunks(shop: Shop) -> float:
    """Fill by one statement a chunk, on several connections; return seconds."""

    def fill(number: int) -> None:
        with shop.connect() as session:
            for after in range(number * CHUNK, shop.rows, WRITERS * CHUNK):
                session.execute(f"{SQL} and id > {after} and id <= {after + CHUNK}".encode())

    began_s = time.perf_counter()
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(fill, range(WRITERS)))
    return time.perf_counter() - began_s


def by_daybreak(shop: Shop) -> float:
    """Fill by a run; return the seconds from its beginning to its end."""
    before_s = processor.commands_s()
    with _watched(shop), _folder() as folder:
        said = output_of(command(shop), folder)
    shop.client_s.append(processor.commands_s() - before_s)
    events = [json.loads(line) for line in said.splitlines()]
    at = {event["event"]: datetime.fromisoformat(event["at"]) for event in events}
    return (at["run_ended"] - at["run_started"]).total_seconds()


def peak_mb(shop: Shop, rows: int) -> float:
    """Fill so many rows by a run; return the peak of its process in MB (10^6 bytes)."""
    shop.fresh(rows)
    with _folder() as folder:
        said = output_of([sys.executable, str(LAUNCHER), *command(shop)], folder)
    return int(said.splitlines()[-1]) / 1e6


def command(shop: Shop) -> list[str]:
    """Return the command that runs the job in the folder that holds its copy."""
    return [
        *(sys.executable, "-m", "daybreak", "run", JOB.name, "--json"),
        *("--database", f"shop={shop.url}", "--set", f"backfill.parallel={WRITERS}"),
    ]


@contextmanager
def _folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="daybreak-bench-") as place:
        shutil.copy(JOB, place)
        yield Path(place)


@contextmanager
def _watched(shop: Shop) -> Iterator[None]:
    """Look at pg_locks as long as the block lasts; keep the longest hold of a transaction."""
    ended = threading.Event()
    longest_s = 0.0

    def look() -> None:
        nonlocal longest_s
        seen: dict[str, float] = {}
        with shop.connect() as session:
            while not ended.wait(LOOKS_EVERY_S):
                holders = {row[0] for row in session.execute(_HOLDERS)}
                now_s = time.perf_counter()
                seen = {one: seen.get(one, now_s) for one in holders}
                longest_s = max([longest_s, *(now_s - began_s for began_s in seen.values())])
            if processor.is_known():
                shop.looking_s = processor.session_s(session)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield
    finally:
        ended.set()
        looking.join()
    shop.longest_s.append(longest_s + 2 * LOOKS_EVERY_S)


PARTS: Final[Mapping[str, Callable[[], Iterator[Figure]]]] = {
    "speed": figures,
    "memory": memory_figures,
}
