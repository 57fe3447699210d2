"""`python -m bench.scaling.measuring`: measure the grids of the workloads, and keep the points.

Restartable: what is kept is not measured again, and every point is kept as soon as it is known. The
settings of a workload come in random order, each as often as `--repeats` says. A point is what the
step took in a rehearsal in scratch databases, by the same code as behind `daybreak tune`, but in
this process: to start one for each would take longer than to measure.

A machine with neighbours has slow moments. A yardstick tells them: each measurement waits for a
quick one, for a while, and is made once more if it was slow at the end; the least counts.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from time import perf_counter, sleep
from typing import Any, Final

from daybreak.databases.session import connect
from daybreak.forecast.scaling_laws import Setting
from daybreak.model.status import StepStatus
from daybreak.operations.load import LoadedJob, load_job
from daybreak.operations.measure import SLOW
from daybreak.operations.measured_child import yardstick_s
from daybreak.operations.rehearse_scratch import rehearse_in_scratch
from daybreak.operations.settings import Settings
from daybreak.telemetry import Telemetry
from tests.postgres_server import running_server

from ..kept_points import machine, read, rows_of, write
from .on_postgresql import SCHEMA as SCHEMA_ON_SERVER
from .on_sqlite import SCHEMA as SCHEMA_OF_FILE
from .workloads import WORKLOADS, Workload

POINTS: Final = Path(__file__).with_name("points.json")
SEED: Final = 20261128
REPEATS: Final = 2
SECONDS_A_POINT: Final = 1.1
PATIENCE_S: Final = 1.0
TRIES: Final = 2


def main() -> None:
    """Measure what is missing."""
    parser = argparse.ArgumentParser(prog="python -m bench.scaling.measuring", description=__doc__)
    parser.add_argument("--repeats", type=int, default=REPEATS, help="points for each setting")
    parser.add_argument("--minutes", type=float, help="begin no workload after that")
    parser.add_argument("--only", metavar="WORKLOAD", nargs="*", help="measure these")
    parser.add_argument("--again", action="store_true", help="forget what is kept of them")
    parser.add_argument("--points", type=Path, default=POINTS, help="where they are kept")
    given = parser.parse_args()
    wanted = [one for one in WORKLOADS if not given.only or one.step in given.only]
    kept = kept_points(given.points)
    if given.again:
        for one in wanted:
            kept["workloads"].pop(one.step, None)
    kept["machine"] = machine()
    todo = {one.step: missing(one, kept, given.repeats) for one in wanted}
    count = sum(map(len, todo.values()))
    print(f"{count} points, about {count * SECONDS_A_POINT / 60:.0f} minutes", flush=True)
    began = perf_counter()
    with bench() as rehearse:
        for number, workload in enumerate(wanted, 1):
            passed_s = perf_counter() - began
            if given.minutes is not None and passed_s > 60 * given.minutes:
                print(f"{len(wanted) - number + 1} workloads are left for the next time")
                break
            for setting in todo[workload.step]:
                add(kept, workload, setting, rehearse(workload, setting))
                keep(kept, given.points)
            took_s = perf_counter() - began - passed_s
            print(f"{number}/{len(wanted)} {workload.step}: {took_s:.0f} s", flush=True)


def missing(workload: Workload, kept: Mapping[str, Any], repeats: int) -> list[Setting]:
    """Return the settings that are to be measured yet, in random order."""
    points = kept["workloads"].get(workload.step, {"points": []})["points"]
    have = Counter(Setting(point["parallel"], point["chunk"]) for point in points)
    todo = [one for one in workload.grid for _ in range(repeats - have[one])]
    random.Random(f"{SEED} {workload.step} {len(points)}").shuffle(todo)
    return todo


@contextmanager
def bench() -> Iterator[Any]:
    """Give what measures one setting of a workload, in seconds; a server runs meanwhile."""
    with running_server(is_durable=True) as socket, tempfile.TemporaryDirectory() as folder:
        urls = {
            True: f"postgresql://postgres@/postgres?host={socket}",
            False: f"sqlite:///{folder}/scaling.db",
        }
        for is_on_server, schema in ((True, SCHEMA_ON_SERVER), (False, SCHEMA_OF_FILE)):
            with closing(connect(urls[is_on_server])) as session:
                session.script(schema)
        loaded: dict[Path, LoadedJob] = {}
        moments = Moments()

        def rehearse(workload: Workload, setting: Setting) -> float:
            if workload.file not in loaded:
                loaded[workload.file] = load_job(workload.file)
            url = urls[workload.is_on_server]
            tries = []
            for _ in range(TRIES):
                moments.wait_for_quick_one()
                tries.append(seconds_of(loaded[workload.file], workload, setting, url))
                if moments.is_quick():
                    break
            return min(tries)

        yield rehearse


class Moments:
    """Tells the machine's quick moments from its slow ones, by the best that was seen so far."""

    def __init__(self) -> None:
        self._best_s = min(yardstick_s(perf_counter) for _ in range(1_000))

    def is_quick(self) -> bool:
        """Say whether the machine is quick now."""
        now_s = yardstick_s(perf_counter)
        self._best_s = min(self._best_s, now_s)
        return now_s <= SLOW * self._best_s

    def wait_for_quick_one(self) -> None:
        """Wait until the machine is quick, but not for ever."""
        until_s = perf_counter() + PATIENCE_S
        while not self.is_quick() and perf_counter() < until_s:
            sleep(0.01)


def seconds_of(loaded: LoadedJob, workload: Workload, setting: Setting, url: str) -> float:
    """Rehearse a workload with a setting; return what its step took."""
    knobs = {workload.step: {"parallel": setting.parallel, "chunk": setting.chunk}}
    settings = Settings(parameters={"count": workload.records}, knobs=knobs, databases={"": url})
    rehearsal = rehearse_in_scratch(
        loaded, workload.step, settings, Telemetry(), records=workload.records
    )
    step = rehearsal.steps[-1]
    assert rehearsal.status is StepStatus.DONE, (workload.step, step.error)
    assert step.counts.read == workload.records, step.counts
    return step.duration_s


# ---------------------------------------------------------------- what is kept


def kept_points(path: Path = POINTS) -> dict[str, Any]:
    """Return what was measured before."""
    return read(path, {"machine": machine(), "workloads": {}})


def add(kept: dict[str, Any], workload: Workload, setting: Setting, seconds: float) -> None:
    """Put a point to the others."""
    entry = kept["workloads"].setdefault(workload.step, {"records": workload.records, "points": []})
    point = {
        "parallel": setting.parallel,
        "chunk": setting.chunk,
        "seconds": float(f"{seconds:.5g}"),
    }
    entry["points"].append(point)


def keep(kept: Mapping[str, Any], path: Path) -> None:
    """Write it."""
    entries = [
        f'{json.dumps(name)}: {{"records": {one["records"]}, "points": {rows_of(one["points"])}}}'
        for name, one in kept["workloads"].items()
    ]
    write(path, {"machine": kept["machine"]}, "workloads", entries)


if __name__ == "__main__":
    main()
