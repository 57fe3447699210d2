"""How long `make demo` takes on a fresh clone, and the job alone once everything is set up.

The clone is of the checkout's HEAD. Setting up downloads packages, or takes them from pip's cache:
most of it is the network's time, so it has no target.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from .flights_job import ROOT, output_of
from .measure import Figure, observed

AGAIN: Final = (".venv/bin/python", "examples/demo.py", "--again")
RUNS: Final = 5


def figures() -> Iterator[Figure]:
    """Clone, make the demo once, then run its job again a few times."""
    with TemporaryDirectory(prefix="daybreak-bench-") as place:
        clone = Path(place) / "clone"
        output_of(["git", "clone", "--quiet", str(ROOT), str(clone)], Path(place))
        yield observed(
            "make demo on a fresh clone, setting up included",
            [seconds_of(["make", "demo"], clone)],
            unit="s",
        )
        yield observed(
            "the demo's job alone, run again",
            [seconds_of(AGAIN, clone) for _ in range(RUNS)],
            unit="s",
        )


def seconds_of(words: list[str] | tuple[str, ...], clone: Path) -> float:
    """Return how long a command takes in the clone, its data packed beside it."""
    began_s = time.perf_counter()
    output_of(list(words), clone, DAYBREAK_DEMO_DATA=str(clone.parent))
    return time.perf_counter() - began_s
