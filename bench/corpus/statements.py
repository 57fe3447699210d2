"""Programs on SQL, second round: windows, look-ups, upserts, caches that are tight, DuckDB."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from .program import program

N_LOG_N, SQUARE = "n log n", "n²"
Rows = list[tuple[str, int]]


def named_rows(n: int) -> Rows:
    """Return rows of a text in no order, hardly one twice, and a number."""
    chance = random.Random(61)
    return [(f"{chance.getrandbits(64):016x}", chance.randrange(10_000)) for _ in range(n)]


def sales(n: int, *extra: str) -> sqlite3.Connection:
    """Return a database in memory with n sales in 50 shops."""
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE TABLE sales (id INTEGER PRIMARY KEY, shop INT, name TEXT, cents INT)"
    )
    connection.executemany(
        "INSERT INTO sales (shop, name, cents) VALUES (?, ?, ?)",
        ((cents % 50, name, cents) for name, cents in named_rows(n)),
    )
    for statement in extra:
        connection.execute(statement)
    return connection


# ---------------------------------------------------------------- window functions


@program("window functions", N_LOG_N, 20_000, prepare=sales)
def number_within_shops(data: sqlite3.Connection) -> object:
    return data.execute(
        "SELECT sum(place) FROM"
        " (SELECT row_number() OVER (PARTITION BY shop ORDER BY name) AS place FROM sales)"
    ).fetchone()


@program("window functions", "n", 20_000, prepare=sales)
def running_total(data: sqlite3.Connection) -> object:
    return data.execute(
        "SELECT max(total) FROM (SELECT sum(cents) OVER (ORDER BY id) AS total FROM sales)"
    ).fetchone()


@program("window functions", SQUARE, 600, smallest=10, prepare=sales)
def running_total_by_subquery(data: sqlite3.Connection) -> object:
    return data.execute(
        "SELECT max((SELECT sum(cents) FROM sales AS until WHERE until.id <= sales.id)) FROM sales"
    ).fetchone()


# ---------------------------------------------------------------- look-ups


def indexed_sales(n: int) -> sqlite3.Connection:
    """Return sales with an index, and a fixed number of names that are not among them."""
    data = sales(n, "CREATE INDEX names ON sales (name)", "CREATE TABLE wanted (name TEXT)")
    chance = random.Random(62)
    data.executemany(
        "INSERT INTO wanted VALUES (?)", ((f"{chance.getrandbits(64):016x}",) for _ in range(3_000))
    )
    return data


@program("look-ups", "log n", 50_000, prepare=indexed_sales)
def look_up_by_index(data: sqlite3.Connection) -> object:
    return data.execute(
        "SELECT count(sales.id) FROM wanted CROSS JOIN sales ON sales.name = wanted.name"
    ).fetchone()


@program("look-ups", "n", 20_000, prepare=sales)
def look_up_by_scan(data: sqlite3.Connection) -> object:
    return [
        data.execute("SELECT id FROM sales WHERE name = ?", (f"{i:016x}",)).fetchall()
        for i in range(20)
    ]


@program("look-ups", "n", 30_000, prepare=sales)
def like_with_leading_wildcard(data: sqlite3.Connection) -> object:
    return data.execute("SELECT count(*) FROM sales WHERE name LIKE '%7a%b%'").fetchone()


# ---------------------------------------------------------------- upserts


@program(
    "upserts", N_LOG_N, 12_000, prepare=lambda n: random.Random(63).choices(named_rows(n // 2), k=n)
)
def upsert_totals(data: Rows) -> object:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE totals (name TEXT PRIMARY KEY, cents INT) WITHOUT ROWID")
    connection.executemany(
        "INSERT INTO totals VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET cents = cents + excluded.cents",
        data,
    )
    return connection


@program("upserts", SQUARE, 600, smallest=10, prepare=lambda n: (sales(n), named_rows(n)))
def update_by_scan(data: tuple[sqlite3.Connection, Rows]) -> object:
    connection, changed = data
    return connection.executemany(
        "UPDATE sales SET cents = ?2 + 1 WHERE name = ?1", changed
    ).rowcount


@program(
    "upserts",
    SQUARE,
    8_000,
    prepare=lambda n: sales(n, "ALTER TABLE sales ADD COLUMN done INT DEFAULT 0"),
    hidden=True,
)
def mark_batches_done(data: sqlite3.Connection) -> object:
    batches = 0
    while data.execute(
        "UPDATE sales SET done = 1"
        " WHERE id IN (SELECT id FROM sales WHERE done = 0 ORDER BY id LIMIT 500)"
    ).rowcount:
        batches += 1
    return batches


# ---------------------------------------------------------------- tight caches


@program("tight caches", N_LOG_N, 8_000, prepare=named_rows, cliff=True, limit=1_000_000)
def key_by_text_beyond_its_cache(data: Rows) -> object:
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder, "t.db"))
        connection.execute("PRAGMA journal_mode = off")
        connection.execute("PRAGMA synchronous = off")
        connection.execute("PRAGMA cache_size = -1000")
        connection.execute(
            "CREATE TABLE t (name TEXT PRIMARY KEY, cents INT, note TEXT) WITHOUT ROWID"
        )
        connection.executemany(
            "INSERT INTO t VALUES (?, ?, 'a note of a few words, and some more of them')", data
        )
        connection.commit()
        count: object = connection.execute("SELECT count(*) FROM t").fetchone()
        connection.close()
    return count


@program(
    "tight caches",
    N_LOG_N,
    12_000,
    prepare=lambda n: sales(n, "PRAGMA temp_store = file", "PRAGMA cache_size = -1000"),
    cliff=True,
    limit=1_000_000,
)
def create_index_with_spill(data: sqlite3.Connection) -> object:
    return data.execute("CREATE INDEX everything ON sales (name, shop, cents)")


# ---------------------------------------------------------------- DuckDB


def duck(n: int) -> Any:
    """Return a database of DuckDB in memory, of one thread, with n rows."""
    import duckdb  # noqa: PLC0415 - only its own programs pay for it

    connection = duckdb.connect(":memory:")
    connection.execute("SET threads = 1")
    connection.execute(
        "CREATE TABLE t AS SELECT (range * 7919) % 1000 AS shop, hash(range) / 1e19 AS share"
        " FROM range(?)",
        [n],
    )
    return connection


@program("duckdb", "n", 500_000, prepare=duck)
def duck_group(data: Any) -> object:
    return data.execute("SELECT shop, sum(share) FROM t GROUP BY shop").fetchall()


@program("duckdb", N_LOG_N, 100_000, prepare=duck)
def duck_rank(data: Any) -> object:
    return data.execute(
        "SELECT max(shop * place) FROM"
        " (SELECT shop, row_number() OVER (ORDER BY share) AS place FROM t)"
    ).fetchone()


@program("duckdb", SQUARE, 2_500, smallest=40, prepare=duck)
def duck_pairs(data: Any) -> object:
    return data.execute(
        "SELECT count(*) FROM t AS one JOIN t AS other ON one.share + other.share > 3"
    ).fetchone()
