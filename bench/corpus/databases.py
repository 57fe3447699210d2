"""Programs on SQLite: joins, paging, inserts, and caches that become too small."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from pathlib import Path

from .program import program

N_LOG_N, SQUARE = "n log n", "n²"


def opened(n: int, *extra: str) -> sqlite3.Connection:
    """Return a database in memory with n orders and n / 2 customers."""
    chance = random.Random(7)
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA automatic_index = off")
    connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INT, cents INT)")
    connection.execute("CREATE TABLE customers (number INT, name TEXT)")
    connection.executemany(
        "INSERT INTO orders (customer, cents) VALUES (?, ?)",
        ((chance.randrange(n), chance.randrange(10_000)) for _ in range(n)),
    )
    connection.executemany(
        "INSERT INTO customers VALUES (?, ?)", ((2 * i, f"name {i}") for i in range(n // 2))
    )
    for statement in extra:
        connection.execute(statement)
    return connection


def indexed(n: int) -> sqlite3.Connection:
    """Return it with the index that a join needs."""
    return opened(n, "CREATE INDEX numbers ON customers (number)")


@program("joins", N_LOG_N, 40_000, prepare=indexed)
def join_with_index(data: sqlite3.Connection) -> object:
    return data.execute(
        "SELECT count(name) FROM orders JOIN customers ON number = customer"
    ).fetchone()


@program("joins", SQUARE, 700, smallest=10, prepare=opened)
def join_without_index(data: sqlite3.Connection) -> object:
    return data.execute(
        "SELECT count(name) FROM orders CROSS JOIN customers ON number = customer"
    ).fetchone()


@program("joins", SQUARE, 500, smallest=10, prepare=opened)
def dependent_subquery(data: sqlite3.Connection) -> object:
    return data.execute(
        "SELECT sum((SELECT count(*) FROM customers WHERE number < customer)) FROM orders"
    ).fetchone()


@program("grouping", N_LOG_N, 40_000, prepare=opened)
def group_by_customer(data: sqlite3.Connection) -> object:
    return data.execute("SELECT customer, sum(cents) FROM orders GROUP BY customer").fetchall()


@program("grouping", "n", 100_000, prepare=opened)
def sum_of_all(data: sqlite3.Connection) -> object:
    return data.execute("SELECT sum(cents), max(customer) FROM orders").fetchone()


@program("paging", SQUARE, 8_000, smallest=100, prepare=opened, hidden=True)
def page_by_offset(data: sqlite3.Connection) -> object:
    offset, total = 0, 0
    while page := data.execute(
        "SELECT cents FROM orders ORDER BY id LIMIT 100 OFFSET ?", (offset,)
    ).fetchall():
        total += len(page)
        offset += 100
    return total


@program("paging", "n", 60_000, prepare=opened)
def page_by_key(data: sqlite3.Connection) -> object:
    last, total = 0, 0
    while page := data.execute(
        "SELECT id, cents FROM orders WHERE id > ? ORDER BY id LIMIT 100", (last,)
    ).fetchall():
        total += len(page)
        last = page[-1][0]
    return total


def random_rows(n: int) -> list[tuple[int, str]]:
    """Return rows in no order."""
    chance = random.Random(8)
    return [(chance.getrandbits(60), f"text {i}") for i in range(n)]


@program("inserting", "n", 60_000, prepare=random_rows)
def insert_without_index(data: list[tuple[int, str]]) -> object:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a INT, b TEXT)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", data)
    return connection


@program("inserting", N_LOG_N, 30_000, prepare=random_rows)
def insert_with_index(data: list[tuple[int, str]]) -> object:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a INT, b TEXT)")
    connection.execute("CREATE INDEX ta ON t (a)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", data)
    return connection


def in_a_file(cache_kb: int, data: list[tuple[int, str]], index: str) -> object:
    """Insert into a file through a cache of so many kilobytes."""
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder, "t.db"))
        connection.execute("PRAGMA journal_mode = off")
        connection.execute("PRAGMA synchronous = off")
        connection.execute(f"PRAGMA cache_size = -{cache_kb}")
        connection.execute("CREATE TABLE t (a INT, b TEXT)")
        connection.execute(index)
        connection.executemany("INSERT INTO t VALUES (?, ?)", data)
        connection.commit()
        count: object = connection.execute("SELECT count(*) FROM t").fetchone()
        connection.close()
    return count


@program("page caches", N_LOG_N, 20_000, prepare=random_rows, cliff=True, limit=2_000_000)
def index_beyond_its_cache(data: list[tuple[int, str]]) -> object:
    return in_a_file(2_000, data, "CREATE INDEX ta ON t (a)")


@program("page caches", N_LOG_N, 15_000, prepare=random_rows, cliff=True, limit=1_000_000)
def unique_index_beyond_its_cache(data: list[tuple[int, str]]) -> object:
    return in_a_file(1_000, data, "CREATE UNIQUE INDEX tb ON t (b)")


@program("spills", N_LOG_N, 20_000, prepare=random_rows, cliff=True, limit=1_000_000)
def sort_with_spill(data: list[tuple[int, str]]) -> object:
    connection = sqlite3.connect("")
    connection.execute("PRAGMA cache_size = -1000")
    connection.execute("PRAGMA temp_store = file")
    connection.execute("CREATE TABLE t (a INT, b TEXT)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", data)
    return connection.execute("SELECT a, b FROM t ORDER BY a, b").fetchall()


@program("spills", "n", 30_000, prepare=random_rows, cliff=True, limit=4_000_000)
def spool_with_spill(data: list[tuple[int, str]]) -> object:
    with tempfile.SpooledTemporaryFile(max_size=4_000_000) as file:
        for number, name in data:
            file.write(f"{number};{name}\n".encode())
        file.seek(0)
        return sum(1 for _ in file)
