"""Peak memory of the flights job, with one and with ten years of flights.

The whole process is measured: fetching, checking, loading into SQLite, proving.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from .flights_data import pack_years
from .flights_job import command, copy_job, output_of
from .measure import Figure, Target, compared, interleaved, observed

YEARS: Final = 10
CHUNK: Final = "flights.chunk=10000"
LAUNCHER: Final = Path(__file__).with_name("resident.py")


def figures() -> Iterator[Figure]:
    """Run five pairs of jobs; one of ten years takes some minutes."""
    with TemporaryDirectory(prefix="daybreak-bench-") as place:
        one, ten = Path(place) / "one.tar.gz", Path(place) / "ten.tar.gz"
        pack_years(one, 1)
        pack_years(ten, YEARS)
        pairs = interleaved(lambda: peak_mb(ten), lambda: peak_mb(one))
    job = "peak memory of the flights job"
    yield observed(f"{job}, one year", [pair.theirs for pair in pairs], unit="MB")
    yield observed(f"{job}, {YEARS} years", [pair.ours for pair in pairs], unit="MB")
    yield compared(
        f"{job}, {YEARS} years against one",
        pairs,
        lambda pair: pair.ratio,
        unit="times",
        target=Target("<=", 1.1),
    )


def peak_mb(archive: Path) -> float:
    """Run the job on an archive, in a folder of its own; return its peak in MB (10^6 bytes)."""
    with TemporaryDirectory(prefix="daybreak-bench-") as place:
        folder = Path(place)
        copy_job(folder)
        words = command(archive, "--set", CHUNK)
        said = output_of([sys.executable, str(LAUNCHER), *words], folder)
    return int(said.splitlines()[-1]) / 1e6
