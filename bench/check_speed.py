"""How many records a second the check looks at, alone and beside DuckDB's own reader.

Both sides read the same two million orders, 0.1 % of them faulty, in turns, each time in a process
of its own, and by the two cores of lowest number if the machine has more. The check looks for more
than the reader: patterns, bounds, decimal places, offsets; it writes findings and an index. The
clock of both starts when their libraries are imported; the whole process is shown as well. Beside
the clock stands the processor's time of the same work: other work on the machine hardly changes it.

`DAYBREAK_BENCH_ROWS=200000` measures a tenth of the orders.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Final, NamedTuple

from .measure import Figure, Pair, Target, absent, bounded, compared, counted, interleaved, observed
from .orders_data import Order, orders_file

RECORDS: Final = int(os.environ.get("DAYBREAK_BENCH_ROWS", "2000000"))
RECORDS_PER_S_MIN: Final = 1_500_000
SHARE_MIN: Final = 0.5
ASKED_PERCENT_MAX: Final = 5
PAIRS: Final = 9
CORES: Final = 2
ROOT: Final = Path(__file__).parents[1]
OURS: Final = ("-m", "bench.checked_orders")
THEIRS: Final = ("-m", "bench.peers.duckdb_orders")


class Took(NamedTuple):
    """What one run of a script took."""

    clock_s: float
    """Of its work."""

    process_s: float
    """Of its whole process."""

    cpu_s: float
    """Of its work, on all processors together."""


def figures() -> Iterator[Figure]:
    """Measure pairs of both; a pair takes some seconds."""
    path = orders_file(RECORDS)
    yield counted(
        "share of the schema's fields for which the model is asked",
        _asked_percent(path),
        unit="%",
        target=Target("<=", ASKED_PERCENT_MAX),
    )
    job = f"check of {RECORDS:,} orders"
    speed = Target(">=", RECORDS_PER_S_MIN)
    beside = f"{job}, against DuckDB's reader with rejects"
    if importlib.util.find_spec("duckdb") is None:
        took = [_measured(OURS, path) for _ in range(PAIRS)]
        yield from _alone(job, took, speed)
        yield absent(beside, unit="times as quick", target=Target(">=", SHARE_MIN))
        return
    ours: list[Took] = []
    theirs: list[Took] = []

    def took_s(script: Sequence[str], measured: list[Took]) -> float:
        measured.append(_measured(script, path))
        return measured[-1].clock_s

    pairs = interleaved(lambda: took_s(OURS, ours), lambda: took_s(THEIRS, theirs), PAIRS)
    yield from _alone(job, ours, speed)
    speeds = [RECORDS / pair.theirs for pair in pairs]
    yield observed(f"DuckDB's reader with rejects, {RECORDS:,} orders", speeds, unit="records/s")
    yield compared(
        beside,
        [Pair(1 / pair.ours, 1 / pair.theirs) for pair in pairs],
        lambda pair: pair.ratio,
        unit="times as quick",
        target=Target(">=", SHARE_MIN),
    )
    by_processor = [one.cpu_s / other.cpu_s for one, other in zip(ours, theirs, strict=True)]
    yield observed(f"{beside}, processor time", by_processor, unit="times as much")


def _alone(job: str, took: Sequence[Took], target: Target) -> Iterator[Figure]:
    speeds = [RECORDS / one.clock_s for one in took]
    yield bounded(job, speeds, unit="records/s", target=target)
    whole = [RECORDS / one.process_s for one in took]
    yield observed(f"{job}, from the start of the process to its end", whole, unit="records/s")
    cpu_s = [one.cpu_s for one in took]
    yield observed(f"{job}, processor time", cpu_s, unit="s")


def _measured(script: Sequence[str], path: Path) -> Took:
    """Run a script."""
    began_s = perf_counter()
    said = subprocess.run(
        [sys.executable, *script, str(path)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        preexec_fn=_take_cores,
    ).stdout
    whole_s = perf_counter() - began_s
    found: dict[str, Any] = json.loads(said)
    return Took(found["took_s"], whole_s, found["cpu_s"])


def _take_cores() -> None:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def _asked_percent(path: Path) -> int:
    from daybreak.check.columnar import BlockCheck  # noqa: PLC0415 - heavy
    from daybreak.connectors.csv_dialect import CsvDialect  # noqa: PLC0415 - heavy
    from daybreak.connectors.csv_header import read_header  # noqa: PLC0415 - heavy

    with path.open("rb") as stream:
        header = read_header(stream, path.name, CsvDialect(), ())
    asked = BlockCheck(Order, header, CsvDialect()).asked
    return round(100 * len(asked) / len(Order.model_fields))
