"""Programs on what flows and is kept, third round: tasks, records, triggers, runs, columns."""

from __future__ import annotations

import asyncio
import heapq
import io
import queue
import random
import sqlite3
import tempfile
import threading
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from .program import MALLOC, program

N_LOG_N, SQUARE = "n log n", "n²"


# ---------------------------------------------------------------- tasks


def deadlines(n: int) -> list[float]:
    """Return random numbers."""
    chance = random.Random(131)
    return [chance.random() for _ in range(n)]


@program("tasks", "n", 3_000, prepare=deadlines)
def gather_answers(data: list[float]) -> object:
    async def answer(deadline: float) -> float:
        await asyncio.sleep(0)
        return 2 * deadline

    async def answers() -> list[float]:
        return await asyncio.gather(*map(answer, data))

    return asyncio.run(answers())


@program("tasks", N_LOG_N, 10_000, prepare=deadlines)
def most_urgent_first(data: list[float]) -> object:
    async def serve() -> list[float]:
        waiting: asyncio.PriorityQueue[float] = asyncio.PriorityQueue()
        for deadline in data:
            await waiting.put(deadline)
        return [await waiting.get() for _ in data]

    return asyncio.run(serve())


@program("tasks", "n", 6_000, prepare=deadlines)
def hand_over_to_thread(data: list[float]) -> object:
    waiting: queue.Queue[float | None] = queue.Queue()
    found: list[str] = []

    def work() -> None:
        while (deadline := waiting.get()) is not None:
            found.append(f"{deadline:.3f}")

    worker = threading.Thread(target=work)
    worker.start()
    for deadline in data:
        waiting.put(deadline)
    waiting.put(None)
    worker.join()
    return found


# ---------------------------------------------------------------- frozen records


@dataclass(frozen=True)
class Booking:
    """A record that is never changed."""

    number: int
    guest: str
    nights: int


def bookings(n: int) -> list[Booking]:
    """Return n bookings."""
    return [Booking(i, f"guest {i}", i % 14 + 1) for i in range(n)]


@dataclass(frozen=True)
class House:
    """All that is booked, as a value."""

    name: str
    bookings: tuple[Booking, ...] = ()


@program("frozen records", "n", 15_000, prepare=bookings)
def replace_each(data: list[Booking]) -> object:
    return [replace(booking, nights=booking.nights + 1) for booking in data]


@program("frozen records", SQUARE, 3_000, prepare=bookings, hidden=True, cliff=True, limit=MALLOC)
def append_to_frozen_record(data: list[Booking]) -> object:
    house = House("by the lake")
    for start in range(0, len(data), 10):
        longer = [replace(each, nights=each.nights + 1) for each in data[start : start + 10]]
        house = replace(house, bookings=(*house.bookings, *longer))  # all are copied
    return house


# ---------------------------------------------------------------- triggers and trees


def shops(n: int, *statements: str) -> tuple[sqlite3.Connection, list[tuple[int, int, int]]]:
    """Return a database of a hundred shops, and n orders to be entered."""
    chance = random.Random(132)
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE shops (id INTEGER PRIMARY KEY, orders INT)")
    connection.executemany("INSERT INTO shops VALUES (?, 0)", ((i,) for i in range(100)))
    connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, shop INT, cents INT)")
    for statement in statements:
        connection.execute(statement)
    return connection, [(i, chance.randrange(100), chance.randrange(10_000)) for i in range(n)]


def audited(n: int) -> tuple[sqlite3.Connection, list[tuple[int, int, int]]]:
    """Return it with a trail of what was entered."""
    return shops(
        n,
        "CREATE TABLE trail (id INTEGER PRIMARY KEY, said TEXT)",
        "CREATE TRIGGER t AFTER INSERT ON orders BEGIN INSERT INTO trail (said)"
        " VALUES (json_object('id', new.id, 'shop', new.shop, 'cents', new.cents)); END",
    )


def counted(n: int) -> tuple[sqlite3.Connection, list[tuple[int, int, int]]]:
    """Return it with a count of all orders, which counts them anew each time."""
    return shops(
        n,
        "CREATE TRIGGER t AFTER INSERT ON orders BEGIN UPDATE shops"
        " SET orders = (SELECT count(*) FROM orders) WHERE id = new.shop; END",
    )


