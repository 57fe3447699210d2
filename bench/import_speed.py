r"""How fast a file of orders is checked and loaded, beside `psql \copy` of its clean records.

One record in a thousand is faulty. Ours reads the raw file: every column is checked, faulty records
are set aside, good ones are committed in chunks with their checkpoints; the clock runs from the
beginning of the step, whose libraries are imported by then, to its last commit, and the whole
process is shown as well. Theirs is the whole of the psql process. Each time the table is made anew
and the server's pages are on disk; the server has its own settings, fsync on. All of them take
turns in one run, and both tables must hold the same rows.

`DAYBREAK_BENCH_ORDERS` says how many orders there are, where two million take too long.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

from .import_run import import_command, import_environment
from .measure import (
    Figure,
    Pair,
    Target,
    absent,
    compared,
    counted,
    in_turns,
    observed,
    pairs_from,
)
from .orders_data import orders_file
from .orders_table import Content, Orders, clean_file, has_psql, orders_table
from .peers.import_orders import PEERS, seconds_of

RECORDS: Final = int(os.environ.get("DAYBREAK_BENCH_ORDERS", "2000000"))
ROUNDS: Final = 7
FEW: Final = 100_000
"""So many orders for those who would take minutes with all of them."""

SLOW: Final = frozenset({"pandas", "SQLAlchemy", "dlt"})
COPY: Final = r"psql \copy"


@dataclass(frozen=True)
class Way:
    """One way in which ours is measured."""

    name: str
    job: str
    settings: tuple[str, ...]
    target: Target
    taken: bool = False
    """Whether one record in a thousand is refused by the database as well."""


WAYS: Final = (
    Way("two writers", "import_plain.py", (), Target(">=", 1.0)),
    Way("one writer", "import_plain.py", ("load.parallel=1",), Target(">=", 0.85)),
    Way("a Python function on every record", "import_computed.py", (), Target(">=", 0.5)),
)
REFUSED: Final = Way(
    "two writers, 0.1 % refused", "import_plain.py", (), Target(">=", 0.5), taken=True
)


@dataclass
class Measured:
    """What was seen of ours beside the seconds."""

    besides: int = 0
    """Rows that are there under keys which are taken and are those of faulty orders."""

    whole_s: dict[str, list[float]] = field(default_factory=dict)
    different: int = 0
    """Loads after which the table held other rows than it should."""


def figures() -> Iterator[Figure]:
    """Measure all of them in turns."""
    if not has_psql():
        yield absent(f"import against {COPY}", unit="times as quick", target=Target(">=", 1.0))
        return
    path = orders_file(RECORDS)
    clean = clean_file(path)
    with orders_table() as orders:
        orders.copy_s(clean)
        expected, measured = orders.content(), Measured(orders.taken_besides(RECORDS))
        ways: dict[str, Callable[[], float]] = {COPY: partial(orders.copy_s, clean)}
        for way in (*WAYS, REFUSED):
            ways[way.name] = partial(_loaded_s, orders, path, way, expected, measured)
        took = in_turns(ways, ROUNDS)
        yield from _of_ours(took, measured)
        yield from _of_peers(orders, clean, RECORDS / sorted(took[COPY])[ROUNDS // 2])


def _of_ours(took: dict[str, list[float]], measured: Measured) -> Iterator[Figure]:
    what = f"import of {RECORDS:,} orders"
    speeds = [RECORDS / seconds for seconds in took[COPY]]
    yield observed(f"{COPY} of the clean ones", speeds, unit="records/s")
    for way in WAYS:
        yield _against(
            f"{what}, {way.name}, against {COPY}", took[way.name], took[COPY], way.target
        )
        whole = [RECORDS / seconds for seconds in measured.whole_s[way.name]]
        yield observed(f"{what}, {way.name}, the whole process", whole, unit="records/s")
    yield _against(
        f"{what}, 0.1 % of them refused by the database, against none",
        took[REFUSED.name],
        took[WAYS[0].name],
        REFUSED.target,
    )
    yield counted(
        "loads that left other rows than psql", measured.different, unit="", target=Target("=", 0)
    )


def _against(what: str, ours: list[float], theirs: list[float], target: Target) -> Figure:
    pairs = [Pair(1 / here, 1 / there) for here, there in pairs_from(ours, theirs)]
    return compared(what, pairs, lambda pair: pair.ratio, unit="times as quick", target=target)


def _of_peers(orders: Orders, clean: Path, copied_per_s: float) -> Iterator[Figure]:
    for name in PEERS:
        records = min(FEW, RECORDS) if name in SLOW else RECORDS
        what = f"{name}, {records:,} orders, unchecked, against {COPY}"
        orders.make()
        took_s = seconds_of(name, orders.url, clean, records)
        if took_s is None:
            yield absent(what, unit="times as quick")
        else:
            yield observed(what, [records / took_s / copied_per_s], unit="times as quick")


def _loaded_s(orders: Orders, path: Path, way: Way, expected: Content, measured: Measured) -> float:
    """Run the job; return the seconds from the beginning of its step to its last commit."""
    orders.make(taken_of=RECORDS if way.taken else 0)
    with TemporaryDirectory(prefix="daybreak-bench-") as place:
        began_s = perf_counter()
        events = _events(Path(place), way, path, orders.url)
        measured.whole_s.setdefault(way.name, []).append(perf_counter() - began_s)
    found = orders.content()
    rows = expected.rows + measured.besides
    is_same = found.rows == rows if way.taken else found == expected
    measured.different += not is_same
    started = [event["at"] for event in events if event["event"] == "step_started"]
    committed = [event["at"] for event in events if event["event"] == "chunk_committed"]
    ends = [datetime.fromisoformat(at) for at in (started[0], max(committed))]
    return (ends[1] - ends[0]).total_seconds()


def _events(folder: Path, way: Way, path: Path, url: str) -> list[dict[str, Any]]:
    words = import_command(folder, way.job, path, url, way.settings)
    done = subprocess.run(
        words,
        cwd=folder,
        env=import_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}:\n{(done.stdout + done.stderr)[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]
