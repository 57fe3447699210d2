"""Other libraries for Python loading the clean file of orders, each in its own manner, unchecked.

`python -m bench.peers.import_orders NAME URL FILE RECORDS` runs one of them in a process of its own
and prints the seconds of its load. They come with the extra `bench`, and only the one that is asked
for is imported; one that is not installed or fails is not measured.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final
from urllib.parse import quote

ROOT: Final = Path(__file__).parents[2]
AT_ONCE: Final = 10_000
"""Rows that the slower ones write at once."""

TIMEOUT_S: Final = 1800


def by_pandas(url: str, path: Path, records: int) -> float:
    """Read by `read_csv`, write by `to_sql`."""
    import pandas as pd  # noqa: PLC0415 - only who is asked for
    from sqlalchemy import create_engine  # noqa: PLC0415 - ditto

    engine = create_engine(_with_driver(url))
    began_s = perf_counter()
    frame = pd.read_csv(path, nrows=records, parse_dates=["created_at"])
    frame.to_sql("orders", engine, if_exists="append", index=False, chunksize=AT_ONCE)
    return perf_counter() - began_s


def by_sqlalchemy(url: str, path: Path, records: int) -> float:
    """Read by the csv module, write by Core's `insert`."""
    from sqlalchemy import MetaData, Table, create_engine, insert  # noqa: PLC0415 - ditto

    engine = create_engine(_with_driver(url))
    table = Table("orders", MetaData(), autoload_with=engine)
    began_s = perf_counter()
    rows = _rows(path, records)
    with engine.begin() as connection:
        while some := list(islice(rows, AT_ONCE)):
            connection.execute(insert(table), some)
    return perf_counter() - began_s


def by_dlt(url: str, path: Path, records: int) -> float:
    """Read by the csv module, run a pipeline; it makes a table of its own."""
    import dlt  # noqa: PLC0415 - ditto

    where = {
        "database": "postgres",
        "username": "postgres",
        "password": "none",
        "host": quote(url.partition("?host=")[2], safe=""),
        "port": 5432,
    }
    with TemporaryDirectory(prefix="daybreak-bench-") as place:
        pipeline = dlt.pipeline(
            "orders",
            pipelines_dir=place,
            destination=dlt.destinations.postgres(credentials=where),
            dataset_name="peers",
        )
        began_s = perf_counter()
        pipeline.run(_rows(path, records), table_name="orders", write_disposition="replace")
        return perf_counter() - began_s


def by_polars(url: str, path: Path, records: int) -> float:
    """Read by `read_csv`, write by ADBC."""
    import polars as pl  # noqa: PLC0415 - ditto

    began_s = perf_counter()
    frame = pl.read_csv(
        path,
        n_rows=records,
        schema_overrides={"amount": pl.Decimal(12, 2), "created_at": pl.String},
    ).with_columns(pl.col("created_at").str.to_datetime(time_zone="UTC"))
    frame.write_database("orders", url, engine="adbc", if_table_exists="append")
    return perf_counter() - began_s


def _with_driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _rows(path: Path, records: int) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as stream:
        for row in islice(csv.DictReader(stream), records):
            yield {
                **row,
                "id": int(row["id"]),
                "user_id": int(row["user_id"]),
                "amount": Decimal(row["amount"]),
                "created_at": datetime.fromisoformat(row["created_at"]),
                "note": row["note"] or None,
            }


PEERS: Final[Mapping[str, Callable[[str, Path, int], float]]] = {
    "pandas": by_pandas,
    "SQLAlchemy": by_sqlalchemy,
    "dlt": by_dlt,
    "Polars+ADBC": by_polars,
}


def seconds_of(name: str, url: str, path: Path, records: int) -> float | None:
    """Run one of them in a process of its own; None if it is not there, or fails."""
    words = [sys.executable, "-m", "bench.peers.import_orders", name, url, str(path), str(records)]
    try:
        done = subprocess.run(
            words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return None
    return float(done.stdout.split()[-1]) if done.returncode == 0 else None


def main() -> None:
    """Load by the one that is named."""
    name, url, path, records = sys.argv[1:]
    print(PEERS[name](url, Path(path), int(records)))


if __name__ == "__main__":
    main()
