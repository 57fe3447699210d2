"""Peak memory of the check, with two million orders and with twenty million.

The whole process is measured. `DAYBREAK_BENCH_ROWS=200000` measures a tenth of both.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .flights_job import output_of
from .measure import Figure, Target, compared, interleaved, observed
from .orders_data import orders_file

FEW: Final = int(os.environ.get("DAYBREAK_BENCH_ROWS", "2000000"))
MANY: Final = 10 * FEW
TIMES_MAX: Final = 1.1
ROOT: Final = Path(__file__).parents[1]
LAUNCHER: Final = Path(__file__).with_name("resident.py")


def figures() -> Iterator[Figure]:
    """Run five pairs; the larger file has 1.8 GB, and is made once."""
    few, many = orders_file(FEW), orders_file(MANY)
    pairs = interleaved(lambda: peak_mb(many), lambda: peak_mb(few))
    job = "peak memory of the check"
    yield observed(f"{job}, {FEW:,} orders", [pair.theirs for pair in pairs], unit="MB")
    yield observed(f"{job}, {MANY:,} orders", [pair.ours for pair in pairs], unit="MB")
    yield compared(
        f"{job}, {MANY:,} orders against {FEW:,}",
        pairs,
        lambda pair: pair.ratio,
        unit="times",
        target=Target("<=", TIMES_MAX),
    )


def peak_mb(path: Path) -> float:
    """Check a file in a process of its own; return its peak in MB (10^6 bytes)."""
    words = [sys.executable, str(LAUNCHER), sys.executable, "-m", "bench.checked_orders"]
    return int(output_of([*words, str(path)], ROOT).splitlines()[-1]) / 1e6
