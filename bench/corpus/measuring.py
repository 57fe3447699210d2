"""`python -m bench.corpus.measuring PART`: measure the programs of a part, and keep the points.

Restartable: a program that is kept whole is not measured again. Every point is a fresh process; the
sizes of a program come in random order. The truth, at 2, 4 and 10 times the largest size, is
measured in the same way. The test part is refused without its own option, which is written down.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, Final, get_args

from daybreak.errors import RunError
from daybreak.operations.measure import SLOW, ladder, measured_again
from daybreak.operations.measured_point import LEAST_S, Clock, Point, packed_work, point_of

from ..kept_points import machine, read, rows_of, write
from .all_programs import programs_of
from .program import PARTS, Part, Program

FOLDER: Final = Path(__file__).with_name("points")
OPENINGS: Final = Path(__file__).with_name("openings.md")
Kept = dict[str, list[dict[str, Any]]]
LIMIT_S: Final = 120.0
SEED: Final = 20261127
LONG_S: Final = 30.0
TRUTHS: Final = 6
AGAIN_S: Final = 15.0
SECONDS_A_PROGRAM: Final = 25


def main() -> None:
    """Measure what is missing."""
    parser = argparse.ArgumentParser(prog="python -m bench.corpus.measuring", description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--clock", choices=get_args(Clock), default="wall")
    parser.add_argument("--repeats", type=int, default=2, help="processes for each size")
    parser.add_argument("--least-s", type=float, default=LEAST_S, help="seconds of work at least")
    parser.add_argument("--only", metavar="PROGRAM", help="measure this one anew")
    parser.add_argument(
        "--truth", action="store_true", help="measure what is beyond the ladder anew"
    )
    parser.add_argument("--open-test-part", action="store_true", help="write it down, and do it")
    given = parser.parse_args()
    if given.part == "test":
        open_test_part(allowed=given.open_test_part)
    kept = kept_points(given.part)
    wanted = [p for p in programs_of(given.part) if given.only in (None, p.name)]
    if given.truth:
        wanted = [program for program in wanted if program.name in kept["programs"]]
    elif not given.only:
        wanted = [program for program in wanted if program.name not in kept["programs"]]
    print(f"{len(wanted)} programs, about {len(wanted) * SECONDS_A_PROGRAM / 60:.0f} minutes")
    for number, program in enumerate(wanted, 1):
        began = perf_counter()
        if given.truth:
            known = kept["programs"][program.name]
            points = with_new_truth(program, given.clock, given.repeats, known)
        else:
            points = points_of(program, given.clock, given.repeats, given.least_s)
        kept["programs"][program.name] = points
        kept.update(
            machine=machine(), clock=given.clock, repeats=given.repeats, least_s=given.least_s
        )
        keep(given.part, kept)
        took = perf_counter() - began
        print(f"{number}/{len(wanted)} {program.name}: {took:.0f} s", flush=True)


def points_of(program: Program, clock: Clock, repeats: int, least_s: float) -> Kept:
    """Measure one program: its ladder in random order, and its truth, smallest first."""
    chance = random.Random(f"{SEED} {program.name}")
    work = packed_work(program.function, program.prepare, clock)
    rungs = ladder(program.smallest, program.largest, seed=chance.randrange(2**32))
    order = [size for size in rungs for _ in range(repeats)]
    chance.shuffle(order)
    points = [point_of(work, size, least_s=least_s, limit_s=LIMIT_S) for size in order]
    points += measured_again(work, points, within_s=AGAIN_S, limit_s=LIMIT_S)
    best_s = min(point.yardstick_s for point in points)
    return _as_kept(points, truth_of(program, work, best_s, repeats))


def with_new_truth(program: Program, clock: Clock, repeats: int, known: Kept) -> Kept:
    """Measure only what is beyond the ladder, on the machine that has measured the ladder."""
    work = packed_work(program.function, program.prepare, clock)
    points = [Point(**point) for point in known["points"]]
    best_s = min(point.yardstick_s for point in points)
    return _as_kept(points, truth_of(program, work, best_s, repeats))


def _as_kept(points: Sequence[Point], truth: Sequence[Point]) -> Kept:
    return {"points": [asdict(one) for one in points], "truth": [asdict(one) for one in truth]}


def truth_of(program: Program, work: bytes, best_s: float, repeats: int) -> list[Point]:
    """Measure the program beyond its ladder; what takes too long is left out, and said.

    As often as each size of the ladder, and at moments at which the machine is about as quick, as
    long as that does not take too long: other tenants slow it down for seconds on end.
    """
    truth: list[Point] = []
    for factor in program.factors:
        records = program.largest * factor
        spent_s, quick = 0.0, 0
        for _ in range(TRUTHS):
            try:
                once = point_of(work, records, limit_s=LIMIT_S)
            except RunError as error:
                print(f"{program.name} at {factor} times: {error}", file=sys.stderr)
                return truth
            truth.append(once)
            spent_s += once.total_s
            quick += once.yardstick_s <= SLOW * best_s
            if spent_s >= LONG_S or quick == repeats:
                break
    return truth


def kept_points(part: Part) -> dict[str, Any]:
    """Return what is kept of a part."""
    nothing = {"machine": machine(), "clock": "wall", "programs": {}}
    return read(FOLDER / f"{part}.json", nothing)


def keep(part: Part, kept: Mapping[str, Any]) -> None:
    """Write it."""
    entries = [
        f"{json.dumps(name)}: {{"
        + ", ".join(f"{json.dumps(k)}: {rows_of(v)}" for k, v in program.items())
        + "}"
        for name, program in sorted(kept["programs"].items())
    ]
    head = {key: value for key, value in kept.items() if key != "programs"}
    write(FOLDER / f"{part}.json", head, "programs", entries)


def open_test_part(*, allowed: bool) -> None:
    """Write down that the test part was opened, by which commit; refuse if that was not wanted."""
    if not allowed:
        sys.exit(
            "the test part is opened once, with --open-test-part, when nothing is tuned any more"
        )
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"],  # noqa: S607 - the git of whoever opens it
        capture_output=True,
        text=True,
        check=True,
        cwd=FOLDER.parent,
    ).stdout.strip()
    with OPENINGS.open("a") as file:
        file.write(f"- {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit}\n")


if __name__ == "__main__":
    main()
