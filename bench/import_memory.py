"""Peak memory of the import of orders, with two million of them and with ten times as many.

The whole process is measured: checking, loading into PostgreSQL, proving.

`DAYBREAK_BENCH_ORDERS` says how many orders the smaller file has, where two million take too long;
`DAYBREAK_BENCH_ROUNDS=1` measures one pair, which has no interval.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from .import_run import import_command, import_environment
from .measure import PAIRS_MIN, Figure, Target, compared, interleaved, observed
from .orders_data import orders_file
from .orders_table import Orders, orders_table

FEW: Final = int(os.environ.get("DAYBREAK_BENCH_ORDERS", "2000000"))
MANY: Final = 10 * FEW
ROUNDS: Final = int(os.environ.get("DAYBREAK_BENCH_ROUNDS", PAIRS_MIN))
TIMES_MAX: Final = 1.1
LAUNCHER: Final = Path(__file__).with_name("resident.py")


def figures() -> Iterator[Figure]:
    """Run the pairs; the larger file has 1.8 GB, and is made once."""
    few, many = orders_file(FEW), orders_file(MANY)
    with orders_table() as orders:
        pairs = interleaved(lambda: peak_mb(orders, many), lambda: peak_mb(orders, few), ROUNDS)
    job = "peak memory of the import"
    yield observed(f"{job}, {FEW:,} orders", [pair.theirs for pair in pairs], unit="MB")
    yield observed(f"{job}, {MANY:,} orders", [pair.ours for pair in pairs], unit="MB")
    yield compared(
        f"{job}, {MANY:,} orders against {FEW:,}",
        pairs,
        lambda pair: pair.ratio,
        unit="times",
        target=Target("<=", TIMES_MAX),
    )


def peak_mb(orders: Orders, path: Path) -> float:
    """Load a file in a process of its own; return its peak in MB (10^6 bytes)."""
    orders.make()
    with TemporaryDirectory(prefix="daybreak-bench-") as place:
        words = import_command(Path(place), "import_plain.py", path, orders.url)
        said = subprocess.run(
            [sys.executable, str(LAUNCHER), *words],
            cwd=place,
            env=import_environment(),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    return int(said.splitlines()[-1]) / 1e6
