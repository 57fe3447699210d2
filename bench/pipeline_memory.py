"""Peak memory of a pipeline of three stages, with a hundred million records and with ten million.

Ten and not one: a million are over before all blocks in flight are as large as they get, which
takes about 5 MB. The whole process is measured. The pipeline is `streamed_job.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from .flights_job import output_of
from .measure import Figure, Target, compared, interleaved, observed

MANY: Final = 100_000_000
FEW: Final = 10_000_000
TIMES_MAX: Final = 1.1
ROOT: Final = Path(__file__).parents[1]
LAUNCHER: Final = Path(__file__).with_name("resident.py")


def figures() -> Iterator[Figure]:
    """Run five pairs; one of a hundred million takes a minute or more."""
    pairs = interleaved(partial(peak_mb, MANY), partial(peak_mb, FEW))
    job = "peak memory of three stages"
    yield observed(f"{job}, {FEW:,} records", [pair.theirs for pair in pairs], unit="MB")
    yield observed(f"{job}, {MANY:,} records", [pair.ours for pair in pairs], unit="MB")
    yield compared(
        f"{job}, {MANY:,} records against {FEW:,}",
        pairs,
        lambda pair: pair.ratio,
        unit="times",
        target=Target("<=", TIMES_MAX),
    )


def peak_mb(records: int) -> float:
    """Run the pipeline in a process of its own; return its peak in MB (10^6 bytes)."""
    words = [sys.executable, str(LAUNCHER), sys.executable, "-m", "bench.streamed_job"]
    return int(output_of([*words, str(records)], ROOT).splitlines()[-1]) / 1e6
