"""How soon an import of twenty million orders is at work again, when it was killed at 90 %.

The clock runs from the start of the process that resumes to the first chunk that it commits, and
to the moment before, at which its step is about to take up what is missing; the target is for that.

There are ten times as many orders as `DAYBREAK_BENCH_ORDERS` says, by itself two million.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from .import_run import import_command, import_environment
from .measure import Figure, Target, bounded, observed
from .orders_data import orders_file
from .orders_table import orders_table

RECORDS: Final = 10 * int(os.environ.get("DAYBREAK_BENCH_ORDERS", "2000000"))
DONE: Final = 0.9
SETTINGS: Final = (f"load.chunk={RECORDS // 200}",)
"""So that enough chunks are left for all times, however many orders there are."""

TIMES: Final = 5
AT_WORK_S_MAX: Final = 1.0


def figures() -> Iterator[Figure]:
    """Kill and resume; the file has 1.8 GB, and is made once. What is loaded is loaded once."""
    path = orders_file(RECORDS)
    at_work: list[float] = []
    committed: list[float] = []
    with orders_table() as orders, TemporaryDirectory(prefix="daybreak-bench-") as place:
        orders.make()
        words = import_command(Path(place), "import_plain.py", path, orders.url, SETTINGS)
        _until(words, place, records=DONE * RECORDS)
        for _ in range(TIMES):
            seen_s = _until(words, place, records=1)
            at_work.append(seen_s["step_started"])
            committed.append(seen_s["chunk_committed"])
    what = f"resume of an import of {RECORDS:,} orders at {DONE:.0%}"
    yield bounded(f"{what}: at work", at_work, unit="s", target=Target("<", AT_WORK_S_MAX))
    yield observed(f"{what}: the first chunk is committed", committed, unit="s")


def _until(words: Sequence[str], place: str, *, records: float) -> dict[str, float]:
    """Run until so many records more are committed, then kill it.

    Returns:
        Of each kind of event the seconds from the start of the process to the first one.
    """
    began_at = datetime.now(UTC)
    seen_s: dict[str, float] = {}
    with subprocess.Popen(
        words, cwd=place, env=import_environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            event: dict[str, Any] = json.loads(line)
            after = datetime.fromisoformat(event["at"]) - began_at
            seen_s.setdefault(event["event"], after.total_seconds())
            if event["event"] == "chunk_committed":
                records -= event["counts"]["read"]
            if records <= 0:
                process.kill()
                break
    return seen_s
