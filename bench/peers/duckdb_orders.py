"""A script: reads a file of orders by DuckDB's reader, then prints the seconds and counts.

Every column is read with its type, and what does not fit is kept in DuckDB's table of rejects.
Patterns and bounds are not looked at.
"""

from __future__ import annotations

import json
import sys
from time import perf_counter, process_time

import duckdb

COLUMNS = {
    "id": "BIGINT",
    "user_id": "BIGINT",
    "email": "VARCHAR",
    "amount": "DECIMAL(12,2)",
    "created_at": "TIMESTAMP",
    "country": "VARCHAR",
    "note": "VARCHAR",
}


def main() -> None:
    """Read the file that is named as the argument."""
    counts = ", ".join(f"count({name})" for name in COLUMNS)
    query = (
        f"select count(*), {counts} from read_csv(?, header=true, delim=',', quote='\"',"  # noqa: S608
        f" escape='\"', auto_detect=false, columns={COLUMNS}, store_rejects=true,"
        f" rejects_limit=0, rejects_table='rejected', rejects_scan='scanned')"
    )
    connection = duckdb.connect()
    began_s, began_cpu_s = perf_counter(), process_time()
    (found,) = connection.execute(query, [sys.argv[1]]).fetchall()
    took_s, cpu_s = perf_counter() - began_s, process_time() - began_cpu_s
    rejected = connection.execute("select count(distinct line) from rejected").fetchone()
    assert rejected is not None
    read = {"records": found[0], "faulty": rejected[0]}
    print(json.dumps({"took_s": took_s, "cpu_s": cpu_s, **read}))


if __name__ == "__main__":
    main()
