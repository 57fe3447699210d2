"""How soon an import of twenty million orders is at work again, when it was killed at 90 %.

The clock runs from the start of the process that resumes to the first chunk that it commits, and
to the moment before, at which its step is about to take up what is missing; the target is for that.
Beside the clock stands the processor time up to that moment, which a busy machine stretches less.

There are ten times as many orders as `DAYBREAK_BENCH_ORDERS` says, by itself two million. They are
made once, and kept in the folder for temporary files; what is loaded is loaded once, and each
resume is killed after a few commits. With twenty million that takes two minutes to make and three
to load, and then a few seconds a resume; standard error says where it is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from . import processor
from .import_run import import_command, import_environment
from .measure import Figure, Target, bounded, observed
from .orders_data import orders_file
from .orders_table import orders_table

RECORDS: Final = 10 * int(os.environ.get("DAYBREAK_BENCH_ORDERS", "2000000"))
DONE: Final = 0.9
CHUNKS_IN_ALL: Final = 400
SETTINGS: Final = (f"load.chunk={RECORDS // CHUNKS_IN_ALL}",)
"""So that enough chunks are left for all times, however many orders there are."""

TIMES: Final = 7
CHUNKS: Final = 4
"""Each resume commits so many before it is killed: twice as many as are in flight. A range that was
in flight at two deaths would be done alone, and each of its records be suspected."""

AT_WORK_S_MAX: Final = 1.0
AT_WORK: Final = "step_started"
COMMITTED: Final = "chunk_committed"


class Seen(NamedTuple):
    """When an event was told first, in seconds from the start of the process."""

    clock_s: float
    processor_s: float
    """Of the process and its child, up to when the event was read."""


def figures() -> Iterator[Figure]:
    """Kill and resume, again and again."""
    _say(f"a file of {RECORDS:,} orders")
    path = orders_file(RECORDS)
    resumes: list[dict[str, Seen]] = []
    with orders_table() as orders, TemporaryDirectory(prefix="daybreak-bench-") as place:
        orders.make()
        words = import_command(Path(place), "import_plain.py", path, orders.url, SETTINGS)
        _say(f"the first {DONE:.0%} of the import")
        _until(words, place, chunks=DONE * CHUNKS_IN_ALL)
        for number in range(TIMES):
            _say(f"resume {number + 1} of {TIMES}")
            resumes.append(_until(words, place, chunks=CHUNKS))
    what = f"resume of an import of {RECORDS:,} orders at {DONE:.0%}"
    at_work = [seen[AT_WORK] for seen in resumes]
    clocks_s = [seen.clock_s for seen in at_work]
    yield bounded(f"{what}: at work", clocks_s, unit="s", target=Target("<", AT_WORK_S_MAX))
    if processor.is_known():
        spent_s = [seen.processor_s for seen in at_work]
        yield observed(f"{what}: processor time until then", spent_s, unit="s")
    committed_s = [seen[COMMITTED].clock_s for seen in resumes]
    yield observed(f"{what}: the first chunk is committed", committed_s, unit="s")


def _until(words: Sequence[str], place: str, *, chunks: float) -> dict[str, Seen]:
    """Run until so many chunks more are committed, then kill it.

    Returns:
        Of each kind of event when it was told first.
    """
    began_at = datetime.now(UTC)
    first: dict[str, Seen] = {}
    with subprocess.Popen(
        words, cwd=place, env=import_environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            event: dict[str, Any] = json.loads(line)
            if event["event"] not in first:
                spent_s = processor.with_children_s(process.pid) if processor.is_known() else 0.0
                after = datetime.fromisoformat(event["at"]) - began_at
                first[event["event"]] = Seen(after.total_seconds(), spent_s)
            if event["event"] == COMMITTED:
                chunks -= 1
            if chunks <= 0:
                process.kill()
                break
    assert "range_suspected" not in first, "no range was in flight at two deaths"
    return first


def _say(what: str) -> None:
    print(f"now: {what}", file=sys.stderr, flush=True)