@program("triggers and trees", "n", 20_000, prepare=audited)
def trail_of_every_order(data: tuple[sqlite3.Connection, list[tuple[int, int, int]]]) -> object:
    connection, orders = data
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", orders)
    return connection.execute("SELECT max(id) FROM trail").fetchone()


@program("triggers and trees", SQUARE, 10_000, prepare=counted, hidden=True)
def count_at_every_order(data: tuple[sqlite3.Connection, list[tuple[int, int, int]]]) -> object:
    connection, orders = data
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", orders)
    return connection.execute("SELECT max(orders) FROM shops").fetchone()


def parts(n: int) -> sqlite3.Connection:
    """Return n parts, each of an earlier one, by an index."""
    chance = random.Random(133)
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE parts (id INT, whole INT)")
    connection.executemany(
        "INSERT INTO parts VALUES (?, ?)",
        ((i, chance.randrange(i) if i else None) for i in range(n)),
    )
    connection.execute("CREATE INDEX wholes ON parts (whole, id)")
    return connection


@program("triggers and trees", N_LOG_N, 20_000, prepare=parts)
def walk_down_the_parts(data: sqlite3.Connection) -> object:
    return data.execute(
        "WITH RECURSIVE below (id, depth) AS (SELECT 0, 0 UNION ALL"
        " SELECT parts.id, depth + 1 FROM below JOIN parts ON whole = below.id)"  # by its index
        " SELECT count(*), max(depth) FROM below"
    ).fetchone()


# ---------------------------------------------------------------- external sorting


def unsorted_lines(n: int) -> list[str]:
    """Return lines of forty letters."""
    chance = random.Random(134)
    return [f"{chance.getrandbits(60):020} entered by {i % 1_000:06}\n" for i in range(n)]


@program("external sorting", N_LOG_N, 20_000, prepare=unsorted_lines, cliff=True, limit=2_000_000)
def sort_in_runs(data: list[str]) -> object:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        runs: list[IO[str]] = []
        held: list[str] = []
        size = 0
        for line in data:
            held.append(line)
            size += len(line)
            if size >= 2_000_000:
                runs.append(stack.enter_context(Path(folder, str(len(runs))).open("w+")))
                runs[-1].writelines(sorted(held))
                runs[-1].seek(0)
                held, size = [], 0
        return sum(1 for _ in heapq.merge(*runs, sorted(held)))


def limited(n: int) -> tuple[Any, Any, int]:
    """Return a connection that may hold so much, the folder for what is more, and n."""
    import duckdb  # noqa: PLC0415 - only its own programs pay for it

    folder = tempfile.TemporaryDirectory()
    connection = duckdb.connect(
        ":memory:", config={"memory_limit": "64MB", "temp_directory": folder.name, "threads": 1}
    )
    return connection, folder, n


@program("external sorting", N_LOG_N, 300_000, prepare=limited, cliff=True, limit=64_000_000)
def sort_within_memory_limit(data: tuple[Any, Any, int]) -> object:
    connection, folder, n = data
    with folder, connection:
        connection.execute(
            "CREATE TABLE sorted AS SELECT hash(i) AS key, i AS number"
            " FROM range(?) AS t (i) ORDER BY key",
            [n],
        )
        return connection.execute("SELECT count(*) FROM sorted").fetchone()


# ---------------------------------------------------------------- column files


def named_rows(n: int) -> tuple[Any, Any, Any]:
    """Return a writer, where to write, and a table of texts that are all different."""
    import pyarrow as pa  # noqa: PLC0415 - only its own programs pay for it
    import pyarrow.parquet as pq  # noqa: PLC0415 - only its own programs pay for it
    from pyarrow.csv import read_csv  # noqa: PLC0415 - only its own programs pay for it

    lines = "".join(f"customer {i:08},{i}\n" for i in range(n))
    table = read_csv(io.BytesIO(f"name,cents\n{lines}".encode()))  # a list would bring in pandas
    return pq.write_table, pa.BufferOutputStream(), table


@program("column files", "n", 30_000, prepare=named_rows, cliff=True, limit=1_000_000)
def write_parquet(data: tuple[Any, Any, Any]) -> object:
    write, buffer, table = data
    write(table, buffer)  # beyond a megabyte the dictionary of names is given up
    return buffer.getvalue().size
