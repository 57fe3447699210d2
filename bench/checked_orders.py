"""A script: checks a file of orders as `daybreak check` does, then prints the seconds and counts.

It is a process of its own, so that what is imported, and its memory, are what the command needs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import daybreak.check.columnar  # noqa: F401 - before the clock starts, with its libraries
from daybreak import files
from daybreak.check.by_columns import CheckedByRows
from daybreak.check.sources import check_sources
from daybreak.check.summary import FileSummary
from daybreak.model.limits import BadLimit

from .orders_data import Order


def main() -> None:
    """Check the file that is named as the argument."""
    summary: list[FileSummary] = []

    def hear(event: object) -> None:
        if isinstance(event, FileSummary):
            summary.append(event)
        assert not isinstance(event, CheckedByRows), event

    with TemporaryDirectory(prefix="daybreak-bench-") as place:
        orders = files.csv(Path(sys.argv[1]), Order)
        began_s, began_cpu_s = perf_counter(), process_time()
        limit = BadLimit.parse("1%")
        check_sources(orders, folder=Path(place), max_bad=limit, publish=hear, is_of_run=False)
        took_s, cpu_s = perf_counter() - began_s, process_time() - began_cpu_s
    (of,) = summary
    counts = {"records": of.rows, "faulty": of.faulty_rows}
    print(json.dumps({"took_s": took_s, "cpu_s": cpu_s, **counts}))


if __name__ == "__main__":
    main()
